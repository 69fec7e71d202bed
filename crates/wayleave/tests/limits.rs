//! Guests that want more than they may have, on every engine: each is told, or ends with a line
//! that names what it wanted.
#![allow(clippy::unwrap_used, reason = "a test that can not go on has failed")]

use std::path::PathBuf;
use wayleave::grants::{LimitSettings, Settings};
use wayleave::{EngineKind, Output, Runtime, TrapKind};

/// Runs a built guest, or the text of one.
fn run(
    engine: EngineKind,
    guest: &str,
    args: &[&str],
    limit: &dyn Fn(&mut LimitSettings),
) -> Output {
    let mut settings = Settings::default();
    settings.argv0 = Some("guest".to_owned());
    settings.args = args.iter().map(ToString::to_string).collect();
    settings.dirs.push("/::/::ro".parse().unwrap());
    limit(&mut settings.limits);
    let runtime = Runtime::builder().engine(engine).fuel(settings.limits.fuel.is_some());
    let runtime = runtime.build().unwrap();
    let program = if guest.starts_with('(') {
        runtime.load(guest.as_bytes()).unwrap()
    } else {
        let built = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../guests/built");
        runtime.load_file(built.join(guest)).unwrap()
    };
    program.output(settings.open().unwrap()).unwrap()
}

fn assert_traps(output: &Output, kind: TrapKind, words: &str) {
    let trap = output.outcome.trap().unwrap();
    let line = trap.to_string();
    assert_eq!(trap.kind, kind, "{line}");
    assert!(line.contains(words) && !line.contains('\n'), "{line}");
}

fn each(test: impl Fn(EngineKind)) {
    EngineKind::ALL.iter().copied().for_each(test);
}

#[test]
fn memory() {
    each(|engine| {
        for guest in ["allocate.wasm", "p2/allocate.wasm"] {
            let output = run(engine, guest, &[], &|limits| limits.memory = Some(16 << 20));
            let told = String::from_utf8(output.stdout).unwrap();
            let got = told.strip_prefix("refused after ").unwrap().split(' ').next().unwrap();
            assert!((8..16).contains(&got.parse::<u32>().unwrap()), "{told}");
            let output = run(engine, guest, &[], &|limits| limits.memory = Some(65536));
            let words = "bytes of memory, at most 65536 are allowed";
            assert_traps(&output, TrapKind::Limit, words);
        }
    });
}

#[test]
fn table_elements() {
    let grows = r#"(module (table 1 funcref)
        (func (export "_start")
            (if (i32.eq (table.grow (ref.null func) (i32.const 9)) (i32.const -1))
                (then (unreachable)))))"#;
    each(|engine| {
        let output = run(engine, grows, &[], &|limits| limits.table_elements = Some(10));
        assert!(output.outcome.success());
        let output = run(engine, grows, &[], &|limits| limits.table_elements = Some(9));
        let words = "the guest asks for 10 table elements, at most 9 are allowed";
        assert_traps(&output, TrapKind::Unreachable, words);
        let output = run(engine, "p2/hello.wasm", &[], &|limits| limits.table_elements = Some(1));
        assert_traps(&output, TrapKind::Limit, "table elements, at most 1 are allowed");
    });
}

#[test]
fn instances() {
    each(|engine| {
        let guest = "components/clocks_fixed.wasm";
        let output = run(engine, guest, &["fixed"], &|limits| limits.instances = Some(1));
        let words = "the guest asks for 2 instances, at most 1 are allowed";
        assert_traps(&output, TrapKind::Limit, words);
        let output = run(engine, guest, &["fixed"], &|limits| limits.instances = Some(100));
        assert!(output.outcome.success());
    });
}

#[test]
fn handles() {
    each(|engine| {
        // WASI 0.2 has no error for too many open files.
        for (guest, room, words) in
            [("ls.wasm", 4, "No file descriptors available"), ("p2/ls.wasm", 1, "Out of memory")]
        {
            let output = run(engine, guest, &["/"], &|limits| limits.handles = Some(room));
            let told = String::from_utf8(output.stderr).unwrap();
            assert!(told.contains(words), "{guest}: {told}");
            let output = run(engine, guest, &["/"], &|limits| limits.handles = Some(20));
            assert!(output.outcome.success(), "{guest}");
        }
    });
}

#[test]
fn fuel() {
    let forever = r#"(module (func (export "_start") (loop $more (br $more))))"#;
    each(|engine| {
        let output = run(engine, forever, &[], &|limits| limits.fuel = Some(10_000));
        assert_traps(&output, TrapKind::OutOfFuel, "out of fuel");
    });
}

#[test]
fn buffers() {
    each(|engine| {
        let args = ["random16", "10", "/"];
        let output = run(engine, "p2/ops.wasm", &args, &|limits| limits.buffers = Some(15));
        let words = "the guest asks for 16 random bytes at once, at most 15 are allowed";
        assert_traps(&output, TrapKind::Host, words);
        let output = run(engine, "p2/ops.wasm", &args, &|limits| limits.buffers = Some(16));
        assert!(output.outcome.success());
    });
}
