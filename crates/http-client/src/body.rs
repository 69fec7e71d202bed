use super::error::{Stage, of_hyper};
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use hyper::body::Incoming;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep};
use wayleave_system::http::ErrorCode;

/// A response's body, that fails when its next part is too long in coming.
pub(crate) struct ResponseBody {
    body: Incoming,
    patience: Duration,
    alarm: Pin<Box<Sleep>>,
    /// Whether somebody waits, since the alarm was set. Nobody does while the guest computes.
    waiting: bool,
}

impl ResponseBody {
    /// In a task: the alarm is one of its runtime's.
    pub(crate) fn new(body: Incoming, patience: Duration) -> Self {
        Self { body, patience, alarm: Box::pin(sleep(patience)), waiting: false }
    }
}

impl http_body::Body for ResponseBody {
    type Data = Bytes;
    type Error = ErrorCode;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, ErrorCode>>> {
        match Pin::new(&mut self.body).poll_frame(context) {
            Poll::Ready(frame) => {
                self.waiting = false;
                let code = |error| of_hyper(&error, Stage::Body);
                return Poll::Ready(frame.map(|frame| frame.map_err(code)));
            }
            Poll::Pending if !self.waiting => {
                self.waiting = true;
                let patience = self.patience;
                let until = Instant::now().checked_add(patience).unwrap_or_else(far_away);
                self.alarm.as_mut().reset(until);
            }
            Poll::Pending => {}
        }
        ready!(self.alarm.as_mut().poll(context));
        Poll::Ready(Some(Err(ErrorCode::ConnectionReadTimeout)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Some thirty years, as good as never.
fn far_away() -> Instant {
    Instant::now() + Duration::from_secs(1 << 30)
}
