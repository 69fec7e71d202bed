use crate::app::Record;
use crate::guest_log::REQUEST;
use crate::reactor::Timer;
use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};
use std::pin::Pin;
use std::task::{Context, Poll};
use wayleave::http::{Body, ErrorCode, Exchange};

/// The body of a response.
pub(crate) enum Reply {
    /// A few words of the server's own.
    Text(Option<Bytes>),
    /// What a guest writes.
    Guest(Box<GuestBody>),
}

impl Reply {
    pub(crate) fn text(text: impl Into<Bytes>) -> Self {
        Self::Text(Some(text.into()))
    }
}

impl http_body::Body for Reply {
    type Data = Bytes;
    type Error = ErrorCode;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, ErrorCode>>> {
        match &mut *self {
            Self::Text(text) => Poll::Ready(text.take().map(|text| Ok(Frame::data(text)))),
            Self::Guest(guest) => guest.poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Text(text) => text.is_none(),
            Self::Guest(guest) => guest.body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Text(text) => SizeHint::with_exact(text.as_ref().map_or(0, Bytes::len) as u64),
            Self::Guest(guest) => guest.body.size_hint(),
        }
    }
}

/// A body, and the guest that writes it: it runs when the connection asks for more.
pub(crate) struct GuestBody {
    body: Body,
    /// Until it has ended.
    exchange: Option<Exchange>,
    /// What is left of its time; made when first needed.
    timer: Option<Timer>,
    /// Bytes that the response's head promises.
    length: Option<u64>,
    record: Option<Record>,
}

impl GuestBody {
    pub(crate) fn new(
        body: Body,
        exchange: Option<Exchange>,
        length: Option<u64>,
        record: Record,
    ) -> Self {
        Self { body, exchange, timer: None, length, record: Some(record) }
    }

    fn poll_frame(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, ErrorCode>>> {
        if let Err(error) = self.run(context) {
            return Poll::Ready(Some(Err(error)));
        }
        let frame = Pin::new(&mut self.body).poll_frame(context);
        if let Some(record) = &mut self.record {
            match &frame {
                Poll::Ready(Some(Ok(frame))) => {
                    record.bytes += frame.data_ref().map_or(0, Bytes::len) as u64;
                }
                Poll::Ready(None) => record.complete = true,
                Poll::Ready(Some(Err(_))) | Poll::Pending => {}
            }
        }
        frame
    }

    /// Lets the guest go on as far as it can.
    fn run(&mut self, context: &mut Context<'_>) -> Result<(), ErrorCode> {
        let (Some(exchange), Some(record)) = (&mut self.exchange, &self.record) else {
            return Ok(());
        };
        let polled = REQUEST.sync_scope(record.id.clone(), || Pin::new(exchange).poll(context));
        match polled {
            Poll::Ready(result) => {
                self.exchange = None;
                if let Err(stop) = result {
                    record.stopped(&stop);
                }
                Ok(())
            }
            Poll::Pending => {
                let deadline = record.deadline;
                let timer =
                    self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
                if timer.as_mut().poll(context).is_pending() {
                    return Ok(());
                }
                self.exchange = None;
                record.timed_out();
                Err(ErrorCode::ResponseTimeout)
            }
        }
    }
}

/// The connection does not ask any more: the response is complete, or nobody reads it.
impl Drop for GuestBody {
    fn drop(&mut self) {
        let Some(mut record) = self.record.take() else { return };
        record.complete |=
            self.body.is_end_stream() || self.length.is_some_and(|length| record.bytes == length);
        let Some(exchange) = self.exchange.take() else { return };
        if !record.complete {
            record.cancelled();
            return;
        }
        // A guest may have something to do after its response.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                let id = record.id.clone();
                let rest = REQUEST.scope(id, exchange);
                match tokio::time::timeout_at(record.deadline, rest).await {
                    Ok(Ok(())) => {}
                    Ok(Err(stop)) => record.stopped(&stop),
                    Err(_) => record.timed_out(),
                }
            });
        }
    }
}
