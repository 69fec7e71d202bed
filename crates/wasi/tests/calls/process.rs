//! `proc_*` and `sched_yield`.

use crate::support::{Guest, TestEngine, each_engine, errno};
use wayleave_engine::{Exit, Stop, TrapKind};
use wayleave_grants::Grants;

each_engine! {
    exit_ends_the_guest_with_its_code,
    a_signal_does_what_it_does_by_default,
    yielding_writes_nothing,
}

fn exit_ends_the_guest_with_its_code<E: TestEngine>() {
    for code in [0, 1, 125, 126, 255, 256, u32::MAX] {
        let mut guest = Guest::<E>::new(Grants::new());
        match guest.try_call("proc_exit", &[code.into()]) {
            Err(Stop::Exit(exit)) => assert_eq!(exit, Exit(code)),
            other => panic!("exit {code}: {other:?}"),
        }
    }
}

fn a_signal_does_what_it_does_by_default<E: TestEngine>() {
    // None, CHLD, CONT, URG, WINCH.
    let ignored = [0, 16, 17, 22, 27];
    for signal in 0..=30 {
        let mut guest = Guest::<E>::new(Grants::new());
        match guest.try_call("proc_raise", &[signal]) {
            Ok(errno) => {
                assert!(ignored.contains(&signal), "signal {signal} does nothing");
                assert_eq!(errno, errno::SUCCESS);
            }
            Err(Stop::Trap(trap)) => {
                assert!(!ignored.contains(&signal), "signal {signal}: {trap}");
                assert_eq!(trap.kind, TrapKind::Host);
            }
            Err(other) => panic!("signal {signal}: {other}"),
        }
    }
    let mut guest = Guest::<E>::new(Grants::new());
    for signal in [31, 32, 255, u64::from(u32::MAX)] {
        guest.err("proc_raise", &[signal], errno::INVAL);
    }
}

fn yielding_writes_nothing<E: TestEngine>() {
    Guest::<E>::new(Grants::new()).writes("sched_yield", &[], &[], &[]);
}
