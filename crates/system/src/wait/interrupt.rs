use super::bell::Bell;
use crate::Result;
use std::os::fd::BorrowedFd;
use std::sync::atomic::{AtomicBool, Ordering, fence};
use std::sync::{Arc, OnceLock};

/// A way to wake a thread that [waits](super::wait): a deadline, a cancellation.
///
/// Every clone is the same interrupt. Once triggered it stays so.
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    flag: Arc<AtomicBool>,
    /// Made by the first wait: most guests never wait.
    bell: OnceLock<Bell>,
}

impl Interrupt {
    /// An interrupt that has not been triggered.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Wakes whoever waits, now and from now on.
    pub fn trigger(&self) {
        self.0.flag.store(true, Ordering::SeqCst);
        // Against the fence in `bell`: either the waiting thread sees the flag, or we its bell.
        fence(Ordering::SeqCst);
        if let Some(bell) = self.0.bell.get() {
            bell.ring();
        }
    }

    /// Whether it has been triggered.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.0.flag.load(Ordering::SeqCst)
    }

    /// The flag alone, for whoever looks at it while computing. Setting it wakes nobody.
    #[must_use]
    pub fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.0.flag)
    }

    /// What becomes readable. The flag is to be looked at after this call.
    pub(super) fn bell(&self) -> Result<BorrowedFd<'_>> {
        let bell = match self.0.bell.get() {
            Some(bell) => bell,
            None => {
                let new = Bell::new()?;
                self.0.bell.get_or_init(|| new)
            }
        };
        fence(Ordering::SeqCst);
        Ok(bell.fd())
    }
}
