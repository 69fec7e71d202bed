use super::{local_address, options};
use crate::net::{Family, SocketOption, UdpSocket};
use crate::wait::{Interest, Readiness};
use crate::{ErrorCode, Result};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags};
use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Mutex, PoisonError};

/// A UDP socket of the operating system; it is non-blocking.
pub(super) struct OsUdpSocket {
    fd: OwnedFd,
    family: Family,
    /// Where it was bound, with the port that it got.
    bound: Mutex<Option<SocketAddr>>,
}

impl OsUdpSocket {
    pub(super) fn new(fd: OwnedFd, family: Family) -> Self {
        Self { fd, family, bound: Mutex::new(None) }
    }

    /// Linux takes back a port that it chose itself; it is asked for again.
    fn disconnect(&self) -> Result<()> {
        match rustix::net::connect_unspec(&self.fd) {
            // That is how other systems say that it has worked.
            Ok(()) | Err(Errno::AFNOSUPPORT | Errno::INVAL) => {}
            Err(error) => return Err(error.into()),
        }
        let bound = *self.bound.lock().unwrap_or_else(PoisonError::into_inner);
        match bound {
            Some(bound) if local_address(&self.fd)?.port() == 0 => {
                Ok(rustix::net::bind(&self.fd, &bound)?)
            }
            _ => Ok(()),
        }
    }
}

impl UdpSocket for OsUdpSocket {
    fn bind(&self, address: SocketAddr) -> Result<()> {
        rustix::net::bind(&self.fd, &address)?;
        let bound = local_address(&self.fd)?;
        *self.bound.lock().unwrap_or_else(PoisonError::into_inner) = Some(bound);
        Ok(())
    }

    fn connect(&self, peer: Option<SocketAddr>) -> Result<()> {
        let Some(peer) = peer else { return self.disconnect() };
        match rustix::net::connect(&self.fd, &peer) {
            // The address that the last peer gave it does not lead to this one.
            Err(Errno::INVAL) => {
                self.disconnect()?;
                Ok(rustix::net::connect(&self.fd, &peer)?)
            }
            Err(Errno::ADDRNOTAVAIL) => Err(ErrorCode::AddrInUse),
            result => Ok(result?),
        }
    }

    fn receive(&self, buffer: &mut [u8]) -> Result<(usize, SocketAddr)> {
        let (length, _, from) =
            retry(|| rustix::net::recvfrom(&self.fd, &mut *buffer, RecvFlags::empty()))?;
        let from = from.ok_or(ErrorCode::Io)?;
        Ok((length, from.try_into()?))
    }

    fn send(&self, datagram: &[u8], to: Option<SocketAddr>) -> Result<()> {
        let flags = SendFlags::NOSIGNAL;
        retry(|| match to {
            Some(to) => rustix::net::sendto(&self.fd, datagram, flags, &to),
            None => rustix::net::send(&self.fd, datagram, flags),
        })?;
        Ok(())
    }

    fn local_address(&self) -> Result<SocketAddr> {
        local_address(&self.fd)
    }

    fn option(&self, option: SocketOption) -> Result<u64> {
        options::get(&self.fd, self.family, option)
    }

    fn set_option(&self, option: SocketOption, value: u64) -> Result<()> {
        options::set(&self.fd, self.family, option, value)
    }

    fn readiness(&self, _: Interest) -> Readiness<'_> {
        Readiness::Fd(self.fd.as_fd())
    }
}

fn retry<T>(mut call: impl FnMut() -> rustix::io::Result<T>) -> rustix::io::Result<T> {
    loop {
        match call() {
            Err(Errno::INTR) => {}
            result => return result,
        }
    }
}
