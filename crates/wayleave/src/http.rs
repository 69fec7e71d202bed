//! Components that answer HTTP requests: `wasi:http/incoming-handler`.
//!
//! Nothing here listens, or speaks HTTP on a wire: requests and responses are those of the crate
//! `http`, from whatever server there is.

use crate::{Error, Grants, Program};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Instant;
use wayleave_engine::Stop;
use wayleave_system::wait::Reactor;

pub use http::uri::Scheme;
pub use http::{Request, Response};
pub use wayleave_system::http::{Body, ErrorCode, empty, full};

/// A component that answers requests, ready to. Cheap to clone.
#[derive(Clone)]
pub struct Handler(Arc<dyn Handles>);

/// A handler on some engine.
pub(crate) trait Handles: Send + Sync {
    fn start(
        &self,
        grants: &Arc<Grants>,
        request: Incoming,
        deadline: Option<Instant>,
        answer: Answer,
    ) -> Guest;
}

/// A request and the scheme that it came by.
pub(crate) type Incoming = (Request<Body>, Scheme);

/// A guest that answers one request, from its first instruction to its last.
pub(crate) type Guest = Pin<Box<dyn Future<Output = Result<(), Failed>> + Send>>;

/// Why a guest did not come to its end.
pub(crate) enum Failed {
    /// It could not even start.
    NoRoom(Stop),
    Stopped(Stop),
}

/// Where the guest's answer arrives.
#[derive(Clone, Default)]
pub(crate) struct Answer(Arc<Mutex<Option<Answered>>>);

type Answered = Result<Response<Body>, ErrorCode>;

impl Answer {
    pub(crate) fn set(&self, answer: Answered) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
    }

    fn take(&self) -> Option<Answered> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Why there is no response.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HandlerError {
    /// There is no room for another guest.
    #[error("the guest could not be started: {0}")]
    NoRoom(Stop),
    /// The guest trapped or ended itself.
    #[error("the guest ended before it responded: {0}")]
    Stopped(Stop),
    /// The guest came to its end without a response.
    #[error("the guest returned without a response")]
    NoResponse,
    /// The guest responded with an error.
    #[error("the guest could not respond: {0}")]
    Refused(ErrorCode),
}

impl Program {
    /// The program as a handler of requests. Its runtime has to be
    /// [suspending](crate::Builder::suspending), unless the thread may wait; `reactor` is what
    /// guests wait with. An instance answers up to `reuse` requests, one after the other.
    ///
    /// # Errors
    /// [`Error::NoStart`] when it is a module, or does not export `wasi:http/incoming-handler`.
    pub fn handler(&self, reactor: Arc<dyn Reactor>, reuse: u32) -> Result<Handler, Error> {
        self.inner.handler(reactor, reuse).map(Handler)
    }
}

impl Handler {
    /// Hands a request to a guest, which is given `grants` if it is a new one, with folders in memory
    /// of its own ([`Grants::for_another_guest`]). Nothing runs before the exchange is polled.
    pub fn start(&self, grants: &Arc<Grants>, request: Request<Body>, scheme: Scheme) -> Exchange {
        self.begin(grants, (request, scheme), None)
    }

    /// As [`Handler::start`], with a moment after which the guest is trapped as
    /// [interrupted](wayleave_engine::TrapKind::Interrupted), whatever it computes, at the next
    /// [`Runtime::kick`](crate::Runtime::kick). Its runtime has to be
    /// [interruptible](crate::Builder::interruptible).
    ///
    /// A guest that is suspended is not woken for it: whoever polls the exchange drops it then. But
    /// there are calls in which a guest can not be suspended, and nothing else ends it there.
    pub fn start_until(
        &self,
        deadline: Instant,
        grants: &Arc<Grants>,
        request: Request<Body>,
        scheme: Scheme,
    ) -> Exchange {
        self.begin(grants, (request, scheme), Some(deadline))
    }

    fn begin(
        &self,
        grants: &Arc<Grants>,
        request: Incoming,
        deadline: Option<Instant>,
    ) -> Exchange {
        let answer = Answer::default();
        let guest = self.0.start(grants, request, deadline, answer.clone());
        Exchange { guest: Some(guest), answer }
    }
}

/// A request on its way through a guest.
///
/// As a future it is the guest, which runs while it is polled, and it ends when the guest does: a
/// guest may still write the body of its response when the response is there, and do whatever it
/// likes after that. Dropped, the guest is ended.
pub struct Exchange {
    guest: Option<Guest>,
    answer: Answer,
}

impl Exchange {
    /// The response: runs the guest until there is one.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn response(&mut self) -> Result<Response<Body>, HandlerError> {
        std::future::poll_fn(|context| self.poll_response(context)).await
    }

    /// Whether the guest has come to its end.
    pub fn is_over(&self) -> bool {
        self.guest.is_none()
    }

    fn poll_response(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Result<Response<Body>, HandlerError>> {
        let ended = self.poll_guest(context);
        if let Some(answer) = self.answer.take() {
            return Poll::Ready(answer.map_err(HandlerError::Refused));
        }
        match ended {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Ok(())) => Poll::Ready(Err(HandlerError::NoResponse)),
            Poll::Ready(Err(Failed::NoRoom(stop))) => Poll::Ready(Err(HandlerError::NoRoom(stop))),
            Poll::Ready(Err(Failed::Stopped(stop))) => {
                Poll::Ready(Err(HandlerError::Stopped(stop)))
            }
        }
    }

    fn poll_guest(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Failed>> {
        let Some(guest) = &mut self.guest else { return Poll::Ready(Ok(())) };
        let ended = guest.as_mut().poll(context);
        if ended.is_ready() {
            self.guest = None;
        }
        ended
    }
}

impl Future for Exchange {
    type Output = Result<(), Stop>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.get_mut().poll_guest(context).map_err(|failed| match failed {
            Failed::NoRoom(stop) | Failed::Stopped(stop) => stop,
        })
    }
}
