use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;

/// Drives a future to its end on the calling thread, which sleeps while there is nothing to do.
///
/// This is how a guest waits where it is not suspended. It starts no threads and brings no timers:
/// what the future waits for has to wake it.
pub fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            // A wake-up between the poll and this is not lost: then it returns at once.
            Poll::Pending => std::thread::park(),
        }
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.unpark();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;
    use std::sync::atomic::{AtomicBool, Ordering};

    #[test]
    fn another_thread_wakes_it() {
        let done = Arc::new(AtomicBool::new(false));
        let mut polls = 0;
        block_on(poll_fn(|context| {
            polls += 1;
            if done.load(Ordering::Acquire) {
                return Poll::Ready(());
            }
            let (done, waker) = (done.clone(), context.waker().clone());
            std::thread::spawn(move || {
                done.store(true, Ordering::Release);
                waker.wake();
            });
            Poll::Pending
        }));
        assert!(polls >= 2);
    }
}
