//! From a host to a connection: resolve, ask the policy, dial, TLS, HTTP.

use super::Shared;
use super::connection::{Connection, Ends, Sender};
use super::error::{Stage, of_connect, of_handshake, of_hyper, of_resolving};
use super::target::Target;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::net::IpAddr;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::rustls::pki_types::ServerName;
use wayleave_system::http::ErrorCode;
use wayleave_system::net::Naming;

/// Opens a connection.
pub(crate) async fn connect(
    shared: &Shared,
    target: &Target,
    patience: Duration,
) -> Result<Connection, ErrorCode> {
    // Outside of the limit, so that it is known what took too long.
    let permit = permit(shared, patience).await?;
    match timeout(patience, open(shared, target, permit)).await {
        Ok(connection) => connection,
        Err(_) => Err(ErrorCode::ConnectionTimeout),
    }
}

/// The right to have one more connection.
async fn permit(shared: &Shared, patience: Duration) -> Result<OwnedSemaphorePermit, ErrorCode> {
    if let Ok(permit) = shared.permits.clone().try_acquire_owned() {
        return Ok(permit);
    }
    // Those that nobody uses make room.
    shared.pool.clear();
    match timeout(patience, shared.permits.clone().acquire_owned()).await {
        Ok(Ok(permit)) => Ok(permit),
        _ => Err(ErrorCode::ConnectionLimitReached),
    }
}

async fn open(
    shared: &Shared,
    target: &Target,
    permit: OwnedSemaphorePermit,
) -> Result<Connection, ErrorCode> {
    let addresses = resolve(shared, target).await?;
    let (stream, ends) = dial(target.port, allowed(shared, target, addresses)?).await?;
    // Small requests are not to wait for the answer to what was sent before.
    let _ = stream.set_nodelay(true);
    let sender = if target.is_tls() {
        let name = ServerName::try_from(target.host.clone());
        let name = name.map_err(|_| ErrorCode::RequestUriInvalid)?;
        let connecting = shared.tls.connector()?.connect(name, stream);
        let stream = connecting.await.map_err(|error| of_handshake(&error))?;
        match stream.get_ref().1.alpn_protocol() {
            Some(b"h2") => http2(stream, permit).await?,
            _ => http1(stream, permit).await?,
        }
    } else {
        http1(stream, permit).await?
    };
    Ok(Connection { sender, ends })
}

/// The host's addresses, as the policy has them or somebody who is asked.
async fn resolve(shared: &Shared, target: &Target) -> Result<Vec<IpAddr>, ErrorCode> {
    match shared.policy.host(&target.destination()) {
        Naming::Known(addresses) => return Ok(addresses),
        Naming::Refused if !target.let_through => return Err(ErrorCode::RequestDenied),
        Naming::Refused | Naming::Ask => {}
    }
    if let Ok(address) = target.host.parse::<IpAddr>() {
        return Ok(vec![address]);
    }
    match lookup_host((target.host.as_str(), target.port)).await {
        Ok(addresses) => Ok(addresses.map(|address| address.ip()).collect()),
        Err(error) => Err(of_resolving(&error)),
    }
}

/// Where these addresses lead, but for those that may not be dialled.
fn allowed(
    shared: &Shared,
    target: &Target,
    addresses: Vec<IpAddr>,
) -> Result<Vec<Ends>, ErrorCode> {
    let Some(first) = addresses.first().copied() else {
        return Err(ErrorCode::DestinationNotFound);
    };
    let destination = target.destination();
    let route = |asked| {
        let dialled = shared.policy.route(&destination, asked);
        if dialled.is_none() {
            tracing::info!(host = target.host, %asked, "an address may not be dialled");
        }
        dialled.map(|dialled| Ends { asked, dialled: Some(dialled) })
    };
    let allowed: Vec<_> = addresses.into_iter().filter_map(route).collect();
    if !allowed.is_empty() {
        return Ok(allowed);
    }
    if shared.policy.refused(&destination, Some(first)).allows() {
        return Ok(vec![Ends { asked: first, dialled: None }]);
    }
    Err(ErrorCode::RequestDenied)
}

/// How long an address has before the next one is tried beside it (RFC 8305).
const HEAD_START: Duration = Duration::from_millis(250);

/// Connects to the first of these that answers.
async fn dial(port: u16, addresses: Vec<Ends>) -> Result<(TcpStream, Ends), ErrorCode> {
    let mut left = addresses.into_iter().peekable();
    let mut attempts = JoinSet::new();
    let mut failure = ErrorCode::DestinationNotFound;
    loop {
        if let Some(address) = left.next() {
            let dialled = address.dialled.unwrap_or((address.asked, port).into());
            attempts.spawn(async move { (TcpStream::connect(dialled).await, address) });
        }
        let ended = match left.peek() {
            Some(_) => match timeout(HEAD_START, attempts.join_next()).await {
                Ok(ended) => ended,
                Err(_) => continue,
            },
            None => attempts.join_next().await,
        };
        match ended {
            Some(Ok((Ok(stream), address))) => return Ok((stream, address)),
            Some(Ok((Err(error), _))) => failure = of_connect(&error),
            Some(Err(error)) => failure = ErrorCode::internal(error.to_string()),
            None => return Err(failure),
        }
    }
}

/// Most bytes of a response's headers.
const HEADERS: u32 = 128 << 10;

async fn http1<S>(stream: S, permit: OwnedSemaphorePermit) -> Result<Sender, ErrorCode>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let shaking =
        http1::Builder::new().max_buf_size(HEADERS as usize).handshake(TokioIo::new(stream));
    let (sender, connection) = shaking.await.map_err(|error| of_hyper(&error, Stage::Response))?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!("a connection ended: {error}");
        }
        drop(permit);
    });
    Ok(Sender::Http1(sender))
}

async fn http2<S>(stream: S, permit: OwnedSemaphorePermit) -> Result<Sender, ErrorCode>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let shaking = http2::Builder::new(TokioExecutor::new())
        .max_header_list_size(HEADERS)
        .handshake(TokioIo::new(stream));
    let (sender, connection) = shaking.await.map_err(|error| of_hyper(&error, Stage::Response))?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!("a connection ended: {error}");
        }
        drop(permit);
    });
    Ok(Sender::Http2(sender))
}
