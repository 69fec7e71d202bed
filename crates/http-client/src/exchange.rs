//! One request and its response.

use super::Shared;
use super::body::ResponseBody;
use super::connect::connect;
use super::connection::Connection;
use super::error::{Stage, of_hyper};
use super::target::{Key, Target};
use http::{Request, Response};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{sleep_until, timeout};
use wayleave_system::http::{Body, ErrorCode, Options};
use wayleave_system::net::Naming;

/// Sends a request, and waits until the response begins.
pub(crate) async fn exchange(
    shared: Arc<Shared>,
    request: Request<Body>,
    options: Options,
) -> Result<Response<Body>, ErrorCode> {
    let mut target = Target::of(request.uri())?;
    if shared.policy.host(&target.destination()) == Naming::Refused {
        tracing::info!(host = target.host, port = target.port, "a request may not be made");
        if !shared.policy.refused(&target.destination(), None).allows() {
            return Err(ErrorCode::RequestDenied);
        }
        target.let_through = true;
    }
    let settings = &shared.settings;
    let least = |wanted: Option<Duration>, most: Duration| wanted.map_or(most, |w| w.min(most));
    let connecting = least(options.connect_timeout, settings.connect_timeout);
    let beginning = least(options.first_byte_timeout, settings.first_byte_timeout);
    let between = least(options.between_bytes_timeout, settings.between_bytes_timeout);

    let mut request = request;
    loop {
        let (mut connection, used) = match kept(&shared, &target) {
            Some(connection) => (connection, true),
            None => {
                let connection = connect(&shared, &target, connecting).await?;
                if let Some(another) = connection.share() {
                    put(&shared, target.key(), another);
                }
                (connection, false)
            }
        };
        let sent = timeout(beginning, connection.send(request, &target)).await;
        match sent.map_err(|_| ErrorCode::ConnectionReadTimeout)? {
            Ok(response) => {
                keep(&shared, target.key(), connection);
                return Ok(response.map(|body| Body::new(ResponseBody::new(body, between))));
            }
            Err(mut error) => match error.take_message() {
                // It was closed while nobody used it, and nothing of the request was sent.
                Some(back) if used => request = back,
                _ => return Err(of_hyper(error.error(), Stage::Response)),
            },
        }
    }
}

/// A connection from an earlier request. The policy may have changed since.
fn kept(shared: &Shared, target: &Target) -> Option<Connection> {
    let connection = shared.pool.take(&target.key())?;
    let dialled = shared.policy.route(&target.destination(), connection.ends.asked);
    (dialled.is_some() && dialled == connection.ends.dialled).then_some(connection)
}

/// Keeps a connection for further requests, when it has brought all of this response; one that
/// takes several at a time is kept already.
fn keep(shared: &Arc<Shared>, key: Key, mut connection: Connection) {
    if connection.share().is_some() {
        return;
    }
    let shared = Arc::downgrade(shared);
    tokio::spawn(async move {
        if connection.ready().await.is_ok()
            && let Some(shared) = shared.upgrade()
        {
            put(&shared, key, connection);
        }
    });
}

/// Keeps a connection, and has somebody look after those that become too old.
fn put(shared: &Arc<Shared>, key: Key, connection: Connection) {
    let Some(mut until) = shared.pool.put(key, connection) else { return };
    let shared = Arc::downgrade(shared);
    tokio::spawn(async move {
        loop {
            sleep_until(until).await;
            let next = shared.upgrade().and_then(|shared| shared.pool.sweep());
            match next {
                Some(next) => until = next,
                None => return,
            }
        }
    });
}
