use crate::body::{GuestBody, Reply};
use crate::guest_log;
use crate::metrics::{Gauge, Metrics, add};
use crate::reactor::{Timer, Tokio};
use crate::request_id::RequestId;
use crate::running::Running;
use crate::turns::Aside;
use crate::{AccessLog, AppSettings, Error};
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HOST, RETRY_AFTER};
use http::{HeaderValue, Request, Response, StatusCode};
use http_body::{Body as _, Frame, SizeHint};
use hyper::body::Incoming;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Instant;
use tokio::sync::Semaphore;
use wayleave::http::{Body, ErrorCode, Handler, HandlerError, Scheme};
use wayleave::system::http::{Client, Policy};
use wayleave::{Grants, Runtime, Stop, TrapKind};
use wayleave_http_client::{HyperClient, Roots, RootsError};

/// A component that answers requests.
pub(crate) struct App {
    pub(crate) settings: AppSettings,
    pub(crate) metrics: Arc<Metrics>,
    handler: Handler,
    pub(crate) aside: Arc<Aside>,
    grants: Arc<Grants>,
    room: Semaphore,
    log: AccessLog,
}

/// Where a request came from.
#[derive(Clone)]
pub(crate) struct Origin {
    pub(crate) peer: Arc<str>,
    pub(crate) scheme: Scheme,
}

impl App {
    /// Loads the component. `metrics` go on counting where it is loaded again.
    pub(crate) fn load(
        runtime: &Runtime,
        aside: &Arc<Aside>,
        settings: &AppSettings,
        metrics: Option<Arc<Metrics>>,
        log: AccessLog,
    ) -> Result<Self, Error> {
        let bad = |source| Error::Component { path: settings.component.clone(), source };
        let program = runtime.load_file(&settings.component).map_err(bad)?;
        let handler = program.handler(Arc::new(Tokio), settings.reuse).map_err(bad)?;
        let metrics = metrics.unwrap_or_default();
        aside.counts(&metrics);
        Ok(Self {
            settings: settings.clone(),
            metrics,
            handler,
            aside: aside.clone(),
            grants: Arc::new(grants(settings, log)?),
            room: Semaphore::new(settings.limits.concurrency),
            log,
        })
    }

    /// Answers a request.
    pub(crate) async fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
        origin: Origin,
    ) -> Response<Reply> {
        let id = RequestId::of(&request);
        let mut record = Record::new(self, &request, origin.peer, id);
        let limit = record.app.settings.limits.body;
        if request.body().size_hint().lower() > limit {
            return record.refuse(StatusCode::PAYLOAD_TOO_LARGE, "the request's body is too large");
        }
        if !record.admit().await {
            add(&record.app.metrics.rejected);
            let mut response = record.refuse(StatusCode::SERVICE_UNAVAILABLE, "too many requests");
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
            return response;
        }
        let (request, too_large) = guest_request(request, limit, &record.id);
        let app = &*record.app;
        let deadline = record.deadline.into_std();
        let exchange = app.handler.start_until(deadline, &app.grants, request, origin.scheme);
        let mut guest = Running::new(exchange, record.id.clone());
        let response = before(record.deadline, guest.response(&record)).await;
        if too_large.is_set() && !matches!(response, Some(Ok(_))) {
            return record.refuse(StatusCode::PAYLOAD_TOO_LARGE, "the request's body is too large");
        }
        match response {
            Some(Ok(response)) => {
                let guest = (!guest.is_over()).then_some(guest);
                record.respond(response, guest)
            }
            Some(Err(error)) => record.failed(&error),
            None => record.too_late(),
        }
    }

    pub(crate) fn tell(&self, request: &str, message: &str) {
        guest_log::tell(&self.settings.name, request, "wayleave", message, self.log);
    }
}

/// What a future gives before a deadline. Most have it at once, and no timer is made for them.
async fn before<F: Future>(deadline: tokio::time::Instant, future: F) -> Option<F::Output> {
    let mut future = std::pin::pin!(future);
    let mut timer: Option<Timer> = None;
    std::future::poll_fn(|context| {
        if let Poll::Ready(output) = future.as_mut().poll(context) {
            return Poll::Ready(Some(output));
        }
        let timer = timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
        timer.as_mut().poll(context).map(|()| None)
    })
    .await
}

fn grants(settings: &AppSettings, log: AccessLog) -> Result<Grants, Error> {
    let bad = |source| Error::Grant { app: settings.name.clone(), source };
    let mut asked = settings.grants.clone();
    asked.argv0 = Some(settings.name.clone());
    // The time is this server's to watch.
    asked.limits.timeout = None;
    let mut grants = asked.open().map_err(bad)?;
    if let Some(policy) = grants.http_policy() {
        grants = grants.http(client(settings, policy)?);
    }
    Ok(grants.stdout(guest_log::stream(&settings.name, "stdout", log)).stderr(guest_log::stream(
        &settings.name,
        "stderr",
        log,
    )))
}

