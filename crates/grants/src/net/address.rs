use super::{Block, NamePattern, Ports, special, suffix};
use special::{Kind, Special};
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use wayleave_system::net::Family;

/// Addresses and ports, as people write them: `SCHEME://HOST:PORTS`.
///
/// - SCHEME is `tcp` or `udp`, for sockets; `http` or `https`, for the requests of `wasi:http` alone,
///   with ports 80 and 443 where none are written.
/// - HOST is an address or block of addresses (IPv6 in brackets), a name, `*.NAME`, or `*`.
/// - [`Ports`] say how PORTS are written.
/// - `->ADDRESS`, `->ADDRESS:PORT` or `->PORT` behind that leads elsewhere: the guest uses what is
///   left of the arrow, and the host what is right of it. A name then has this address.
/// - `#ipv4-only` or `#ipv6-only` at the end leaves out what is of the other version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressRule {
    pub(super) protocol: Protocol,
    pub(super) host: HostRule,
    pub(super) ports: Ports,
    pub(super) to: Target,
    pub(super) family: Option<Family>,
}

/// What is above IP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Protocol {
    Tcp,
    Udp,
    Http,
    Https,
}

/// The hosts of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostRule {
    /// Every host.
    Any,
    /// These addresses.
    Block(Block),
    /// The addresses that these names have been found to have.
    Name(NamePattern),
}

/// Where a rule leads, as far as that is elsewhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) address: Option<IpAddr>,
    pub(super) port: Option<u16>,
}

impl AddressRule {
    /// The rule for just this.
    pub(super) fn of(protocol: Protocol, host: HostRule, port: u16) -> Self {
        let ports = Ports::one(port);
        Self { protocol, host, ports, to: Target::default(), family: None }
    }

    /// What it is about.
    #[must_use]
    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// Which hosts.
    #[must_use]
    pub fn host(&self) -> &HostRule {
        &self.host
    }

    /// Which of their ports.
    #[must_use]
    pub fn ports(&self) -> &Ports {
        &self.ports
    }

    /// Whether it leads elsewhere.
    #[must_use]
    pub fn is_mapping(&self) -> bool {
        self.to != Target::default()
    }

    /// Where it leads from an address that has these names; `None` when it is not about that.
    pub(super) fn outbound(&self, to: SocketAddr, names: &[String]) -> Option<SocketAddr> {
        let host = match &self.host {
            HostRule::Any => true,
            HostRule::Block(block) => block.contains(to.ip()),
            HostRule::Name(pattern) => names.iter().any(|name| pattern.matches(name)),
        };
        (host && self.covers(to)).then(|| self.to.of(to))
    }

    /// Where it leads from an address of this machine.
    pub(super) fn inbound(&self, at: SocketAddr) -> Option<SocketAddr> {
        let host = match &self.host {
            HostRule::Any => true,
            HostRule::Block(block) => block.contains_bound(at.ip()),
            HostRule::Name(_) => false,
        };
        (host && self.covers(at)).then(|| self.to.of(at))
    }

    fn covers(&self, address: SocketAddr) -> bool {
        let family = Family::of(address.ip().to_canonical());
        self.ports.contains(address.port())
            && self.family.is_none_or(|only| only == family)
            && self.to.address.is_none_or(|to| Family::of(to) == family)
    }

    /// Whether somebody who wrote this rule meant to open an address in spite of what is special
    /// about it.
    pub(super) fn names(&self, special: &Special) -> bool {
        if self.to.address.is_some() {
            return true;
        }
        match (&self.host, special.range) {
            (HostRule::Block(block), _) if block.is_one() => true,
            (HostRule::Block(block), Some(range)) => block.is_within(&range),
            (HostRule::Name(NamePattern::Name(name)), Some(_)) => {
                name == "localhost" && special.kind == Kind::Loopback
            }
            _ => false,
        }
    }

    /// As a rule that denies: whether it is about an address that has these names. What leads to
    /// its addresses is as denied as they are.
    pub(super) fn denies(&self, to: SocketAddr, names: &[String]) -> bool {
        let family = Family::of(to.ip().to_canonical());
        let family = self.family.is_none_or(|only| only == family);
        self.ports.contains(to.port())
            && match &self.host {
                HostRule::Any => family,
                HostRule::Name(pattern) => family && names.iter().any(|name| pattern.matches(name)),
                HostRule::Block(block) => {
                    let led_to = special::leads_to(to.ip());
                    block.contains(to.ip()) || led_to.iter().any(|ip| block.contains(*ip))
                }
            }
    }
}

impl Target {
    fn of(self, asked: SocketAddr) -> SocketAddr {
        let mut to = asked;
        if let Some(address) = self.address {
            to = (address, asked.port()).into();
        }
        to.set_port(self.port.unwrap_or(asked.port()));
        to
    }
}

impl Protocol {
    /// Whether it is for requests, not for sockets.
    pub(super) fn is_http(self) -> bool {
        self.default_port().is_some()
    }

    /// The port that is meant where none is written.
    pub(super) fn default_port(self) -> Option<u16> {
        match self {
            Self::Tcp | Self::Udp => None,
            Self::Http => Some(80),
            Self::Https => Some(443),
        }
    }
}

impl fmt::Display for AddressRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://", self.protocol)?;
        match &self.host {
            HostRule::Any => f.write_str("*")?,
            HostRule::Block(block) => write!(f, "{block}")?,
            HostRule::Name(name) => write!(f, "{name}")?,
        }
        if self.protocol.default_port().is_none_or(|port| self.ports != Ports::one(port)) {
            write!(f, ":{}", self.ports)?;
        }
        match (self.to.address, self.to.port) {
            (None, None) => {}
            (None, Some(port)) => write!(f, "->{port}")?,
            (Some(address), None) => write!(f, "->{}", Block::one(address))?,
            (Some(address), Some(port)) => write!(f, "->{}:{port}", Block::one(address))?,
        }
        f.write_str(suffix::text(self.family))
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::Http => "http",
            Self::Https => "https",
        })
    }
}
