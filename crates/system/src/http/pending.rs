use super::{Body, ErrorCode, lock};
use crate::wait::{Interest, Source};
use http::Response;
use std::pin::Pin;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};

type Outcome = Result<Response<Body>, ErrorCode>;

/// A response that is still to come. Dropped before that, the request is given up.
pub trait Coming: Source {
    /// What came, once.
    fn take(&self) -> Taken;
}

/// What [`Coming::take`] found.
#[derive(Debug)]
pub enum Taken {
    /// Nothing yet.
    NotYet,
    /// A response, or why there is none.
    Now(Outcome),
    /// It has been taken.
    Before,
}

/// A response that some future gives.
pub struct Pending(Mutex<State>);

enum State {
    Waiting(Pin<Box<dyn Future<Output = Outcome> + Send>>),
    Done(Outcome),
    Taken,
}

impl Pending {
    /// What this future will give. It goes on only while somebody waits; a client that works
    /// meanwhile gives a handle of what it does.
    pub fn new(future: impl Future<Output = Outcome> + Send + 'static) -> Self {
        Self(Mutex::new(State::Waiting(Box::pin(future))))
    }

    /// What is known already.
    #[must_use]
    pub fn done(outcome: Outcome) -> Self {
        Self(Mutex::new(State::Done(outcome)))
    }
}

impl Coming for Pending {
    fn take(&self) -> Taken {
        let mut state = lock(&self.0);
        // Who waits looks again, with a waker.
        if state.poll(&mut Context::from_waker(Waker::noop())).is_pending() {
            return Taken::NotYet;
        }
        match std::mem::replace(&mut *state, State::Taken) {
            State::Done(outcome) => Taken::Now(outcome),
            State::Waiting(_) | State::Taken => Taken::Before,
        }
    }
}

impl Source for Pending {
    fn poll_ready(&self, _: Interest, context: &mut Context<'_>) -> Poll<()> {
        lock(&self.0).poll(context)
    }
}

impl State {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if let Self::Waiting(future) = self {
            match future.as_mut().poll(context) {
                Poll::Ready(outcome) => *self = Self::Done(outcome),
                Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Ready(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::empty;
    use super::*;

    #[test]
    fn a_response_is_taken_once() {
        let mut turns = 0;
        let pending = Pending::new(std::future::poll_fn(move |_| {
            turns += 1;
            if turns < 3 { Poll::Pending } else { Poll::Ready(Ok(Response::new(empty()))) }
        }));
        assert!(matches!(pending.take(), Taken::NotYet));
        let mut context = Context::from_waker(Waker::noop());
        assert!(pending.poll_ready(Interest::Read, &mut context).is_pending());
        assert!(pending.poll_ready(Interest::Read, &mut context).is_ready());
        assert!(matches!(pending.take(), Taken::Now(Ok(_))));
        assert!(matches!(pending.take(), Taken::Before));
        assert!(pending.poll_ready(Interest::Read, &mut context).is_ready());
        let denied = Pending::done(Err(ErrorCode::RequestDenied));
        assert!(matches!(denied.take(), Taken::Now(Err(ErrorCode::RequestDenied))));
    }
}
