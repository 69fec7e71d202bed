//! Addresses: as guests write them and as the host does, and which of them make sense.

use crate::p2::bindings::wasi::sockets::network::{
    IpAddress, IpAddressFamily, IpSocketAddress, Ipv4SocketAddress, Ipv6SocketAddress,
};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use wayleave_system::net::Family;
use wayleave_system::{ErrorCode, Result};

/// An address for a socket of this family. IPv4 in the form of IPv6 has no family of its own.
pub(super) fn of_family(address: IpSocketAddress, family: Family) -> Result<SocketAddr> {
    let address = to_host(address);
    let embeds = |v6: Ipv6Addr| v6.to_ipv4_mapped().is_some() || is_compatible(v6);
    if Family::of(address.ip()) != family || matches!(address.ip(), IpAddr::V6(v6) if embeds(v6)) {
        return Err(ErrorCode::Invalid);
    }
    Ok(address)
}

/// An address that can be sent to: of a machine and with a port.
pub(super) fn remote(address: IpSocketAddress, family: Family) -> Result<SocketAddr> {
    let address = of_family(address, family)?;
    if address.ip().is_unspecified() || address.port() == 0 {
        return Err(ErrorCode::Invalid);
    }
    Ok(address)
}

/// An address of one machine, not of many.
pub(super) fn unicast(address: SocketAddr) -> Result<SocketAddr> {
    let many = match address.ip() {
        IpAddr::V4(v4) => v4.is_multicast() || v4.is_broadcast(),
        IpAddr::V6(v6) => v6.is_multicast(),
    };
    if many { Err(ErrorCode::Invalid) } else { Ok(address) }
}

/// The other form of IPv4 in IPv6, long out of use; systems differ in what they do with it.
fn is_compatible(address: Ipv6Addr) -> bool {
    address.segments()[..6] == [0; 6] && !address.is_unspecified() && !address.is_loopback()
}

fn to_host(address: IpSocketAddress) -> SocketAddr {
    match address {
        IpSocketAddress::Ipv4(Ipv4SocketAddress { port, address: (a, b, c, d) }) => {
            (Ipv4Addr::new(a, b, c, d), port).into()
        }
        IpSocketAddress::Ipv6(Ipv6SocketAddress { port, flow_info, address, scope_id }) => {
            let (a, b, c, d, e, f, g, h) = address;
            let ip = Ipv6Addr::new(a, b, c, d, e, f, g, h);
            SocketAddrV6::new(ip, port, flow_info, scope_id).into()
        }
    }
}

pub(super) fn to_guest(address: SocketAddr) -> IpSocketAddress {
    let port = address.port();
    match address {
        SocketAddr::V4(v4) => {
            IpSocketAddress::Ipv4(Ipv4SocketAddress { port, address: octets(*v4.ip()) })
        }
        SocketAddr::V6(v6) => IpSocketAddress::Ipv6(Ipv6SocketAddress {
            port,
            flow_info: v6.flowinfo(),
            address: segments(*v6.ip()),
            scope_id: v6.scope_id(),
        }),
    }
}

pub(super) fn ip_to_guest(address: IpAddr) -> IpAddress {
    match address {
        IpAddr::V4(v4) => IpAddress::Ipv4(octets(v4)),
        IpAddr::V6(v6) => IpAddress::Ipv6(segments(v6)),
    }
}

fn octets(address: Ipv4Addr) -> (u8, u8, u8, u8) {
    address.octets().into()
}

fn segments(address: Ipv6Addr) -> (u16, u16, u16, u16, u16, u16, u16, u16) {
    address.segments().into()
}

pub(super) fn family(family: IpAddressFamily) -> Family {
    match family {
        IpAddressFamily::Ipv4 => Family::V4,
        IpAddressFamily::Ipv6 => Family::V6,
    }
}

pub(super) fn family_to_guest(family: Family) -> IpAddressFamily {
    match family {
        Family::V4 => IpAddressFamily::Ipv4,
        Family::V6 => IpAddressFamily::Ipv6,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guest(text: &str) -> IpSocketAddress {
        to_guest(text.parse().unwrap())
    }

    #[test]
    fn there_and_back() {
        for text in ["1.2.3.4:5", "0.0.0.0:0", "[::]:0", "[2001:db8::1]:65535", "[fe80::1]:80"] {
            assert_eq!(to_host(guest(text)).to_string(), text);
        }
        let scoped = SocketAddrV6::new(Ipv6Addr::LOCALHOST, 1, 2, 3).into();
        assert_eq!(to_host(to_guest(scoped)), scoped);
    }

    #[test]
    fn what_makes_sense() {
        let invalid = Err(ErrorCode::Invalid);
        for text in ["[::ffff:1.2.3.4]:80", "[::1.2.3.4]:80", "1.2.3.4:80"] {
            assert_eq!(of_family(guest(text), Family::V6), invalid, "{text}");
        }
        for text in ["[::]:0", "[::1]:80", "[64:ff9b::1.2.3.4]:80"] {
            assert_eq!(of_family(guest(text), Family::V6), Ok(text.parse().unwrap()));
            assert_eq!(of_family(guest(text), Family::V4), invalid, "{text}");
        }
        for text in ["0.0.0.0:80", "1.2.3.4:0", "[::1]:80"] {
            assert_eq!(remote(guest(text), Family::V4), invalid, "{text}");
        }
        for text in ["255.255.255.255:80", "224.0.0.1:80", "[ff02::1]:80"] {
            assert_eq!(unicast(text.parse().unwrap()), invalid, "{text}");
        }
        assert!(unicast("1.2.3.4:80".parse().unwrap()).is_ok());
    }
}
