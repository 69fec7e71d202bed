//! The network of the operating system.

mod options;
mod resolver;
mod tcp;
mod udp;

use super::known::Known;
use super::{Family, Host, Lookup, Network, TcpSocket, UdpSocket, host};
use crate::Result;
use resolver::Resolver;
use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with, sockopt};
use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

/// The network of this machine, with all the rights of this process: [`Guarded`](super::Guarded)
/// narrows it for a guest. Every clone shares the threads that look names up.
#[derive(Clone, Default)]
pub struct OsNetwork {
    resolver: Arc<Resolver>,
}

impl OsNetwork {
    /// The network of this machine.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Network for OsNetwork {
    fn tcp(&self, family: Family) -> Result<Arc<dyn TcpSocket>> {
        Ok(Arc::new(tcp::OsTcpSocket::new(socket(family, SocketType::STREAM)?, family)))
    }

    fn udp(&self, family: Family) -> Result<Arc<dyn UdpSocket>> {
        Ok(Arc::new(udp::OsUdpSocket::new(socket(family, SocketType::DGRAM)?, family)))
    }

    fn resolve(&self, name: &str) -> Result<Arc<dyn Lookup>> {
        match host(name)? {
            Host::Address(address) => Ok(Arc::new(Known(Ok(vec![address])))),
            Host::Name(name) => Ok(self.resolver.start(name)?),
        }
    }
}

fn socket(family: Family, kind: SocketType) -> Result<OwnedFd> {
    let domain = match family {
        Family::V4 => AddressFamily::INET,
        Family::V6 => AddressFamily::INET6,
    };
    let fd = socket_with(domain, kind, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK, None)?;
    if family == Family::V6 {
        // Otherwise an address in the form of IPv6 would reach IPv4.
        sockopt::set_ipv6_v6only(&fd, true)?;
    }
    Ok(fd)
}

fn local_address(fd: impl AsFd) -> Result<SocketAddr> {
    Ok(rustix::net::getsockname(fd)?.try_into()?)
}
