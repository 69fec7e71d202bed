use super::{Interest, Interrupt, Readiness, Woken};
use crate::Result;
use std::time::Duration;

/// What says which of several things is ready, in place of [`wait`](super::wait): one that keeps
/// the answers, or that knows them from before.
pub trait Watch: Send + Sync {
    /// Waits until a source is ready, the time is over, or the interrupt is triggered.
    ///
    /// # Errors
    /// As [`wait`](super::wait).
    fn wait(
        &self,
        sources: &[(Readiness<'_>, Interest)],
        timeout: Option<Duration>,
        interrupt: Option<&Interrupt>,
    ) -> Result<Woken>;
}
