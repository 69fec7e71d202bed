use crate::{Canceller, End, Error, Grants, Outcome, Program};
use std::io;
use std::sync::Arc;
use wayleave_engine::{Trap, TrapKind};
use wayleave_record::{Ended, Recorder, Recording, Summary};
use wayleave_system::fs::File;
use wayleave_system::wait::Interrupt;

/// How a program that was recorded has ended, and what was kept of it.
#[derive(Debug)]
pub struct Recorded {
    /// How it ended.
    pub outcome: Outcome,
    /// How much was recorded, or why it is cut off: the program runs on where nothing can be
    /// written any more.
    pub kept: io::Result<Summary>,
}

impl Program {
    /// Runs the program as [`Program::run`], and records it.
    ///
    /// # Errors
    /// As [`Program::run`]; [`Error::Recording`] when the recording can not begin, as there are
    /// grants that can not be recorded.
    pub fn record(&self, grants: Grants, recorder: Recorder) -> Result<Recorded, Error> {
        self.inner.check_runnable()?;
        let (grants, session) = recorder.start(grants)?;
        let mut kept = Ok(Summary::default());
        let outcome = self.run_until(grants, |end| kept = session.finish(&recorded(end)))?;
        Ok(Recorded { outcome, kept })
    }

    /// Runs the program again as it was recorded, whatever has become of what it read then. It is
    /// given nothing; what it writes goes to `stdout` and `stderr`. The engine need not be the one
    /// of the recording. Whether it is the same program is for the caller to
    /// [check](wayleave_record::Program::check).
    ///
    /// # Errors
    /// As [`Program::run`], for a runtime that is not built with `interruptible(true)`, too;
    /// [`Error::Recording`] when the program does not do the same again, or the recording ends
    /// before the program did.
    pub fn replay(
        &self,
        recording: Recording,
        stdout: Arc<dyn File>,
        stderr: Arc<dyn File>,
    ) -> Result<Outcome, Error> {
        let inner = self.inner.clone();
        let canceller = Canceller::new(Interrupt::new(), Arc::new(move || inner.kick()));
        let interrupt = canceller.interrupt();
        let (grants, replay) =
            recording.replay(stdout, stderr, interrupt, move || canceller.cancel())?;
        let mut result = Ok(Ended::TimedOut);
        let outcome = self.run_until(grants, |end| result = replay.finish(recorded(end)))?;
        Ok(match result? {
            Ended::Exit(_) | Ended::Trap(_) => outcome,
            Ended::TimedOut => {
                let end = End::TimedOut(TrapKind::Interrupted.into());
                Outcome { end, fuel_used: None }
            }
            Ended::Stopped(kind) => Outcome { end: stopped(&kind), fuel_used: None },
        })
    }
}

/// Kinds of traps that a program does not come to by itself, or on another engine at another
/// place.
const FROM_OUTSIDE: [TrapKind; 3] =
    [TrapKind::Interrupted, TrapKind::OutOfFuel, TrapKind::StackOverflow];

/// An end as it is recorded.
fn recorded(end: &End) -> Ended {
    match end {
        End::Exit(code) => Ended::Exit(*code),
        End::TimedOut(_) => Ended::TimedOut,
        End::Trap(trap) if FROM_OUTSIDE.contains(&trap.kind) => Ended::Stopped(name(trap.kind)),
        End::Trap(trap) => Ended::Trap(name(trap.kind)),
    }
}

fn name(kind: TrapKind) -> String {
    format!("{kind:?}")
}

fn stopped(recorded: &str) -> End {
    let kind = FROM_OUTSIDE.into_iter().find(|kind| name(*kind) == recorded);
    End::Trap(Trap::from(kind.unwrap_or(TrapKind::Other)))
}
