//! The library as its users see it, on every engine.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};
use wayleave::system::fs::MemoryDir;
use wayleave::{
    Cache, End, EngineKind, Error, Grants, Limits, Runtime, TrapKind, UnknownImports, Value,
};

fn built(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../guests/built").join(name)
}

fn text(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../guests/wat").join(name)
}

fn each_engine(test: impl Fn(EngineKind)) {
    assert!(!EngineKind::ALL.is_empty());
    EngineKind::ALL.iter().copied().for_each(test);
}

fn runtime(engine: EngineKind) -> Runtime {
    Runtime::builder().engine(engine).build().unwrap()
}

#[test]
fn output_and_exit_code_come_back() {
    each_engine(|engine| {
        let hello = runtime(engine).load_file(built("hello.wasm")).unwrap();
        let output = hello.output(Grants::new()).unwrap();
        assert_eq!(output.stdout, b"Hello, world!\n");
        assert!(output.outcome.success());

        let exit = runtime(engine).load_file(built("exit_code.wasm")).unwrap();
        let grants = Grants::new().args(["exit_code", "42"]).unwrap();
        assert_eq!(exit.run(grants).unwrap().exit_code(), Some(42));
    });
}

#[test]
fn traps_carry_the_guests_own_calls() {
    let program = Runtime::new().unwrap().load_file(built("trap_unreachable.wasm")).unwrap();
    let outcome = program.run(Grants::new()).unwrap();
    let trap = outcome.trap().unwrap();
    assert_eq!(trap.kind, TrapKind::Unreachable);
    let names: Vec<_> = trap.frames.iter().filter_map(|frame| frame.name.as_deref()).collect();
    assert!(names[0].contains("innermost") && names[2].contains("outer"), "{names:?}");
    assert!(trap.frames.iter().all(|frame| frame.offset.is_some()));
}

