use super::{
    Connection, Family, Host, Lookup, Network, Policy, ReceiveOptions, SocketOption, TcpSocket,
    UdpSocket, Use, host,
};
use crate::wait::{Blocking, Interest, Readiness};
use crate::{ErrorCode, Result};
use std::io::{IoSlice, IoSliceMut};
use std::net::{IpAddr, Shutdown, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// A network of which only that can be reached which a [`Policy`] allows. The rest is
/// [`Access`](ErrorCode::Access).
///
/// Each address is checked in the call that uses it: bound to, listened on, dialled, and of each
/// datagram. What a listener accepts has been decided with it.
pub struct Guarded {
    network: Arc<dyn Network>,
    policy: Arc<dyn Policy>,
}

impl Guarded {
    /// What `policy` allows of `network`.
    #[must_use]
    pub fn new(network: Arc<dyn Network>, policy: Arc<dyn Policy>) -> Self {
        Self { network, policy }
    }
}

impl Network for Guarded {
    fn tcp(&self, family: Family) -> Result<Arc<dyn TcpSocket>> {
        let guard = Guard::new(self.policy.clone(), family);
        Ok(Arc::new(GuardedTcp { socket: self.network.tcp(family)?, guard }))
    }

    fn udp(&self, family: Family) -> Result<Arc<dyn UdpSocket>> {
        let guard = Guard::new(self.policy.clone(), family);
        let socket = self.network.udp(family)?;
        Ok(Arc::new(GuardedUdp { socket, guard, peer: Mutex::new(None) }))
    }

    fn resolve(&self, name: &str) -> Result<Arc<dyn Lookup>> {
        let Host::Name(host) = host(name)? else { return self.network.resolve(name) };
        if !self.policy.allows_name(&host) {
            return Err(ErrorCode::Access);
        }
        let lookup = self.network.resolve(&host)?;
        let told = AtomicBool::new(false);
        Ok(Arc::new(GuardedLookup { lookup, name: host, policy: self.policy.clone(), told }))
    }
}

/// What a socket was allowed so far.
struct Guard {
    policy: Arc<dyn Policy>,
    family: Family,
    bound: Mutex<Option<Bound>>,
}

#[derive(Clone, Copy)]
struct Bound {
    /// As it was asked for: with port 0 where that was left open.
    address: SocketAddr,
    /// Whether what arrives is to be from where the socket may send to.
    answers_only: bool,
}

impl Guard {
    fn new(policy: Arc<dyn Policy>, family: Family) -> Self {
        Self { policy, family, bound: Mutex::new(None) }
    }

    /// A system may take IPv4 in the form of IPv6 for what it means, so that is what is asked.
    fn allows(&self, how: Use, address: SocketAddr) -> bool {
        let mut address = address;
        if let IpAddr::V4(v4) = address.ip().to_canonical() {
            address = (v4, address.port()).into();
        }
        self.policy.allows(how, address)
    }

    fn check(&self, how: Use, address: SocketAddr) -> Result<()> {
        if self.allows(how, address) { Ok(()) } else { Err(ErrorCode::Access) }
    }

    fn bound(&self) -> Option<Bound> {
        *self.bound.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set_bound(&self, address: SocketAddr, answers_only: bool) {
        let bound = Some(Bound { address, answers_only });
        *self.bound.lock().unwrap_or_else(PoisonError::into_inner) = bound;
    }

    /// How a UDP socket may be bound, if at all: whether it is for answers only.
    fn udp_bind(&self, address: SocketAddr) -> Result<bool> {
        if self.allows(Use::UdpBind, address) {
            return Ok(false);
        }
        if address.port() == 0 && self.allows(Use::UdpBindToSend, address) {
            return Ok(true);
        }
        Err(ErrorCode::Access)
    }
}

struct GuardedTcp {
    socket: Arc<dyn TcpSocket>,
    guard: Guard,
}

impl TcpSocket for GuardedTcp {
    fn bind(&self, address: SocketAddr) -> Result<()> {
        self.guard.check(Use::TcpBind, address)?;
        self.socket.bind(address)?;
        self.guard.set_bound(address, false);
        Ok(())
    }

    fn connect(&self, address: SocketAddr) -> Result<()> {
        self.guard.check(Use::TcpConnect, address)?;
        if self.guard.bound().is_none() {
            self.guard.check(Use::TcpBind, self.guard.family.unspecified())?;
        }
        self.socket.connect(address)
    }

    fn connected(&self) -> Result<()> {
        self.socket.connected()
    }

    fn listen(&self, backlog: u32) -> Result<()> {
        let bound = self.guard.bound().map(|bound| bound.address);
        let address = bound.unwrap_or(self.guard.family.unspecified());
        self.guard.check(Use::TcpListen, address)?;
        self.socket.listen(backlog)
    }

    fn accept(&self) -> Result<Arc<dyn TcpSocket>> {
        let guard = Guard::new(self.guard.policy.clone(), self.guard.family);
        Ok(Arc::new(Self { socket: self.socket.accept()?, guard }))
    }

    fn room(&self) -> Result<u64> {
        self.socket.room()
    }

    fn local_address(&self) -> Result<SocketAddr> {
        self.socket.local_address()
    }

    fn remote_address(&self) -> Result<SocketAddr> {
        self.socket.remote_address()
    }

    fn option(&self, option: SocketOption) -> Result<u64> {
        self.socket.option(option)
    }

    fn set_option(&self, option: SocketOption, value: u64) -> Result<()> {
        self.socket.set_option(option, value)
    }
}

impl Connection for GuardedTcp {
    fn receive(
        &self,
        buffers: &mut [IoSliceMut<'_>],
        options: ReceiveOptions,
        blocking: Blocking,
    ) -> Result<usize> {
        self.socket.receive(buffers, options, blocking)
    }

    fn send(&self, buffers: &[IoSlice<'_>], blocking: Blocking) -> Result<usize> {
        self.socket.send(buffers, blocking)
    }

    fn shutdown(&self, how: Shutdown) -> Result<()> {
        self.socket.shutdown(how)
    }

    fn available(&self) -> Result<u64> {
        self.socket.available()
    }

    fn readiness(&self, interest: Interest) -> Readiness<'_> {
        self.socket.readiness(interest)
    }
}

struct GuardedUdp {
    socket: Arc<dyn UdpSocket>,
    guard: Guard,
    peer: Mutex<Option<SocketAddr>>,
}

/// Datagrams that are left out at once: somebody who sends many of them does not keep the thread.
const MOST_LEFT_OUT: usize = 64;

impl GuardedUdp {
    /// Sending or connecting binds a socket that is not.
    fn check_send(&self, to: SocketAddr) -> Result<()> {
        self.guard.check(Use::UdpSend, to)?;
        if self.guard.bound().is_none() {
            let address = self.guard.family.unspecified();
            let answers_only = self.guard.udp_bind(address)?;
            self.guard.set_bound(address, answers_only);
        }
        Ok(())
    }
}

impl UdpSocket for GuardedUdp {
    fn bind(&self, address: SocketAddr) -> Result<()> {
        let answers_only = self.guard.udp_bind(address)?;
        self.socket.bind(address)?;
        self.guard.set_bound(address, answers_only);
        Ok(())
    }

    fn connect(&self, peer: Option<SocketAddr>) -> Result<()> {
        if let Some(peer) = peer {
            self.check_send(peer)?;
        }
        self.socket.connect(peer)?;
        *self.peer.lock().unwrap_or_else(PoisonError::into_inner) = peer;
        Ok(())
    }

    fn receive(&self, buffer: &mut [u8]) -> Result<(usize, SocketAddr)> {
        let answers_only = self.guard.bound().is_none_or(|bound| bound.answers_only);
        for _ in 0..MOST_LEFT_OUT {
            let (length, from) = self.socket.receive(buffer)?;
            if !answers_only || self.guard.allows(Use::UdpSend, from) {
                return Ok((length, from));
            }
        }
        Err(ErrorCode::Again)
    }

    fn send(&self, datagram: &[u8], to: Option<SocketAddr>) -> Result<()> {
        let peer = *self.peer.lock().unwrap_or_else(PoisonError::into_inner);
        self.check_send(to.or(peer).ok_or(ErrorCode::DestinationRequired)?)?;
        self.socket.send(datagram, to)
    }

    fn local_address(&self) -> Result<SocketAddr> {
        self.socket.local_address()
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

/// Tells the policy before the guest what the answer is.
struct GuardedLookup {
    lookup: Arc<dyn Lookup>,
    name: String,
    policy: Arc<dyn Policy>,
    told: AtomicBool,
}

impl Lookup for GuardedLookup {
    fn addresses(&self) -> Result<Vec<IpAddr>> {
        let addresses = self.lookup.addresses()?;
        if !self.told.swap(true, Ordering::Relaxed) {
            self.policy.resolved(&self.name, &addresses);
        }
        Ok(addresses)
    }

    fn readiness(&self) -> Readiness<'_> {
        self.lookup.readiness()
    }
}
