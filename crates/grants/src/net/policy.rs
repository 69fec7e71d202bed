use super::pins::Pins;
use super::{NetworkRules, Protocol};
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use wayleave_system::net::{Naming, Policy, Refused, Use};
use wayleave_system::refusal::{Answer, Refusal, Refusals};

/// The rules as they apply to one guest, with what it has looked up so far.
///
/// A name that was looked up keeps its addresses for this guest: it is told the same ones again, and
/// nobody is asked.
pub struct NetworkPolicy {
    pub(super) rules: NetworkRules,
    pins: Mutex<Pins>,
    /// The ports that the system has chosen for the guest, and the addresses that they are of; noted
    /// where somebody is told of refusals.
    chosen: Mutex<HashMap<(Protocol, u16), IpAddr>>,
    refusals: Option<Arc<dyn Refusals>>,
}

impl NetworkPolicy {
    /// The rules, for a guest that has looked up nothing so far.
    #[must_use]
    pub fn new(rules: NetworkRules) -> Self {
        Self { rules, pins: Mutex::default(), chosen: Mutex::default(), refusals: None }
    }

    /// The same, that tells of what it refuses.
    #[must_use]
    pub fn with_refusals(self, refusals: Option<Arc<dyn Refusals>>) -> Self {
        Self { refusals, ..self }
    }

    pub(super) fn pins(&self) -> MutexGuard<'_, Pins> {
        self.pins.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the system has chosen the port of this address, for a socket of the guest's. In the next
    /// run it will be another one.
    pub(super) fn is_chosen(&self, protocol: Protocol, to: SocketAddr) -> bool {
        let chosen = self.chosen.lock().unwrap_or_else(PoisonError::into_inner);
        let at = chosen.get(&(protocol, to.port()));
        at.is_some_and(|at| at.is_unspecified() || *at == to.ip().to_canonical())
    }

    /// Tells of a refusal. What it was, and what would have allowed it, is found out only now.
    pub(super) fn report(&self, refusal: Refusal) -> Answer {
        tracing::debug!(grants = ?refusal.grants, "refused: {refusal}");
        let Some(refusals) = &self.refusals else { return Answer::Deny };
        let Some(why) = self.rules.closed() else { return refusals.refused(refusal) };
        // Whatever is answered: nobody can open it.
        refusals.refused(refusal.hopeless(why));
        Answer::Deny
    }

    fn route_out(&self, protocol: Protocol, to: SocketAddr) -> Option<SocketAddr> {
        self.rules.route_out(protocol, to, self.pins().names(to.ip()), None)
    }

    /// Whether a socket may take a port of the system's choice: nobody reaches it there that it may
    /// not reach. Who is told of refusals would rather hear where it wants to go then.
    fn takes_any(&self, protocol: Protocol, at: SocketAddr) -> bool {
        let of_use = self.rules.sends(protocol) || self.refusals.is_some();
        at.port() == 0 && of_use && self.rules.closed().is_none()
    }
}

impl Policy for NetworkPolicy {
    fn route(&self, how: Use, address: SocketAddr) -> Option<SocketAddr> {
        match how {
            Use::TcpBind => {
                let listening = self.rules.route_in(Protocol::Tcp, address);
                listening.or(self.takes_any(Protocol::Tcp, address).then_some(address))
            }
            Use::TcpListen => self.rules.route_in(Protocol::Tcp, address),
            Use::TcpConnect => self.route_out(Protocol::Tcp, address),
            Use::UdpBind => self.rules.route_in(Protocol::Udp, address),
            Use::UdpBindToSend => self.takes_any(Protocol::Udp, address).then_some(address),
            Use::UdpSend => self.route_out(Protocol::Udp, address),
        }
    }

    fn name(&self, name: &str) -> Naming {
        let naming = self.rules.name(name);
        match naming {
            Naming::Refused => return naming,
            Naming::Known(addresses) => return Naming::Known(self.resolved(name, addresses)),
            Naming::Ask => {}
        }
        let pinned = self.pins().addresses(name).map(<[IpAddr]>::to_vec);
        pinned.map_or(Naming::Ask, |pinned| Naming::Known(self.told(name, pinned)))
    }

