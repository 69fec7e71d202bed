use super::Connection;
use crate::Result;
use crate::wait::{Interest, Readiness};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

/// A network: makes sockets, and looks names up.
pub trait Network: Send + Sync {
    /// A TCP socket that is not bound to anything yet. One for IPv6 takes no IPv4.
    ///
    /// # Errors
    /// [`AfNotSupported`](crate::ErrorCode::AfNotSupported) when there is no such family here;
    /// [`TooManyOpen`](crate::ErrorCode::TooManyOpen).
    fn tcp(&self, family: Family) -> Result<Arc<dyn TcpSocket>>;
    /// A UDP socket that is not bound to anything yet. One for IPv6 takes no IPv4.
    ///
    /// # Errors
    /// As [`Network::tcp`].
    fn udp(&self, family: Family) -> Result<Arc<dyn UdpSocket>>;
    /// Begins to look a name up. An address that is written as text is answered at once, and
    /// nobody asked.
    ///
    /// # Errors
    /// [`Invalid`](crate::ErrorCode::Invalid) for what can be neither a [name nor an
    /// address](super::host); [`Busy`](crate::ErrorCode::Busy) when too many look-ups are under way.
    fn resolve(&self, name: &str) -> Result<Arc<dyn Lookup>>;
}

/// A version of IP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl Family {
    /// The family of an address.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        if address.is_ipv4() { Self::V4 } else { Self::V6 }
    }

    /// The address that a socket of this family has before it is bound: any, with port 0.
    #[must_use]
    pub fn unspecified(self) -> SocketAddr {
        match self {
            Self::V4 => (Ipv4Addr::UNSPECIFIED, 0).into(),
            Self::V6 => (Ipv6Addr::UNSPECIFIED, 0).into(),
        }
    }
}

/// A TCP socket: made unbound, it is bound, and then either listens or connects. Once it is
/// connected, it is a [`Connection`].
///
/// It keeps no rules about the order of calls beyond the operating system's: that is for who calls
/// it.
pub trait TcpSocket: Connection {
    /// Takes an address of this machine; port 0 is any free one.
    ///
    /// # Errors
    /// [`AddrInUse`](crate::ErrorCode::AddrInUse);
    /// [`AddrNotAvailable`](crate::ErrorCode::AddrNotAvailable) when it is not this machine's.
    fn bind(&self, address: SocketAddr) -> Result<()>;
    /// Begins to connect. It is under way when this succeeds: see [`TcpSocket::connected`].
    ///
    /// # Errors
    /// What is known at once, such as [`NetworkUnreachable`](crate::ErrorCode::NetworkUnreachable).
    fn connect(&self, address: SocketAddr) -> Result<()>;
    /// How connecting went.
    ///
    /// # Errors
    /// [`Again`](crate::ErrorCode::Again) while it goes on, until the socket is ready to write.
    fn connected(&self) -> Result<()>;
    /// Listens, with room for `backlog` connections that wait to be accepted. A second call changes
    /// the room.
    ///
    /// # Errors
    /// [`AddrInUse`](crate::ErrorCode::AddrInUse).
    fn listen(&self, backlog: u32) -> Result<()>;
    /// The next connection that arrived.
    ///
    /// # Errors
    /// [`Again`](crate::ErrorCode::Again) when there is none, until the socket is ready to read;
    /// [`ConnectionAborted`](crate::ErrorCode::ConnectionAborted) when it is gone already.
    fn accept(&self) -> Result<Arc<dyn TcpSocket>>;
    /// How many bytes a connected socket most likely takes at once; 0 when one has to wait until it
    /// is ready to write.
    ///
    /// # Errors
    /// What the provider says.
    fn room(&self) -> Result<u64>;
    /// Where it is bound.
    ///
    /// # Errors
    /// What the provider says.
    fn local_address(&self) -> Result<SocketAddr>;
    /// What it is connected to.
    ///
    /// # Errors
    /// [`NotConnected`](crate::ErrorCode::NotConnected).
    fn remote_address(&self) -> Result<SocketAddr>;
    /// The value of an option.
    ///
    /// # Errors
    /// [`NoProtocolOption`](crate::ErrorCode::NoProtocolOption) when there is no such option.
    fn option(&self, option: SocketOption) -> Result<u64>;
    /// Sets an option, rounded to what the provider can do.
    ///
    /// # Errors
    /// [`Invalid`](crate::ErrorCode::Invalid) for 0, but of [`SocketOption::KeepAlive`].
    fn set_option(&self, option: SocketOption, value: u64) -> Result<()>;
}

