use rustix::io::Errno;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::task::Wake;

/// The two ends of what wakes a thread.
#[derive(Debug)]
pub(super) struct Bell {
    waiting: OwnedFd,
    /// Where that is another end.
    ringing: Option<OwnedFd>,
}

impl Bell {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub(super) fn new() -> rustix::io::Result<Self> {
        use rustix::event::{EventfdFlags, eventfd};
        let waiting = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        Ok(Self { waiting, ringing: None })
    }

    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    pub(super) fn new() -> rustix::io::Result<Self> {
        let (waiting, ringing) = rustix::pipe::pipe()?;
        rustix::io::fcntl_setfd(&waiting, rustix::io::FdFlags::CLOEXEC)?;
        rustix::io::fcntl_setfd(&ringing, rustix::io::FdFlags::CLOEXEC)?;
        rustix::io::ioctl_fionbio(&ringing, true)?;
        rustix::io::ioctl_fionbio(&waiting, true)?;
        Ok(Self { waiting, ringing: Some(ringing) })
    }

    /// What is readable once it was rung.
    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.waiting.as_fd()
    }

    /// Makes it readable.
    pub(super) fn ring(&self) {
        let end = self.ringing.as_ref().unwrap_or(&self.waiting);
        // The only other failure is that it is full: then it has been rung.
        while rustix::io::write(end, &1_u64.to_ne_bytes()) == Err(Errno::INTR) {}
    }

    /// Makes it unreadable again, until it is rung the next time.
    pub(super) fn quiet(&self) {
        let mut bytes = [0; 64];
        while let Ok(1..) | Err(Errno::INTR) = rustix::io::read(&self.waiting, &mut bytes) {}
    }
}

/// Wakes the thread that waits for the bell.
impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.ring();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.ring();
    }
}
