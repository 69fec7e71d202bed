//! Sockets, and the names that lead to them.
//!
//! A [`Network`] makes sockets and looks names up. The host's is [`OsNetwork`];
//! [`MemoryNetwork`] is none. What a guest may
//! reach in a network is for a [`Policy`] to say; [`Guarded`] asks it about each address at the
//! moment when it is used, for every version of WASI alike. No socket of a network ever blocks the
//! calling thread.
//!
//! [`Listener`] and [`Connection`] are sockets that the embedder opened, and the connections that
//! they accept: what WASI 0.1 has.

mod duplex;
mod guarded;
mod known;
mod limits;
mod memory;
mod name;
mod network;
mod os;
mod policy;
mod tcp;

pub use duplex::Duplex;
pub use guarded::Guarded;
pub use limits::{Budget, Meter, NetworkLimits, NetworkWatch, Slot};
pub use memory::MemoryNetwork;
pub use name::{Host, host};
pub use network::{Family, Lookup, Network, SocketOption, TcpSocket, UdpSocket};
pub use os::OsNetwork;
pub use policy::{Naming, Policy, Refused, Use};
pub use tcp::{TcpConnection, TcpListener};

use crate::Result;
use crate::wait::{Blocking, Interest, Readiness};
use std::any::Any;
use std::io::{IoSlice, IoSliceMut};
use std::sync::Arc;

/// A socket that accepts connections.
pub trait Listener: Any + Send + Sync {
    /// The next connection.
    ///
    /// # Errors
    /// [`Again`](crate::ErrorCode::Again) when there is none and blocking is not allowed.
    fn accept(&self, blocking: Blocking) -> Result<Arc<dyn Connection>>;
    /// When a connection can be accepted.
    fn readiness(&self) -> Readiness<'_>;
}

/// A connected stream socket.
pub trait Connection: Any + Send + Sync {
    /// Receives into the buffers; 0 bytes is the end.
    ///
    /// # Errors
    /// [`Again`](crate::ErrorCode::Again) when nothing is there and blocking is not allowed.
    fn receive(
        &self,
        buffers: &mut [IoSliceMut<'_>],
        options: ReceiveOptions,
        blocking: Blocking,
    ) -> Result<usize>;
    /// Sends from the buffers and says how many bytes went out. A peer that is gone is
    /// [`BrokenPipe`](crate::ErrorCode::BrokenPipe), never a signal.
    fn send(&self, buffers: &[IoSlice<'_>], blocking: Blocking) -> Result<usize>;
    /// Ends one or both directions.
    fn shutdown(&self, how: std::net::Shutdown) -> Result<()>;
    /// Bytes that can be received without waiting.
    fn available(&self) -> Result<u64>;
    /// When `interest` can be served.
    fn readiness(&self, interest: Interest) -> Readiness<'_>;
}

/// How to receive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReceiveOptions {
    /// Leave the bytes in the socket.
    pub peek: bool,
    /// Fill the buffers, unless the peer ends.
    pub wait_all: bool,
}
