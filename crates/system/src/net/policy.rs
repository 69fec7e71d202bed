use crate::refusal::Answer;
use std::net::{IpAddr, SocketAddr};

/// Says what may be reached in a network. It is asked about each address when it is used, and not
/// before: whatever a name meant when it was looked up, what is dialled is what counts.
pub trait Policy: Send + Sync {
    /// Where an address leads that is used like this: to itself, mostly. `None` when it may not be
    /// used. IPv4 in the form of IPv6 is asked about as IPv4.
    fn route(&self, how: Use, address: SocketAddr) -> Option<SocketAddr>;
    /// What becomes of a name that is to be looked up: in lower case, without a dot at its end.
    fn name(&self, name: &str) -> Naming;
    /// A name was looked up, with this answer. Gives what the guest is told.
    fn resolved(&self, name: &str, addresses: Vec<IpAddr>) -> Vec<IpAddr> {
        let _ = name;
        addresses
    }
    /// A socket that left its port open has been given this local address, as the guest has it.
    fn bound(&self, how: Use, address: SocketAddr) {
        let _ = (how, address);
    }
    /// Something has arrived for a UDP socket that was bound to this address with port 0, to have
    /// answers only ([`Use::UdpBindToSend`]), and is none: whether the socket may have that, and all
    /// that comes after it. Asked once for a socket. What others send is no doing of the guest's, so
    /// that nobody should be told of it who can not allow it.
    fn receives(&self, address: SocketAddr) -> bool {
        let _ = address;
        false
    }
    /// The guest is about to be refused something, and still can be let through.
    fn refused(&self, what: Refused<'_>) -> Answer {
        let _ = what;
        Answer::Deny
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

/// What becomes of a name that is to be looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Naming {
    /// It may not be looked up.
    Refused,
    /// It is looked up.
    Ask,
    /// These are its addresses; nobody is asked.
    Known(Vec<IpAddr>),
}

/// What a guest is about to be refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused<'a> {
    /// To use an address.
    Address(Use, SocketAddr),
    /// To look up a name.
    Name(&'a str),
}
