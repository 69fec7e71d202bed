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

/// A guest that computes NaNs in every way that there is, out of NaNs that are all different, and
/// writes down their bits: 16 bytes for each.
fn nans() -> (String, usize) {
    let mut stores = Vec::new();
    let unary = ["ceil", "floor", "trunc", "nearest", "sqrt"];
    let binary = ["add", "sub", "mul", "div", "min", "max"];
    // Quiet and signalling ones, a number, and what makes NaNs out of numbers.
    let operands = [0, 16, 32, 48, 64, 80];
    for (ty, store) in [("f32", "f32"), ("f64", "f64"), ("f32x4", "v128"), ("f64x2", "v128")] {
        let load = |at: i32| match store {
            // The numbers of 64 bits are behind those of 32.
            "f32" => format!("(f32.load (i32.const {at}))"),
            "f64" => format!("(f64.load (i32.const {}))", at + 96),
            _ if ty == "f32x4" => format!("(v128.load (i32.const {at}))"),
            _ => format!("(v128.load (i32.const {}))", at + 96),
        };
        for one in operands {
            for op in unary {
                stores.push((store, format!("({ty}.{op} {})", load(one))));
            }
            for op in binary {
                for two in operands {
                    stores.push((store, format!("({ty}.{op} {} {})", load(one), load(two))));
                }
            }
        }
    }
    for at in operands {
        let wide = at + 96;
        let (one, two) = (format!("(i32.const {at})"), format!("(i32.const {wide})"));
        stores.push(("f64", format!("(f64.promote_f32 (f32.load {one}))")));
        stores.push(("f32", format!("(f32.demote_f64 (f64.load {two}))")));
        stores.push(("v128", format!("(f64x2.promote_low_f32x4 (v128.load {one}))")));
        stores.push(("v128", format!("(f32x4.demote_f64x2_zero (v128.load {two}))")));
    }
    let size = stores.len() * 16;
    let code: String = stores
        .iter()
        .enumerate()
        .map(|(at, (ty, value))| format!("({ty}.store (i32.const {}) {value})\n", 1024 + at * 16))
        .collect();
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("\\{byte:02x}")).collect::<String>();
    let (mut narrow, mut wide) = (String::new(), String::new());
    let f32s = [0x7fc0_1234_u32, 0xffc0_5678, 0x7f80_0001, 0xffa0_0000, 0x7f80_0000, 0x8000_0000];
    for bits in f32s {
        narrow += &hex(&bits.to_le_bytes().repeat(4));
    }
    let f64s = [
        0x7ff8_0000_0000_1234_u64,
        0xfff8_0000_1234_5678,
        0x7ff0_0000_0000_0001,
        0xfff4_0000_0000_0000,
        0x7ff0_0000_0000_0000,
        0x8000_0000_0000_0000,
    ];
    for bits in f64s {
        wide += &hex(&bits.to_le_bytes().repeat(2));
    }
    let text = format!(
        r#"(module
            (import "wasi_snapshot_preview1" "fd_write"
                (func $write (param i32 i32 i32 i32) (result i32)))
            (memory (export "memory") 2)
            (data (i32.const 0) "{narrow}{wide}")
            (func (export "_start")
                {code}
                (i32.store (i32.const 512) (i32.const 1024))
                (i32.store (i32.const 516) (i32.const {size}))
                (drop (call $write (i32.const 1) (i32.const 512) (i32.const 1) (i32.const 520)))))"#
    );
    (text, size)
}

#[test]
fn all_nans_that_are_computed_have_the_same_bits() {
    let (text, size) = nans();
    let mut outputs = Vec::new();
    for engine in EngineKind::ALL {
        let runtime = Runtime::builder().engine(*engine).canonical_nans(true).build().unwrap();
        let mut settings = Settings::default();
        settings.deterministic = true;
        let program = runtime.load(text.as_bytes()).unwrap();
        let output = program.output(settings.open().unwrap()).unwrap();
        assert!(output.outcome.success());
        assert_eq!(output.stdout.len(), size);
        outputs.push((engine, output.stdout));
    }
    let (_, first) = &outputs[0];
    for (engine, output) in &outputs {
        for (at, (one, two)) in output.chunks(16).zip(first.chunks(16)).enumerate() {
            assert_eq!(one, two, "{engine:?}: value {at}");
        }
    }
    // The first results are of `f32`, the ones behind those of `f64`.
    let each = 6 * (5 + 6 * 6);
    let bits = |from: usize, length: usize| -> Vec<u64> {
        let values = first.chunks(16).skip(from).take(each);
        let low = |value: &[u8]| u64::from_le_bytes(value[..8].try_into().unwrap());
        values.map(|value| low(value) & (u64::MAX >> (64 - 8 * length))).collect()
    };
    let (narrow, wide) = (bits(0, 4), bits(each, 8));
    let is_nan = |bits: &u64| f32::from_bits(u32::try_from(*bits).unwrap()).is_nan();
    let nans: Vec<_> = narrow.into_iter().filter(is_nan).collect();
    assert!(nans.len() > 100, "{}", nans.len());
    assert!(nans.iter().all(|bits| *bits == 0x7fc0_0000), "{nans:x?}");
    let nans: Vec<_> = wide.into_iter().filter(|bits| f64::from_bits(*bits).is_nan()).collect();
    assert!(nans.len() > 100, "{}", nans.len());
    assert!(nans.iter().all(|bits| *bits == 0x7ff8_0000_0000_0000), "{nans:x?}");
}
