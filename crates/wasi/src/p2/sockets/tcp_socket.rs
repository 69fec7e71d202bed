use super::address;
use super::error::guest_code;
use crate::p2::bindings::wasi::sockets::network::{ErrorCode, IpSocketAddress};
use crate::p2::poll::Pending;
use std::net::{Shutdown, SocketAddr};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use wayleave_system::net::{self, Duplex, Family, SocketOption};
use wayleave_system::wait::{Interest, Readiness};

type Result<T> = std::result::Result<T, ErrorCode>;

/// A TCP socket, with the order that the interface has for its calls. Only connecting takes time;
/// the rest is done when it is begun, and the second call just says so.
pub(crate) struct TcpSocket {
    socket: Arc<dyn net::TcpSocket>,
    family: Family,
    state: Mutex<State>,
    /// How many connections may wait for `accept`.
    backlog: Mutex<u32>,
    /// Once connected.
    duplex: OnceLock<Arc<Duplex>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Unbound,
    Binding,
    Bound,
    StartingToListen,
    Listening,
    Connecting,
    Connected,
    Closed,
}

/// As many as usual.
const BACKLOG: u32 = 128;

impl TcpSocket {
    /// A socket that is not bound.
    pub(super) fn new(socket: Arc<dyn net::TcpSocket>, family: Family) -> Self {
        let (state, backlog) = (Mutex::new(State::Unbound), Mutex::new(BACKLOG));
        Self { socket, family, state, backlog, duplex: OnceLock::new() }
    }

    /// A socket that a listener has accepted, and its streams.
    fn connected(socket: Arc<dyn net::TcpSocket>, family: Family) -> (Self, Arc<Duplex>) {
        let this = Self::new(socket, family);
        let duplex = this.connect_done();
        (this, duplex)
    }

    fn connect_done(&self) -> Arc<Duplex> {
        self.set(State::Connected);
        self.duplex.get_or_init(|| Duplex::new(self.socket.clone())).clone()
    }

    fn state(&self) -> State {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, state: State) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }

    /// Whether something new may be begun.
    fn check_idle(&self, allowed: &[State]) -> Result<()> {
        match self.state() {
            state if allowed.contains(&state) => Ok(()),
            State::Binding | State::StartingToListen | State::Connecting => {
                Err(ErrorCode::ConcurrencyConflict)
            }
            _ => Err(ErrorCode::InvalidState),
        }
    }

    pub(super) fn start_bind(&self, local: IpSocketAddress) -> Result<()> {
        self.check_idle(&[State::Unbound])?;
        let local = address::of_family(local, self.family).and_then(address::unicast);
        local.and_then(|local| self.socket.bind(local)).map_err(guest_code)?;
        self.set(State::Binding);
        Ok(())
    }

    pub(super) fn finish_bind(&self) -> Result<()> {
        self.finish(State::Binding, State::Bound)
    }

    fn finish(&self, from: State, to: State) -> Result<()> {
        if self.state() != from {
            return Err(ErrorCode::NotInProgress);
        }
        self.set(to);
        Ok(())
    }

    pub(super) fn start_connect(&self, remote: IpSocketAddress) -> Result<()> {
        self.check_idle(&[State::Unbound, State::Bound])?;
        let remote = address::remote(remote, self.family).and_then(address::unicast);
        let remote = remote.map_err(guest_code)?;
        let begun = self.socket.connect(remote).map_err(guest_code);
        self.set(if begun.is_ok() { State::Connecting } else { State::Closed });
        begun
    }

    pub(super) fn finish_connect(&self) -> Result<Arc<Duplex>> {
        if self.state() != State::Connecting {
            return Err(ErrorCode::NotInProgress);
        }
        match self.socket.connected().map_err(guest_code) {
            Ok(()) => Ok(self.connect_done()),
            Err(ErrorCode::WouldBlock) => Err(ErrorCode::WouldBlock),
            Err(code) => {
                self.close();
                Err(code)
            }
        }
    }

    /// It is of no more use.
    pub(super) fn close(&self) {
        self.set(State::Closed);
    }

    pub(super) fn start_listen(&self) -> Result<()> {
        self.check_idle(&[State::Bound])?;
        let begun = self.socket.listen(self.backlog()).map_err(guest_code);
        self.set(if begun.is_ok() { State::StartingToListen } else { State::Closed });
        begun
    }

    pub(super) fn finish_listen(&self) -> Result<()> {
        self.finish(State::StartingToListen, State::Listening)
    }

    pub(super) fn accept(&self) -> Result<(Self, Arc<Duplex>)> {
        if self.state() != State::Listening {
            return Err(ErrorCode::InvalidState);
        }
        let accepted = self.socket.accept().map_err(guest_code)?;
        Ok(Self::connected(accepted, self.family))
    }

    pub(super) fn local_address(&self) -> Result<SocketAddr> {
        match self.state() {
            State::Unbound | State::Closed => Err(ErrorCode::InvalidState),
            _ => self.socket.local_address().map_err(guest_code),
        }
    }

    pub(super) fn remote_address(&self) -> Result<SocketAddr> {
        match self.state() {
            State::Connected => self.socket.remote_address().map_err(guest_code),
            _ => Err(ErrorCode::InvalidState),
        }
    }

    pub(super) fn is_listening(&self) -> bool {
        self.state() == State::Listening
    }

    pub(super) fn family(&self) -> Family {
        self.family
    }

    fn backlog(&self) -> u32 {
        *self.backlog.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set_backlog(&self, value: u64) -> Result<()> {
        let backlog = u32::try_from(value).unwrap_or(u32::MAX);
        match self.state() {
            _ if value == 0 => return Err(ErrorCode::InvalidArgument),
            State::Connecting | State::Connected | State::Closed => {
                return Err(ErrorCode::InvalidState);
            }
            State::StartingToListen | State::Listening => {
                self.socket.listen(backlog).map_err(|_| ErrorCode::NotSupported)?;
            }
            State::Unbound | State::Binding | State::Bound => {}
        }
        *self.backlog.lock().unwrap_or_else(PoisonError::into_inner) = backlog;
        Ok(())
    }

    pub(super) fn option(&self, option: SocketOption) -> Result<u64> {
        self.check_open()?;
        self.socket.option(option).map_err(guest_code)
    }

    pub(super) fn set_option(&self, option: SocketOption, value: u64) -> Result<()> {
        self.check_open()?;
        self.socket.set_option(option, value).map_err(guest_code)
    }

    fn check_open(&self) -> Result<()> {
        if self.state() == State::Closed { Err(ErrorCode::InvalidState) } else { Ok(()) }
    }

    pub(super) fn shutdown(&self, how: Shutdown) -> Result<()> {
        match (self.state(), self.duplex.get()) {
            (State::Connected, Some(duplex)) => duplex.shutdown(how).map_err(guest_code),
            _ => Err(ErrorCode::InvalidState),
        }
    }
}

impl Pending for TcpSocket {
    fn readiness(&self) -> (Readiness<'_>, Interest) {
        match self.state() {
            State::Connecting => (self.socket.readiness(Interest::Write), Interest::Write),
            State::Listening => (self.socket.readiness(Interest::Read), Interest::Read),
            _ => (Readiness::Now, Interest::Read),
        }
    }
}
