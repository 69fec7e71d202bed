use crate::tape::{Call, Op, Tape};
use crate::wire::Outcome;
use http::HeaderMap;
use std::io::{IoSlice, IoSliceMut};
use std::sync::Arc;
use std::task::{Context, Poll};
use wayleave_system::Result;
use wayleave_system::http::{
    Bodies, BodySink, BodyStream, BodyWriter, Ending, ErrorCode, Trailers,
};
use wayleave_system::stream::{Cause, Input, Output};
use wayleave_system::wait::{Interest, Readiness, Source};

/// What wraps the two ends of bodies that the guest has.
///
/// There are real ones while replaying, too, as the bindings make them. Nobody is at their other
/// ends, and nothing is asked of them: they only have to be there.
pub(crate) struct TapeBodies(Arc<Tape>);

impl TapeBodies {
    pub(crate) fn new(tape: &Arc<Tape>) -> Arc<Self> {
        Arc::new(Self(tape.clone()))
    }

    fn wrap<T>(&self, inner: Arc<T>) -> Arc<Taped<T>> {
        Arc::new(Taped { handle: self.0.new_handle(), tape: self.0.clone(), inner })
    }
}

impl Bodies for TapeBodies {
    fn sink(&self, sink: Arc<BodySink>) -> Arc<dyn Output> {
        self.wrap(sink)
    }

    fn finish(
        &self,
        body: BodyWriter,
        trailers: Option<HeaderMap>,
    ) -> std::result::Result<(), ErrorCode> {
        let mut call = Call::new(Op::BodyFinish, 0, "").flags(&[trailers.is_some()]);
        if let Some(trailers) = &trailers {
            call = call.headers(trailers);
        }
        self.0.call(call, || Outcome(body.finish(trailers))).0
    }

    fn stream(&self, stream: Arc<BodyStream>) -> Arc<dyn Input> {
        self.wrap(stream)
    }

    fn trailers(&self, trailers: Arc<Trailers>) -> Arc<dyn Ending> {
        self.wrap(trailers)
    }
}

/// One end of a body.
struct Taped<T> {
    tape: Arc<Tape>,
    handle: u32,
    inner: Arc<T>,
}

impl<T> Taped<T> {
    fn call_of(&self, op: Op) -> Call<'static> {
        Call::new(op, self.handle, "")
    }

    /// Why a body failed: the streams of bodies say so in HTTP's words.
    fn why(&self, real: impl FnOnce() -> Option<Cause>) -> Option<Cause> {
        let code = || real()?.downcast_ref::<ErrorCode>().cloned();
        self.tape.call(self.call_of(Op::BodyError), code).map(Cause::from)
    }
}

impl Output for Taped<BodySink> {
    fn room(&self) -> Result<u64> {
        self.tape.call(self.call_of(Op::BodyRoom), || self.inner.room())
    }

    fn write(&self, bytes: &[u8]) -> Result<usize> {
        let call = self.call_of(Op::BodyWrite);
        self.tape.send(call, &[IoSlice::new(bytes)], || self.inner.write(bytes))
    }

    fn flush(&self) -> Result<()> {
        self.tape.call(self.call_of(Op::BodyFlush), || self.inner.flush())
    }

    fn readiness(&self) -> Readiness<'_> {
        self.tape.readiness(self.call_of(Op::BodyReadiness), || self.inner.readiness())
    }

    fn cause(&self) -> Option<Cause> {
        self.why(|| self.inner.cause())
    }
}

impl Input for Taped<BodyStream> {
    fn read(&self, buffer: &mut [u8]) -> Result<usize> {
        let mut buffers = [IoSliceMut::new(buffer)];
        let read = |buffers: &mut [IoSliceMut<'_>]| self.inner.read(&mut buffers[0]);
        self.tape.fill(self.call_of(Op::BodyRead), &mut buffers, |read| *read, read)
    }

    fn readiness(&self) -> Readiness<'_> {
        self.tape.readiness(self.call_of(Op::BodyReadiness), || self.inner.readiness())
    }

    fn cause(&self) -> Option<Cause> {
        self.why(|| self.inner.cause())
    }
}

impl Ending for Taped<Trailers> {
    fn result(&self) -> Option<std::result::Result<Option<HeaderMap>, ErrorCode>> {
        let result = || self.inner.result().map(Outcome);
        self.tape.call(self.call_of(Op::Trailers), result).map(|outcome| outcome.0)
    }
}

/// While replaying nobody looks at it: what became ready is on the tape.
impl Source for Taped<Trailers> {
    fn poll_ready(&self, interest: Interest, context: &mut Context<'_>) -> Poll<()> {
        self.inner.poll_ready(interest, context)
    }
}