    fn resolved(&self, name: &str, addresses: Vec<IpAddr>) -> Vec<IpAddr> {
        let pinned = self.pins().pin(name, &addresses).to_vec();
        self.told(name, pinned)
    }

    fn bound(&self, how: Use, address: SocketAddr) {
        if self.refusals.is_none() {
            return;
        }
        let protocol = match how {
            Use::TcpBind | Use::TcpListen | Use::TcpConnect => Protocol::Tcp,
            Use::UdpBind | Use::UdpBindToSend | Use::UdpSend => Protocol::Udp,
        };
        let mut chosen = self.chosen.lock().unwrap_or_else(PoisonError::into_inner);
        chosen.insert((protocol, address.port()), address.ip().to_canonical());
    }

    fn receives(&self, address: SocketAddr) -> bool {
        let may_allow = self.refusals.as_ref().is_some_and(|refusals| refusals.may_allow());
        may_allow && self.refused(Refused::Address(Use::UdpBind, address)).allows()
    }

    fn refused(&self, what: Refused<'_>) -> Answer {
        self.report(match what {
            Refused::Address(how, address) => self.address_refusal(how, address),
            Refused::Name(name) => self.name_refusal(name),
        })
    }
}

impl NetworkPolicy {
    fn told(&self, name: &str, mut addresses: Vec<IpAddr>) -> Vec<IpAddr> {
        addresses.retain(|address| self.rules.tells(name, *address));
        addresses
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{policy, routes};
    use super::*;

    const ALL: [Use; 6] = [
        Use::TcpBind,
        Use::TcpListen,
        Use::TcpConnect,
        Use::UdpBind,
        Use::UdpBindToSend,
        Use::UdpSend,
    ];

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn nothing_by_default() {
        let nothing = policy(&[], &[]);
        for how in ALL {
            for address in ["127.0.0.1:80", "[::1]:80", "0.0.0.0:0", "[::]:0"] {
                assert!(!routes(&nothing, how, address), "{how:?} {address}");
            }
        }
        assert_eq!(nothing.name("localhost"), Naming::Refused);
    }

    #[test]
    fn a_rule_is_for_its_protocol_and_direction() {
        let one = policy(&["tcp://10.0.0.1:80"], &[]);
        for how in ALL {
            assert_eq!(routes(&one, how, "10.0.0.1:80"), how == Use::TcpConnect, "{how:?}");
        }
        assert!(routes(&one, Use::TcpBind, "0.0.0.0:0"));
        assert!(!routes(&one, Use::TcpBind, "0.0.0.0:80"));
        assert!(!routes(&one, Use::TcpListen, "0.0.0.0:0"));
        assert!(!routes(&one, Use::UdpBindToSend, "0.0.0.0:0"));
        assert!(!routes(&one, Use::TcpConnect, "10.0.0.1:81"));
        assert!(!routes(&one, Use::TcpConnect, "10.0.0.2:80"));
        assert!(routes(&one, Use::TcpConnect, "[::ffff:10.0.0.1]:80"));
        let udp = policy(&["udp://10.0.0.1:53"], &[]);
        assert!(routes(&udp, Use::UdpSend, "10.0.0.1:53"));
        assert!(routes(&udp, Use::UdpBindToSend, "0.0.0.0:0"));
        assert!(!routes(&udp, Use::UdpBind, "0.0.0.0:0"));
        assert!(!routes(&udp, Use::TcpConnect, "10.0.0.1:53"));
        let requests = policy(&["http://*:*", "https://a"], &[]);
        for how in ALL {
            assert!(!routes(&requests, how, "10.0.0.1:80"), "{how:?}");
            assert!(!routes(&requests, how, "0.0.0.0:0"), "{how:?}");
        }
        assert_eq!(requests.name("a"), Naming::Refused);
    }

    #[test]
    fn inbound() {
        let local = policy(&[], &["in tcp://localhost:8080"]);
        for how in [Use::TcpBind, Use::TcpListen] {
            assert!(routes(&local, how, "127.0.0.1:8080"));
            assert!(routes(&local, how, "[::1]:8080"));
            for address in ["0.0.0.0:8080", "[::]:8080", "127.0.0.1:0", "10.0.0.1:8080"] {
                assert!(!routes(&local, how, address), "{how:?} {address}");
            }
        }
        assert!(!routes(&local, Use::TcpConnect, "127.0.0.1:8080"));
        let any = policy(&[], &["in udp://*:0"]);
        assert!(routes(&any, Use::UdpBind, "0.0.0.0:0") && routes(&any, Use::UdpBind, "[::]:0"));
        assert!(!routes(&any, Use::UdpBind, "0.0.0.0:1"));
        assert!(!routes(&any, Use::UdpSend, "127.0.0.1:1"));
        let v6 = policy(&[], &["in tcp://*:80#ipv6-only"]);
        assert!(routes(&v6, Use::TcpListen, "[::]:80"));
        assert!(!routes(&v6, Use::TcpListen, "0.0.0.0:80"));
        for (rule, part) in [
            ("tcp://example.com:80", "not at a name"),
            ("tcp://*.localhost:80", "not at a name"),
            ("http://127.0.0.1:80", "tcp or udp"),
        ] {
            let error = NetworkRules::default().allow_inbound(rule.parse().unwrap()).unwrap_err();
            assert!(error.to_string().contains(part), "{error}");
        }
    }

    #[test]
    fn a_name_allows_what_it_was_found_to_mean() {
        let policy = policy(&["tcp://*.example.com:443"], &["resolve other.org"]);
        let to = |address| routes(&policy, Use::TcpConnect, address);
        assert_eq!(policy.name("a.example.com"), Naming::Ask);
        assert_eq!(policy.name("other.org"), Naming::Ask);
        assert_eq!(policy.name("example.com"), Naming::Refused);
        assert_eq!(policy.name("a.other.org"), Naming::Refused);
        assert!(!to("10.0.0.1:443"));
        policy.resolved("a.example.com", vec![ip("10.0.0.1"), ip("fd00::1")]);
        assert!(to("10.0.0.1:443") && to("[fd00::1]:443") && to("[::ffff:10.0.0.1]:443"));
        assert!(!to("10.0.0.1:80") && !to("10.0.0.2:443"));
        assert!(!routes(&policy, Use::UdpSend, "10.0.0.1:443"));
        // To look a name up is no reason to connect to it.
        policy.resolved("other.org", vec![ip("10.0.0.3")]);
        assert!(!to("10.0.0.3:443"));
    }

    #[test]
    fn a_name_that_changes_its_mind_is_not_believed() {
        let policy = policy(&["tcp://a:80"], &[]);
        assert_eq!(policy.resolved("a", vec![ip("1.1.1.1")]), [ip("1.1.1.1")]);
        // Nobody is asked again; and who asked at the same time is told the same.
        assert_eq!(policy.name("a"), Naming::Known(vec![ip("1.1.1.1")]));
        assert_eq!(policy.resolved("a", vec![ip("127.0.0.1")]), [ip("1.1.1.1")]);
        assert!(routes(&policy, Use::TcpConnect, "1.1.1.1:80"));
        assert!(!routes(&policy, Use::TcpConnect, "127.0.0.1:80"));
    }

    #[test]
    fn one_version_of_ip() {
        let addresses = || vec![ip("1.1.1.1"), ip("2606::1")];
        let v4 =
            policy(&["tcp://a:80#ipv4-only", "tcp://*:81#ipv6-only"], &["resolve a#ipv4-only"]);
        assert_eq!(v4.resolved("a", addresses()), [ip("1.1.1.1")]);
        assert!(routes(&v4, Use::TcpConnect, "1.1.1.1:80"));
        assert!(!routes(&v4, Use::TcpConnect, "[2606::1]:80"));
        assert!(!routes(&v4, Use::TcpConnect, "1.1.1.1:81"));
        assert!(routes(&v4, Use::TcpConnect, "[2606::1]:81"));
        let both = policy(&["tcp://a:80#ipv4-only"], &["resolve *"]);
        assert_eq!(both.resolved("a", addresses()), addresses());
        assert!(!routes(&both, Use::TcpConnect, "[2606::1]:80"));
    }

    #[test]
    fn localhost_is_denied_by_its_addresses() {
        let policy = policy(&["tcp://*:*", "udp://*:*"], &["resolve *", "deny tcp://localhost:*"]);
        let to = |address| routes(&policy, Use::TcpConnect, address);
        assert!(to("11.0.0.1:80") && routes(&policy, Use::UdpSend, "127.0.0.1:80"));
        for denied in ["127.0.0.1:80", "127.9.9.9:1", "[::1]:80", "[::]:80", "0.0.0.0:80"] {
            assert!(!to(denied), "{denied}");
        }
        assert!(!to("[::ffff:127.0.0.1]:80") && !to("[64:ff9b::127.0.0.1]:80"));
    }

    #[test]
    fn deny_wins() {
        let policy = policy(
            &["tcp://*:*", "udp://*:*", "tcp://10.0.0.1:80", "tcp://evil.org:80"],
            &[
                "resolve *",
                "deny tcp://10.0.0.0/8:*",
                "deny tcp://*:25",
                "deny tcp://*.evil.org:*",
                "deny tcp://partly.org:22",
                "deny tcp://[2606::/16]:*",
            ],
        );
        let to = |address| routes(&policy, Use::TcpConnect, address);
        assert!(to("11.0.0.1:80") && to("127.0.0.1:80"));
        for denied in [
            "10.0.0.1:80",
            "[::ffff:10.0.0.1]:80",
            "[64:ff9b::10.0.0.1]:80",
            "[64:ff9b:1::10.0.0.1]:80",
            "[2002:a00:1::1]:80",
            "[2001:0:a00:1::]:80",
            "[::10.0.0.1]:80",
            "11.0.0.1:25",
            "[2606::1]:80",
        ] {
            assert!(!to(denied), "{denied}");
        }
        assert!(routes(&policy, Use::UdpSend, "10.0.0.1:80"));
        assert_eq!(policy.name("www.evil.org"), Naming::Refused);
        assert_eq!(policy.name("evil.org"), Naming::Ask);
        assert_eq!(policy.name("partly.org"), Naming::Ask);
        policy.resolved("partly.org", vec![ip("1.2.3.4")]);
        assert!(to("1.2.3.4:80") && !to("1.2.3.4:22"));
        let mapping = "tcp://a:80->10.0.0.1".parse().unwrap();
        assert!(NetworkRules::default().deny_outbound(mapping).is_err());
    }

    #[test]
    fn nothing_leads_to_who_is_none() {
        // Systems take the address that is none for this machine.
        let policy = policy(&["tcp://*:*"], &["deny tcp://127.0.0.0/8:*", "deny tcp://[::1]:*"]);
        assert!(!routes(&policy, Use::TcpConnect, "0.0.0.0:80"));
        assert!(!routes(&policy, Use::TcpConnect, "[::]:80"));
    }

    #[test]
    fn mappings() {
        let policy = policy(
            &[
                "tcp://*:*",
                "tcp://db.internal:5432->172.17.0.14:5433",
                "tcp://10.0.0.1:80->127.0.0.1:8080",
                "tcp://10.0.0.2:80->10.9.9.9",
                "udp://*:53->5353",
                "tcp://10.0.0.3:80->169.254.169.254",
            ],
            &["deny tcp://10.9.9.9:*", "resolve known->fd00::7", "in tcp://*:80->8888"],
        );
        let to = |how, address: &str| {
            let to = policy.route(how, address.parse().unwrap());
            to.map(|to| to.to_string()).unwrap_or_default()
        };
        assert_eq!(to(Use::TcpConnect, "172.17.0.14:5432"), "172.17.0.14:5432");
        assert_eq!(policy.name("db.internal"), Naming::Known(vec![ip("172.17.0.14")]));
        assert_eq!(to(Use::TcpConnect, "172.17.0.14:5432"), "172.17.0.14:5433");
        assert_eq!(policy.name("known"), Naming::Known(vec![ip("fd00::7")]));
        assert_eq!(to(Use::TcpConnect, "10.0.0.1:80"), "127.0.0.1:8080");
        assert_eq!(to(Use::TcpConnect, "10.0.0.1:81"), "10.0.0.1:81");
        // The rule for all is next, where the mapping leads to what is denied.
        assert_eq!(to(Use::TcpConnect, "10.0.0.2:80"), "10.0.0.2:80");
        assert_eq!(to(Use::TcpConnect, "10.0.0.3:80"), "169.254.169.254:80");
        assert_eq!(to(Use::UdpSend, "1.1.1.1:53"), "1.1.1.1:5353");
        assert_eq!(to(Use::TcpListen, "0.0.0.0:80"), "0.0.0.0:8888");
        assert_eq!(to(Use::TcpListen, "0.0.0.0:8888"), "");
    }

    #[test]
    fn the_platform_has_to_be_named() {
        let platform = [
            "169.254.169.254:80",
            "[fe80::1]:80",
            "[fd00:ec2::254]:80",
            "100.100.100.200:80",
            "[::ffff:169.254.169.254]:80",
            "[64:ff9b::a9fe:a9fe]:80",
            "[2002:a9fe:a9fe::]:80",
        ];
        let open = policy(
            &[
                "tcp://*:*",
                "tcp://0.0.0.0/0:*",
                "tcp://[::/0]:*",
                "tcp://128.0.0.0/1:*",
                "tcp://a:*",
            ],
            &[],
        );
        let addresses = platform.iter().map(|text| text.parse::<SocketAddr>().unwrap().ip());
        open.resolved("a", addresses.collect());
        for address in platform {
            assert!(!routes(&open, Use::TcpConnect, address), "{address}");
            let one = format!("tcp://{address}");
            assert!(routes(&policy(&[&one], &[]), Use::TcpConnect, address), "{address}");
        }
        assert!(routes(&open, Use::TcpConnect, "10.0.0.1:80"));
        let link = policy(&["tcp://169.254.0.0/16:80", "tcp://[fe80::/10]:80"], &[]);
        assert!(routes(&link, Use::TcpConnect, "169.254.169.254:80"));
        assert!(routes(&link, Use::TcpConnect, "[fe80::1]:80"));
        assert!(!routes(&link, Use::TcpConnect, "[64:ff9b::a9fe:a9fe]:80"));
    }

    #[test]
    fn only_what_is_public() {
        let policy = policy(
            &["tcp://*:*", "tcp://a:80", "tcp://localhost:80", "tcp://10.1.0.0/16:80"],
            &["public"],
        );
        let to = |address| routes(&policy, Use::TcpConnect, address);
        assert!(to("1.1.1.1:80") && to("[2606:4700::1]:80") && to("[64:ff9b::1.1.1.1]:80"));
        assert!(to("10.1.2.3:80") && !to("10.1.2.3:81") && !to("10.2.0.1:80"));
        for refused in [
            "127.0.0.1:80",
            "0.0.0.0:80",
            "192.168.0.1:80",
            "[fd00::1]:80",
            "[::1]:80",
            "[ff02::1]:80",
            "255.255.255.255:80",
            "[64:ff9b::192.168.0.1]:80",
            "[64:ff9b::10.1.2.3]:80",
            "[2002:c0a8:1::]:80",
            "[2001:db8::1]:80",
        ] {
            assert!(!to(refused), "{refused}");
        }
        policy.resolved("a", vec![ip("127.0.0.1"), ip("192.168.0.1"), ip("8.8.8.8")]);
        assert!(!to("127.0.0.1:80") && !to("192.168.0.1:80") && to("8.8.8.8:80"));
        policy.resolved("localhost", vec![ip("127.0.0.1"), ip("::1"), ip("192.168.0.9")]);
        assert!(to("127.0.0.1:80") && to("[::1]:80") && !to("127.0.0.1:81"));
        assert!(!to("192.168.0.9:80"));
    }
}
