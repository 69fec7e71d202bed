use super::{AddressRule, Block, HostRule, NameRule, Protocol};
use crate::Error;
use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use wayleave_system::net::{Policy, Use};

/// What may be reached in a network. By default nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NetworkRules {
    outbound: Vec<AddressRule>,
    inbound: Vec<AddressRule>,
    resolve: Vec<NameRule>,
}

impl NetworkRules {
    /// Whether nothing at all may be reached.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.outbound.is_empty() && self.inbound.is_empty() && self.resolve.is_empty()
    }

    /// Allows connecting and sending to addresses. Where a rule has a name, that name may be looked
    /// up, and the addresses that it was then found to have are allowed.
    pub fn allow_outbound(&mut self, rule: AddressRule) {
        self.outbound.push(rule);
    }

    /// Allows listening and receiving at addresses of this machine; `localhost` is its loopback
    /// addresses.
    ///
    /// # Errors
    /// [`Error::AddressRule`] for any other name: what a name means may change.
    pub fn allow_inbound(&mut self, rule: AddressRule) -> Result<(), Error> {
        let HostRule::Name(name) = &rule.host else {
            self.inbound.push(rule);
            return Ok(());
        };
        if name.matches("localhost") {
            let local = |block| AddressRule { host: HostRule::Block(block), ..rule.clone() };
            self.inbound.extend(Block::LOOPBACK.map(local));
            return Ok(());
        }
        let reason = "what is inbound arrives at an address, not at a name".to_owned();
        Err(Error::AddressRule { text: rule.to_string(), reason })
    }

    /// Allows looking names up. Connecting to what they mean is another matter.
    pub fn allow_resolve(&mut self, rule: NameRule) {
        self.resolve.push(rule);
    }
}

/// The rules as they apply to one guest, with what it has looked up so far.
pub struct NetworkPolicy {
    rules: NetworkRules,
    pins: Mutex<VecDeque<(String, IpAddr)>>,
}

/// Most addresses that are remembered; the oldest are forgotten first.
const MOST_PINS: usize = 4096;

impl NetworkPolicy {
    /// The rules, for a guest that has looked up nothing so far.
    #[must_use]
    pub fn new(rules: NetworkRules) -> Self {
        Self { rules, pins: Mutex::default() }
    }

    fn allows_to(&self, protocol: Protocol, to: SocketAddr) -> bool {
        self.rules.outbound.iter().any(|rule| {
            rule.protocol == protocol
                && rule.ports.contains(to.port())
                && match &rule.host {
                    HostRule::Any => true,
                    HostRule::Block(block) => block.contains(to.ip()),
                    HostRule::Name(name) => self.is_pinned(name, to.ip()),
                }
        })
    }

    fn allows_at(&self, protocol: Protocol, at: SocketAddr) -> bool {
        self.rules.inbound.iter().any(|rule| {
            rule.protocol == protocol
                && rule.ports.contains(at.port())
                && match &rule.host {
                    HostRule::Any => true,
                    HostRule::Block(block) => block.contains_bound(at.ip()),
                    HostRule::Name(_) => false,
                }
        })
    }

    fn sends(&self, protocol: Protocol) -> bool {
        self.rules.outbound.iter().any(|rule| rule.protocol == protocol)
    }

    fn is_pinned(&self, rule: &NameRule, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.pins().iter().any(|(name, pinned)| *pinned == address && rule.matches(name))
    }

    fn outbound_name(&self, name: &str) -> bool {
        let matches =
            |rule: &AddressRule| matches!(&rule.host, HostRule::Name(of) if of.matches(name));
        self.rules.outbound.iter().any(matches)
    }

