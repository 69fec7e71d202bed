use super::{Body, ErrorCode, lock};
use crate::stream::{Cause, Output};
use crate::wait::{Interest, Readiness, Source};
use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http_body::{Frame, SizeHint};
use std::mem;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

/// Bytes that wait for their receiver, at most.
const ROOM: usize = 64 << 10;

/// What a body belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message {
    /// A request.
    Request,
    /// A response.
    Response,
}

impl Message {
    /// That a body of so many bytes is not what was announced.
    #[must_use]
    pub fn wrong_size(self, bytes: u64) -> ErrorCode {
        match self {
            Self::Request => ErrorCode::RequestBodySize(Some(bytes)),
            Self::Response => ErrorCode::ResponseBodySize(Some(bytes)),
        }
    }
}

/// A body that a guest writes: bytes, and then its end. Dropped before that, it is incomplete, and
/// its receiver is told so.
pub struct BodyWriter {
    shared: Arc<Writing>,
    sink: Option<Arc<BodySink>>,
}

impl BodyWriter {
    /// A body, of `length` bytes if that was announced, and its receiver's side.
    #[must_use]
    pub fn new(message: Message, length: Option<u64>) -> (Self, Body) {
        let state = State {
            message,
            length,
            written: 0,
            buffer: BytesMut::new(),
            end: End::Open,
            abandoned: false,
            told: false,
            reader: None,
            writer: None,
        };
        let shared = Arc::new(Writing(Mutex::new(state)));
        let body = Body::new(Received(shared.clone()));
        (Self { shared, sink: None }, body)
    }

    /// Where the bytes go; `None` from the second time on.
    pub fn sink(&mut self) -> Option<Arc<BodySink>> {
        if self.sink.is_some() {
            return None;
        }
        let source: Arc<dyn Source> = self.shared.clone();
        let sink = Arc::new(BodySink { shared: self.shared.clone(), source });
        self.sink = Some(sink.clone());
        Some(sink)
    }

    /// Whether somebody still has the sink.
    #[must_use]
    pub fn is_streaming(&self) -> bool {
        self.sink.as_ref().is_some_and(|sink| Arc::strong_count(sink) > 1)
    }

    /// The body is complete.
    ///
    /// # Errors
    /// It does not have the length that was announced, and its receiver is told so.
    pub fn finish(self, trailers: Option<HeaderMap>) -> Result<(), ErrorCode> {
        let mut state = lock(&self.shared.0);
        let result = match (state.length, &state.end) {
            (_, End::Failed(error)) => Err(error.clone()),
            (Some(length), _) if length != state.written => {
                Err(state.message.wrong_size(state.written))
            }
            _ => Ok(()),
        };
        let end = match &result {
            Ok(()) => End::Complete(trailers),
            Err(error) => End::Failed(error.clone()),
        };
        let reader = state.finish(end);
        drop(state);
        wake(reader);
        result
    }
}

impl Drop for BodyWriter {
    fn drop(&mut self) {
        let mut state = lock(&self.shared.0);
        if let End::Open = state.end {
            let reader = state.finish(End::Failed(ErrorCode::ProtocolError));
            drop(state);
            wake(reader);
        }
    }
}

/// Where the bytes of a body go.
pub struct BodySink {
    shared: Arc<Writing>,
    /// The same.
    source: Arc<dyn Source>,
}

impl Output for BodySink {
    fn room(&self) -> crate::Result<u64> {
        let mut state = lock(&self.shared.0);
        state.check()?;
        Ok(state.room() as u64)
    }

    fn write(&self, bytes: &[u8]) -> crate::Result<usize> {
        let mut state = lock(&self.shared.0);
        state.check()?;
        let len = state.room().min(bytes.len());
        if len == 0 && !bytes.is_empty() {
            return Err(crate::ErrorCode::Again);
        }
        let written = state.written.saturating_add(len as u64);
        let reader = if state.length.is_some_and(|length| written > length) {
            let error = state.message.wrong_size(written);
            state.told = true;
            state.finish(End::Failed(error))
        } else {
            state.written = written;
            state.buffer.extend_from_slice(&bytes[..len]);
            state.reader.take()
        };
        let failed = state.error().is_some();
        drop(state);
        wake(reader);
        if failed { Err(crate::ErrorCode::Io) } else { Ok(len) }
    }

    /// The receiver takes what is there as soon as it can, whoever waits for it or not. Waiting
    /// would stop a guest that writes before its message is on its way.
    fn flush(&self) -> crate::Result<()> {
        lock(&self.shared.0).check()
    }

    fn readiness(&self) -> Readiness<'_> {
        Readiness::Source(&self.source)
    }

    /// An [`ErrorCode`].
    fn cause(&self) -> Option<Cause> {
        lock(&self.shared.0).error().map(|error| error.clone().into())
    }
}

/// What the two sides of one body share.
struct Writing(Mutex<State>);

