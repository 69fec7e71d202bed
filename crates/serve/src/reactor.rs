use std::future::Future;
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::time::Duration;
use tokio::io::Interest as TokioInterest;
use tokio::io::unix::AsyncFd;
use wayleave::system::wait::{Interest, Reactor, Waits};

/// What suspended guests wait with: this server's own runtime.
pub(crate) struct Tokio;

impl Reactor for Tokio {
    fn sleep(&self, time: Duration) -> Waits {
        Box::pin(tokio::time::sleep(time))
    }

    fn ready(&self, fd: OwnedFd, interest: Interest) -> Waits {
        Box::pin(ready(fd, interest))
    }
}

fn ready(fd: OwnedFd, interest: Interest) -> impl Future<Output = ()> + Send {
    async move {
        let (interest, write) = match interest {
            Interest::Read => (TokioInterest::READABLE, false),
            Interest::Write => (TokioInterest::WRITABLE, true),
        };
        // What can not be waited for is ready: whoever waits sees why when it is used.
        let Ok(fd) = AsyncFd::with_interest(fd, interest) else { return };
        let _ = if write { fd.writable().await.map(drop) } else { fd.readable().await.map(drop) };
    }
}

/// A task's own time limit, made only when it is asked for.
pub(crate) type Timer = Pin<Box<tokio::time::Sleep>>;
