//! The same rules for the requests of `wasi:http`.

use super::refused::denied;
use super::{AddressRule, Block, HostRule, NamePattern, NetworkPolicy, Protocol};
use std::net::{IpAddr, SocketAddr};
use wayleave_system::http::{Destination, Policy, Scheme};
use wayleave_system::net::{Host, Naming, host};
use wayleave_system::refusal::{Answer, Grant, Refusal};

impl Policy for NetworkPolicy {
    fn host(&self, to: &Destination<'_>) -> Naming {
        match (protocol(to.scheme), host(to.host)) {
            (Some(protocol), Ok(Host::Name(name))) => {
                self.rules.http_name(protocol, &name, to.port)
            }
            // Its address is asked about next.
            (Some(_), Ok(Host::Address(_))) => Naming::Ask,
            _ => Naming::Refused,
        }
    }

    fn route(&self, to: &Destination<'_>, address: IpAddr) -> Option<SocketAddr> {
        let protocol = protocol(to.scheme)?;
        let host = host(to.host).ok()?;
        let let_through = to.let_through.then(|| rule(protocol, &host, to.port));
        let names = match host {
            Host::Name(name) => vec![name],
            Host::Address(host) if host != address.to_canonical() => return None,
            Host::Address(_) => Vec::new(),
        };
        let asked = SocketAddr::new(address.to_canonical(), to.port);
        self.rules.route_out(protocol, asked, &names, let_through.as_ref())
    }

    fn refused(&self, to: &Destination<'_>, address: Option<IpAddr>) -> Answer {
        let (Some(protocol), Ok(host)) = (protocol(to.scheme), host(to.host)) else {
            return Answer::Deny;
        };
        let target = rule(protocol, &host, to.port);
        let (object, grants, rule) = match (address, host) {
            (Some(address), Host::Name(name)) => {
                let asked = SocketAddr::new(address.to_canonical(), to.port);
                let names = [name];
                let grants = self.outbound_grants(protocol, asked, &names);
                let rule = self.rules.denying(protocol, asked, &names);
                (format!("{target} at {asked}"), grants, rule)
            }
            (None, Host::Name(name)) => {
                let mut rules = self.rules.clone();
                rules.allow_outbound(target.clone());
                let allowed = rules.http_name(protocol, &name, to.port) != Naming::Refused;
                let grant = allowed.then(|| Grant::new("allow-outbound", target.to_string()));
                let rule = self.rules.denying_request(protocol, &name, to.port);
                (target.to_string(), grant.into_iter().collect(), rule)
            }
            (_, Host::Address(address)) => {
                let asked = SocketAddr::new(address, to.port);
                let rule = self.rules.denying(protocol, asked, &[]);
                (target.to_string(), self.outbound_grants(protocol, asked, &[]), rule)
            }
        };
        self.report(denied(Refusal::new("send a request to", object, grants), rule))
    }
}

fn protocol(scheme: &Scheme) -> Option<Protocol> {
    match scheme.as_str() {
        "http" => Some(Protocol::Http),
        "https" => Some(Protocol::Https),
        _ => None,
    }
}

