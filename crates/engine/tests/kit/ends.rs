//! Ends and turns in calls that can not be suspended: start functions, and what a host function
//! calls.

use std::cell::Cell;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context as TaskContext, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use wayleave_engine::{Config, Context, Engine, Extern, FuncType, Limits, Stop, TrapKind};

use super::{Guest, config, line, trap};

const STARTING: &str = "(module (func $start (loop $more (br $more))) (start $start))";

/// `host.call` calls the export `inner`.
const CALLING: &str = r#"(module
    (import "host" "call" (func $call))
    (func $count (param i32) (local i32)
        (loop $more
            (local.set 1 (i32.add (local.get 1) (i32.const 1)))
            (br_if $more (i32.lt_u (local.get 1) (local.get 0)))))
    (func (export "outer") (call $call) (call $count (i32.const 2000)))
    (func (export "inner") (call $count (i32.const 1000000)))
    (func (export "forever") (loop $more (br $more))))"#;

fn suspending() -> Config {
    let mut config = config(false, true);
    config.suspend = true;
    config
}

fn limits(set: impl FnOnce(&mut Limits)) -> Limits {
    let mut limits = Limits::default();
    set(&mut limits);
    limits
}

/// Kicks an engine all the time, as long as it is there.
struct Kicking(Arc<AtomicBool>, Option<thread::JoinHandle<()>>);

impl Kicking {
    fn start<E: Engine>(engine: &E) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let (engine, until) = (engine.clone(), over.clone());
        let thread = thread::spawn(move || {
            while !until.load(Ordering::Relaxed) {
                engine.kick();
                thread::sleep(Duration::from_millis(1));
            }
        });
        Self(over, Some(thread))
    }
}

impl Drop for Kicking {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
        self.1.take().unwrap().join().unwrap();
    }
}

/// A guest whose host function calls `inner` of it, or another function.
fn calling<E: Engine>(
    engine: &E,
    limits: Limits,
    inner: &'static str,
) -> Guest<E, Option<E::Func>> {
    let mut guest = Guest::with(engine, limits, CALLING, None, |linker| {
        E::define(linker, "host", "call", &FuncType::new(&[], &[]), |context, _| {
            let inner: Option<E::Func> = context.state().clone();
            context.call_raw(&inner.unwrap(), &mut [])
        })
        .unwrap();
    })
    .unwrap();
    let func = func(&mut guest, inner);
    *E::state(&mut guest.store) = Some(func);
    guest
}

fn func<E: Engine, T: Send + 'static>(guest: &mut Guest<E, T>, name: &str) -> E::Func {
    let Extern::Func(func) = guest.export(name) else { panic!("{name}") };
    func
}

/// Polls a call to its end; how often it made way.
fn drive(call: impl Future<Output = Result<(), Stop>>) -> (Result<(), Stop>, u32) {
    let mut call = pin!(call);
    let mut context = TaskContext::from_waker(Waker::noop());
    let mut pending = 0;
    loop {
        match call.as_mut().poll(&mut context) {
            Poll::Ready(result) => return (result, pending),
            Poll::Pending => pending += 1,
        }
    }
}

pub(crate) fn a_deadline_needs_its_setting<E: Engine>() {
    let engine = E::new(&config(true, false)).unwrap();
    let reason = line(engine.store((), limits(|limits| limits.deadline = Some(Instant::now()))));
    assert!(reason.contains("deadline"), "{reason}");
}

