use crate::patience::UnderWay;
use crate::reactor::Timer;
use crate::record::Record;
use crate::running::Running;
use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};
use std::future::poll_fn;
use std::mem;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use wayleave::http::{Body, ErrorCode};

/// The body of a response.
pub(crate) struct Reply {
    content: Content,
    /// Dropped when it has been sent.
    _under_way: Option<UnderWay>,
}

enum Content {
    /// A few words of the server's own.
    Text(Option<Bytes>),
    /// What a guest writes.
    Guest(Box<GuestBody>),
}

impl Reply {
    pub(crate) fn text(text: impl Into<Bytes>) -> Self {
        Self { content: Content::Text(Some(text.into())), _under_way: None }
    }

    /// Nothing, as HEAD wants it.
    pub(crate) fn empty() -> Self {
        Self { content: Content::Text(None), _under_way: None }
    }

    pub(crate) fn guest(body: GuestBody) -> Self {
        Self { content: Content::Guest(Box::new(body)), _under_way: None }
    }

    /// Keeps the request under way for as long as the body is there.
    pub(crate) fn until_sent(self, under_way: UnderWay) -> Self {
        Self { _under_way: Some(under_way), ..self }
    }
}

impl http_body::Body for Reply {
    type Data = Bytes;
    type Error = ErrorCode;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, ErrorCode>>> {
        match &mut self.content {
            Content::Text(text) => Poll::Ready(text.take().map(|text| Ok(Frame::data(text)))),
            Content::Guest(guest) => guest.poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.content {
            Content::Text(text) => text.is_none(),
            Content::Guest(guest) => guest.bodiless || guest.body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.content {
            Content::Text(text) => SizeHint::with_exact(text.as_ref().map_or(0, Bytes::len) as u64),
            Content::Guest(guest) => guest.body.size_hint(),
        }
    }
}

/// A body, and the guest that writes it: it runs when the connection asks for more.
pub(crate) struct GuestBody {
    body: Body,
    /// Until it has ended.
    guest: Option<Running>,
    /// What is left of its time; made when first needed.
    timer: Option<Timer>,
    /// Bytes that the response's head promises.
    length: Option<u64>,
    /// Whether nothing of it is sent: the connection does not even ask then.
    bodiless: bool,
    record: Option<Record>,
}

impl GuestBody {
    pub(crate) fn new(
        body: Body,
        guest: Option<Running>,
        length: Option<u64>,
        mut record: Record,
    ) -> Self {
        let bodiless = record.is_bodiless();
        if guest.is_none() {
            record.give_back();
        }
        Self { body, guest, timer: None, length, bodiless, record: Some(record) }
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
        let (Some(guest), Some(record)) = (&mut self.guest, &mut self.record) else {
            return Ok(());
        };
        match guest.poll_end(context, record) {
            Poll::Ready(result) => {
                self.guest = None;
                record.give_back();
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
                self.guest = None;
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
        record.complete |= self.bodiless
            || self.body.is_end_stream()
            || self.length.is_some_and(|length| record.bytes == length);
        let Some(guest) = self.guest.take() else { return };
        if !record.complete {
            // The client has not taken it in time, or is gone.
            if record.deadline <= tokio::time::Instant::now() {
                record.timed_out();
            } else {
                record.cancelled();
            }
            return;
        }
        // The guest does not know that nothing of this is sent, and writes it as it always does.
        let unsent = self.bodiless.then(|| mem::replace(&mut self.body, wayleave::http::empty()));
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let guard = record.app.unfinished.begin();
            runtime.spawn(async move {
                go_on(guest, unsent, record).await;
                drop(guard);
            });
        }
    }
}

/// Lets a guest come to its end that may have something to do after its response.
async fn go_on(guest: Running, mut unsent: Option<Body>, record: Record) {
    let end = async {
        let mut end = pin!(guest.end(&record));
        poll_fn(|context| {
            let polled = end.as_mut().poll(context);
            while let Some(body) = &mut unsent {
                match Pin::new(body).poll_frame(context) {
                    Poll::Ready(Some(Ok(_))) => {}
                    Poll::Ready(Some(Err(_)) | None) => unsent = None,
                    Poll::Pending => break,
                }
            }
            polled
        })
        .await
    };
    match tokio::time::timeout_at(record.deadline, end).await {
        Ok(Ok(())) => {}
        Ok(Err(stop)) => record.stopped(&stop),
        Err(_) => record.timed_out(),
    }
}