/// The rule for just this host.
fn rule(protocol: Protocol, host: &Host, port: u16) -> AddressRule {
    let host = match host {
        Host::Name(name) => HostRule::Name(NamePattern::Name(name.clone())),
        Host::Address(address) => HostRule::Block(Block::one(*address)),
    };
    AddressRule::of(protocol, host, port)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Told, policy, rules};
    use super::*;

    struct Parts(Scheme, String, u16);

    impl Parts {
        fn of(uri: &str) -> Self {
            let (scheme, rest) = uri.split_once("://").unwrap();
            let (host, port) = rest.split_once(' ').unwrap();
            Self(scheme.parse().unwrap(), host.to_owned(), port.parse().unwrap())
        }

        fn destination(&self) -> Destination<'_> {
            Destination { scheme: &self.0, host: &self.1, port: self.2, let_through: false }
        }
    }

    fn host_of(policy: &NetworkPolicy, uri: &str) -> Naming {
        policy.host(&Parts::of(uri).destination())
    }

    fn host_is_allowed(rules: &[&str], uri: &str) -> bool {
        host_of(&policy(rules, &[]), uri) != Naming::Refused
    }

    fn route(policy: &NetworkPolicy, uri: &str, address: &str) -> String {
        let to = policy.route(&Parts::of(uri).destination(), address.parse().unwrap());
        to.map(|to| to.to_string()).unwrap_or_default()
    }

    #[test]
    fn a_host_is_granted_and_no_other() {
        let rules = ["http://example.com", "https://example.com"];
        assert!(host_is_allowed(&rules, "https://example.com 443"));
        assert!(host_is_allowed(&rules, "http://Example.COM. 80"));
        for other in [
            "https://example.com 8443",
            "http://example.com 443",
            "https://www.example.com 443",
            "https://example.com.evil.test 443",
            "https://notexample.com 443",
            "https://127.1 443",
            "https://0x7f.1 443",
            "https://[fe80::1%1] 443",
        ] {
            assert!(!host_is_allowed(&rules, other), "{other}");
        }
        assert!(!host_is_allowed(&["http://a"], "https://a 80"));
        assert!(host_is_allowed(&["http://*:*"], "http://anything 1234"));
        assert!(!host_is_allowed(&["https://*"], "https://anything 444"));
        assert!(!host_is_allowed(&["tcp://a:80", "tcp://*:*"], "http://a 80"));
        assert!(!host_is_allowed(&[], "http://a 80"));
        assert!(!host_is_allowed(&["http://*:*"], "http://0x7f.1 80"));
        assert!(!host_is_allowed(&["http://10.0.0.0/8"], "http://a 80"));
        let looking = policy(&["http://10.0.0.0/8"], &["resolve a"]);
        assert_eq!(host_of(&looking, "http://a 80"), Naming::Ask);
        assert_eq!(route(&looking, "http://a 80", "10.0.0.1"), "10.0.0.1:80");
        assert_eq!(route(&looking, "http://a 80", "11.0.0.1"), "");
    }

    #[test]
    fn the_address_is_what_counts() {
        let one = policy(&["https://example.com", "https://192.0.2.1"], &[]);
        let to = |address| route(&one, "https://example.com 443", address);
        assert_eq!(to("10.0.0.1"), "10.0.0.1:443");
        for link in ["169.254.169.254", "fe80::1", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe"] {
            assert_eq!(to(link), "", "{link}");
        }
        assert_eq!(route(&one, "https://other 443", "10.0.0.1"), "");
        assert_eq!(route(&one, "https://192.0.2.1 443", "::ffff:192.0.2.1"), "192.0.2.1:443");
        assert_eq!(route(&one, "https://192.0.2.1 443", "10.0.0.1"), "");
        assert_eq!(route(&one, "https://192.0.2.2 443", "192.0.2.2"), "");
        let metadata = policy(&["http://*:*", "http://169.254.169.254"], &[]);
        let uri = "http://169.254.169.254 80";
        assert_eq!(route(&metadata, uri, "169.254.169.254"), "169.254.169.254:80");
        let any = policy(&["http://*:*"], &[]);
        assert_eq!(route(&any, uri, "169.254.169.254"), "");
        assert_eq!(route(&any, "http://a 1", "127.0.0.1"), "127.0.0.1:1");
        let public = policy(&["http://*:*", "http://localhost"], &["public"]);
        assert_eq!(route(&public, "http://a 80", "127.0.0.1"), "");
        assert_eq!(route(&public, "http://localhost 80", "127.0.0.1"), "127.0.0.1:80");
        assert_eq!(route(&public, "http://localhost 80", "192.168.0.1"), "");
    }

    #[test]
    fn deny_wins() {
        let policy = policy(
            &["http://*:*", "https://*:*"],
            &["deny tcp://a:*", "deny https://b", "deny udp://*:*", "deny tcp://10.0.0.0/8:*"],
        );
        assert_eq!(host_of(&policy, "http://a 80"), Naming::Refused);
        assert_eq!(host_of(&policy, "https://b 443"), Naming::Refused);
        assert_eq!(host_of(&policy, "https://b 444"), Naming::Ask);
        assert_eq!(host_of(&policy, "http://b 80"), Naming::Ask);
        assert_eq!(route(&policy, "http://a 80", "1.1.1.1"), "");
        assert_eq!(route(&policy, "http://c 80", "1.1.1.1"), "1.1.1.1:80");
        assert_eq!(route(&policy, "http://c 80", "10.0.0.1"), "");
        assert_eq!(route(&policy, "http://10.0.0.1 80", "10.0.0.1"), "");
    }

    #[test]
    fn mappings() {
        let policy = policy(
            &["http://*:*", "http://api.internal->127.0.0.1:8080", "https://db->10.0.0.5"],
            &["resolve named->10.0.0.9"],
        );
        let known = |ip: &str| Naming::Known(vec![ip.parse().unwrap()]);
        assert_eq!(host_of(&policy, "http://api.internal 80"), known("127.0.0.1"));
        assert_eq!(route(&policy, "http://api.internal 80", "127.0.0.1"), "127.0.0.1:8080");
        assert_eq!(host_of(&policy, "http://api.internal 81"), Naming::Ask);
        assert_eq!(host_of(&policy, "https://db 443"), known("10.0.0.5"));
        assert_eq!(route(&policy, "https://db 443", "10.0.0.5"), "10.0.0.5:443");
        assert_eq!(host_of(&policy, "http://named 80"), known("10.0.0.9"));
        assert_eq!(route(&policy, "http://127.0.0.1 80", "127.0.0.1"), "127.0.0.1:80");
    }

    #[test]
    fn what_would_have_allowed_it() {
        let told = Told::new(Answer::Deny);
        let rules = rules(&["http://a"], &["deny tcp://denied:*"]);
        let policy = NetworkPolicy::new(rules).with_refusals(Some(told.clone()));
        for (uri, address, tried, grants) in [
            ("https://b 443", None, "send a request to https://b", &["https://b"][..]),
            ("http://b 8080", None, "send a request to http://b:8080", &["http://b:8080"]),
            ("http://denied 80", None, "send a request to http://denied", &[]),
            (
                "http://a 80",
                Some("169.254.169.254"),
                "send a request to http://a at 169.254.169.254:80",
                &["http://169.254.169.254"],
            ),
            (
                "http://127.0.0.1 8080",
                Some("127.0.0.1"),
                "send a request to http://127.0.0.1:8080",
                &["http://127.0.0.1:8080"],
            ),
        ] {
            let address = address.map(|address| address.parse().unwrap());
            assert_eq!(policy.refused(&Parts::of(uri).destination(), address), Answer::Deny);
            let (said, offered) = told.last();
            assert_eq!(said, tried);
            let grants: Vec<_> =
                grants.iter().map(|rule| format!("--allow-outbound {rule}")).collect();
            assert_eq!(offered, grants, "{said}");
        }
    }

    #[test]
    fn who_asks_for_what_is_closed_is_let_nowhere() {
        let told = Told::new(Answer::Allow);
        let mut rules = rules(&["http://*:*"], &[]);
        rules.close("it is night");
        let policy = NetworkPolicy::new(rules).with_refusals(Some(told.clone()));
        let parts = Parts::of("http://a 80");
        assert_eq!(policy.host(&parts.destination()), Naming::Refused);
        let through = Destination { let_through: true, ..parts.destination() };
        assert_eq!(policy.route(&through, "1.1.1.1".parse().unwrap()), None);
        assert_eq!(policy.refused(&parts.destination(), None), Answer::Deny);
        assert_eq!(told.last(), ("send a request to http://a".to_owned(), Vec::new()));
    }

    #[test]
    fn who_is_let_through_is_no_further_than_by_the_rule() {
        let policy = policy(&[], &["public", "deny tcp://10.0.0.0/8:*"]);
        let parts = Parts::of("https://a 443");
        let through = Destination { let_through: true, ..parts.destination() };
        let to = |address: &str| policy.route(&through, address.parse().unwrap()).is_some();
        assert!(to("1.1.1.1"));
        assert!(!to("127.0.0.1") && !to("169.254.169.254") && !to("10.0.0.1"));
    }
}