/// What sends the requests of an app's guests, on this server's runtime.
fn client(settings: &AppSettings, policy: Arc<dyn Policy>) -> Result<Arc<dyn Client>, Error> {
    let mut roots = Roots::system();
    for path in &settings.grants.tls_ca {
        let bad = |error: RootsError| Error::Tls { path: path.clone(), reason: error.to_string() };
        roots = roots.and_file(path).map_err(bad)?;
    }
    let client_settings = wayleave_http_client::Settings { roots, ..Default::default() };
    let runtime = tokio::runtime::Handle::current();
    Ok(Arc::new(HyperClient::on(runtime, policy, client_settings)))
}

/// The request as the guest gets it, and where it is seen that its body is too large.
fn guest_request(
    request: Request<Incoming>,
    limit: u64,
    id: &RequestId,
) -> (Request<Body>, TooLarge) {
    let (mut parts, body) = request.into_parts();
    parts.headers.insert(RequestId::HEADER, id.value());
    let mut too_large = TooLarge::default();
    let body = if body.is_end_stream() {
        wayleave::http::empty()
    } else {
        let told = too_large.0.insert(Arc::default()).clone();
        Body::new(Limited { body, left: limit, too_large: told })
    };
    (Request::from_parts(parts, body), too_large)
}

/// Whether a request's body has gone over its limit; nothing where there is no body.
#[derive(Default)]
struct TooLarge(Option<Arc<AtomicBool>>);

impl TooLarge {
    fn is_set(&self) -> bool {
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

/// What is known of one request; at its end it is counted and written down.
pub(crate) struct Record {
    pub(crate) app: Arc<App>,
    pub(crate) id: RequestId,
    pub(crate) deadline: tokio::time::Instant,
    pub(crate) bytes: u64,
    pub(crate) complete: bool,
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
    method: http::Method,
    host: String,
    path: String,
}

impl Record {
    fn new(app: Arc<App>, request: &Request<Incoming>, peer: Arc<str>, id: RequestId) -> Self {
        add(&app.metrics.in_flight);
        let started = Instant::now();
        let time = app.settings.grants.limits.timeout;
        let deadline = time.and_then(|time| started.checked_add(time));
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
            admitted: false,
            lent: OnceLock::new(),
            started,
            status: 0,
            line,
            app,
        }
    }

    /// Waits for the right to run until others have ended, where they are many; false when they are
    /// too many.
    async fn admit(&mut self) -> bool {
        let app = &*self.app;
        let permit = match app.room.try_acquire() {
            Ok(permit) => permit,
            Err(_) => {
                let queued = Gauge::new(&app.metrics.queued);
                if queued.value() > app.settings.limits.queue as u64 {
                    return false;
                }
                match tokio::time::timeout_at(self.deadline, app.room.acquire()).await {
                    Ok(Ok(permit)) => permit,
                    _ => return false,
                }
            }
        };
        // Given back at this record's end.
        permit.forget();
        self.admitted = true;
        true
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

    /// The guest's response.
    fn respond(mut self, response: Response<Body>, guest: Option<Running>) -> Response<Reply> {
        let (mut parts, body) = response.into_parts();
        self.status = parts.status.as_u16();
        parts.headers.entry(RequestId::HEADER).or_insert_with(|| self.id.value());
        let length = parts.headers.get(CONTENT_LENGTH);
        let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
        let body = GuestBody::new(body, guest, length, self);
        Response::from_parts(parts, Reply::guest(body))
    }

    /// The guest did not respond in time.
    fn too_late(self) -> Response<Reply> {
        self.timed_out();
        self.refuse(StatusCode::GATEWAY_TIMEOUT, "the time for an answer is used up")
    }

    /// The guest did not respond.
    fn failed(self, error: &HandlerError) -> Response<Reply> {
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
    fn refuse(mut self, status: StatusCode, words: &'static str) -> Response<Reply> {
        self.status = status.as_u16();
        self.bytes = words.len() as u64 + 1;
        self.complete = true;
        let mut response = plain(status, words);
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
        if self.admitted && self.lent.get().is_none() {
            self.app.room.add_permits(1);
        }
        self.app.metrics.in_flight.fetch_sub(1, Ordering::Relaxed);
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

/// The host that a request is for.
pub(crate) fn host(request: &Request<Incoming>) -> &str {
    let header = || request.headers().get(HOST).and_then(|host| host.to_str().ok());
    let authority = request.uri().authority().map(http::uri::Authority::as_str);
    authority.or_else(header).unwrap_or_default()
}

/// A response of a few words.
pub(crate) fn plain(status: StatusCode, words: &str) -> Response<Reply> {
    let mut response = Response::new(Reply::text(format!("{words}\n")));
    *response.status_mut() = status;
    let text = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(http::header::CONTENT_TYPE, text);
    response
}
