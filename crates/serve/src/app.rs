use crate::body::{GuestBody, Reply};
use crate::guest_log::{self, REQUEST};
use crate::metrics::{Gauge, Metrics, add};
use crate::reactor::{Timer, Tokio};
use crate::{AccessLog, AppSettings, Error};
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HOST, RETRY_AFTER};
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use http_body::{Body as _, Frame, SizeHint};
use hyper::body::Incoming;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Instant;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wayleave::http::{Body, ErrorCode, Handler, HandlerError, Scheme};
use wayleave::system::http::{Client, Policy};
use wayleave::{Grants, Runtime, Stop};
use wayleave_http_client::{HyperClient, Roots, RootsError};

/// A component that answers requests.
pub(crate) struct App {
    pub(crate) settings: AppSettings,
    pub(crate) metrics: Arc<Metrics>,
    handler: Handler,
    grants: Grants,
    room: Arc<Semaphore>,
    log: AccessLog,
}

/// Where a request came from.
#[derive(Clone)]
pub(crate) struct Origin {
    pub(crate) peer: Arc<str>,
    pub(crate) scheme: Scheme,
}

type Counter = fn(&Metrics) -> &AtomicU64;

pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

impl App {
    /// Loads the component. `metrics` go on counting where it is loaded again.
    pub(crate) fn load(
        runtime: &Runtime,
        settings: &AppSettings,
        metrics: Option<Arc<Metrics>>,
        log: AccessLog,
    ) -> Result<Self, Error> {
        let bad = |source| Error::Component { path: settings.component.clone(), source };
        let program = runtime.load_file(&settings.component).map_err(bad)?;
        let handler = program.handler(Arc::new(Tokio), settings.reuse).map_err(bad)?;
        Ok(Self {
            settings: settings.clone(),
            metrics: metrics.unwrap_or_default(),
            handler,
            grants: grants(settings, log)?,
            room: Arc::new(Semaphore::new(settings.limits.concurrency)),
            log,
        })
    }

    /// Answers a request.
    pub(crate) async fn answer(
        self: &Arc<Self>,
        request: Request<Incoming>,
        origin: Origin,
    ) -> Response<Reply> {
        let id = request_id(&request);
        let mut record = Record::new(self.clone(), &request, origin.peer, id);
        let limits = &self.settings.limits;
        if request.body().size_hint().lower() > limits.body {
            return record.refuse(StatusCode::PAYLOAD_TOO_LARGE, "the request's body is too large");
        }
        let Some(permit) = self.permit(&record).await else {
            add(&self.metrics.rejected);
            let mut response = record.refuse(StatusCode::SERVICE_UNAVAILABLE, "too many requests");
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
            return response;
        };
        record.permit = Some(permit);
        let too_large = Arc::new(AtomicBool::new(false));
        let request = guest_request(request, limits.body, &too_large, &record.id);
        let mut exchange = self.handler.start(|| self.grants.clone(), request, origin.scheme);
        let response = REQUEST.scope(record.id.clone(), exchange.response());
        let response = before(record.deadline, response).await;
        if too_large.load(Ordering::Relaxed) && !matches!(response, Some(Ok(_))) {
            return record.refuse(StatusCode::PAYLOAD_TOO_LARGE, "the request's body is too large");
        }
        match response {
            Some(Ok(response)) => {
                let exchange = (!exchange.is_over()).then_some(exchange);
                record.respond(response, exchange)
            }
            Some(Err(error)) => record.failed(&error),
            None => {
                record.timed_out();
                record.refuse(StatusCode::GATEWAY_TIMEOUT, "the time for an answer is used up")
            }
        }
    }

    /// The right to run, at once or after others have ended.
    async fn permit(self: &Arc<Self>, record: &Record) -> Option<OwnedSemaphorePermit> {
        if let Ok(permit) = self.room.clone().try_acquire_owned() {
            return Some(permit);
        }
        let queued = Gauge::<Counter>::new(&self.metrics, |metrics| &metrics.queued);
        if self.metrics.queued.load(Ordering::Relaxed) > self.settings.limits.queue as u64 {
            return None;
        }
        let permit = tokio::time::timeout_at(record.deadline, self.room.clone().acquire_owned());
        let permit = permit.await.ok()?.ok();
        drop(queued);
        permit
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

/// The client's own id for a request, if it has a harmless one; a new one otherwise.
fn request_id(request: &Request<Incoming>) -> Arc<str> {
    let harmless = |id: &&str| {
        (1..=128).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    };
    let given = request.headers().get(REQUEST_ID).and_then(|id| id.to_str().ok());
    match given.filter(harmless) {
        Some(id) => id.into(),
        None => new_id(),
    }
}

fn new_id() -> Arc<str> {
    use std::collections::hash_map::RandomState;
    use std::hash::BuildHasher;
    use std::sync::LazyLock;
    static START: LazyLock<RandomState> = LazyLock::new(RandomState::new);
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("{:016x}", START.hash_one(number)).into()
}

/// The request as the guest gets it.
fn guest_request(
    request: Request<Incoming>,
    limit: u64,
    too_large: &Arc<AtomicBool>,
    id: &Arc<str>,
) -> Request<Body> {
    let (mut parts, body) = request.into_parts();
    if let Ok(id) = HeaderValue::from_str(id) {
        parts.headers.insert(REQUEST_ID, id);
    }
    let body = if body.is_end_stream() {
        wayleave::http::empty()
    } else {
        Body::new(Limited { body, left: limit, too_large: too_large.clone() })
    };
    Request::from_parts(parts, body)
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
    app: Arc<App>,
    pub(crate) id: Arc<str>,
    pub(crate) deadline: tokio::time::Instant,
    pub(crate) bytes: u64,
    pub(crate) complete: bool,
    permit: Option<OwnedSemaphorePermit>,
    started: Instant,
    status: u16,
    /// For the access log, where there is one.
    line: Option<Line>,
    _in_flight: Gauge<Counter>,
}

struct Line {
    peer: Arc<str>,
    method: http::Method,
    host: String,
    path: String,
}

impl Record {
    fn new(app: Arc<App>, request: &Request<Incoming>, peer: Arc<str>, id: Arc<str>) -> Self {
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
            permit: None,
            started,
            status: 0,
            line,
            _in_flight: Gauge::new(&app.metrics, |metrics| &metrics.in_flight),
            app,
        }
    }

    /// The guest has trapped, or ended itself.
    pub(crate) fn stopped(&self, stop: &Stop) {
        if let Stop::Trap(trap) = stop {
            add(&self.app.metrics.traps);
            self.app.tell(&self.id, &format!("trap: {trap}"));
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
    fn respond(
        mut self,
        response: Response<Body>,
        exchange: Option<wayleave::http::Exchange>,
    ) -> Response<Reply> {
        let (mut parts, body) = response.into_parts();
        self.status = parts.status.as_u16();
        if let Ok(id) = HeaderValue::from_str(&self.id) {
            parts.headers.entry(REQUEST_ID).or_insert(id);
        }
        let length = parts.headers.get(CONTENT_LENGTH);
        let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
        let body = GuestBody::new(body, exchange, length, self);
        Response::from_parts(parts, Reply::Guest(Box::new(body)))
    }

    /// The guest did not respond.
    fn failed(self, error: &HandlerError) -> Response<Reply> {
        let status = match error {
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
        if let Ok(id) = HeaderValue::from_str(&self.id) {
            response.headers_mut().insert(REQUEST_ID, id);
        }
        response
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        let time = self.started.elapsed();
        self.app.metrics.response(self.status, time);
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
