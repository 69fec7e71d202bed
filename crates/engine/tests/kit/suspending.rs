use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::task::{Context as TaskContext, Poll, Waker};

use wayleave_engine::ValType::{F64, I32, I64};
use wayleave_engine::{Config, Context, Engine, Extern, FuncType, Limits, Slots, Stop, Wait};

use super::{Guest, trap};

/// `host.wait` gives its arguments' sum once the state's gate is open.
const TEXT: &str = r#"(module
    (import "host" "wait" (func $wait (param i32 i64 f64) (result f64)))
    (memory (export "memory") 1)
    (func (export "twice") (result f64)
        (f64.add
            (call $wait (i32.const 1) (i64.const 2) (f64.const 0.5))
            (call $wait (i32.const 10) (i64.const 20) (f64.const 0.25))))
    (func (export "called") (drop (call $wait (i32.const 0) (i64.const 0) (f64.const 0))))
    (func (export "echo") (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
    (func (export "loop") (loop (br 0))))"#;

#[derive(Clone, Default)]
struct Gate {
    open: Arc<AtomicBool>,
    /// How often the host function was called.
    calls: Arc<AtomicU32>,
}

impl Future for Gate {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut TaskContext<'_>) -> Poll<()> {
        if self.open.load(Ordering::SeqCst) { Poll::Ready(()) } else { Poll::Pending }
    }
}

fn guest<E: Engine>(config: &Config) -> (Guest<E, Gate>, Gate) {
    let engine = E::new(config).unwrap();
    let gate = Gate::default();
    let guest = Guest::with(&engine, Limits::default(), TEXT, gate.clone(), |linker| {
        let ty = FuncType::new(&[I32, I64, F64], &[F64]);
        E::define_waiting(linker, "host", "wait", &ty, |context, slots| {
            let gate = context.state().clone();
            gate.calls.fetch_add(1, Ordering::SeqCst);
            if !gate.open.swap(false, Ordering::SeqCst) {
                return Err(Stop::Wait(Wait::new(Box::pin(gate))));
            }
            let sum = f64::from(slots.u32(0)) + slots.u64(1) as f64 + f64::from_bits(slots.u64(2));
            slots.set_u64(0, sum.to_bits());
            Ok(())
        })
        .unwrap();
    });
    (guest.unwrap(), gate)
}

pub(super) fn suspending() -> Config {
    let mut config = Config::default();
    config.suspend = true;
    config
}

fn func<E: Engine>(guest: &mut Guest<E, Gate>, name: &str) -> E::Func {
    let Extern::Func(func) = guest.export(name) else { panic!("{name}") };
    func
}

fn poll<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut TaskContext::from_waker(Waker::noop()))
}

pub(crate) fn a_guest_is_suspended_while_it_waits<E: Engine>() {
    let (mut guest, gate) = guest::<E>(&suspending());
    let twice = func(&mut guest, "twice");
    let mut slots = [0];
    {
        let mut call = pin!(E::call_suspending(&mut guest.store, &twice, &mut slots));
        assert!(poll(call.as_mut()).is_pending());
        assert!(poll(call.as_mut()).is_pending());
        gate.open.store(true, Ordering::SeqCst);
        assert!(poll(call.as_mut()).is_pending());
        gate.open.store(true, Ordering::SeqCst);
        let Poll::Ready(result) = poll(call.as_mut()) else { panic!("still waiting") };
        result.unwrap();
    }
    assert_eq!(f64::from_bits(slots[0]), 33.75);
    assert_eq!(gate.calls.load(Ordering::SeqCst), 4);
    // And then anything else, as if nothing had been.
    let echo = func(&mut guest, "echo");
    let mut slots = [41];
    E::context(&mut guest.store).call_raw(&echo, &mut slots).unwrap();
    assert_eq!(slots, [42]);
}

