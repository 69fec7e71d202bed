use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use wayleave_engine::{Config, Context, Engine, Limits, TrapKind, Value};

use super::{Guest, config, line, trap};

fn limits(set: impl FnOnce(&mut Limits)) -> Limits {
    let mut limits = Limits::default();
    set(&mut limits);
    limits
}

pub(crate) fn memory_stops_growing<E: Engine>() {
    let text = r#"(module (memory (export "memory") 1)
        (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))"#;
    let limits = limits(|limits| limits.memory_bytes = 3 * 65536);
    let mut guest = Guest::<E, ()>::limited(&Config::default(), limits, text).unwrap();
    let mut grow = |pages| guest.get("grow", &[Value::I32(pages)]).unwrap();
    assert_eq!(grow(3), Value::I32(-1));
    assert_eq!(grow(2), Value::I32(1));
    assert_eq!(grow(0), Value::I32(3));
    assert_eq!(grow(1), Value::I32(-1));
}

pub(crate) fn a_memory_too_large_to_start_with<E: Engine>() {
    let limits = limits(|limits| limits.memory_bytes = 65536);
    let stopped = trap(Guest::<E, ()>::limited(&Config::default(), limits, "(module (memory 2))"));
    assert_eq!(stopped.kind, TrapKind::Limit);
    assert_eq!(
        stopped.detail.as_deref(),
        Some("the guest asks for 131072 bytes of memory, at most 65536 are allowed")
    );
}

pub(crate) fn tables_stop_growing<E: Engine>() {
    let text = r#"(module (table $t 1 funcref)
        (func (export "grow") (param i32) (result i32)
            (table.grow $t (ref.null func) (local.get 0))))"#;
    let limits = limits(|limits| limits.table_elements = 10);
    for config in [config(false, false), config(false, true)] {
        let mut guest = Guest::<E, ()>::limited(&config, limits.clone(), text).unwrap();
        let mut grow = |elements| guest.get("grow", &[Value::I32(elements)]).unwrap();
        assert_eq!(grow(10), Value::I32(-1));
        assert_eq!(grow(9), Value::I32(1));
        assert_eq!(grow(1), Value::I32(-1));
        assert_eq!(grow(-1), Value::I32(-1));
    }
}

pub(crate) fn a_table_too_large_to_start_with<E: Engine>() {
    let text = "(module (table 1000001 funcref))";
    let stopped = trap(Guest::<E, ()>::limited(&Config::default(), Limits::default(), text));
    assert_eq!(stopped.kind, TrapKind::Limit);
}

/// Counts to its argument.
const COUNTING: &str = r#"(module
    (memory 1)
    (func (export "run") (param i32) (result i32) (local i32)
        (loop $more
            (local.set 1 (i32.add (local.get 1) (i32.const 1)))
            (br_if $more (i32.lt_u (local.get 1) (local.get 0))))
        (local.get 1))
    (func (export "forever") (loop $more (br $more)))
    (func (export "fill")
        (loop $more (memory.fill (i32.const 0) (i32.const 0) (i32.const 65536)) (br $more))))"#;

pub(crate) fn fuel_runs_out<E: Engine>() {
    let limits = limits(|limits| limits.fuel = Some(10_000));
    let mut guest = Guest::<E, ()>::limited(&config(true, false), limits, COUNTING).unwrap();
    assert_eq!(trap(guest.call("forever", &[])).kind, TrapKind::OutOfFuel);
    assert!(E::context(&mut guest.store).fuel().unwrap() < 100);
    assert_eq!(trap(guest.get("run", &[Value::I32(1000)])).kind, TrapKind::OutOfFuel);
}

fn fuel_used<E: Engine>(interrupt: bool, turns: i32) -> u64 {
    let total = 1 << 40;
    let limits = limits(|limits| limits.fuel = Some(total));
    let mut guest = Guest::<E, ()>::limited(&config(true, interrupt), limits, COUNTING).unwrap();
    assert_eq!(E::context(&mut guest.store).fuel(), Some(total));
    assert_eq!(guest.get("run", &[Value::I32(turns)]).unwrap(), Value::I32(turns));
    total - E::context(&mut guest.store).fuel().unwrap()
}

pub(crate) fn fuel_is_counted<E: Engine>() {
    let (once, often) = (fuel_used::<E>(false, 1), fuel_used::<E>(false, 1001));
    let per_turn = (often - once) / 1000;
    assert_eq!(often - once, per_turn * 1000);
    assert!((1..10).contains(&per_turn), "{per_turn}");
    // What it needs is enough; less is not, though engines look once per turn only.
    for (fuel, enough) in [(often, true), (often - 3 * per_turn, false)] {
        let limits = limits(|limits| limits.fuel = Some(fuel));
        let mut guest = Guest::<E, ()>::limited(&config(true, false), limits, COUNTING).unwrap();
        assert_eq!(guest.get("run", &[Value::I32(1001)]).is_ok(), enough);
    }
    // Without a limit there is nothing to count down.
    let mut guest = Guest::<E, ()>::plain(COUNTING);
    assert_eq!(E::context(&mut guest.store).fuel(), None);
}

