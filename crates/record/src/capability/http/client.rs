use crate::tape::{Call, Op, Tape};
use http::Request;
use std::sync::Arc;
use std::task::{Context, Poll};
use wayleave_system::http::{Body, Client, Coming, Options, Taken};
use wayleave_system::wait::{Interest, Source};

/// A client, as the guest has it: what its rules refuse is refused behind it.
pub(crate) struct TapeClient {
    tape: Arc<Tape>,
    inner: Option<Arc<dyn Client>>,
}

impl TapeClient {
    pub(crate) fn new(tape: &Arc<Tape>, inner: Option<Arc<dyn Client>>) -> Arc<Self> {
        Arc::new(Self { tape: tape.clone(), inner })
    }
}

impl Client for TapeClient {
    fn send(&self, request: Request<Body>, options: Options) -> Arc<dyn Coming> {
        let what = format!("{} {}", request.method(), request.uri());
        let call = Call::new(Op::Request, 0, &what).debug(&options).headers(request.headers());
        let mut inner = None;
        self.tape
            .call(call, || inner = self.inner.as_ref().map(|real| real.send(request, options)));
        let (tape, handle) = (self.tape.clone(), self.tape.new_handle());
        Arc::new(TapeResponse { tape, handle, what, inner })
    }
}

/// A response that is still to come.
struct TapeResponse {
    tape: Arc<Tape>,
    handle: u32,
    what: String,
    inner: Option<Arc<dyn Coming>>,
}

impl Coming for TapeResponse {
    fn take(&self) -> Taken {
        let call = Call::new(Op::Response, self.handle, &self.what);
        self.tape.call(call, || self.inner.as_ref().map_or(Taken::NotYet, |inner| inner.take()))
    }
}

/// While replaying nobody looks at it: what became ready is on the tape.
impl Source for TapeResponse {
    fn poll_ready(&self, interest: Interest, context: &mut Context<'_>) -> Poll<()> {
        self.inner.as_ref().map_or(Poll::Pending, |inner| inner.poll_ready(interest, context))
    }
}