impl Source for Writing {
    fn poll_ready(&self, _: Interest, context: &mut Context<'_>) -> Poll<()> {
        let mut state = lock(&self.0);
        if state.room() > 0 || state.abandoned || !matches!(state.end, End::Open) {
            return Poll::Ready(());
        }
        state.writer = Some(context.waker().clone());
        Poll::Pending
    }
}

struct State {
    message: Message,
    length: Option<u64>,
    written: u64,
    buffer: BytesMut,
    end: End,
    /// The receiver is gone.
    abandoned: bool,
    /// Whether the writer has been told of the failure.
    told: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

enum End {
    Open,
    Complete(Option<HeaderMap>),
    Failed(ErrorCode),
}

impl State {
    fn room(&self) -> usize {
        ROOM.saturating_sub(self.buffer.len())
    }

    fn error(&self) -> Option<&ErrorCode> {
        match &self.end {
            End::Failed(error) => Some(error),
            _ => None,
        }
    }

    /// Whether anything can be written.
    fn check(&mut self) -> crate::Result<()> {
        match (&self.end, self.abandoned) {
            (End::Open, false) => Ok(()),
            (End::Failed(_), false) if !mem::replace(&mut self.told, true) => {
                Err(crate::ErrorCode::Io)
            }
            _ => Err(crate::ErrorCode::BrokenPipe),
        }
    }

    /// Ends the body; its receiver is to be woken.
    fn finish(&mut self, end: End) -> Option<Waker> {
        self.end = end;
        self.reader.take()
    }
}

/// Not with the lock held: it may run anything.
fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}

/// The receiver's side.
struct Received(Arc<Writing>);

