use super::{local_address, options};
use crate::net::{Connection, Family, ReceiveOptions, SocketOption, TcpConnection, TcpSocket};
use crate::wait::{Blocking, Interest, Readiness, is_ready};
use crate::{ErrorCode, Result};
use rustix::io::Errno;
use rustix::net::{SocketFlags, accept_with, sockopt};
use std::io::{IoSlice, IoSliceMut};
use std::net::{Shutdown, SocketAddr};
use std::os::fd::OwnedFd;
use std::sync::Arc;

/// A TCP socket of the operating system; it is non-blocking.
pub(super) struct OsTcpSocket {
    socket: TcpConnection,
    family: Family,
}

/// Most bytes that are promised room for.
const MOST_ROOM: u64 = 64 << 10;

impl OsTcpSocket {
    pub(super) fn new(fd: OwnedFd, family: Family) -> Self {
        Self { socket: TcpConnection::from_socket(fd), family }
    }
}

impl TcpSocket for OsTcpSocket {
    fn bind(&self, address: SocketAddr) -> Result<()> {
        // Connections that ended a moment ago do not keep the address taken.
        sockopt::set_socket_reuseaddr(&self.socket, true)?;
        Ok(rustix::net::bind(&self.socket, &address)?)
    }

    fn connect(&self, address: SocketAddr) -> Result<()> {
        match rustix::net::connect(&self.socket, &address) {
            Ok(()) | Err(Errno::INPROGRESS | Errno::INTR) => Ok(()),
            // It has no port: Linux has no free one.
            Err(Errno::ADDRNOTAVAIL) => Err(ErrorCode::AddrInUse),
            Err(error) => Err(error.into()),
        }
    }

    fn connected(&self) -> Result<()> {
        if !is_ready(&self.socket, Interest::Write)? {
            return Err(ErrorCode::Again);
        }
        match sockopt::socket_error(&self.socket)? {
            // No code of ours has it.
            Err(Errno::HOSTDOWN) => Err(ErrorCode::HostUnreachable),
            result => Ok(result?),
        }
    }

    fn listen(&self, backlog: u32) -> Result<()> {
        Ok(rustix::net::listen(&self.socket, i32::try_from(backlog).unwrap_or(i32::MAX))?)
    }

    fn accept(&self) -> Result<Arc<dyn TcpSocket>> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        loop {
            return match accept_with(&self.socket, flags) {
                Ok(fd) => Ok(Arc::new(Self::new(fd, self.family))),
                Err(Errno::INTR) => continue,
                Err(error) => Err(accept_error(error)),
            };
        }
    }

    /// Systems say that a socket is ready to write when a part of its buffer is free: Linux, when it
    /// is a third. With what they need for themselves, an eighth surely fits.
    fn room(&self) -> Result<u64> {
        if !is_ready(&self.socket, Interest::Write)? {
            return Ok(0);
        }
        let buffer = sockopt::socket_send_buffer_size(&self.socket)? as u64;
        Ok((buffer / 8).clamp(1, MOST_ROOM))
    }

    fn local_address(&self) -> Result<SocketAddr> {
        local_address(&self.socket)
    }

    fn remote_address(&self) -> Result<SocketAddr> {
        let address = rustix::net::getpeername(&self.socket)?.ok_or(ErrorCode::NotConnected)?;
        Ok(address.try_into()?)
    }

    fn option(&self, option: SocketOption) -> Result<u64> {
        options::get(&self.socket, self.family, option)
    }

    fn set_option(&self, option: SocketOption, value: u64) -> Result<()> {
        options::set(&self.socket, self.family, option, value)
    }
}

/// Linux tells here what has happened to the connection already, as if it were the listener's.
fn accept_error(error: Errno) -> ErrorCode {
    match error {
        Errno::CONNRESET
        | Errno::NETRESET
        | Errno::HOSTUNREACH
        | Errno::NETDOWN
        | Errno::NETUNREACH
        | Errno::PROTO
        | Errno::NOPROTOOPT
        | Errno::OPNOTSUPP => ErrorCode::ConnectionAborted,
        error => error.into(),
    }
}

impl Connection for OsTcpSocket {
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
