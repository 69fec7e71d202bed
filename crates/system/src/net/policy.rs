use std::net::{IpAddr, SocketAddr};

/// Says what may be reached in a network. It is asked about each address when it is used, and not
/// before: whatever a name meant when it was looked up, what is dialled is what counts.
pub trait Policy: Send + Sync {
    /// Whether an address may be used like this. IPv4 in the form of IPv6 is asked about as IPv4.
    fn allows(&self, how: Use, address: SocketAddr) -> bool;
    /// Whether a name may be looked up: in lower case, without a dot at its end.
    fn allows_name(&self, name: &str) -> bool;
    /// A name was looked up, with this answer.
    fn resolved(&self, name: &str, addresses: &[IpAddr]) {
        let _ = (name, addresses);
    }
}

/// What an address is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Use {
    /// A TCP socket takes this local address, or, when it connects without one, any with port 0. It
    /// can be reached by nobody for it.
    TcpBind,
    /// A TCP socket listens at this local address: the one that it was bound to, with port 0 if
    /// that was left open.
    TcpListen,
    /// A TCP socket connects to this remote address.
    TcpConnect,
    /// A UDP socket takes this local address, and receives what anybody sends there.
    UdpBind,
    /// A UDP socket takes this local address with port 0, or any when it sends without one, to
    /// receive from where it may send to only.
    UdpBindToSend,
    /// A UDP socket sends to this remote address.
    UdpSend,
}
