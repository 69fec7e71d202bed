use crate::AccessLog;
use crate::app::{App, host, plain};
use crate::body::{GuestBody, Reply};
use crate::limited::{TooLarge, limited};
use crate::metrics::{Gauge, add};
use crate::request_id::RequestId;
use crate::running::Running;
use http::header::{CONTENT_LENGTH, RETRY_AFTER};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use std::mem;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};
use std::time::Instant;
use tokio::sync::SemaphorePermit;
use wayleave::http::{Body, HandlerError, Scheme};
use wayleave::{Stop, TrapKind};

/// What is known of one request; at its end it is counted and written down.
pub(crate) struct Record {
    pub(crate) app: Arc<App>,
    pub(crate) id: RequestId,
    pub(crate) deadline: tokio::time::Instant,
    pub(crate) bytes: u64,
    pub(crate) complete: bool,
    /// Whether only the head of a response was asked for.
    head_only: bool,
    /// Whether it has one of the app's permits.
    admitted: bool,
    /// That permit, where the guest may be there for longer than this.
    lent: OnceLock<Arc<Permit>>,
    started: Instant,
    status: u16,
    /// For the access log, where there is one.
    line: Option<Line>,
}

struct Line {
    peer: Arc<str>,
    method: Method,
    host: String,
    path: String,
}

impl Record {
    pub(crate) fn new(
        app: Arc<App>,
        request: &Request<Incoming>,
        peer: Arc<str>,
        id: RequestId,
        started: Instant,
    ) -> Self {
        add(&app.metrics.in_flight);
        let deadline = app.deadline(started);
        let line = (app.log != AccessLog::Off).then(|| Line {
            peer,
            method: request.method().clone(),
            host: host(request).to_owned(),
            path: request.uri().path().to_owned(),
        });
        Self {
            id,
            // A time that no clock shows is as good as none.
            deadline: deadline.unwrap_or(started + std::time::Duration::from_secs(1 << 30)).into(),
            bytes: 0,
            complete: false,
            head_only: request.method() == Method::HEAD,
            admitted: false,
            lent: OnceLock::new(),
            started,
            status: 0,
            line,
            app,
        }
    }

    /// Takes the right to run, if there is one.
    pub(crate) fn try_admit(&mut self) -> bool {
        let permit = self.app.room.try_acquire();
        // Given back at this record's end.
        self.admitted = permit.map(SemaphorePermit::forget).is_ok();
        self.admitted
    }

    /// Waits for the right to run until others have ended; false when too many wait.
    pub(crate) async fn admit(&mut self) -> bool {
        let app = &*self.app;
        let queued = Gauge::new(&app.metrics.queued);
        if queued.value() > app.settings.limits.queue as u64 {
            return false;
        }
        let permit = tokio::time::timeout_at(self.deadline, app.room.acquire()).await;
        self.admitted = permit.is_ok_and(|permit| permit.map(SemaphorePermit::forget).is_ok());
        self.admitted
    }

    /// Hands the request to a guest; says where it is seen that its body is too large.
    pub(crate) fn start(&self, request: Request<Incoming>, scheme: Scheme) -> (Running, TooLarge) {
        let (mut parts, body) = request.into_parts();
        parts.headers.insert(RequestId::HEADER, self.id.value());
        let (body, too_large) = limited(body, self.app.settings.limits.body);
        let request = Request::from_parts(parts, body);
        let exchange = self.app.start(request, scheme, self.deadline);
        (Running::new(exchange, self.id.clone()), too_large)
    }

    /// The guest has come to its end, and another one may run while the rest is sent.
    pub(crate) fn give_back(&mut self) {
        if mem::take(&mut self.admitted) && self.lent.take().is_none() {
            self.app.room.add_permits(1);
        }
    }

    /// The permit, which is given back when it is dropped and this record has come to its end.
    pub(crate) fn lend_permit(&self) -> Option<Arc<Permit>> {
        let new = || Arc::new(Permit(self.app.clone()));
        self.admitted.then(|| self.lent.get_or_init(new).clone())
    }