impl http_body::Body for Received {
    type Data = Bytes;
    type Error = ErrorCode;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, ErrorCode>>> {
        let mut state = lock(&self.0.0);
        if !state.buffer.is_empty() {
            let bytes = mem::take(&mut state.buffer).freeze();
            let writer = state.writer.take();
            drop(state);
            wake(writer);
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
        match &mut state.end {
            End::Complete(trailers) => Poll::Ready(trailers.take().map(Frame::trailers).map(Ok)),
            End::Failed(error) => Poll::Ready(Some(Err(error.clone()))),
            End::Open => {
                state.reader = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        let state = lock(&self.0.0);
        state.buffer.is_empty() && matches!(state.end, End::Complete(None))
    }

    fn size_hint(&self) -> SizeHint {
        let state = lock(&self.0.0);
        let waiting = state.buffer.len() as u64;
        match (&state.end, state.length) {
            (End::Complete(None), _) => SizeHint::with_exact(waiting),
            (End::Open | End::Failed(_), Some(length)) => {
                SizeHint::with_exact(length - state.written + waiting)
            }
            // Trailers follow bodies whose length is not told beforehand.
            (End::Complete(Some(_)), _) | (_, None) => {
                let mut hint = SizeHint::new();
                hint.set_lower(waiting);
                hint
            }
        }
    }
}

impl Drop for Received {
    fn drop(&mut self) {
        let mut state = lock(&self.0.0);
        state.abandoned = true;
        state.buffer = BytesMut::new();
        let writer = state.writer.take();
        drop(state);
        wake(writer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use http_body::Body as _;
    use http_body_util::BodyExt;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    /// Counts how often it is woken.
    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn error_of(sink: &BodySink) -> Option<ErrorCode> {
        sink.cause().map(|cause| *cause.downcast().unwrap())
    }

    type Received = Poll<Option<Result<Frame<Bytes>, ErrorCode>>>;

    fn receive(body: &mut Body, waker: &Waker) -> Received {
        Pin::new(body).poll_frame(&mut Context::from_waker(waker))
    }

    fn bytes(received: Received) -> Bytes {
        let Poll::Ready(Some(Ok(frame))) = received else { panic!("{received:?}") };
        frame.into_data().unwrap()
    }

    #[test]
    fn bytes_and_trailers_arrive() {
        let (mut writer, mut body) = BodyWriter::new(Message::Response, None);
        let sink = writer.sink().unwrap();
        assert!(writer.sink().is_none(), "there is one");
        let count = Arc::new(Count::default());
        let waker = Waker::from(count.clone());
        assert!(receive(&mut body, &waker).is_pending());
        assert_eq!(sink.write(b"ab"), Ok(2));
        assert_eq!(sink.write(b"c"), Ok(1));
        assert_eq!(count.0.load(Ordering::Relaxed), 1, "woken once");
        assert_eq!(body.size_hint().lower(), 3);
        assert_eq!(bytes(receive(&mut body, &waker)), "abc");
        assert!(receive(&mut body, &waker).is_pending());
        assert!(writer.is_streaming());
        drop(sink);
        assert!(!writer.is_streaming());
        let trailers = HeaderMap::from_iter([(http::header::ETAG, HeaderValue::from_static("x"))]);
        writer.finish(Some(trailers.clone())).unwrap();
        assert_eq!(count.0.load(Ordering::Relaxed), 2);
        let Poll::Ready(Some(Ok(frame))) = receive(&mut body, &waker) else { panic!() };
        assert_eq!(frame.into_trailers().unwrap(), trailers);
        assert!(matches!(receive(&mut body, &waker), Poll::Ready(None)));
    }

    #[test]
    fn a_body_that_is_complete_knows_its_size() {
        let (mut writer, body) = BodyWriter::new(Message::Response, None);
        writer.sink().unwrap().write(b"hello").unwrap();
        assert_eq!(body.size_hint().exact(), None);
        writer.finish(None).unwrap();
        assert_eq!(body.size_hint().exact(), Some(5));
        assert!(!body.is_end_stream());
        let (writer, body) = BodyWriter::new(Message::Response, None);
        assert!(!body.is_end_stream());
        writer.finish(None).unwrap();
        assert!(body.is_end_stream());
    }

    #[test]
    fn no_more_is_taken_than_there_is_room_for() {
        let (mut writer, mut body) = BodyWriter::new(Message::Request, None);
        let sink = writer.sink().unwrap();
        let all = vec![7; ROOM + 10];
        assert_eq!(sink.room(), Ok(ROOM as u64));
        assert_eq!(sink.write(&all), Ok(ROOM));
        assert_eq!(sink.room(), Ok(0));
        assert_eq!(sink.write(&all), Err(crate::ErrorCode::Again));
        assert_eq!(sink.write(b""), Ok(0));
        let count = Arc::new(Count::default());
        let waker = Waker::from(count.clone());
        let mut context = Context::from_waker(&waker);
        let Readiness::Source(source) = sink.readiness() else { panic!() };
        assert!(source.poll_ready(Interest::Write, &mut context).is_pending());
        assert_eq!(bytes(receive(&mut body, Waker::noop())).len(), ROOM);
        assert_eq!(count.0.load(Ordering::Relaxed), 1);
        assert!(source.poll_ready(Interest::Write, &mut context).is_ready());
        assert_eq!(sink.write(&all[..10]), Ok(10));
    }

    #[test]
    fn who_waits_is_told_that_the_receiver_is_gone() {
        let (mut writer, body) = BodyWriter::new(Message::Request, None);
        let sink = writer.sink().unwrap();
        sink.write(&vec![0; ROOM]).unwrap();
        let count = Arc::new(Count::default());
        let waker = Waker::from(count.clone());
        let Readiness::Source(source) = sink.readiness() else { panic!() };
        let mut context = Context::from_waker(&waker);
        assert!(source.poll_ready(Interest::Write, &mut context).is_pending());
        drop(body);
        assert_eq!(count.0.load(Ordering::Relaxed), 1);
        assert!(source.poll_ready(Interest::Write, &mut context).is_ready());
        assert_eq!(sink.write(b"x"), Err(crate::ErrorCode::BrokenPipe));
        assert_eq!(sink.room(), Err(crate::ErrorCode::BrokenPipe));
        drop(sink);
        assert_eq!(writer.finish(None), Ok(()));
    }

    #[test]
    fn an_announced_length_is_kept() {
        let (mut writer, mut body) = BodyWriter::new(Message::Request, Some(3));
        let sink = writer.sink().unwrap();
        assert_eq!(body.size_hint().exact(), Some(3));
        sink.write(b"ab").unwrap();
        assert_eq!(body.size_hint().exact(), Some(3));
        assert_eq!(bytes(receive(&mut body, Waker::noop())), "ab");
        assert_eq!(body.size_hint().exact(), Some(1));
        let error = ErrorCode::RequestBodySize(Some(4));
        assert_eq!(sink.write(b"cd"), Err(crate::ErrorCode::Io));
        assert_eq!(error_of(&sink), Some(error.clone()));
        assert_eq!(sink.write(b"e"), Err(crate::ErrorCode::BrokenPipe));
        assert_eq!(writer.finish(None), Err(error.clone()));
        let received = receive(&mut body, Waker::noop());
        assert!(matches!(received, Poll::Ready(Some(Err(got))) if got == error));

        let (mut writer, mut body) = BodyWriter::new(Message::Response, Some(3));
        writer.sink().unwrap().write(b"ab").unwrap();
        let error = ErrorCode::ResponseBodySize(Some(2));
        assert_eq!(writer.finish(None), Err(error.clone()));
        assert_eq!(bytes(receive(&mut body, Waker::noop())), "ab");
        let received = receive(&mut body, Waker::noop());
        assert!(matches!(received, Poll::Ready(Some(Err(got))) if got == error));
    }

    #[test]
    fn what_is_dropped_is_incomplete() {
        let (writer, mut body) = BodyWriter::new(Message::Response, None);
        drop(writer);
        assert!(!body.is_end_stream());
        let received = receive(&mut body, Waker::noop());
        assert!(matches!(received, Poll::Ready(Some(Err(ErrorCode::ProtocolError)))));
        // Collecting it fails, too.
        let (writer, body) = BodyWriter::new(Message::Response, None);
        drop(writer);
        let mut collected = std::pin::pin!(body.collect());
        let collected = collected.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(matches!(collected, Poll::Ready(Err(ErrorCode::ProtocolError))));
    }
}
