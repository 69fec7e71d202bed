use crate::Canceller;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// Cancels a guest when its time is used up. A thread, started only for a guest that has a time
/// limit; it ends with the guest.
pub(crate) struct Watchdog {
    fired: Arc<AtomicBool>,
    guest_ended: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Watchdog {
    pub(crate) fn start(timeout: Duration, canceller: Canceller) -> std::io::Result<Self> {
        let fired = Arc::new(AtomicBool::new(false));
        let (guest_ended, wait_for_end) = channel();
        let thread = std::thread::Builder::new().name("wayleave-watchdog".into()).spawn({
            let fired = fired.clone();
            move || {
                if let Err(RecvTimeoutError::Timeout) = wait_for_end.recv_timeout(timeout) {
                    fired.store(true, Ordering::Release);
                    canceller.cancel();
                }
            }
        })?;
        Ok(Self { fired, guest_ended: Some(guest_ended), thread: Some(thread) })
    }

    /// Whether the time was used up.
    pub(crate) fn fired(&self) -> bool {
        self.fired.load(Ordering::Acquire)
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.guest_ended.take();
        if let Some(thread) = self.thread.take() {
            // The thread does nothing that can panic; there is nothing to learn from its end.
            let _ = thread.join();
        }
    }
}
