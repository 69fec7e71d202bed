use std::sync::Arc;
use wayleave_engine::{Exit, Stop, Trap, TrapKind};
use wayleave_grants::{Grants, Limited, Limits};
use wayleave_system::refusal::Refusals;

/// How a program that ran has ended.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The end.
    pub end: End,
    /// Fuel used, where fuel was limited.
    pub fuel_used: Option<u64>,
}

impl Outcome {
    /// Whether the program ended with exit code 0.
    pub fn success(&self) -> bool {
        self.exit_code() == Some(0)
    }

    /// The exit code, if the program ended itself.
    pub fn exit_code(&self) -> Option<u32> {
        match self.end {
            End::Exit(code) => Some(code),
            _ => None,
        }
    }

    /// The trap, if the program was ended.
    pub fn trap(&self) -> Option<&Trap> {
        match &self.end {
            End::Trap(trap) | End::TimedOut(trap) => Some(trap),
            End::Exit(_) => None,
        }
    }
}

/// The end of a program.
#[derive(Clone, Debug)]
pub enum End {
    /// It ended itself with an exit code; returning from `_start` is 0.
    Exit(u32),
    /// It did what it must not, or was ended from outside.
    Trap(Trap),
    /// Its time was used up.
    TimedOut(Trap),
}

impl End {
    pub(crate) fn new(result: Result<(), Stop>, timed_out: bool) -> Self {
        match result {
            Ok(()) => Self::Exit(0),
            Err(Stop::Exit(Exit(code))) => Self::Exit(code),
            Err(Stop::Trap(trap)) if timed_out && trap.kind == TrapKind::Interrupted => {
                Self::TimedOut(*trap)
            }
            Err(Stop::Trap(trap)) => Self::Trap(*trap),
            Err(wait @ Stop::Wait(_)) => Self::Trap(Trap::host(wait.to_string())),
        }
    }
}

/// Tells of a guest that has ended because its time or fuel was used up.
pub(crate) struct AtLimit {
    limits: Limits,
    refusals: Option<Arc<dyn Refusals>>,
}

impl AtLimit {
    pub(crate) fn of(grants: &Grants) -> Self {
        Self { limits: grants.limits.clone(), refusals: grants.refusals.clone() }
    }

    /// How the guest has ended.
    pub(crate) fn end(&self, result: Result<(), Stop>, timed_out: bool) -> End {
        let end = End::new(result, timed_out);
        let limit = match &end {
            End::TimedOut(_) => Some(Limited::Time),
            End::Trap(trap) if trap.kind == TrapKind::OutOfFuel => Some(Limited::Fuel),
            _ => None,
        };
        if let (Some(refusals), Some(limit)) = (&self.refusals, limit) {
            // How much more it would have been, nobody knows.
            refusals.ended(limit.refusal(self.limits.most(limit), u64::MAX));
        }
        end
    }
}

/// How a program has ended, and what it wrote.
#[derive(Clone, Debug)]
pub struct Output {
    /// How it ended.
    pub outcome: Outcome,
    /// What it wrote to standard output.
    pub stdout: Vec<u8>,
    /// What it wrote to standard error.
    pub stderr: Vec<u8>,
}
