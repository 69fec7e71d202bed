use super::{Body, ErrorCode, lock};
use crate::stream::{Cause, Input};
use crate::wait::{Interest, Readiness, Source};
use bytes::{Buf, Bytes};
use http::HeaderMap;
use http_body::Body as _;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker, ready};

/// A body that a guest reads: its bytes first, its trailers then.
///
/// Nothing is asked of the body before the guest asks for it, and one frame at most is kept: a
/// guest that does not read holds the sender up.
pub struct BodyReader {
    shared: Arc<Reading>,
    stream: Option<Arc<BodyStream>>,
}

impl BodyReader {
    /// Nothing is read yet.
    #[must_use]
    pub fn new(body: Body) -> Self {
        Self { shared: Arc::new(Reading(Mutex::new(State::new(body)))), stream: None }
    }

    /// The bytes; `None` from the second time on.
    pub fn stream(&mut self) -> Option<Arc<BodyStream>> {
        if self.stream.is_some() {
            return None;
        }
        let source: Arc<dyn Source> = self.shared.clone();
        let stream = Arc::new(BodyStream { shared: self.shared.clone(), source });
        self.stream = Some(stream.clone());
        Some(stream)
    }

    /// Whether somebody still has the stream.
    #[must_use]
    pub fn is_streaming(&self) -> bool {
        self.stream.as_ref().is_some_and(|stream| Arc::strong_count(stream) > 1)
    }

    /// Goes on to the trailers. Bytes that are still to come are thrown away.
    #[must_use]
    pub fn finish(self) -> Arc<Trailers> {
        Arc::new(Trailers(self.shared))
    }
}

/// The bytes of a body.
pub struct BodyStream {
    shared: Arc<Reading>,
    /// The same.
    source: Arc<dyn Source>,
}

impl Input for BodyStream {
    fn read(&self, buffer: &mut [u8]) -> crate::Result<usize> {
        let mut state = lock(&self.shared.0);
        // Who waits looks again, with a waker.
        if state.poll_bytes(&mut Context::from_waker(Waker::noop())).is_pending() {
            return Err(crate::ErrorCode::Again);
        }
        if state.bytes.is_empty() && matches!(state.end, Some(Err(_))) && !state.told {
            state.told = true;
            return Err(crate::ErrorCode::Io);
        }
        let len = state.bytes.len().min(buffer.len());
        state.bytes.copy_to_slice(&mut buffer[..len]);
        Ok(len)
    }

    fn readiness(&self) -> Readiness<'_> {
        Readiness::Source(&self.source)
    }

    /// An [`ErrorCode`].
    fn cause(&self) -> Option<Cause> {
        let state = lock(&self.shared.0);
        let error = state.end.as_ref()?.as_ref().err()?;
        Some(error.clone().into())
    }
}

/// What comes after the bytes of a body.
pub trait Ending: Source {
    /// Trailers, if there are any, or why the body is not complete; `None` while that is not known.
    /// The same each time.
    fn result(&self) -> Option<Result<Option<HeaderMap>, ErrorCode>>;
}

/// What comes after the bytes that a [`BodyReader`] has read.
pub struct Trailers(Arc<Reading>);

impl Ending for Trailers {
    fn result(&self) -> Option<Result<Option<HeaderMap>, ErrorCode>> {
        let mut state = lock(&self.0.0);
        match state.poll_end(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(()) => state.end.clone(),
            Poll::Pending => None,
        }
    }
}

impl Source for Trailers {
    fn poll_ready(&self, _: Interest, context: &mut Context<'_>) -> Poll<()> {
        lock(&self.0.0).poll_end(context)
    }
}

/// What the parts of one body share.
struct Reading(Mutex<State>);

impl Source for Reading {
    fn poll_ready(&self, _: Interest, context: &mut Context<'_>) -> Poll<()> {
        lock(&self.0).poll_bytes(context)
    }
}

struct State {
    /// As long as something may come of it.
    body: Option<Body>,
    bytes: Bytes,
    /// Trailers, or why there is nothing more.
    end: Option<Result<Option<HeaderMap>, ErrorCode>>,
    /// Whether the reader has been told of the error.
    told: bool,
}

/// Frames that are thrown away before others have their turn.
const FRAMES: usize = 64;

impl State {
    fn new(body: Body) -> Self {
        Self { body: Some(body), bytes: Bytes::new(), end: None, told: false }
    }

