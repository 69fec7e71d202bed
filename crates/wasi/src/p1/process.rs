//! `proc_*` and `sched_yield`.

use super::Host;
use super::call::{Failure, Result};
use wayleave_engine::{Exit, Stop, Trap};
use wayleave_system::ErrorCode;

/// Ends the guest with an exit code.
pub(super) fn exit(code: u32) -> Stop {
    Stop::Exit(Exit(code))
}

/// Sends the guest a signal. Guests have no handlers, so each signal does what it does by default:
/// nothing, or the guest's end.
#[inline]
pub(super) fn raise(_: &mut Host, signal: u32) -> Result<()> {
    match signal {
        // None, CHLD, CONT, URG, WINCH.
        0 | 16 | 17 | 22 | 27 => Ok(()),
        _ => Err(terminated(signal)),
    }
}

/// Gives the processor to another thread.
#[inline]
pub(super) fn sched_yield(_: &mut Host) -> Result<()> {
    std::thread::yield_now();
    Ok(())
}

#[cold]
#[inline(never)]
fn terminated(signal: u32) -> Failure {
    let name = match signal {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        4 => "SIGILL",
        5 => "SIGTRAP",
        6 => "SIGABRT",
        9 => "SIGKILL",
        15 => "SIGTERM",
        other if other <= 30 => &format!("signal {other}"),
        _ => return ErrorCode::Invalid.into(),
    };
    Stop::from(Trap::host(format!("the program ended itself with {name}"))).into()
}
