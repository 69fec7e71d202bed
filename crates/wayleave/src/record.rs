use crate::{Canceller, End, Error, Grants, Instance, Outcome, Program};
use std::io;
use std::sync::Arc;
use wayleave_engine::{Exit, Stop, Trap, TrapKind};
use wayleave_record::{Ended, Recorder, Recording, Replay, Session, Summary};
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
        let (grants, session) = recorder.start(self.inner.fitting(grants))?;
        let mut kept = Ok(Summary::default());
        let outcome = self.run_until(grants, |end| kept = session.finish(&end.into()))?;
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
        let (grants, replay) = self.begin(recording, stdout, stderr)?;
        let mut result = Ok(Ended::TimedOut);
        let outcome = self.run_until(grants, |end| result = replay.finish(end.into()))?;
        Ok(outcome.into_recorded(&result?))
    }

    /// Instantiates it as [`Program::instantiate`], and records it. Whoever calls its exports ends the
    /// [session](Session::finish), and has [said](Recorder::invoked) what they call, so that the
    /// same can be called when it is replayed.
    ///
    /// # Errors
    /// As [`Program::record`] and [`Program::instantiate`].
    pub fn record_instance(
        &self,
        grants: Grants,
        recorder: Recorder,
    ) -> Result<(Instance, Session), Error> {
        let (grants, session) = recorder.start(self.inner.fitting(grants))?;
        match self.instantiate(grants) {
            Ok(instance) => Ok((instance, session)),
            Err(Error::Stopped(stop)) => {
                // What could not be written is cut off: that the guest stopped is what counts.
                let _ = session.finish(&stopped_by(&stop));
                Err(Error::Stopped(stop))
            }
            Err(error) => Err(error),
        }
    }

    /// Instantiates it again as it was recorded, as [`Program::replay`] does. Whoever calls the same
    /// of its exports ends the [replay](Replay::finish).
    ///
    /// # Errors
    /// As [`Program::replay`] and [`Program::instantiate`].
    pub fn replay_instance(
        &self,
        recording: Recording,
        stdout: Arc<dyn File>,
        stderr: Arc<dyn File>,
    ) -> Result<(Instance, Replay), Error> {
        let (grants, replay) = self.begin(recording, stdout, stderr)?;
        match self.instantiate(grants) {
            Ok(instance) => Ok((instance, replay)),
            Err(Error::Stopped(stop)) => {
                replay.finish(stopped_by(&stop))?;
                Err(Error::Stopped(stop))
            }
            Err(error) => Err(error),
        }
    }

    /// The grants for a replay.
    fn begin(
        &self,
        recording: Recording,
        stdout: Arc<dyn File>,
        stderr: Arc<dyn File>,
    ) -> Result<(Grants, Replay), Error> {
        let inner = self.inner.clone();
        let canceller = Canceller::new(Interrupt::new(), Arc::new(move || inner.kick()));
        let interrupt = canceller.interrupt();
        Ok(recording.replay(stdout, stderr, interrupt, move || canceller.cancel())?)
    }
}

impl Outcome {
    /// This, or how the program was ended from outside when it was recorded: a replay comes to that
    /// in another way.
    #[must_use]
    pub fn into_recorded(self, ended: &Ended) -> Self {
        let end = match ended {
            Ended::TimedOut => End::TimedOut(TrapKind::Interrupted.into()),
            Ended::Stopped(kind) => stopped(kind),
            _ => return self,
        };
        Self { end, fuel_used: None }
    }
}

/// Kinds of traps that a program does not come to by itself, or on another engine at another
/// place.
const FROM_OUTSIDE: [TrapKind; 3] =
    [TrapKind::Interrupted, TrapKind::OutOfFuel, TrapKind::StackOverflow];

/// An end as it is recorded.
impl From<&End> for Ended {
    fn from(end: &End) -> Self {
        match end {
            End::Exit(code) => Self::Exit(*code),
            End::TimedOut(_) => Self::TimedOut,
            End::Trap(trap) => trapped(trap),
        }
    }
}

fn trapped(trap: &Trap) -> Ended {
    let kind = name(trap.kind);
    if FROM_OUTSIDE.contains(&trap.kind) { Ended::Stopped(kind) } else { Ended::Trap(kind) }
}

/// The end of a guest that was not there yet.
fn stopped_by(stop: &Stop) -> Ended {
    match stop {
        Stop::Exit(Exit(code)) => Ended::Exit(*code),
        Stop::Trap(trap) => trapped(trap),
        Stop::Wait(_) => Ended::Trap(name(TrapKind::Host)),
    }
}

fn name(kind: TrapKind) -> String {
    format!("{kind:?}")
}

fn stopped(recorded: &str) -> End {
    let kind = FROM_OUTSIDE.into_iter().find(|kind| name(*kind) == recorded);
    End::Trap(Trap::from(kind.unwrap_or(TrapKind::Other)))
}
