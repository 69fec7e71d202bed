//! Telling who makes way from who waits: whoever makes way wakes its own task at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

/// Polls; says as well whether the task was woken meanwhile.
pub(crate) fn poll_noticing<T>(
    context: &mut Context<'_>,
    poll: impl FnOnce(&mut Context<'_>) -> Poll<T>,
) -> (Poll<T>, bool) {
    let noticing =
        Arc::new(Noticing { waker: context.waker().clone(), woken: AtomicBool::new(false) });
    let polled = poll(&mut Context::from_waker(&noticing.clone().into()));
    (polled, noticing.woken.load(Ordering::Relaxed))
}

struct Noticing {
    waker: Waker,
    woken: AtomicBool,
}

impl Wake for Noticing {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.woken.store(true, Ordering::Relaxed);
        self.waker.wake_by_ref();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_wakes_itself_is_noticed() {
        let mut context = Context::from_waker(Waker::noop());
        let makes_way = |context: &mut Context<'_>| {
            context.waker().wake_by_ref();
            Poll::<()>::Pending
        };
        assert_eq!(poll_noticing(&mut context, makes_way), (Poll::Pending, true));
        let mut kept = None;
        let waits = |context: &mut Context<'_>| {
            kept = Some(context.waker().clone());
            Poll::<()>::Pending
        };
        assert_eq!(poll_noticing(&mut context, waits), (Poll::Pending, false));
        kept.unwrap().wake();
    }
}
