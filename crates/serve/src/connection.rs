use crate::app::{Origin, host, plain};
use crate::body::Reply;
use crate::listen::Stream;
use crate::server::Shared;
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::Watcher;
use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use wayleave::http::Scheme;

/// How connections are served.
pub(crate) struct Connections {
    builder: Builder<TokioExecutor>,
    head_timeout: Duration,
}

/// Requests of one HTTP/2 connection at once.
const STREAMS: u32 = 256;
/// Header fields of a request: hyper answers 431 for more.
const FIELDS: usize = 128;

impl Connections {
    pub(crate) fn new(head_timeout: Duration, max_head: usize) -> Self {
        let mut builder = Builder::new(TokioExecutor::new());
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(head_timeout)
            .max_buf_size(max_head.max(8 << 10))
            .max_headers(FIELDS);
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
pub(crate) async fn serve(stream: Stream, shared: Arc<Shared>, watcher: Watcher) {
    let head_timeout = shared.connections.head_timeout;
    match (stream, &shared.tls) {
        (Stream::Tcp(stream, peer), Some(tls)) => {
            let handshake = tls.acceptor().accept(stream);
            match tokio::time::timeout(head_timeout, handshake).await {
                Ok(Ok(stream)) => {
                    let origin = Origin { peer: peer.to_string().into(), scheme: Scheme::HTTPS };
                    http(stream, origin, shared, watcher).await;
                }
                Ok(Err(error)) => tracing::debug!("{peer}: no TLS connection: {error}"),
                Err(_) => tracing::debug!("{peer}: no TLS connection in time"),
            }
        }
        (Stream::Tcp(stream, peer), None) => {
            let origin = Origin { peer: peer.to_string().into(), scheme: Scheme::HTTP };
            http(stream, origin, shared, watcher).await;
        }
        (Stream::Unix(stream), _) => {
            let origin = Origin { peer: "unix".into(), scheme: Scheme::HTTP };
            http(stream, origin, shared, watcher).await;
        }
    }
}

async fn http(
    io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    origin: Origin,
    shared: Arc<Shared>,
    watcher: Watcher,
) {
    let begun = Arc::new(AtomicBool::new(false));
    let peer = origin.peer.clone();
    let head_timeout = shared.connections.head_timeout;
    let service = service_fn({
        let (begun, shared) = (begun.clone(), shared.clone());
        move |request| {
            begun.store(true, Ordering::Relaxed);
            answer(shared.clone(), request, origin.clone())
        }
    });
    let connection = shared.connections.builder.serve_connection(TokioIo::new(io), service);
    let mut connection = pin!(watcher.watch(connection));
    // The version of the protocol is found out from the first bytes, and nothing else gives those
    // a time limit.
    let result = match tokio::time::timeout(head_timeout, connection.as_mut()).await {
        Ok(result) => result,
        Err(_) if !begun.load(Ordering::Relaxed) => return,
        Err(_) => connection.await,
    };
    if let Err(error) = result {
        tracing::debug!("{peer}: {error}");
    }
}

async fn answer(
    shared: Arc<Shared>,
    request: Request<Incoming>,
    origin: Origin,
) -> Result<Response<Reply>, Infallible> {
    let router = shared.router();
    Ok(match router.find(host(&request), request.uri().path()) {
        Some(app) => app.answer(request, origin).await,
        None => plain(StatusCode::NOT_FOUND, "no app answers here"),
    })
}