#[test]
fn a_program_runs_on_many_threads_at_once() {
    each_engine(|engine| {
        let program = runtime(engine).load_file(built("args_env.wasm")).unwrap();
        let threads: Vec<_> = (0..8)
            .map(|number| {
                let program = program.clone();
                thread::spawn(move || {
                    let own = format!("thread {number}");
                    let output = program.output(Grants::new().arg(own.clone()).unwrap()).unwrap();
                    assert!(String::from_utf8(output.stdout).unwrap().contains(&own));
                })
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_runs_inside_an_async_runtime() {
    for engine in EngineKind::ALL {
        let program = runtime(*engine).load_file(built("sleep.wasm")).unwrap();
        let grants = || Grants::new().args(["sleep", "10"]).unwrap();
        assert!(program.run(grants()).unwrap().success());
        let elsewhere = tokio::task::spawn_blocking(move || program.run(grants()).unwrap());
        assert!(elsewhere.await.unwrap().success());
    }
}

#[test]
fn folders_in_memory_are_folders() {
    let expected = std::fs::read(built("../fs_suite.expected")).unwrap();
    each_engine(|engine| {
        let suite = runtime(engine).load_file(built("fs_suite.wasm")).unwrap();
        let grants = || Grants::new().args(["fs_suite", "/work"]).unwrap();

        let memory = Arc::new(MemoryDir::new(64 << 20));
        let output = suite.output(grants().preopen(memory, "/work").unwrap()).unwrap();
        assert_eq!(
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&expected),
            "memory, {engine}: {}",
            String::from_utf8_lossy(&output.stderr)
        );

        let folder = tempfile::tempdir().unwrap();
        let output = suite.output(grants().dir(folder.path(), "/work").unwrap()).unwrap();
        assert_eq!(
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&expected),
            "the host's, {engine}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    });
}

#[test]
fn time_limits_end_guests_that_compute_sleep_or_wait() {
    let (read_end, _write_end) = std::io::pipe().unwrap();
    let stdin = Arc::new(wayleave::system::fs::OsFile::from(std::fs::File::from(
        std::os::fd::OwnedFd::from(read_end),
    )));
    each_engine(|engine| {
        let runtime = Runtime::builder().engine(engine).interruptible(true).build().unwrap();
        for program in
            [text("infinite_loop.wat"), built("sleep.wasm"), built("read_stdin_forever.wasm")]
        {
            let mut limits = Limits::default();
            limits.timeout = Some(Duration::from_millis(100));
            let grants = Grants::new().args(["guest", "3600000"]).unwrap();
            let grants = grants.stdin(stdin.clone()).limits(limits);
            let start = Instant::now();
            let outcome = runtime.load_file(&program).unwrap().run(grants).unwrap();
            assert!(matches!(outcome.end, End::TimedOut(_)), "{engine}: {outcome:?}");
            assert!(start.elapsed() < Duration::from_secs(30), "{}", program.display());
        }
    });
}

#[test]
fn a_canceller_ends_a_guest_from_another_thread() {
    each_engine(|engine| {
        let runtime = Runtime::builder().engine(engine).interruptible(true).build().unwrap();
        for program in [text("infinite_loop.wat"), built("sleep.wasm")] {
            let program = runtime.load_file(program).unwrap();
            let canceller = runtime.canceller().unwrap();
            let grants = Grants::new().args(["guest", "3600000"]).unwrap();
            let grants = grants.interrupt(canceller.interrupt());
            let guest = thread::spawn(move || program.run(grants).unwrap());
            thread::sleep(Duration::from_millis(50));
            canceller.cancel();
            let outcome = guest.join().unwrap();
            assert_eq!(outcome.trap().unwrap().kind, TrapKind::Interrupted, "{engine}");
        }
    });
}

#[test]
fn limits_need_their_settings() {
    let program = Runtime::new().unwrap().load_file(built("hello.wasm")).unwrap();
    let with = |change: fn(&mut Limits)| {
        let mut limits = Limits::default();
        change(&mut limits);
        program.run(Grants::new().limits(limits)).unwrap_err().to_string()
    };
    assert!(with(|limits| limits.fuel = Some(1)).contains("fuel(true)"));
    let timeout = with(|limits| limits.timeout = Some(Duration::from_secs(1)));
    assert!(timeout.contains("interruptible(true)"), "{timeout}");
    assert!(Runtime::new().unwrap().canceller().is_err());
}

#[test]
fn fuel_is_counted() {
    each_engine(|engine| {
        let runtime = Runtime::builder().engine(engine).fuel(true).build().unwrap();
        let program = runtime.load_file(built("hello.wasm")).unwrap();
        let run = |fuel| {
            let mut limits = Limits::default();
            limits.fuel = Some(fuel);
            program.run(Grants::new().limits(limits)).unwrap()
        };
        let used = run(1 << 30).fuel_used.unwrap();
        assert!(used > 0 && used < 1 << 30, "{engine}: {used}");
        assert_eq!(run(used / 2).trap().unwrap().kind, TrapKind::OutOfFuel, "{engine}");
    });
}

#[test]
fn exports_of_a_library_are_called_one_after_the_other() {
    each_engine(|engine| {
        let program = runtime(engine).load_file(text("reactor.wat")).unwrap();
        let mut instance = program.instantiate(Grants::new()).unwrap();
        assert_eq!(instance.call("next", &[]).unwrap(), [Value::I32(101)]);
        assert_eq!(instance.call("next", &[]).unwrap(), [Value::I32(102)]);
        assert!(instance.call("previous", &[]).is_err());
        assert!(instance.call("next", &[Value::I32(1)]).is_err());
        assert!(matches!(program.run(Grants::new()), Err(Error::NoStart { .. })));
    });
}

#[test]
fn unusual_shapes_run() {
    each_engine(|engine| {
        let output = |name: &str| {
            runtime(engine).load_file(text(name)).unwrap().output(Grants::new()).unwrap()
        };
        for name in ["start_calls_import.wat", "unstable_hello.wat"] {
            let output = output(name);
            assert!(output.outcome.success() && !output.stdout.is_empty(), "{engine}: {output:?}");
        }
        let outcome = output("no_memory.wat").outcome;
        assert!(outcome.trap().unwrap().to_string().contains("no memory"), "{engine}");
    });
}

#[test]
fn unknown_imports_are_refused_or_trap_when_called() {
    each_engine(|engine| {
        let program = text("unknown_import_called.wat");
        let refused = runtime(engine).load_file(&program).unwrap_err();
        assert!(matches!(refused, Error::UnknownImport { .. }));
        let lenient = Runtime::builder().engine(engine).unknown_imports(UnknownImports::Trap);
        let program = lenient.build().unwrap().load_file(program).unwrap();
        let outcome = program.run(Grants::new()).unwrap();
        assert!(outcome.trap().unwrap().to_string().contains("`mystery`"));
    });
}

#[test]
fn compiled_files_run_only_with_the_key_that_sealed_them() {
    let folder = tempfile::tempdir().unwrap();
    let compiled = folder.path().join("hello.cwasm");
    let with_cache = |name: &str| {
        let cache = Cache::open(folder.path().join(name), 1 << 30).unwrap();
        Runtime::builder().cache(cache).build().unwrap()
    };
    with_cache("mine").compile_file(built("hello.wasm"), &compiled).unwrap();
    let program = with_cache("mine").load_file(&compiled).unwrap();
    assert!(program.run(Grants::new()).unwrap().success());
    assert!(with_cache("theirs").load_file(&compiled).is_err());
    assert!(matches!(Runtime::new().unwrap().load_file(&compiled), Err(Error::Setting { .. })));
}

#[test]
fn everything_can_be_sent_between_threads() {
    fn sendable<T: Send>() {}
    fn shareable<T: Send + Sync>() {}
    shareable::<Runtime>();
    shareable::<wayleave::Program>();
    shareable::<wayleave::Canceller>();
    shareable::<Error>();
    sendable::<wayleave::Instance>();
    sendable::<Grants>();
}