    fn pins(&self) -> MutexGuard<'_, VecDeque<(String, IpAddr)>> {
        self.pins.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Policy for NetworkPolicy {
    fn allows(&self, how: Use, address: SocketAddr) -> bool {
        let (allowed, option, rule) = match how {
            // To take a port that the system chooses is part of connecting.
            Use::TcpBind => {
                let to_connect = address.port() == 0 && self.sends(Protocol::Tcp);
                (to_connect || self.allows_at(Protocol::Tcp, address), "inbound", "tcp")
            }
            Use::TcpListen => (self.allows_at(Protocol::Tcp, address), "inbound", "tcp"),
            Use::TcpConnect => (self.allows_to(Protocol::Tcp, address), "outbound", "tcp"),
            Use::UdpBind => (self.allows_at(Protocol::Udp, address), "inbound", "udp"),
            Use::UdpBindToSend => (self.sends(Protocol::Udp), "outbound", "udp"),
            Use::UdpSend => (self.allows_to(Protocol::Udp, address), "outbound", "udp"),
        };
        if !allowed {
            tracing::debug!("refused; --allow-{option} {rule}://{address} would allow it");
        }
        allowed
    }

    fn allows_name(&self, name: &str) -> bool {
        let allowed = self.rules.resolve.iter().any(|rule| rule.matches(name));
        let allowed = allowed || self.outbound_name(name);
        if !allowed {
            tracing::debug!("refused; --allow-resolve {name} would allow it");
        }
        allowed
    }

    fn resolved(&self, name: &str, addresses: &[IpAddr]) {
        if !self.outbound_name(name) {
            return;
        }
        let mut pins = self.pins();
        for address in addresses {
            let pin = (name.to_owned(), address.to_canonical());
            if !pins.contains(&pin) {
                if pins.len() >= MOST_PINS {
                    pins.pop_front();
                }
                pins.push_back(pin);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(outbound: &[&str], inbound: &[&str], resolve: &[&str]) -> NetworkPolicy {
        let mut rules = NetworkRules::default();
        outbound.iter().for_each(|rule| rules.allow_outbound(rule.parse().unwrap()));
        inbound.iter().for_each(|rule| rules.allow_inbound(rule.parse().unwrap()).unwrap());
        resolve.iter().for_each(|rule| rules.allow_resolve(rule.parse().unwrap()));
        NetworkPolicy::new(rules)
    }

    fn allows(policy: &NetworkPolicy, how: Use, address: &str) -> bool {
        policy.allows(how, address.parse().unwrap())
    }

    const ALL: [Use; 6] = [
        Use::TcpBind,
        Use::TcpListen,
        Use::TcpConnect,
        Use::UdpBind,
        Use::UdpBindToSend,
        Use::UdpSend,
    ];

    #[test]
    fn nothing_by_default() {
        let nothing = policy(&[], &[], &[]);
        for how in ALL {
            for address in ["127.0.0.1:80", "[::1]:80", "0.0.0.0:0", "[::]:0"] {
                assert!(!allows(&nothing, how, address), "{how:?} {address}");
            }
        }
        assert!(!nothing.allows_name("localhost"));
    }

    #[test]
    fn a_rule_is_for_its_protocol_and_direction() {
        let one = policy(&["tcp://10.0.0.1:80"], &[], &[]);
        for how in ALL {
            assert_eq!(allows(&one, how, "10.0.0.1:80"), how == Use::TcpConnect, "{how:?}");
        }
        assert!(allows(&one, Use::TcpBind, "0.0.0.0:0"));
        assert!(!allows(&one, Use::TcpBind, "0.0.0.0:80"));
        assert!(!allows(&one, Use::TcpListen, "0.0.0.0:0"));
        assert!(!allows(&one, Use::UdpBindToSend, "0.0.0.0:0"));
        assert!(!allows(&one, Use::TcpConnect, "10.0.0.1:81"));
        assert!(!allows(&one, Use::TcpConnect, "10.0.0.2:80"));
        assert!(allows(&one, Use::TcpConnect, "[::ffff:10.0.0.1]:80"));
        let udp = policy(&["udp://10.0.0.1:53"], &[], &[]);
        assert!(allows(&udp, Use::UdpSend, "10.0.0.1:53"));
        assert!(allows(&udp, Use::UdpBindToSend, "0.0.0.0:0"));
        assert!(!allows(&udp, Use::UdpBind, "0.0.0.0:0"));
        assert!(!allows(&udp, Use::TcpConnect, "10.0.0.1:53"));
    }

    #[test]
    fn inbound() {
        let local = policy(&[], &["tcp://localhost:8080"], &[]);
        for how in [Use::TcpBind, Use::TcpListen] {
            assert!(allows(&local, how, "127.0.0.1:8080"));
            assert!(allows(&local, how, "[::1]:8080"));
            for address in ["0.0.0.0:8080", "[::]:8080", "127.0.0.1:0", "10.0.0.1:8080"] {
                assert!(!allows(&local, how, address), "{how:?} {address}");
            }
        }
        assert!(!allows(&local, Use::TcpConnect, "127.0.0.1:8080"));
        let any = policy(&[], &["udp://*:0"], &[]);
        assert!(allows(&any, Use::UdpBind, "0.0.0.0:0") && allows(&any, Use::UdpBind, "[::]:0"));
        assert!(!allows(&any, Use::UdpBind, "0.0.0.0:1"));
        assert!(!allows(&any, Use::UdpSend, "127.0.0.1:1"));
        let mut rules = NetworkRules::default();
        let error = rules.allow_inbound("tcp://example.com:80".parse().unwrap()).unwrap_err();
        assert!(error.to_string().contains("not at a name"), "{error}");
    }

    #[test]
    fn a_name_allows_what_it_was_found_to_mean() {
        let policy = policy(&["tcp://*.example.com:443"], &[], &["other.org"]);
        let to = |address| allows(&policy, Use::TcpConnect, address);
        assert!(policy.allows_name("a.example.com") && policy.allows_name("other.org"));
        assert!(!policy.allows_name("example.com") && !policy.allows_name("a.other.org"));
        assert!(!to("10.0.0.1:443"));
        policy
            .resolved("a.example.com", &["10.0.0.1".parse().unwrap(), "fd00::1".parse().unwrap()]);
        assert!(to("10.0.0.1:443") && to("[fd00::1]:443"));
        assert!(!to("10.0.0.1:80") && !to("10.0.0.2:443"));
        assert!(!allows(&policy, Use::UdpSend, "10.0.0.1:443"));
        // To look a name up is no reason to connect to it.
        policy.resolved("other.org", &["10.0.0.3".parse().unwrap()]);
        assert!(!to("10.0.0.3:443"));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let policy = policy(&["tcp://a:1"], &[], &[]);
        let address = |number| IpAddr::from(u32::try_from(number).unwrap().to_be_bytes());
        for number in 0..=MOST_PINS {
            policy.resolved("a", &[address(number), address(number)]);
        }
        assert_eq!(policy.pins().len(), MOST_PINS);
        assert!(!policy.allows(Use::TcpConnect, (address(0), 1).into()));
        assert!(policy.allows(Use::TcpConnect, (address(MOST_PINS), 1).into()));
    }
}
