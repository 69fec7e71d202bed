use super::{Body, Coming};
use crate::net::Naming;
use crate::refusal::Answer;
use http::Request;
use http::uri::Scheme;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

/// What sends requests.
pub trait Client: Send + Sync {
    /// Sends a request to where its URI says, which has a scheme and an authority. It is on its
    /// way when this returns, whether somebody waits for the response or not. Redirections are
    /// responses like others.
    fn send(&self, request: Request<Body>, options: Options) -> Arc<dyn Coming>;
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
    /// What becomes of a host that something is to be asked of. Before that not even its name is
    /// resolved: looking up a name can tell somebody something, too.
    fn host(&self, to: &Destination<'_>) -> Naming;

    /// Where this address, one of the host's, leads: to itself on the destination's port, mostly.
    /// Asked of each address when it is dialled, whatever its name was resolved to before, and
    /// again when a connection that is open already is used. `None` when it may not be dialled.
    fn route(&self, to: &Destination<'_>, address: IpAddr) -> Option<SocketAddr>;

    /// The guest is about to be refused a host, or, if it is known already, an address of it; and
    /// still can be let through.
    fn refused(&self, to: &Destination<'_>, address: Option<IpAddr>) -> Answer {
        let _ = (to, address);
        Answer::Deny
    }
}

/// What a request is sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Destination<'a> {
    /// `http` or `https`.
    pub scheme: &'a Scheme,
    /// A [name or an address](crate::net::host), in its usual form and without brackets.
    pub host: &'a str,
    /// The port.
    pub port: u16,
    /// Whether the host was [refused](Policy::refused), and let through all the same. Its addresses
    /// are judged as if it were granted.
    pub let_through: bool,
}