    /// The guest has trapped, or ended itself.
    pub(crate) fn stopped(&self, stop: &Stop) {
        match stop {
            _ if is_out_of_time(stop) => self.timed_out(),
            Stop::Trap(trap) => {
                add(&self.app.metrics.traps);
                self.app.tell(&self.id, &format!("trap: {trap}"));
            }
            _ => {}
        }
    }

    pub(crate) fn timed_out(&self) {
        add(&self.app.metrics.timeouts);
        let time = self.app.settings.grants.limits.timeout.unwrap_or_default();
        self.app.tell(&self.id, &format!("ended: its time of {time:?} was used up"));
    }

    pub(crate) fn cancelled(&self) {
        add(&self.app.metrics.cancelled);
    }

    /// Whether nothing of the response's body is sent, whatever there is of it.
    pub(crate) fn is_bodiless(&self) -> bool {
        self.head_only || matches!(self.status, 204 | 304)
    }

    /// The guest's response.
    pub(crate) fn respond(
        mut self,
        response: Response<Body>,
        guest: Option<Running>,
    ) -> Response<Reply> {
        let (mut parts, body) = response.into_parts();
        self.status = parts.status.as_u16();
        parts.headers.entry(RequestId::HEADER).or_insert_with(|| self.id.value());
        let length = parts.headers.get(CONTENT_LENGTH);
        let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
        let body = GuestBody::new(body, guest, length, self);
        Response::from_parts(parts, Reply::guest(body))
    }

    pub(crate) fn too_large(self) -> Response<Reply> {
        self.refuse(StatusCode::PAYLOAD_TOO_LARGE, "the request's body is too large")
    }

    pub(crate) fn too_many(self) -> Response<Reply> {
        add(&self.app.metrics.rejected);
        let mut response = self.refuse(StatusCode::SERVICE_UNAVAILABLE, "too many requests");
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
        response
    }

    /// The guest did not respond in time.
    pub(crate) fn too_late(self) -> Response<Reply> {
        self.timed_out();
        self.refuse(StatusCode::GATEWAY_TIMEOUT, "the time for an answer is used up")
    }

    /// The guest did not respond.
    pub(crate) fn failed(self, error: &HandlerError) -> Response<Reply> {
        let status = match error {
            HandlerError::NoRoom(stop) | HandlerError::Stopped(stop) if is_out_of_time(stop) => {
                return self.too_late();
            }
            HandlerError::NoRoom(_) => {
                add(&self.app.metrics.rejected);
                StatusCode::SERVICE_UNAVAILABLE
            }
            HandlerError::Stopped(stop) => {
                self.stopped(stop);
                StatusCode::INTERNAL_SERVER_ERROR
            }
            HandlerError::Refused(_) => StatusCode::BAD_GATEWAY,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        if !matches!(error, HandlerError::Stopped(Stop::Trap(_))) {
            self.app.tell(&self.id, &error.to_string());
        }
        self.refuse(status, "the app did not answer")
    }

    /// The server's own response.
    pub(crate) fn refuse(mut self, status: StatusCode, words: &'static str) -> Response<Reply> {
        self.status = status.as_u16();
        self.complete = true;
        let mut response = plain(status, words);
        if self.is_bodiless() {
            *response.body_mut() = Reply::empty();
        } else {
            self.bytes = words.len() as u64 + 1;
        }
        response.headers_mut().insert(RequestId::HEADER, self.id.value());
        response
    }
}

/// One of an app's permits.
pub(crate) struct Permit(Arc<App>);

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.room.add_permits(1);
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        let time = self.started.elapsed();
        self.app.metrics.response(self.status, time);
        self.give_back();
        self.app.metrics.in_flight.fetch_sub(1, Ordering::Relaxed);
        self.app.streams.end(&self.id);
        if let Some(line) = &self.line {
            self.app.log.write(&crate::access_log::Entry {
                id: &self.id,
                app: &self.app.settings.name,
                peer: &line.peer,
                method: line.method.as_str(),
                host: &line.host,
                path: &line.path,
                status: self.status,
                bytes: self.bytes,
                time,
                complete: self.complete,
            });
        }
    }
}

/// Whether a guest was ended because its time was used up: nothing else interrupts those of a server.
fn is_out_of_time(stop: &Stop) -> bool {
    matches!(stop, Stop::Trap(trap) if trap.kind == TrapKind::Interrupted)
}
