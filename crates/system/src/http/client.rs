use super::{Body, Pending};
use http::Request;
use http::uri::Scheme;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// What sends requests.
pub trait Client: Send + Sync {
    /// Sends a request to where its URI says, which has a scheme and an authority. It is on its
    /// way when this returns, whether somebody waits for the response or not. Redirections are
    /// responses like others.
    fn send(&self, request: Request<Body>, options: Options) -> Arc<Pending>;
}

/// How long parts of an exchange may take: as long as the client lets them, if nothing is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Until there is a connection.
    pub connect_timeout: Option<Duration>,
    /// Until the response begins.
    pub first_byte_timeout: Option<Duration>,
    /// From one part of the response's body to the next.
    pub between_bytes_timeout: Option<Duration>,
}

/// Where requests may go.
pub trait Policy: Send + Sync {
    /// Whether anything may be asked of this host. Before that not even its name is resolved:
    /// looking up a name can tell somebody something, too.
    fn allows_host(&self, scheme: &Scheme, host: &str, port: u16) -> bool;

    /// Whether this address, one of the host's, may be connected to: asked of each address when it
    /// is dialled, whatever its name was resolved to before.
    fn allows(&self, scheme: &Scheme, host: &str, address: SocketAddr) -> bool;
}