pub(crate) fn fuel_and_interruption_together<E: Engine>() {
    // Enough for several slices, on engines that have those.
    let used = fuel_used::<E>(true, 500_000);
    assert_eq!(used, fuel_used::<E>(false, 500_000));
    for (fuel, enough) in [(used, true), (used - 30, false)] {
        let limits = limits(|limits| limits.fuel = Some(fuel));
        let mut guest = Guest::<E, ()>::limited(&config(true, true), limits, COUNTING).unwrap();
        let result = guest.get("run", &[Value::I32(500_000)]);
        assert_eq!(result.is_ok(), enough);
        if !enough {
            assert_eq!(trap(result).kind, TrapKind::OutOfFuel);
        }
    }
}

pub(crate) fn fuel_needs_its_setting<E: Engine>() {
    let engine = E::new(&config(false, true)).unwrap();
    let reason = line(engine.store((), limits(|limits| limits.fuel = Some(1))));
    assert!(reason.contains(E::NAME) && reason.contains("fuel"), "{reason}");
}

pub(crate) fn interruption_needs_its_setting<E: Engine>() {
    let engine = E::new(&config(true, false)).unwrap();
    let reason = line(engine.store((), limits(|limits| limits.interrupt = Some(Arc::default()))));
    assert!(reason.contains("interrupt"), "{reason}");
}

/// Interrupts whatever `run` does after a moment. How long it then took to stop.
fn interrupted<E: Engine>(run: impl FnOnce(&E, Limits) -> TrapKind) -> Duration {
    let engine = E::new(&config(false, true)).unwrap();
    let flag = Arc::new(AtomicBool::new(false));
    let limits = limits(|limits| limits.interrupt = Some(flag.clone()));
    let kicker = engine.clone();
    let other = thread::spawn(move || {
        thread::sleep(Duration::from_millis(50));
        // A kick without the flag stops nothing.
        kicker.kick();
        thread::sleep(Duration::from_millis(50));
        flag.store(true, Ordering::Relaxed);
        kicker.kick();
        Instant::now()
    });
    assert_eq!(run(&engine, limits), TrapKind::Interrupted);
    other.join().unwrap().elapsed()
}

fn assert_interrupted<E: Engine>(function: &str) {
    let took = interrupted::<E>(|engine, limits| {
        let mut guest = Guest::<E, ()>::with(engine, limits, COUNTING, (), |_| {}).unwrap();
        trap(guest.call(function, &[])).kind
    });
    assert!(took < Duration::from_secs(2), "{took:?}");
}

pub(crate) fn a_loop_is_interrupted<E: Engine>() {
    assert_interrupted::<E>("forever");
}

pub(crate) fn a_guest_that_is_interrupted_beforehand_ends<E: Engine>() {
    let engine = E::new(&config(false, true)).unwrap();
    let flag = Arc::new(AtomicBool::new(true));
    engine.kick();
    let limits = limits(|limits| limits.interrupt = Some(flag));
    let guest = Guest::<E, ()>::with(&engine, limits, COUNTING, (), |_| {});
    let ended = guest.and_then(|mut guest| guest.call("forever", &[]));
    assert_eq!(trap(ended).kind, TrapKind::Interrupted);
}

pub(crate) fn bulk_operations_are_interrupted<E: Engine>() {
    assert_interrupted::<E>("fill");
}

pub(crate) fn a_start_function_is_interrupted<E: Engine>() {
    let text = r#"(module (func $start (loop $more (br $more))) (start $start))"#;
    let took = interrupted::<E>(|engine, limits| {
        trap(Guest::<E, ()>::with(engine, limits, text, (), |_| {})).kind
    });
    assert!(took < Duration::from_secs(2), "{took:?}");
}

pub(crate) fn interruption_without_a_flag_changes_nothing<E: Engine>() {
    let engine = E::new(&config(false, true)).unwrap();
    let mut guest = Guest::<E, ()>::with(&engine, Limits::default(), COUNTING, (), |_| {}).unwrap();
    for _ in 0..3 {
        engine.kick();
        assert_eq!(guest.get("run", &[Value::I32(300_000)]).unwrap(), Value::I32(300_000));
    }
}

pub(crate) fn deep_recursion_overflows_and_the_store_survives<E: Engine>() {
    let text = r#"(module
        (func $down (export "down") (param i64 i64 i64 i64)
            (call $down (local.get 1) (local.get 2) (local.get 3) (i64.const 1)))
        (func $sum (export "run") (param i32) (result i32)
            (if (result i32) (local.get 0)
                (then (i32.add (i32.const 1) (call $sum (i32.sub (local.get 0) (i32.const 1)))))
                (else (i32.const 0)))))"#;
    for config in [config(false, false), config(false, true)] {
        let mut guest = Guest::<E, ()>::limited(&config, Limits::default(), text).unwrap();
        for _ in 0..3 {
            let stopped = trap(guest.call("down", &[Value::I64(0); 4]));
            assert_eq!(stopped.kind, TrapKind::StackOverflow);
            // As deep as programs go.
            assert_eq!(guest.get("run", &[Value::I32(5000)]).unwrap(), Value::I32(5000));
        }
    }
}

pub(crate) fn absurd_stacks_are_refused<E: Engine>() {
    let mut config = Config::default();
    config.max_stack = 0;
    line(E::new(&config));
    config.max_stack = usize::MAX;
    // An interpreter may well take it: its stack is its own.
    let _ = E::new(&config);
}
