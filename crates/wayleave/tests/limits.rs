//! Guests that want more than they may have, on every engine: each is told, or ends with a line
//! that names what it wanted.
#![allow(clippy::unwrap_used, reason = "a test that can not go on has failed")]

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use wayleave::grants::{LimitSettings, Record, Settings};
use wayleave::system::refusal::{Answer, Refusal, Refusals};
use wayleave::{EngineKind, Output, Runtime, TrapKind};

/// Runs a built guest, or the text of one.
fn run(
    engine: EngineKind,
    guest: &str,
    args: &[&str],
    limit: &dyn Fn(&mut LimitSettings),
) -> Output {
    run_told(engine, guest, args, limit, Arc::new(Record::new()))
}

/// The same; `told` hears what the limits refuse.
fn run_told(
    engine: EngineKind,
    guest: &str,
    args: &[&str],
    limit: &dyn Fn(&mut LimitSettings),
    told: Arc<dyn Refusals>,
) -> Output {
    let mut settings = Settings::default();
    settings.argv0 = Some("guest".to_owned());
    settings.args = args.iter().map(ToString::to_string).collect();
    settings.dirs.push("/::/::ro".parse().unwrap());
    limit(&mut settings.limits);
    let runtime = Runtime::builder()
        .engine(engine)
        .fuel(settings.limits.fuel.is_some())
        .interruptible(settings.limits.timeout.is_some());
    let runtime = runtime.build().unwrap();
    let program = if guest.starts_with('(') {
        runtime.load(guest.as_bytes()).unwrap()
    } else {
        let built = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../guests/built");
        runtime.load_file(built.join(guest)).unwrap()
    };
    program.output(settings.open().unwrap().refusals(told)).unwrap()
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
    each(|engine| {
        let output = run(engine, FOREVER, &[], &|limits| limits.fuel = Some(10_000));
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

const FOREVER: &str = r#"(module (func (export "_start") (loop $more (br $more))))"#;

/// A memory of its own end is not for the limit to refuse.
const GROWS: &str = r#"(module (memory 1) (memory 1 2) (table 1 funcref)
    (func (export "_start")
        (drop (memory.grow 1 (i32.const 2)))
        (drop (memory.grow 0 (i32.const 2)))
        (drop (table.grow (ref.null func) (i32.const 8)))))"#;

type Limiting<'a> = &'a dyn Fn(&mut LimitSettings);

#[test]
fn each_limit_that_refuses_is_told_with_what_would_raise_it() {
    let cases: [(&str, &[&str], Limiting<'_>, &[&str]); 9] = [
        (
            GROWS,
            &[],
            &|limits| limits.memory = Some(3 << 16),
            &["have more memory than 192K: --max-memory 256K"],
        ),
        (
            GROWS,
            &[],
            &|limits| limits.table_elements = Some(5),
            &["have more table elements than 5: --max-table-elements 16"],
        ),
        (
            "p2/allocate.wasm",
            &[],
            &|limits| limits.memory = Some(65536),
            &["have more memory than 64K: --max-memory 2M"],
        ),
        (
            "components/clocks_fixed.wasm",
            &["fixed"],
            &|limits| limits.instances = Some(1),
            &["have more instances than 1: --max-instances 2"],
        ),
        (
            "ls.wasm",
            &["/"],
            &|limits| limits.handles = Some(4),
            &["have more handles open than 4: --max-handles 8"],
        ),
        (
            "p2/ls.wasm",
            &["/"],
            &|limits| limits.handles = Some(1),
            &["have more handles open than 1: --max-handles 2"],
        ),
        (
            "p2/ops.wasm",
            &["random16", "10", "/"],
            &|limits| limits.buffers = Some(15),
            &["have the host hold more at once than 15: --max-buffers 16"],
        ),
        (
            FOREVER,
            &[],
            &|limits| limits.fuel = Some(2_000_000),
            &["use more fuel than 2000000: --fuel 4000000"],
        ),
        (
            FOREVER,
            &[],
            &|limits| limits.timeout = Some(Duration::from_millis(20)),
            &["run longer than 20ms: --timeout 1s"],
        ),
    ];
    each(|engine| {
        for (guest, args, limit, expected) in cases {
            let record = Arc::new(Record::new());
            run_told(engine, guest, args, limit, record.clone());
            let told = |(refusal, _): (Refusal, u64)| format!("{refusal}: {}", refusal.grants[0]);
            let told: Vec<_> = record.refusals().into_iter().map(told).collect();
            assert_eq!(told, expected, "{} {guest}", engine.name());
        }
    });
}

/// Lets the guest go beyond its limits.
#[derive(Default)]
struct Generous(Mutex<Vec<String>>);

impl Refusals for Generous {
    fn refused(&self, refusal: Refusal) -> Answer {
        self.0.lock().unwrap().push(refusal.to_string());
        Answer::Allow
    }
}

#[test]
fn who_is_told_can_let_the_guest_go_on() {
    let cases: [(&str, &[&str], Limiting<'_>); 4] = [
        (
            r#"(module (memory 1) (func (export "_start")
                (if (i32.eq (memory.grow (i32.const 5)) (i32.const -1)) (then (unreachable)))))"#,
            &[],
            &|limits| limits.memory = Some(3 << 16),
        ),
        ("ls.wasm", &["/"], &|limits| limits.handles = Some(4)),
        ("p2/ls.wasm", &["/"], &|limits| limits.handles = Some(1)),
        ("p2/ops.wasm", &["random16", "10", "/"], &|limits| limits.buffers = Some(15)),
    ];
    each(|engine| {
        for (guest, args, limit) in cases {
            let generous = Arc::new(Generous::default());
            let output = run_told(engine, guest, args, limit, generous.clone());
            assert!(output.outcome.success(), "{} {guest}: {output:?}", engine.name());
            assert!(!generous.0.lock().unwrap().is_empty(), "{guest}");
        }
        // Of what has ended the guest, nothing can be given back.
        let generous = Arc::new(Generous::default());
        let fuel = |limits: &mut LimitSettings| limits.fuel = Some(1000);
        let output = run_told(engine, FOREVER, &[], &fuel, generous.clone());
        assert_traps(&output, TrapKind::OutOfFuel, "out of fuel");
        assert_eq!(*generous.0.lock().unwrap(), ["use more fuel than 1000"]);
    });
}
