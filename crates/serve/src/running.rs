use crate::guest_log::REQUEST;
use crate::noticing::poll_noticing;
use crate::record::Record;
use crate::request_id::RequestId;
use crate::turns::TURN;
use http::Response;
use std::mem;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use wayleave::Stop;
use wayleave::http::{Body, Exchange, HandlerError};

/// A guest that is at work on a request. It runs where it is polled, in its connection's task, until
/// it has computed for so long that others would notice; then it goes on aside. Dropped, it is
/// ended.
pub(crate) struct Running {
    place: Place,
    /// The request's id.
    id: RequestId,
    /// How long it has computed without waiting.
    computed: Duration,
    /// Whether the response was handed on.
    responded: bool,
}

enum Place {
    Here(Exchange),
    Aside { response: oneshot::Receiver<Answer>, end: JoinSet<Result<(), Stop>> },
    Over,
}

type Answer = Result<Response<Body>, HandlerError>;

/// Who has computed for less than that may be one that only waits.
const HARDLY: Duration = Duration::from_micros(50);

/// What a guest may compute in one go where others wait for it.
const QUICK: Duration = TURN.saturating_mul(3);

impl Running {
    pub(crate) fn new(exchange: Exchange, id: RequestId) -> Self {
        let computed = Duration::ZERO;
        Self { place: Place::Here(exchange), id, computed, responded: false }
    }

    /// Runs the guest until there is a response. To be asked for once. `record` is its request's.
    pub(crate) async fn response(&mut self, record: &Record) -> Answer {
        let answer = std::future::poll_fn(|context| self.poll_response(context, record)).await;
        self.responded = true;
        answer
    }

    /// Whether the guest has come to its end.
    pub(crate) fn is_over(&self) -> bool {
        match &self.place {
            Place::Here(exchange) => exchange.is_over(),
            Place::Aside { end, .. } => end.is_empty(),
            Place::Over => true,
        }
    }

    /// Lets the guest come to its end.
    pub(crate) async fn end(mut self, record: &Record) -> Result<(), Stop> {
        std::future::poll_fn(|context| self.poll_end(context, record)).await
    }

    fn poll_response(&mut self, context: &mut Context<'_>, record: &Record) -> Poll<Answer> {
        let polled =
            self.here(context, record, |exchange, context| pin!(exchange.response()).poll(context));
        if let Some(polled) = polled {
            return polled;
        }
        let Place::Aside { response, .. } = &mut self.place else {
            return Poll::Ready(Err(HandlerError::NoResponse));
        };
        Poll::Ready(
            ready!(Pin::new(response).poll(context)).unwrap_or(Err(HandlerError::NoResponse)),
        )
    }

    /// Lets the guest go on as far as it can.
    pub(crate) fn poll_end(
        &mut self,
        context: &mut Context<'_>,
        record: &Record,
    ) -> Poll<Result<(), Stop>> {
        if let Some(polled) =
            self.here(context, record, |exchange, context| Pin::new(exchange).poll(context))
        {
            return polled;
        }
        let Place::Aside { end, .. } = &mut self.place else { return Poll::Ready(Ok(())) };
        let ended = ready!(end.poll_join_next(context));
        self.place = Place::Over;
        // A task ends otherwise only when the server does.
        Poll::Ready(ended.and_then(Result::ok).unwrap_or(Ok(())))
    }

    /// What a poll gives where the guest runs in this task, unless it has to go aside.
    fn here<T>(
        &mut self,
        context: &mut Context<'_>,
        record: &Record,
        poll: impl FnOnce(&mut Exchange, &mut Context<'_>) -> Poll<T>,
    ) -> Option<Poll<T>> {
        let Place::Here(exchange) = &mut self.place else { return None };
        let begun = Instant::now();
        let poll = |context: &mut Context<'_>| {
            REQUEST.sync_scope(self.id.clone(), || poll(exchange, context))
        };
        // Most guests compute for less than it takes to look what they do.
        let (polled, made_way) = match self.computed < HARDLY {
            true => (poll(context), None),
            false => {
                let (polled, made_way) = poll_noticing(context, poll);
                (polled, Some(made_way))
            }
        };
        if polled.is_ready() {
            return Some(polled);
        }
        let time = begun.elapsed();
        self.computed = match made_way {
            None => time,
            Some(true) => self.computed + time,
            Some(false) => Duration::ZERO,
        };
        if self.computed < QUICK || !self.step_aside(record) {
            return Some(polled);
        }
        None
    }

    /// Whether there is a place aside.
    fn step_aside(&mut self, record: &Record) -> bool {
        let aside = &record.app.aside;
        let Some(handle) = aside.handle() else { return false };
        let Place::Here(mut exchange) = mem::replace(&mut self.place, Place::Over) else {
            return false;
        };
        let (answer, response) = oneshot::channel();
        let responded = self.responded;
        // Where it is dropped, this task ends when it next makes way, and that may be after its
        // request: until then, it has room that no other has, and needs its turns.
        let kept = (record.lend_permit(), aside.enter());
        let guest = async move {
            let _kept = kept;
            if !responded {
                // Whoever is gone does not need it.
                let _ = answer.send(exchange.response().await);
            }
            exchange.await
        };
        let mut end = JoinSet::new();
        end.spawn_on(REQUEST.scope(self.id.clone(), guest), handle);
        self.place = Place::Aside { response, end };
        true
    }
}
