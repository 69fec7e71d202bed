use super::{Body, Client, Coming, ErrorCode, Options, Pending, Taken};
use crate::net::{Budget, Meter, Slot};
use crate::wait::Interest;
use bytes::Bytes;
use http::Request;
use http_body::{Frame, SizeHint};
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// A client for one guest, that counts what the guest uses: each exchange is a connection until its
/// response was read or dropped, and the bytes of bodies are bytes.
pub struct Metered {
    client: Arc<dyn Client>,
    meter: Arc<Meter>,
}

impl Metered {
    /// The client, as far as `meter` has room.
    #[must_use]
    pub fn new(client: Arc<dyn Client>, meter: Arc<Meter>) -> Self {
        Self { client, meter }
    }
}

impl Client for Metered {
    fn send(&self, request: Request<Body>, options: Options) -> Arc<dyn Coming> {
        let Ok(slot) = self.meter.connection() else {
            return Arc::new(Pending::done(Err(ErrorCode::ConnectionLimitReached)));
        };
        let meter = self.meter.clone();
        let counted = request.map(|body| {
            let too_many = ErrorCode::RequestBodySize(None);
            Body::new(Counted { body, meter, budget: Meter::sent, too_many, _slot: None })
        });
        let pending = self.client.send(counted, options);
        let meter = self.meter.clone();
        Arc::new(Pending::new(async move {
            poll_fn(|context| pending.poll_ready(Interest::Read, context)).await;
            let Taken::Now(outcome) = pending.take() else {
                return Err(ErrorCode::internal("a response was taken before it was there"));
            };
            let too_many = ErrorCode::ResponseBodySize(None);
            outcome.map(|response| {
                response.map(|body| {
                    let budget = Meter::received;
                    Body::new(Counted { body, meter, budget, too_many, _slot: Some(slot) })
                })
            })
        }))
    }
}

/// A body that ends with an error when its bytes are used up.
struct Counted {
    body: Body,
    meter: Arc<Meter>,
    budget: fn(&Meter) -> &Budget,
    too_many: ErrorCode,
    _slot: Option<Slot>,
}

impl http_body::Body for Counted {
    type Data = Bytes;
    type Error = ErrorCode;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, ErrorCode>>> {
        let Some(frame) = ready!(Pin::new(&mut self.body).poll_frame(context)) else {
            return Poll::Ready(None);
        };
        let length = frame.as_ref().ok().and_then(Frame::data_ref).map_or(0, Bytes::len);
        Poll::Ready(Some(match (self.budget)(&self.meter).take_all(length) {
            Ok(()) => frame,
            Err(_) => Err(self.too_many.clone()),
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{empty, full};
    use super::*;
    use crate::net::NetworkLimits;
    use http::Response;
    use http_body_util::BodyExt;
    use std::task::Waker;

    /// Answers with what it was sent.
    struct Echo;

    impl Client for Echo {
        fn send(&self, request: Request<Body>, _: Options) -> Arc<dyn Coming> {
            Arc::new(Pending::done(Ok(Response::new(request.into_body()))))
        }
    }

    fn outcome(client: &Metered, body: Body) -> Result<Response<Body>, ErrorCode> {
        match client.send(Request::new(body), Options::default()).take() {
            Taken::Now(outcome) => outcome,
            other => panic!("{other:?}"),
        }
    }

    fn read(body: Body) -> Result<usize, ErrorCode> {
        let mut collecting = std::pin::pin!(body.collect());
        match collecting.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(collected) => collected.map(|body| body.to_bytes().len()),
            Poll::Pending => panic!("it waits"),
        }
    }

    fn limited(limits: NetworkLimits) -> Metered {
        Metered::new(Arc::new(Echo), Arc::new(Meter::new(limits)))
    }

    #[test]
    fn bodies_are_counted_in_both_directions() {
        let most = NetworkLimits { bytes_out: Some(10), ..Default::default() };
        let client = limited(most);
        for _ in 0..2 {
            let response = outcome(&client, full("12345")).unwrap();
            assert_eq!(read(response.into_body()), Ok(5));
        }
        let response = outcome(&client, full("1")).unwrap();
        assert_eq!(read(response.into_body()), Err(ErrorCode::RequestBodySize(None)));
        assert_eq!(read(outcome(&client, empty()).unwrap().into_body()), Ok(0));

        let client = limited(NetworkLimits { bytes_in: Some(4), ..Default::default() });
        let response = outcome(&client, full("12345")).unwrap();
        assert_eq!(read(response.into_body()), Err(ErrorCode::ResponseBodySize(None)));
    }

    #[test]
    fn an_exchange_is_a_connection_until_it_was_read() {
        let client = limited(NetworkLimits { connections: 1, ..Default::default() });
        let first = outcome(&client, empty()).unwrap();
        let second = outcome(&client, empty()).map(|_| ());
        assert_eq!(second, Err(ErrorCode::ConnectionLimitReached));
        drop(first);
        outcome(&client, empty()).unwrap();
    }
}
