//! `deterministic`: the same program, input and seed give the same bytes, whatever the engine and
//! the host.
#![allow(clippy::unwrap_used, reason = "a test that can not go on has failed")]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use wayleave::grants::Settings;
use wayleave::system::fs::OsFile;
use wayleave::{EngineKind, Program, Runtime};

fn load(engine: EngineKind, name: &str) -> Program {
    let built = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../guests/built");
    Runtime::builder().engine(engine).build().unwrap().load_file(built.join(name)).unwrap()
}

fn settings(folder: &Path, args: &[&str]) -> Settings {
    let mut settings = Settings::default();
    settings.args = args.iter().map(ToString::to_string).collect();
    settings.argv0 = Some("guest".to_owned());
    settings.dirs.push(format!("{}::/data", folder.display()).parse().unwrap());
    settings.deterministic = true;
    settings
}

/// A pipe through which input comes in pieces, slowly or not.
fn trickle(pieces: &'static [&'static str], pause: Duration) -> Arc<OsFile> {
    let (reader, mut writer) = std::io::pipe().unwrap();
    std::thread::spawn(move || {
        for piece in pieces {
            std::thread::sleep(pause);
            if writer.write_all(piece.as_bytes()).is_err() {
                break;
            }
        }
    });
    Arc::new(OsFile::from(std::fs::File::from(std::os::fd::OwnedFd::from(reader))))
}

/// A folder with the same files, made in one order or another.
fn folder(names: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in names {
        std::fs::write(folder.path().join(name), name).unwrap();
    }
    folder
}

const SLOWLY: &[&str] = &["one ", "two ", "three"];
const AT_ONCE: &[&str] = &["one two three"];

#[test]
fn what_usually_differs_does_not() {
    let folders = [folder(&["a", "b", "c"]), folder(&["c", "b", "a"])];
    for guest in ["chance.wasm", "p2/chance.wasm"] {
        let mut outputs = Vec::new();
        for engine in EngineKind::ALL {
            let program = load(*engine, guest);
            for (folder, pieces, pause) in [(&folders[0], SLOWLY, 30), (&folders[1], AT_ONCE, 0)] {
                let grants = settings(folder.path(), &["/data"]);
                let mut grants = grants.open().unwrap();
                let input = trickle(pieces, Duration::from_millis(pause));
                // As `Settings::open` does with the host's own.
                grants.stdin = wayleave::system::stdio::Whole::wrap(input);
                let start = Instant::now();
                let output = program.output(grants).unwrap();
                assert!(start.elapsed() < Duration::from_millis(1_400), "nobody really sleeps");
                assert!(output.outcome.success(), "{}", String::from_utf8_lossy(&output.stderr));
                outputs.push(String::from_utf8(output.stdout).unwrap());
            }
        }
        let first = &outputs[0];
        assert!(first.starts_with("now: 946684800."), "{first}");
        assert!(first.contains("passed: 1.50"), "{first}");
        assert!(first.contains("read 13: \"one two three\""), "{first}");
        let at = |name: &str| first.find(name).unwrap();
        assert!(
            at("\"a\": 1 bytes, 946684800s") < at("\"b\"") && at("\"made\"") < at("\"written\"")
        );
        for output in &outputs {
            assert_eq!(output, first, "{guest}");
        }
    }
}

#[test]
fn another_seed_or_beginning_is_another_run() {
    let folder = folder(&[]);
    for guest in ["chance.wasm", "p2/chance.wasm"] {
        let program = load(EngineKind::ALL[0], guest);
        let run = |change: &dyn Fn(&mut Settings)| {
            let mut settings = settings(folder.path(), &[]);
            change(&mut settings);
            let output = program.output(settings.open().unwrap()).unwrap();
            String::from_utf8(output.stdout).unwrap()
        };
        let plain = run(&|_| {});
        assert_eq!(run(&|_| {}), plain, "of one program, one run after the other");
        assert_ne!(run(&|settings| settings.random = Some("seed:1".parse().unwrap())), plain);
        let later = "fixed:2030-01-01T00:00:00Z".parse().unwrap();
        let later = run(&|settings| settings.clock = Some(later));
        assert!(later.starts_with("now: 1893456000."), "{later}");
    }
}

/// A guest with a time limit waits differently, and sees the same.
#[test]
fn an_interruptible_guest_sees_the_same() {
    let folder = folder(&["a"]);
    for engine in EngineKind::ALL {
        let built = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../guests/built");
        let runtime = Runtime::builder().engine(*engine).interruptible(true).build().unwrap();
        for guest in ["chance.wasm", "p2/chance.wasm"] {
            let run = |program: &Program, timeout| {
                let mut settings = settings(folder.path(), &["/data"]);
                settings.limits.timeout = timeout;
                let mut grants = settings.open().unwrap();
                let input = trickle(SLOWLY, Duration::from_millis(10));
                grants.stdin = wayleave::system::stdio::Whole::wrap(input);
                program.output(grants).unwrap().stdout
            };
            let limited = runtime.load_file(built.join(guest)).unwrap();
            let output = run(&limited, Some(Duration::from_secs(60)));
            assert_eq!(output, run(&load(*engine, guest), None), "{engine} {guest}");
        }
    }
}

/// Guests of other tests, whose output is the same on every engine then.
#[test]
fn other_guests() {
    let folder = folder(&["x", "y"]);
    for (guest, args) in [
        ("clocks.wasm", &["fixed"][..]),
        ("p2/clocks.wasm", &["fixed"]),
        ("clocks.wasm", &[]),
        ("ls.wasm", &["/data"]),
        ("p2/ls.wasm", &["/data"]),
        ("sleep.wasm", &["3600000"]),
        ("p2/sleep.wasm", &["3600000"]),
        ("fs_suite.wasm", &["/data"]),
        ("p2/fs_suite.wasm", &["/data"]),
        ("panic.wasm", &[]),
    ] {
        let outputs = EngineKind::ALL.iter().map(|engine| {
            let grants = settings(folder.path(), args).open().unwrap();
            let output = load(*engine, guest).output(grants).unwrap();
            (output.stdout, output.stderr, output.outcome.exit_code())
        });
        let outputs: Vec<_> = outputs.collect();
        assert!(!outputs[0].0.is_empty() || !outputs[0].1.is_empty(), "{guest}");
        for output in &outputs {
            assert_eq!(output, &outputs[0], "{guest}");
        }
    }
}
