use super::guard::{Ends, Guard};
use crate::net::limits::Slot;
use crate::net::{SocketOption, UdpSocket, Use};
use crate::wait::{Interest, Readiness};
use crate::{ErrorCode, Result};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub(super) struct GuardedUdp {
    socket: Arc<dyn UdpSocket>,
    guard: Guard,
    state: Mutex<State>,
    _connection: Slot,
}

#[derive(Default)]
struct State {
    bound: Option<Bound>,
    /// As the guest has it.
    peer: Option<SocketAddr>,
    /// Where datagrams were sent that lead elsewhere: so answers come from where they are expected.
    mapped: VecDeque<Ends>,
}

#[derive(Clone, Copy)]
struct Bound {
    local: Ends,
    /// Whether what arrives is to be from where the socket may send to.
    answers_only: bool,
    /// Whether somebody can still be asked for more than that: not of a socket that sending has bound.
    may_ask: bool,
}

/// Datagrams that are left out at once: somebody who sends many of them does not keep the thread.
const MOST_LEFT_OUT: usize = 64;

/// Mapped peers that are remembered; the oldest are forgotten first.
const MOST_MAPPED: usize = 256;

impl GuardedUdp {
    pub(super) fn new(socket: Arc<dyn UdpSocket>, guard: Guard, connection: Slot) -> Self {
        Self { socket, guard, state: Mutex::default(), _connection: connection }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How the socket may be bound, if at all.
    fn route_bind(&self, asked: SocketAddr) -> Result<Bound> {
        let bound = |real, answers_only| {
            let local = Ends { asked, real };
            Bound { local, answers_only, may_ask: false }
        };
        if let Some(real) = self.guard.look(Use::UdpBind, asked) {
            return Ok(bound(real, false));
        }
        if asked.port() == 0
            && let Some(real) = self.guard.look(Use::UdpBindToSend, asked)
        {
            return Ok(bound(real, true));
        }
        self.guard.refuse(Use::UdpBind, asked)?;
        Ok(bound(asked, false))
    }

    /// Where a datagram goes. Sending or connecting binds a socket that is not.
    fn route_send(&self, asked: SocketAddr) -> Result<SocketAddr> {
        let Some(real) = self.guard.look(Use::UdpSend, asked) else {
            self.guard.refuse(Use::UdpSend, asked)?;
            self.remember(Ends { asked, real: asked });
            return Ok(asked);
        };
        let bound = self.state().bound;
        if bound.is_none() {
            let bound = self.route_bind(self.guard.family.unspecified())?;
            self.state().bound = Some(bound);
        }
        if real != asked {
            self.remember(Ends { asked, real });
        }
        Ok(real)
    }

    fn remember(&self, ends: Ends) {
        let mut state = self.state();
        if state.mapped.iter().any(|one| (one.asked, one.real) == (ends.asked, ends.real)) {
            return;
        }
        // What was sent last to an address is what its answers are to.
        state.mapped.retain(|one| one.real != ends.real);
        if state.mapped.len() >= MOST_MAPPED {
            state.mapped.pop_front();
        }
        state.mapped.push_back(ends);
    }

    /// Who sent a datagram, as the guest knows it; `None` when it is not to be received.
    fn sender(&self, from: SocketAddr) -> Option<SocketAddr> {
        let state = self.state();
        // Flow labels are of the datagram, not of who sent it.
        let same = |real: SocketAddr| (real.ip(), real.port()) == (from.ip(), from.port());
        if let Some(ends) = state.mapped.iter().find(|ends| same(ends.real)) {
            return Some(if ends.asked == ends.real { from } else { ends.asked });
        }
        let answers_only = state.bound.is_none_or(|bound| bound.answers_only);
        drop(state);
        if !answers_only {
            return Some(from);
        }
        // Who is reached by another address has not been sent anything yet.
        let answer = self.guard.look(Use::UdpSend, from).is_some_and(|to| to == from);
        (answer || self.may_receive()).then_some(from)
    }

    /// Whether a socket that was bound to have answers only may have what strangers send: where it took
    /// a port of the system's choice, that it would have more is known only when more arrives. Asked
    /// once.
    fn may_receive(&self) -> bool {
        let mut state = self.state();
        let Some(bound) = state.bound.as_mut().filter(|bound| bound.may_ask) else { return false };
        bound.may_ask = false;
        let asked = bound.local.asked;
        drop(state);
        let allowed = self.guard.receives(asked);
        if let Some(bound) = &mut self.state().bound {
            bound.answers_only = !allowed;
        }
        allowed
    }
}

impl UdpSocket for GuardedUdp {
    fn bind(&self, address: SocketAddr) -> Result<()> {
        let bound = self.route_bind(address)?;
        self.socket.bind(bound.local.real)?;
        self.state().bound = Some(Bound { may_ask: bound.answers_only, ..bound });
        self.guard.bound(Use::UdpBind, address, self.local_address());
        Ok(())
    }

    fn connect(&self, peer: Option<SocketAddr>) -> Result<()> {
        let real = peer.map(|peer| self.route_send(peer)).transpose()?;
        self.socket.connect(real)?;
        self.state().peer = peer;
        Ok(())
    }

    fn receive(&self, buffer: &mut [u8]) -> Result<(usize, SocketAddr)> {
        for _ in 0..MOST_LEFT_OUT {
            let (length, from) = self.socket.receive(buffer)?;
            if let Some(from) = self.sender(from) {
                self.guard.meter.received().take_all(length)?;
                return Ok((length, from));
            }
        }
        Err(ErrorCode::Again)
    }

    fn send(&self, datagram: &[u8], to: Option<SocketAddr>) -> Result<()> {
        let peer = self.state().peer;
        let real = self.route_send(to.or(peer).ok_or(ErrorCode::DestinationRequired)?)?;
        self.guard.meter.sent().take_all(datagram.len())?;
        let sent = self.socket.send(datagram, to.map(|_| real));
        if sent.is_err() {
            self.guard.meter.sent().give_back(datagram.len());
        }
        sent
    }

    fn local_address(&self) -> Result<SocketAddr> {
        let actual = self.socket.local_address()?;
        Ok(self.state().bound.map_or(actual, |bound| bound.local.shown(actual)))
    }

    fn option(&self, option: SocketOption) -> Result<u64> {
        self.socket.option(option)
    }

    fn set_option(&self, option: SocketOption, value: u64) -> Result<()> {
        self.socket.set_option(option, value)
    }

    fn readiness(&self, interest: Interest) -> Readiness<'_> {
        self.socket.readiness(interest)
    }
}
