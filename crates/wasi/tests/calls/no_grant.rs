//! Guests that were given nothing have no path to anything.

use crate::support::oflags::CREAT;
use crate::support::{
    Component, Files, Guest, Open, Provider, Sandbox, TestEngine, Version, each_engine,
    each_version, errno,
};
use wayleave_component::Value;
use wayleave_engine::Stop;
use wayleave_grants::Grants;

each_version! {
    without_a_grant_every_path_fails,
}

each_engine! {
    without_a_grant_there_is_no_folder,
}

fn without_a_grant_every_path_fails<E: TestEngine>(version: Version) {
    let mut guest = Guest::<E>::of(version, Grants::new());
    // 0xffffff9c is AT_FDCWD.
    for fd in [0, 1, 2, 3, 4, 0xffff_ff9c] {
        let expected = if fd < 3 { errno::NOTDIR } else { errno::BADF };
        for path in ["", ".", "..", "/", "/etc/passwd", "Cargo.toml", "./Cargo.toml"] {
            let failed = [
                guest.open(fd, path, Open::READ).map(drop),
                guest.stat(fd, path, 0).map(drop),
                guest.readlink(fd, path).map(drop),
            ];
            assert_eq!(failed, [Err(expected); 3], "{path:?} below {fd}");
        }
        // Names that nobody misses.
        for path in ["wayleave-test", "/tmp/wayleave-test", "./wayleave-test/"] {
            let failed = [
                guest.open(fd, path, Open::WRITE.oflags(CREAT)).map(drop),
                guest.set_times(fd, path, 0, (0, 0, 10)),
                guest.mkdir(fd, path),
                guest.rmdir(fd, path),
                guest.unlink(fd, path),
                guest.rename((fd, path), (fd, "wayleave-test-2")),
                guest.link((fd, path), 0, (fd, "wayleave-test-2")),
                guest.symlink("x", fd, path),
            ];
            assert_eq!(failed, [Err(expected); 8], "{path:?} below {fd}");
        }
    }
}

/// In 0.2, paths are below descriptors that a guest was given, and there is none.
fn without_a_grant_there_is_no_folder<E: TestEngine>() {
    let mut guest = Component::<E>::new(Grants::new());
    assert_eq!(guest.call::<_, Vec<String>>("start", ()), [""; 0]);
    assert_eq!(guest.stat(3, ".", 0), Err(errno::BADF));
    let sandbox = Sandbox::new(Provider::Kernel);
    for handle in [0, 1, 2, 3, 4, 100, i32::MAX.cast_unsigned(), 0xffff_ff9c, u32::MAX] {
        for grants in [Grants::new(), sandbox.grants()] {
            let given = u32::try_from(grants.preopens.len()).unwrap();
            let mut guest = Component::<E>::new(grants);
            match guest.try_call("forge", &[Value::U32(handle)]) {
                Err(Stop::Trap(trap)) => assert!(trap.to_string().contains("handle"), "{trap}"),
                // The first handle is the folder that was given.
                other => assert!(handle == 1 && given == 1, "{handle}: {other:?}"),
            }
        }
    }
}