pub(crate) fn suspended_guests_take_turns_and_move_between_threads<E: Engine>() {
    let guests: Vec<_> = (0..10).map(|_| guest::<E>(&suspending())).collect();
    let gates: Vec<Gate> = guests.iter().map(|(_, gate)| gate.clone()).collect();
    let mut calls: Vec<Pin<Box<dyn Future<Output = f64> + Send>>> = Vec::new();
    for (mut guest, _) in guests {
        calls.push(Box::pin(async move {
            let twice = func(&mut guest, "twice");
            let mut slots = [0];
            E::call_suspending(&mut guest.store, &twice, &mut slots).await.unwrap();
            f64::from_bits(slots[0])
        }));
    }
    for call in &mut calls {
        assert!(poll(call.as_mut()).is_pending());
    }
    for gate in gates.iter().rev() {
        gate.open.store(true, Ordering::SeqCst);
    }
    let mut calls = std::thread::spawn(move || {
        for call in &mut calls {
            assert!(poll(call.as_mut()).is_pending());
        }
        calls
    })
    .join()
    .unwrap();
    for (call, gate) in calls.iter_mut().zip(&gates).rev() {
        gate.open.store(true, Ordering::SeqCst);
        assert_eq!(poll(call.as_mut()), Poll::Ready(33.75));
    }
}

pub(crate) fn a_suspended_guest_can_be_dropped<E: Engine>() {
    let (mut guest, gate) = guest::<E>(&suspending());
    let twice = func(&mut guest, "twice");
    let mut slots = [0];
    {
        let mut call = pin!(E::call_suspending(&mut guest.store, &twice, &mut slots));
        assert!(poll(call.as_mut()).is_pending());
    }
    drop(guest);
    // The host's state is gone with it.
    assert_eq!(Arc::strong_count(&gate.open), 1);
}

pub(crate) fn only_the_outermost_call_is_suspended<E: Engine>() {
    let (mut guest, _) = guest::<E>(&suspending());
    let called = func(&mut guest, "called");
    let trap = trap(E::context(&mut guest.store).call_raw(&called, &mut []));
    assert!(trap.to_string().contains("can not be suspended"), "{trap}");
}

pub(crate) fn without_suspension_the_thread_waits<E: Engine>() {
    let (mut guest, gate) = guest::<E>(&Config::default());
    let called = func(&mut guest, "called");
    gate.open.store(true, Ordering::SeqCst);
    E::context(&mut guest.store).call_raw(&called, &mut []).unwrap();
    gate.open.store(true, Ordering::SeqCst);
    let mut call = pin!(E::call_suspending(&mut guest.store, &called, &mut []));
    assert!(matches!(poll(call.as_mut()), Poll::Ready(Ok(()))));
}

pub(crate) fn a_computing_guest_makes_way<E: Engine>() {
    let mut config = suspending();
    config.interrupt = true;
    let (mut guest, _) = guest::<E>(&config);
    let engine = guest.engine.clone();
    let endless = func(&mut guest, "loop");
    let done = Arc::new(AtomicBool::new(false));
    let kicker = std::thread::spawn({
        let done = done.clone();
        move || {
            while !done.load(Ordering::SeqCst) {
                engine.kick();
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
        }
    });
    {
        let mut call = pin!(E::call_suspending(&mut guest.store, &endless, &mut []));
        for _ in 0..5 {
            assert!(poll(call.as_mut()).is_pending());
        }
    }
    done.store(true, Ordering::SeqCst);
    kicker.join().unwrap();
}

/// Counts down the state, and has others have their turn at each step.
pub(crate) fn a_host_function_makes_way<E: Engine>() {
    let text = r#"(module
        (import "host" "step" (func $step (result i32)))
        (func $start (drop (call $step)))
        (func (export "steps") (result i32) (call $step))
        (start $start))"#;
    let config = suspending();
    let guest =
        Guest::<E, u32>::with(&E::new(&config).unwrap(), Limits::default(), text, 3, |linker| {
            let ty = FuncType::new(&[], &[I32]);
            E::define_waiting(linker, "host", "step", &ty, |context, slots| {
                let left = context.state();
                if *left > 0 {
                    *left -= 1;
                    return Err(Stop::Wait(Wait::turn()));
                }
                slots.set_u32(0, 7);
                Ok(())
            })
            .unwrap();
        });
    // In the start function, which can not be suspended.
    let mut guest = guest.unwrap();
    assert_eq!(*E::state(&mut guest.store), 0);
    let Extern::Func(steps) = guest.export("steps") else { panic!("no function") };
    *E::state(&mut guest.store) = 3;
    let mut slots = [0];
    {
        let mut call = pin!(E::call_suspending(&mut guest.store, &steps, &mut slots));
        for _ in 0..3 {
            assert!(poll(call.as_mut()).is_pending());
        }
        assert!(matches!(poll(call.as_mut()), Poll::Ready(Ok(()))));
    }
    assert_eq!(slots, [7]);
}
