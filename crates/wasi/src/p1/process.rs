//! `proc_*` and `sched_yield`.

use super::Host;
use super::call::Result;
use wayleave_engine::{Exit, Stop, Trap};
use wayleave_system::ErrorCode;

/// Ends the guest with an exit code.
pub(super) fn exit(code: u32) -> Stop {
    Stop::Exit(Exit(code))
}

/// Sends the guest a signal. Guests have no handlers, so each signal does what it does by default:
/// nothing, or the guest's end.
pub(super) fn raise(_: &mut Host, signal: u32) -> Result<()> {
    let name = match signal {
        // None, CHLD, CONT, URG, WINCH.
        0 | 16 | 17 | 22 | 27 => return Ok(()),
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        4 => "SIGILL",
        5 => "SIGTRAP",
        6 => "SIGABRT",
        9 => "SIGKILL",
        15 => "SIGTERM",
        other if other <= 30 => return Err(terminated(&format!("signal {other}"))),
        _ => return Err(ErrorCode::Invalid.into()),
    };
    Err(terminated(name))
}

/// Gives the processor to another thread.
pub(super) fn sched_yield(_: &mut Host) -> Result<()> {
    std::thread::yield_now();
    Ok(())
}

fn terminated(signal: &str) -> super::call::Failure {
    Stop::from(Trap::host(format!("the program ended itself with {signal}"))).into()
}
