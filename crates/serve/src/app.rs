use crate::body::Reply;
use crate::guest_log::{self, Streams};
use crate::limited::TooLarge;
use crate::metrics::Metrics;
use crate::reactor::{Timer, Tokio};
use crate::record::Record;
use crate::request_id::RequestId;
use crate::running::Running;
use crate::runtimes::Made;
use crate::server::Common;
use crate::turns::Aside;
use crate::unfinished::Unfinished;
use crate::{AccessLog, AppSettings, Error};
use http::header::HOST;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body::Body as _;
use hyper::body::Incoming;
use std::sync::Arc;
use std::task::Poll;
use std::time::Instant;
use tokio::sync::Semaphore;
use wayleave::Grants;
use wayleave::http::{Body, Exchange, Handler, Scheme};
use wayleave::system::http::{Client, Policy};
use wayleave_http_client::{HyperClient, Roots, RootsError};

/// A component that answers requests.
pub(crate) struct App {
    pub(crate) settings: AppSettings,
    pub(crate) metrics: Arc<Metrics>,
    handler: Handler,
    pub(crate) aside: Arc<Aside>,
    pub(crate) unfinished: Unfinished,
    grants: Arc<Grants>,
    pub(crate) streams: Streams,
    /// What its requests have permits of.
    pub(crate) room: Semaphore,
    pub(crate) log: AccessLog,
    /// Is there for as long as a guest of this app may be, so that it has its turns.
    _runtime: Arc<Made>,
}

/// Where a request came from.
#[derive(Clone)]
pub(crate) struct Origin {
    pub(crate) peer: Arc<str>,
    pub(crate) scheme: Scheme,
}

/// What has become of a request at once.
enum Begun {
    TooLarge,
    Runs((Running, TooLarge)),
    /// Until others have ended.
    Waits(Box<(Request<Incoming>, Scheme)>),
}

impl App {
    /// Loads the component. `metrics` go on counting where it is loaded again.
    pub(crate) fn load(
        runtime: &Arc<Made>,
        common: &Common,
        settings: &AppSettings,
        metrics: Option<Arc<Metrics>>,
        log: AccessLog,
    ) -> Result<Self, Error> {
        let bad = |source| Error::Component { path: settings.component.clone(), source };
        let program = runtime.runtime.load_file(&settings.component).map_err(bad)?;
        let streams = Streams::new(&settings.name, log);
        let handler = program.handler(Arc::new(Tokio), settings.reuse).map_err(bad)?;
        let metrics = metrics.unwrap_or_default();
        common.aside.counts(&metrics);
        Ok(Self {
            settings: settings.clone(),
            metrics,
            handler,
            aside: common.aside.clone(),
            unfinished: common.unfinished.clone(),
            grants: Arc::new(grants(settings, &streams)?),
            streams,
            room: Semaphore::new(settings.limits.concurrency),
            log,
            _runtime: runtime.clone(),
        })
    }

    /// Answers a request. What can be done at once is done before the future is made, which is
    /// smaller then: there is one for each request.
    pub(crate) fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
        origin: Origin,
        now: Instant,
    ) -> impl Future<Output = Response<Reply>> + Send + use<> {
        let id = RequestId::of(&request);
        let mut record = Record::new(self, &request, origin.peer, id, now);
        let begun = if request.body().size_hint().lower() > record.app.settings.limits.body {
            Begun::TooLarge
        } else if record.try_admit() {
            Begun::Runs(record.start(request, origin.scheme))
        } else {
            Begun::Waits(Box::new((request, origin.scheme)))
        };
        async move {
            let (mut guest, too_large) = match begun {
                Begun::TooLarge => return record.too_large(),
                Begun::Runs(guest) => guest,
                Begun::Waits(waits) => {
                    if !record.admit().await {
                        return record.too_many();
                    }
                    let (request, scheme) = *waits;
                    record.start(request, scheme)
                }
            };
            let response = before(record.deadline, guest.response(&record)).await;
            if too_large.is_set() && !matches!(response, Some(Ok(_))) {
                return record.too_large();
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
    }

    /// When the time of a request is over that begins now.
    pub(crate) fn deadline(&self, now: Instant) -> Option<Instant> {
        now.checked_add(self.settings.grants.limits.timeout?)
    }

    /// Hands a request to a guest.
    pub(crate) fn start(
        &self,
        request: Request<Body>,
        scheme: Scheme,
        deadline: tokio::time::Instant,
    ) -> Exchange {
        self.handler.start_until(deadline.into_std(), &self.grants, request, scheme)
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

fn grants(settings: &AppSettings, streams: &Streams) -> Result<Grants, Error> {
    let bad = |source| Error::Grant { app: settings.name.clone(), source };
    let mut asked = settings.grants.clone();
    asked.argv0 = Some(settings.name.clone());
    // The time is this server's to watch.
    asked.limits.timeout = None;
    let mut grants = asked.open().map_err(bad)?;
    if let Some(policy) = grants.http_policy() {
        grants = grants.http(client(settings, policy)?);
    }
    Ok(grants.stdout(streams.stdout.clone()).stderr(streams.stderr.clone()))
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
