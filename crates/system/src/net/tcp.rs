use super::{Connection, Listener, ReceiveOptions};
use crate::wait::{Blocking, Interest, Readiness, block_until};
use crate::{ErrorCode, Result};
use rustix::io::Errno;
use rustix::net::{
    RecvAncillaryBuffer, RecvFlags, SendAncillaryBuffer, SendFlags, SocketFlags, accept_with,
    recvmsg, sendmsg,
};
use std::io::{IoSlice, IoSliceMut};
use std::net::{Shutdown, SocketAddr};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

/// A listening TCP socket.
pub struct TcpListener(std::net::TcpListener);

/// A TCP connection.
pub struct TcpConnection(OwnedFd);

impl TcpListener {
    /// Listens at an address, with all the rights of this process: for the embedder, never for a
    /// guest.
    ///
    /// # Errors
    /// What the system says.
    pub fn bind_ambient(addr: SocketAddr) -> Result<Self> {
        Self::try_from(std::net::TcpListener::bind(addr)?)
    }

    /// Where it listens.
    ///
    /// # Errors
    /// What the system says.
    pub fn local_addr(&self) -> Result<SocketAddr> {
        Ok(self.0.local_addr()?)
    }
}

impl TryFrom<std::net::TcpListener> for TcpListener {
    type Error = ErrorCode;

    /// Takes over a listener, and makes it non-blocking.
    fn try_from(listener: std::net::TcpListener) -> Result<Self> {
        listener.set_nonblocking(true)?;
        Ok(Self(listener))
    }
}

impl TryFrom<std::net::TcpStream> for TcpConnection {
    type Error = ErrorCode;

    /// Takes over a connection, and makes it non-blocking.
    fn try_from(stream: std::net::TcpStream) -> Result<Self> {
        stream.set_nonblocking(true)?;
        Ok(Self(stream.into()))
    }
}

impl Listener for TcpListener {
    fn accept(&self, blocking: Blocking) -> Result<Arc<dyn Connection>> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let fd = waiting(self.0.as_fd(), Interest::Read, blocking, || accept_with(&self.0, flags))?;
        Ok(Arc::new(TcpConnection(fd)))
    }

    fn readiness(&self) -> Readiness<'_> {
        Readiness::Fd(self.0.as_fd())
    }
}

impl AsFd for TcpConnection {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl TcpConnection {
    /// A socket that is non-blocking, and will be connected.
    pub(super) fn from_socket(fd: OwnedFd) -> Self {
        Self(fd)
    }

    fn receive_once(
        &self,
        buffers: &mut [IoSliceMut<'_>],
        flags: RecvFlags,
        blocking: Blocking,
    ) -> Result<usize> {
        waiting(self.0.as_fd(), Interest::Read, blocking, || {
            if let [one] = &mut *buffers {
                return Ok(rustix::net::recv(&self.0, &mut one[..], flags)?.0);
            }
            let mut control = RecvAncillaryBuffer::default();
            Ok(recvmsg(&self.0, buffers, &mut control, flags)?.bytes)
        })
    }

    /// Receives until the buffers are full or the peer has ended.
    fn receive_all(&self, buffers: &mut [IoSliceMut<'_>], blocking: Blocking) -> Result<usize> {
        let mut total = 0;
        for buffer in buffers {
            let mut filled = 0;
            while filled < buffer.len() {
                let rest = &mut [IoSliceMut::new(&mut buffer[filled..])];
                match self.receive_once(rest, RecvFlags::empty(), blocking) {
                    Ok(0) => return Ok(total),
                    // What was received must not be lost; the error comes with the next call.
                    Err(_) if total > 0 => return Ok(total),
                    Err(error) => return Err(error),
                    Ok(received) => {
                        filled += received;
                        total += received;
                    }
                }
            }
        }
        Ok(total)
    }
}

impl Connection for TcpConnection {
    /// To peek never waits for more than the first bytes, whatever `wait_all` says.
    fn receive(
        &self,
        buffers: &mut [IoSliceMut<'_>],
        options: ReceiveOptions,
        blocking: Blocking,
    ) -> Result<usize> {
        match options {
            ReceiveOptions { peek: false, wait_all: true } => self.receive_all(buffers, blocking),
            ReceiveOptions { peek, .. } => {
                let flags = if peek { RecvFlags::PEEK } else { RecvFlags::empty() };
                self.receive_once(buffers, flags, blocking)
            }
        }
    }

    fn send(&self, buffers: &[IoSlice<'_>], blocking: Blocking) -> Result<usize> {
        waiting(self.0.as_fd(), Interest::Write, blocking, || match buffers {
            [one] => rustix::net::send(&self.0, one, SendFlags::NOSIGNAL),
            several => {
                let mut control = SendAncillaryBuffer::default();
                sendmsg(&self.0, several, &mut control, SendFlags::NOSIGNAL)
            }
        })
    }

    fn shutdown(&self, how: Shutdown) -> Result<()> {
        let how = match how {
            Shutdown::Read => rustix::net::Shutdown::Read,
            Shutdown::Write => rustix::net::Shutdown::Write,
            Shutdown::Both => rustix::net::Shutdown::Both,
        };
        Ok(rustix::net::shutdown(&self.0, how)?)
    }

    fn available(&self) -> Result<u64> {
        Ok(rustix::io::ioctl_fionread(&self.0)?)
    }

    fn readiness(&self, _: Interest) -> Readiness<'_> {
        Readiness::Fd(self.0.as_fd())
    }
}

fn waiting<T>(
    fd: BorrowedFd<'_>,
    interest: Interest,
    blocking: Blocking,
    mut call: impl FnMut() -> rustix::io::Result<T>,
) -> Result<T> {
    loop {
        match call() {
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) if blocking == Blocking::Allowed => block_until(fd, interest)?,
            result => return Ok(result?),
        }
    }
}
