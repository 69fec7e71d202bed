use crate::tape::{Call, Op, Tape};
use crate::wire::Wire;
use std::sync::Arc;
use std::time::Duration;
use wayleave_system::Result;
use wayleave_system::wait::{Interest, Interrupt, Readiness, Watch, Woken, wait};

/// What says which of the things that a guest waits for is ready first: that decides what the guest
/// does next. While replaying nobody waits.
pub(crate) struct TapeWatch {
    tape: Arc<Tape>,
    recording: bool,
}

impl TapeWatch {
    pub(crate) fn new(tape: &Arc<Tape>, recording: bool) -> Arc<Self> {
        Arc::new(Self { tape: tape.clone(), recording })
    }
}

impl Watch for TapeWatch {
    fn wait(
        &self,
        sources: &[(Readiness<'_>, Interest)],
        timeout: Option<Duration>,
        interrupt: Option<&Interrupt>,
    ) -> Result<Woken> {
        // What keeps the guest from answering for ever.
        if !self.recording && interrupt.is_some_and(Interrupt::is_set) {
            return Ok(Woken::Interrupted);
        }
        let interests: Vec<_> = sources.iter().map(|(_, interest)| *interest).collect();
        let call = Call::new(Op::Wait, 0, "").debug(&interests).debug(&timeout);
        let woken = self.tape.call_with(
            call,
            |from| {
                let woken = Result::<Woken>::take(from)?;
                match &woken {
                    Ok(Woken::Ready(ready))
                        if ready.iter().any(|one| one.index >= sources.len()) =>
                    {
                        Err(from.damaged())
                    }
                    _ => Ok(woken),
                }
            },
            || wait(sources, timeout, interrupt),
        );
        match woken {
            Err(_) if !self.recording && interrupt.is_some_and(Interrupt::is_set) => {
                Ok(Woken::Interrupted)
            }
            woken => woken,
        }
    }
}
