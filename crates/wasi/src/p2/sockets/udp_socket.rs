use super::address;
use super::error::guest_code;
use crate::p2::bindings::wasi::sockets::network::{ErrorCode, IpSocketAddress};
use crate::p2::poll::Pending;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use wayleave_system::net::{self, Family, SocketOption};
use wayleave_system::wait::{Interest, Readiness};

type Result<T> = std::result::Result<T, ErrorCode>;

/// A UDP socket, with the order that the interface has for its calls. Binding is done when it is
/// begun, and the second call just says so.
pub(crate) struct UdpSocket {
    socket: Arc<dyn net::UdpSocket>,
    family: Family,
    state: State,
    peer: Option<SocketAddr>,
    /// Whether the streams that were given last are of no more use.
    retired: Arc<AtomicBool>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Unbound,
    Binding,
    Bound,
}

/// One of the streams of a socket.
pub(crate) struct Datagrams {
    socket: Arc<dyn net::UdpSocket>,
    family: Family,
    peer: Option<SocketAddr>,
    retired: Arc<AtomicBool>,
    interest: Interest,
}

impl UdpSocket {
    /// A socket that is not bound.
    pub(super) fn new(socket: Arc<dyn net::UdpSocket>, family: Family) -> Self {
        let retired = Arc::default();
        Self { socket, family, state: State::Unbound, peer: None, retired }
    }

    pub(super) fn start_bind(&mut self, local: IpSocketAddress) -> Result<()> {
        match self.state {
            State::Unbound => {}
            State::Binding => return Err(ErrorCode::ConcurrencyConflict),
            State::Bound => return Err(ErrorCode::InvalidState),
        }
        let local = address::of_family(local, self.family);
        local.and_then(|local| self.socket.bind(local)).map_err(guest_code)?;
        self.state = State::Binding;
        Ok(())
    }

    pub(super) fn finish_bind(&mut self) -> Result<()> {
        if self.state != State::Binding {
            return Err(ErrorCode::NotInProgress);
        }
        self.state = State::Bound;
        Ok(())
    }

    /// A stream of datagrams that arrive, and one of those that leave. What was given before is of
    /// no more use.
    pub(super) fn streams(
        &mut self,
        peer: Option<IpSocketAddress>,
    ) -> Result<(Datagrams, Datagrams)> {
        match self.state {
            State::Unbound => return Err(ErrorCode::InvalidState),
            State::Binding => return Err(ErrorCode::ConcurrencyConflict),
            State::Bound => {}
        }
        let peer = peer.map(|peer| address::remote(peer, self.family)).transpose();
        let peer = peer.map_err(guest_code)?;
        if peer.is_some() || self.peer.is_some() {
            self.socket.connect(peer).map_err(guest_code)?;
        }
        self.peer = peer;
        self.retired.store(true, Ordering::Relaxed);
        self.retired = Arc::default();
        Ok((self.stream(Interest::Read), self.stream(Interest::Write)))
    }

    fn stream(&self, interest: Interest) -> Datagrams {
        let (socket, retired) = (self.socket.clone(), self.retired.clone());
        Datagrams { socket, family: self.family, peer: self.peer, retired, interest }
    }

    pub(super) fn local_address(&self) -> Result<SocketAddr> {
        match self.state {
            State::Unbound => Err(ErrorCode::InvalidState),
            State::Binding | State::Bound => self.socket.local_address().map_err(guest_code),
        }
    }

    pub(super) fn remote_address(&self) -> Result<SocketAddr> {
        self.peer.ok_or(ErrorCode::InvalidState)
    }

    pub(super) fn family(&self) -> Family {
        self.family
    }

    pub(super) fn option(&self, option: SocketOption) -> Result<u64> {
        self.socket.option(option).map_err(guest_code)
    }

    pub(super) fn set_option(&self, option: SocketOption, value: u64) -> Result<()> {
        self.socket.set_option(option, value).map_err(guest_code)
    }
}

/// Datagrams of others that are left out at once: who sends many of them does not keep the thread.
const MOST_LEFT_OUT: usize = 64;

impl Datagrams {
    /// The next datagram, cut to the buffer: its length and who sent it.
    pub(super) fn receive(&self, buffer: &mut [u8]) -> Result<(usize, SocketAddr)> {
        self.check_current()?;
        for _ in 0..MOST_LEFT_OUT {
            let (length, from) = self.socket.receive(buffer).map_err(guest_code)?;
            // What others sent before there was a peer is still there.
            if self.peer.is_none_or(|peer| is_same(peer, from)) {
                return Ok((length, from));
            }
        }
        Err(ErrorCode::WouldBlock)
    }

    pub(super) fn send(&self, datagram: &[u8], to: Option<IpSocketAddress>) -> Result<()> {
        self.check_current()?;
        let to = to.map(|to| address::remote(to, self.family)).transpose().map_err(guest_code)?;
        let to = match (self.peer, to) {
            (Some(peer), Some(to)) if peer != to => return Err(ErrorCode::InvalidArgument),
            (Some(_), _) => None,
            (None, Some(to)) => Some(to),
            (None, None) => return Err(ErrorCode::InvalidArgument),
        };
        self.socket.send(datagram, to).map_err(guest_code)
    }

    fn check_current(&self) -> Result<()> {
        match self.retired.load(Ordering::Relaxed) {
            true => Err(ErrorCode::InvalidState),
            false => Ok(()),
        }
    }
}

/// The flow label of an answer is not that of the question.
fn is_same(one: SocketAddr, other: SocketAddr) -> bool {
    (one.ip(), one.port()) == (other.ip(), other.port())
}

impl Pending for Datagrams {
    fn readiness(&self) -> (Readiness<'_>, Interest) {
        if self.retired.load(Ordering::Relaxed) {
            return (Readiness::Now, self.interest);
        }
        (self.socket.readiness(self.interest), self.interest)
    }
}