pub(crate) fn a_deadline_ends_whatever_runs<E: Engine>() {
    for config in [config(false, true), suspending()] {
        let engine = E::new(&config).unwrap();
        let _kicking = Kicking::start(&engine);
        let until = |time| {
            limits(|limits| limits.deadline = Some(Instant::now() + Duration::from_millis(time)))
        };
        let ended = |result: Result<(), Stop>| assert_eq!(trap(result).kind, TrapKind::Interrupted);

        let begun = Instant::now();
        ended(Guest::<E, ()>::with(&engine, until(50), STARTING, (), |_| {}).map(drop));
        assert!(begun.elapsed() >= Duration::from_millis(50));

        // The host function's own call, and the one around it.
        let mut guest = calling(&engine, until(60_000), "forever");
        E::set_deadline(&mut guest.store, Some(Instant::now() + Duration::from_millis(50)));
        ended(guest.call("outer", &[]));
        ended(guest.call("forever", &[]));
        let outer = func(&mut guest, "outer");
        ended(drive(E::call_suspending(&mut guest.store, &outer, &mut [])).0);
        // Another is another.
        *E::state(&mut guest.store) = Some(func(&mut guest, "inner"));
        E::set_deadline(&mut guest.store, None);
        guest.call("outer", &[]).unwrap();
        E::set_deadline(&mut guest.store, Some(Instant::now() + Duration::from_secs(60)));
        drive(E::call_suspending(&mut guest.store, &outer, &mut [])).0.unwrap();
    }
}

thread_local! {
    static LONG: Cell<u32> = const { Cell::new(0) };
}

pub(crate) fn long_calls_are_handed_over<E: Engine>() {
    let engine = E::new(&suspending()).unwrap();
    let _kicking = Kicking::start(&engine);
    let handed_over = || LONG.with(|count| count.replace(0));
    let until = || {
        limits(|limits| {
            limits.deadline = Some(Instant::now() + Duration::from_millis(100));
            limits.long_calls = Some(|call| {
                LONG.with(|count| count.set(count.get() + 1));
                call();
                true
            });
        })
    };
    let started = Guest::<E, ()>::with(&engine, until(), STARTING, (), |_| {});
    assert_eq!(trap(started.map(drop)).kind, TrapKind::Interrupted);
    assert_eq!(handed_over(), 1);
    let mut guest = calling(&engine, until(), "forever");
    let outer = func(&mut guest, "outer");
    let (ended, _) = drive(E::call_suspending(&mut guest.store, &outer, &mut []));
    assert_eq!(trap(ended).kind, TrapKind::Interrupted);
    assert_eq!(handed_over(), 1);
    // What can be suspended is.
    let forever = func(&mut guest, "forever");
    let later = Instant::now() + Duration::from_millis(50);
    E::set_deadline(&mut guest.store, Some(later));
    let (ended, pending) = drive(E::call_suspending(&mut guest.store, &forever, &mut []));
    assert_eq!(trap(ended).kind, TrapKind::Interrupted);
    assert!(pending > 0);
    assert_eq!(handed_over(), 0);
}

pub(crate) fn a_long_call_without_room_ends<E: Engine>() {
    let engine = E::new(&suspending()).unwrap();
    let _kicking = Kicking::start(&engine);
    let none = || limits(|limits| limits.long_calls = Some(|_| false));
    let started = trap(Guest::<E, ()>::with(&engine, none(), STARTING, (), |_| {}).map(drop));
    assert_eq!(started.kind, TrapKind::Limit);
    let mut guest = calling(&engine, none(), "forever");
    let outer = func(&mut guest, "outer");
    let (ended, _) = drive(E::call_suspending(&mut guest.store, &outer, &mut []));
    assert_eq!(trap(ended).kind, TrapKind::Limit);
}

/// Or a guest that is mostly in such calls, short ones, would leave hardly a turn to others.
pub(crate) fn a_call_that_was_kicked_owes_a_turn<E: Engine>() {
    let engine = E::new(&suspending()).unwrap();
    // The kick shows in the inner function only.
    let kicks = engine.clone();
    let mut guest = Guest::with(&engine, Limits::default(), CALLING, None, |linker| {
        E::define(linker, "host", "call", &FuncType::new(&[], &[]), move |context, _| {
            kicks.kick();
            let inner: Option<E::Func> = context.state().clone();
            context.call_raw(&inner.unwrap(), &mut [])
        })
        .unwrap();
    })
    .unwrap();
    *E::state(&mut guest.store) = Some(func(&mut guest, "inner"));
    let outer = func(&mut guest, "outer");
    let (result, owed) = drive(E::call_suspending(&mut guest.store, &outer, &mut []));
    result.unwrap();
    assert!(owed >= 1);
}
