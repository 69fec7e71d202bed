use crate::app::plain;
use crate::body::Reply;
use crate::listen::{Listener, Stream};
use crate::metrics;
use crate::server::Shared;
use http::{HeaderValue, Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};

/// Connections here are few and short.
const PATIENCE: Duration = Duration::from_secs(10);

/// Serves health and metrics.
pub(crate) async fn serve(listener: Listener, shared: Arc<Shared>) {
    loop {
        match listener.accept().await {
            Ok(Stream::Tcp(stream, _)) => drop(tokio::spawn(connection(stream, shared.clone()))),
            Ok(Stream::Unix(stream)) => drop(tokio::spawn(connection(stream, shared.clone()))),
            Err(error) => {
                tracing::warn!("admin: {error}");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn connection(io: impl AsyncRead + AsyncWrite + Unpin, shared: Arc<Shared>) {
    let service = service_fn(|request: Request<Incoming>| {
        let response = answer(request.uri().path(), &shared);
        async { Ok::<_, Infallible>(response) }
    });
    let _ = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .serve_connection(TokioIo::new(io), service)
        .await;
}

fn answer(path: &str, shared: &Shared) -> Response<Reply> {
    match path {
        "/healthz" => plain(StatusCode::OK, "ok"),
        "/readyz" if shared.is_stopping() => plain(StatusCode::SERVICE_UNAVAILABLE, "stopping"),
        "/readyz" => plain(StatusCode::OK, "ready"),
        "/metrics" => {
            let router = shared.router();
            let apps = router.apps().iter().map(|app| (&*app.settings.name, &*app.metrics));
            let mut response = plain(StatusCode::OK, metrics::render(apps).trim_end());
            let ty = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
            response.headers_mut().insert(http::header::CONTENT_TYPE, ty);
            response
        }
        _ => plain(StatusCode::NOT_FOUND, "there are /healthz, /readyz and /metrics"),
    }
}
