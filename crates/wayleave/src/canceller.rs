use std::fmt;
use std::sync::Arc;
use wayleave_system::wait::Interrupt;

/// Ends a running guest from another thread: made by
/// [`Runtime::canceller`](crate::Runtime::canceller), given to the guest with
/// [`Grants::interrupt`](crate::Grants::interrupt).
#[derive(Clone)]
pub struct Canceller {
    interrupt: Interrupt,
    kick: Arc<dyn Fn() + Send + Sync>,
}

impl Canceller {
    pub(crate) fn new(interrupt: Interrupt, kick: Arc<dyn Fn() + Send + Sync>) -> Self {
        Self { interrupt, kick }
    }

    /// What the guest is given.
    pub fn interrupt(&self) -> Interrupt {
        self.interrupt.clone()
    }

    /// Ends the guest, whether it computes, sleeps or waits in a host call: it traps with
    /// [`Interrupted`](crate::TrapKind::Interrupted). A guest that has not started yet ends as soon
    /// as it does.
    pub fn cancel(&self) {
        self.interrupt.trigger();
        (self.kick)();
    }
}

impl fmt::Debug for Canceller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Canceller").field("cancelled", &self.interrupt.is_set()).finish()
    }
}
