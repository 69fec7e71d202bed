use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};
use hyper::body::Incoming;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use wayleave::http::{Body, ErrorCode};

/// A request's body up to a number of bytes, and where it is seen that there are more.
pub(crate) fn limited(body: Incoming, limit: u64) -> (Body, TooLarge) {
    let mut too_large = TooLarge::default();
    let body = if body.is_end_stream() {
        wayleave::http::empty()
    } else {
        let told = too_large.0.insert(Arc::default()).clone();
        Body::new(Limited { body, left: limit, too_large: told })
    };
    (body, too_large)
}

/// Whether a request's body has gone over its limit; nothing where there is no body.
#[derive(Default)]
pub(crate) struct TooLarge(Option<Arc<AtomicBool>>);

impl TooLarge {
    pub(crate) fn is_set(&self) -> bool {
        self.0.as_ref().is_some_and(|told| told.load(Ordering::Relaxed))
    }
}

/// A request's body up to its limit.
struct Limited {
    body: Incoming,
    left: u64,
    too_large: Arc<AtomicBool>,
}

impl http_body::Body for Limited {
    type Data = Bytes;
    type Error = ErrorCode;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, ErrorCode>>> {
        let frame = std::task::ready!(Pin::new(&mut self.body).poll_frame(context));
        Poll::Ready(match frame {
            None => None,
            Some(Err(error)) if error.is_timeout() => Some(Err(ErrorCode::ConnectionReadTimeout)),
            Some(Err(_)) => Some(Err(ErrorCode::ConnectionTerminated)),
            Some(Ok(frame)) => {
                let length = frame.data_ref().map_or(0, Bytes::len) as u64;
                match self.left.checked_sub(length) {
                    Some(left) => {
                        self.left = left;
                        Some(Ok(frame))
                    }
                    None => {
                        self.too_large.store(true, Ordering::Relaxed);
                        Some(Err(ErrorCode::RequestBodySize(None)))
                    }
                }
            }
        })
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
