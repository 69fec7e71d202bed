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

async fn ready(fd: OwnedFd, interest: Interest) {
    let registered = match interest {
        Interest::Read => TokioInterest::READABLE,
        Interest::Write => TokioInterest::WRITABLE,
    };
    #[expect(deprecated, reason = "that a descriptor is closed while it is registered: not this")]
    let fd = AsyncFd::with_interest(fd, registered);
    // What can not be waited for is ready: whoever waits sees why when it is used.
    let Ok(fd) = fd else { return };
    let _ = match interest {
        Interest::Read => fd.readable().await.map(drop),
        Interest::Write => fd.writable().await.map(drop),
    };
}

/// A task's own time limit, made only when it is asked for.
pub(crate) type Timer = Pin<Box<tokio::time::Sleep>>;