/// A UDP socket.
pub trait UdpSocket: Send + Sync {
    /// Takes an address of this machine; port 0 is any free one.
    ///
    /// # Errors
    /// As [`TcpSocket::bind`].
    fn bind(&self, address: SocketAddr) -> Result<()>;
    /// Talks to this peer only from now on, or to anybody again. Nothing is sent by it. Datagrams
    /// of others may have arrived before, and still come out.
    ///
    /// # Errors
    /// What the provider says.
    fn connect(&self, peer: Option<SocketAddr>) -> Result<()>;
    /// The next datagram, cut to the buffer: its length and who sent it.
    ///
    /// # Errors
    /// [`Again`](crate::ErrorCode::Again) when there is none; what became of one sent before.
    fn receive(&self, buffer: &mut [u8]) -> Result<(usize, SocketAddr)>;
    /// Sends a datagram: to an address, or to the peer that it is connected to.
    ///
    /// # Errors
    /// [`Again`](crate::ErrorCode::Again) when there is no room for it;
    /// [`MessageTooBig`](crate::ErrorCode::MessageTooBig).
    fn send(&self, datagram: &[u8], to: Option<SocketAddr>) -> Result<()>;
    /// Where it is bound.
    ///
    /// # Errors
    /// What the provider says.
    fn local_address(&self) -> Result<SocketAddr>;
    /// The value of an option.
    ///
    /// # Errors
    /// As [`TcpSocket::option`].
    fn option(&self, option: SocketOption) -> Result<u64>;
    /// Sets an option, rounded to what the provider can do.
    ///
    /// # Errors
    /// As [`TcpSocket::set_option`].
    fn set_option(&self, option: SocketOption, value: u64) -> Result<()>;
    /// When `interest` can be served.
    fn readiness(&self, interest: Interest) -> Readiness<'_>;
}

/// A number that a socket can be set to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SocketOption {
    /// Whether a silent TCP connection is probed: 0 or 1.
    KeepAlive,
    /// How long it is silent before the first probe, in nanoseconds.
    KeepAliveIdle,
    /// The time between two probes, in nanoseconds.
    KeepAliveInterval,
    /// How many probes go unanswered before the connection is given up.
    KeepAliveCount,
    /// How many routers a packet may pass: 1 to 255.
    HopLimit,
    /// Bytes that are kept until they are read.
    ReceiveBuffer,
    /// Bytes that are kept until they are sent.
    SendBuffer,
}

/// A look-up of a name under way.
pub trait Lookup: Send + Sync {
    /// The addresses, the one to be tried first coming first; none of them is IPv4 in the form of
    /// IPv6. The same answer each time.
    ///
    /// # Errors
    /// [`Again`](crate::ErrorCode::Again) while it goes on. [`NoEntry`](crate::ErrorCode::NoEntry):
    /// there is no such name, or it has no address. [`Busy`](crate::ErrorCode::Busy): nobody could
    /// tell at the moment. [`NotRecoverable`](crate::ErrorCode::NotRecoverable): nobody can.
    fn addresses(&self) -> Result<Vec<IpAddr>>;
    /// When the answer is there.
    fn readiness(&self) -> Readiness<'_>;
}
