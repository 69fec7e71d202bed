//! The worlds of WASI that this repository has, whole.

mod command {
    wayleave_bindgen::bindgen!({
        path: "../../wit/0.2",
        world: "command",
        features: ["clocks-timezone"],
    });
}

#[test]
fn the_world_of_commands_is_generated() {
    use command::wasi::filesystem::types::{DescriptorFlags, ErrorCode, PathFlags};
    assert_eq!(DescriptorFlags::all().bits(), 0b11_1111);
    assert_eq!(format!("{:?}", PathFlags::SYMLINK_FOLLOW), "PathFlags(symlink-follow)");
    assert_eq!(ErrorCode::NoEntry, ErrorCode::NoEntry);
    let _ = command::Command::<wayleave_engine::wasmi::Wasmi>::new::<()>;
}
