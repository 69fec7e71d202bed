use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::Interest as TokioInterest;
use tokio::io::unix::AsyncFd;
use tokio::runtime::{Handle, RuntimeFlavor};
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

    fn long_calls(&self) -> fn(&mut dyn FnMut()) -> bool {
        long_call
    }
}

/// Long calls that are under way, in the whole process: each keeps a thread.
static LONG_CALLS: AtomicUsize = AtomicUsize::new(0);

/// Half of the threads that a runtime starts for what blocks. Another takes the place of each thread
/// that is kept, and if there were none left nobody would be served.
const MOST_LONG_CALLS: usize = 256;

/// Keeps this thread for a call, and has another go on with what else it had to do.
fn long_call(call: &mut dyn FnMut()) -> bool {
    let _counted = LongCall;
    if LONG_CALLS.fetch_add(1, Ordering::Relaxed) >= MOST_LONG_CALLS {
        return false;
    }
    match Handle::try_current().map(|runtime| runtime.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(call),
        // There is no other thread.
        _ => call(),
    }
    true
}

struct LongCall;

impl Drop for LongCall {
    fn drop(&mut self) {
        LONG_CALLS.fetch_sub(1, Ordering::Relaxed);
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