    /// Until there are bytes, or the end.
    fn poll_bytes(&mut self, context: &mut Context<'_>) -> Poll<()> {
        while self.bytes.is_empty() {
            let Some(body) = &mut self.body else { break };
            match ready!(Pin::new(body).poll_frame(context)) {
                None => self.finish(Ok(None)),
                Some(Err(error)) => self.finish(Err(error)),
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(bytes) => self.bytes = bytes,
                    Err(frame) => self.finish(Ok(frame.into_trailers().ok())),
                },
            }
        }
        Poll::Ready(())
    }

    /// Until the end.
    fn poll_end(&mut self, context: &mut Context<'_>) -> Poll<()> {
        for _ in 0..FRAMES {
            self.bytes.clear();
            if self.body.is_none() {
                return Poll::Ready(());
            }
            ready!(self.poll_bytes(context));
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }

    fn finish(&mut self, end: Result<Option<HeaderMap>, ErrorCode>) {
        self.body = None;
        self.end = Some(end);
    }
}

#[cfg(test)]
mod tests {
    use super::super::full;
    use super::*;
    use http::HeaderValue;
    use http_body::Frame;
    use std::collections::VecDeque;

    type Item = Result<Frame<Bytes>, ErrorCode>;

    /// A body of these frames; `None` has to be waited for.
    fn frames(frames: impl IntoIterator<Item = Option<Item>>) -> Body {
        struct Frames(VecDeque<Option<Item>>);

        impl http_body::Body for Frames {
            type Data = Bytes;
            type Error = ErrorCode;

            fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Item>> {
                match self.0.pop_front() {
                    Some(None) => Poll::Pending,
                    Some(frame) => Poll::Ready(frame),
                    None => Poll::Ready(None),
                }
            }
        }
        Body::new(Frames(frames.into_iter().collect()))
    }

    fn data(text: &'static str) -> Option<Item> {
        Some(Ok(Frame::data(Bytes::from_static(text.as_bytes()))))
    }

    fn trailers() -> HeaderMap {
        HeaderMap::from_iter([(http::header::ETAG, HeaderValue::from_static("x"))])
    }

    fn error_of(stream: &BodyStream) -> Option<ErrorCode> {
        stream.cause().map(|cause| *cause.downcast().unwrap())
    }

    fn read(stream: &BodyStream, len: usize) -> crate::Result<String> {
        let mut buffer = vec![0; len];
        let read = stream.read(&mut buffer)?;
        Ok(String::from_utf8(buffer[..read].to_vec()).unwrap())
    }

    #[test]
    fn bytes_come_first_and_trailers_then() {
        let end = Some(Ok(Frame::trailers(trailers())));
        let mut body = BodyReader::new(frames([data("ab"), None, data(""), data("cde"), end]));
        let stream = body.stream().unwrap();
        assert!(body.stream().is_none(), "there is one");
        assert_eq!(read(&stream, 1).unwrap(), "a");
        assert_eq!(read(&stream, 10).unwrap(), "b");
        assert_eq!(read(&stream, 10), Err(crate::ErrorCode::Again));
        assert_eq!(read(&stream, 10).unwrap(), "cde");
        assert_eq!(read(&stream, 10).unwrap(), "");
        assert_eq!(read(&stream, 10).unwrap(), "");
        assert!(body.is_streaming());
        drop(stream);
        assert!(!body.is_streaming());
        assert_eq!(body.finish().result(), Some(Ok(Some(trailers()))));
    }

    #[test]
    fn trailers_come_without_the_bytes() {
        let mut sent: Vec<_> = (0..FRAMES * 2).map(|_| data("x")).collect();
        sent.push(Some(Ok(Frame::trailers(trailers()))));
        let coming = BodyReader::new(frames(sent)).finish();
        let mut context = Context::from_waker(Waker::noop());
        let mut turns = 1;
        while coming.poll_ready(Interest::Read, &mut context).is_pending() {
            turns += 1;
        }
        assert_eq!(turns, 3, "others have their turn in between");
        assert_eq!(coming.result(), Some(Ok(Some(trailers()))));
        assert_eq!(BodyReader::new(full("x")).finish().result(), Some(Ok(None)));
    }

    #[test]
    fn an_error_is_told_once_to_a_reader_and_always_after_it() {
        let error = ErrorCode::ConnectionTerminated;
        let mut body = BodyReader::new(frames([data("ab"), Some(Err(error.clone()))]));
        let stream = body.stream().unwrap();
        assert_eq!(read(&stream, 10).unwrap(), "ab");
        assert_eq!(error_of(&stream), None);
        assert_eq!(read(&stream, 10), Err(crate::ErrorCode::Io));
        assert_eq!(error_of(&stream), Some(error.clone()));
        assert_eq!(read(&stream, 10).unwrap(), "");
        let coming = body.finish();
        assert_eq!(coming.result(), Some(Err(error.clone())));
        assert_eq!(coming.result(), Some(Err(error)));
    }
}
