//! Waiting without a thread: the guest is suspended, and whoever runs it goes on with others.

use super::{Interest, Readiness, Source};
use crate::Result;
use std::collections::HashSet;
use std::future::Future;
use std::os::fd::{AsRawFd, OwnedFd};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

/// What suspended guests wait for: it ends when they may go on.
pub type Waits = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What waits for file descriptors and times where guests are suspended: the embedder's
/// asynchronous runtime.
pub trait Reactor: Send + Sync {
    /// Ends after this time.
    fn sleep(&self, time: Duration) -> Waits;

    /// Ends when `interest` can be served by this file descriptor, or nobody can tell any more.
    fn ready(&self, fd: OwnedFd, interest: Interest) -> Waits;

    /// What runs the calls of guests that take long and can not be suspended: the function comes
    /// back when what it was given has run. `false`: there is no room for it, and it has not run.
    ///
    /// By default the calling thread runs them, and all that it has to do waits.
    fn long_calls(&self) -> fn(&mut dyn FnMut()) -> bool {
        |call| {
            call();
            true
        }
    }
}

/// A wait for one of several sources, or a time.
pub struct Suspension {
    sources: Vec<(Arc<dyn Source>, Interest)>,
    waits: Vec<Waits>,
}

impl Suspension {
    /// Ends when one of the sources is ready or the time is over; at once with a source that is
    /// ready [now](Readiness::Now). It may end too early: whoever waits looks again.
    ///
    /// # Errors
    /// What the system says of a file descriptor that can not be shared.
    pub fn new(
        reactor: &dyn Reactor,
        sources: &[(Readiness<'_>, Interest)],
        timeout: Option<Duration>,
    ) -> Result<Self> {
        let mut suspension = Self { sources: Vec::new(), waits: Vec::new() };
        suspension.waits.extend(timeout.map(|time| reactor.sleep(time)));
        // Each is the process's own while it is waited for, and so one that many wait for is one.
        let mut waited_for = HashSet::new();
        for (source, interest) in sources {
            match source {
                Readiness::Now => suspension.waits.push(Box::pin(std::future::ready(()))),
                Readiness::Fd(fd) if waited_for.insert((fd.as_raw_fd(), *interest)) => {
                    let fd = fd.try_clone_to_owned()?;
                    suspension.waits.push(reactor.ready(fd, *interest));
                }
                Readiness::Fd(_) => {}
                Readiness::Source(source) => {
                    suspension.sources.push((Arc::clone(source), *interest));
                }
            }
        }
        Ok(suspension)
    }
}

impl Future for Suspension {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        let mut over = false;
        for (source, interest) in &this.sources {
            over |= source.poll_ready(*interest, context).is_ready();
        }
        for waits in &mut this.waits {
            over |= waits.as_mut().poll(context).is_ready();
        }
        if over { Poll::Ready(()) } else { Poll::Pending }
    }
}
