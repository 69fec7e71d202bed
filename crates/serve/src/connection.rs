use crate::AccessLog;
use crate::access_log::Entry;
use crate::app::{Origin, host, plain};
use crate::body::Reply;
use crate::listen::Stream;
use crate::patience::{Patience, UnderWay};
use crate::request_id::RequestId;
use crate::router::Routes;
use crate::server::Shared;
use http::header::HOST;
use http::{Method, Request, Response, StatusCode, Version};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite};
use wayleave::http::Scheme;

/// How connections are served.
pub(crate) struct Connections {
    builder: Builder<TokioExecutor>,
    head_timeout: Duration,
}

/// How long a client may take to send its first request when the server stops meanwhile.
const FIRST: Duration = Duration::from_millis(500);
/// How long it may take to end a connection that has been idle for too long. With HTTP/2 it is asked
/// whether it has sent another request meanwhile.
const FAREWELL: Duration = Duration::from_secs(1);

/// Requests of one HTTP/2 connection at once.
const STREAMS: u32 = 256;

impl Connections {
    pub(crate) fn new(head_timeout: Duration, max_head: usize) -> Self {
        let mut builder = Builder::new(TokioExecutor::new());
        // Of header fields it takes 100, and answers 431 for more; for any number that is given it
        // would allocate room for each request.
        builder.http1().header_read_timeout(None).max_buf_size(max_head.max(8 << 10));
        builder
            .http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(STREAMS)
            .max_header_list_size(u32::try_from(max_head).unwrap_or(u32::MAX))
            .keep_alive_interval(Some(head_timeout));
        Self { builder, head_timeout }
    }
}

/// Serves one connection to its end.
pub(crate) async fn serve(stream: Stream, shared: Arc<Shared>) {
    let head_timeout = shared.connections.head_timeout;
    match (stream, &shared.tls) {
        (Stream::Tcp(stream, peer), Some(tls)) => {
            let handshake = tls.acceptor().accept(stream);
            match tokio::time::timeout(head_timeout, handshake).await {
                Ok(Ok(stream)) => {
                    let origin = Origin { peer: peer.to_string().into(), scheme: Scheme::HTTPS };
                    http(stream, origin, shared).await;
                }
                Ok(Err(error)) => tracing::debug!("{peer}: no TLS connection: {error}"),
                Err(_) => tracing::debug!("{peer}: no TLS connection in time"),
            }
        }
        (Stream::Tcp(stream, peer), None) => {
            let origin = Origin { peer: peer.to_string().into(), scheme: Scheme::HTTP };
            http(stream, origin, shared).await;
        }
        (Stream::Unix(stream), _) => {
            let origin = Origin { peer: "unix".into(), scheme: Scheme::HTTP };
            http(stream, origin, shared).await;
        }
    }
}

async fn http(
    io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    origin: Origin,
    shared: Arc<Shared>,
) {
    let patience = Patience::new();
    let routes = shared.routes();
    let peer = origin.peer.clone();
    let head_timeout = shared.connections.head_timeout;
    let log = shared.settings.access_log;
    let service = service_fn(|request| {
        let under_way = patience.request();
        let answer = answer(&routes, request, &origin, &under_way, log);
        async move {
            let response = answer.await;
            Ok::<_, Infallible>(response.map(|reply| reply.until_sent(under_way)))
        }
    });
    let connection = shared.connections.builder.serve_connection(TokioIo::new(io), service);
    let mut connection = pin!(connection);
    let told = |result: Result<(), _>| {
        if let Err(error) = result {
            tracing::debug!("{peer}: {error}");
        }
    };
    let patient = tokio::select! {
        biased;
        result = &mut connection => return told(result),
        () = routes.follow() => head_timeout,
        () = patience.run_out(head_timeout) => {
            tracing::debug!("{peer}: no request in time");
            patience.restart();
            FAREWELL.min(head_timeout)
        }
    };
    // A request may be there that nobody has read yet, or be on its way from who has just connected.
    tokio::select! {
        biased;
        result = &mut connection => return told(result),
        () = patience.first_request(FIRST) => {}
    }
    connection.as_mut().graceful_shutdown();
    tokio::select! {
        biased;
        result = &mut connection => told(result),
        () = patience.run_out(patient) => tracing::debug!("{peer}: cut"),
    }
}

fn answer(
    routes: &Routes,
    request: Request<Incoming>,
    origin: &Origin,
    under_way: &UnderWay,
    log: AccessLog,
) -> Answer {
    let now = Instant::now();
    let refuse = |status, words| {
        let response = refuse(&request, status, words, origin, log, now);
        Box::pin(std::future::ready(response))
    };
    if !has_one_host(&request) {
        return refuse(StatusCode::BAD_REQUEST, "a request names one host");
    }
    match routes.find(host(&request), request.uri().path()) {
        Some(app) => {
            under_way.until(app.deadline(now));
            Box::pin(app.answer(request, origin.clone(), now))
        }
        None => refuse(StatusCode::NOT_FOUND, "no app answers here"),
    }
}

/// In a box, as hyper moves it several times.
type Answer = Pin<Box<dyn Future<Output = Response<Reply>> + Send>>;

/// Of two hosts, somebody on the way may have gone by the other one (RFC 9112, 3.2). HTTP/2 has the
/// host in the request's target.
fn has_one_host(request: &Request<Incoming>) -> bool {
    let mut hosts = request.headers().get_all(HOST).iter();
    let needed = request.version() == Version::HTTP_11;
    match (hosts.next(), hosts.next()) {
        (None, _) => !needed,
        (Some(_), None) => true,
        (Some(_), Some(_)) => false,
    }
}

/// What no app answers, and a line about that.
fn refuse(
    request: &Request<Incoming>,
    status: StatusCode,
    words: &str,
    origin: &Origin,
    log: AccessLog,
    begun: Instant,
) -> Response<Reply> {
    let id = RequestId::of(request);
    let bodiless = request.method() == Method::HEAD;
    let mut response = plain(status, words);
    response.headers_mut().insert(RequestId::HEADER, id.value());
    log.write(&Entry {
        id: &id,
        app: "-",
        peer: &origin.peer,
        method: request.method().as_str(),
        host: host(request),
        path: request.uri().path(),
        status: status.as_u16(),
        bytes: if bodiless { 0 } else { words.len() as u64 + 1 },
        time: begun.elapsed(),
        complete: true,
    });
    if bodiless { response.map(|_| Reply::empty()) } else { response }
}
