//! What would have allowed what was refused.

use super::{AddressRule, Block, HostRule, NamePattern, NameRule, NetworkPolicy, Ports, Protocol};
use std::net::SocketAddr;
use wayleave_system::net::{Naming, Use};
use wayleave_system::refusal::{Grant, Refusal};

impl NetworkPolicy {
    pub(super) fn address_refusal(&self, how: Use, address: SocketAddr) -> Refusal {
        // Without flow labels and scopes, which no rule has.
        let address = SocketAddr::new(address.ip().to_canonical(), address.port());
        let (tried, protocol) = match how {
            Use::TcpBind => ("bind to", Protocol::Tcp),
            Use::TcpListen => ("listen at", Protocol::Tcp),
            Use::TcpConnect => ("connect to", Protocol::Tcp),
            Use::UdpBind => ("receive at", Protocol::Udp),
            Use::UdpBindToSend => ("send from", Protocol::Udp),
            Use::UdpSend => ("send to", Protocol::Udp),
        };
        let object = format!("{protocol}://{address}");
        match how {
            Use::TcpConnect | Use::UdpSend => {
                let names = self.pins().names(address.ip()).to_vec();
                let grants = self.outbound_grants(protocol, address, &names);
                let refusal = Refusal::new(tried, object, grants);
                denied(refusal, self.rules.denying(protocol, address, &names))
            }
            _ => Refusal::new(tried, object, self.inbound_grants(protocol, address)),
        }
    }

    pub(super) fn name_refusal(&self, name: &str) -> Refusal {
        let rule = NameRule::of(name);
        let mut rules = self.rules.clone();
        rules.allow_resolve(rule.clone());
        let allowed = rules.name(name) != Naming::Refused;
        let grant = allowed.then(|| Grant::new("allow-resolve", rule.to_string()));
        denied(Refusal::new("look up", name, grant), self.rules.denying_name(name))
    }

    /// The rules that would have allowed to reach an address: by the names that it has, and by
    /// itself. None does for what is denied.
    pub(super) fn outbound_grants(
        &self,
        protocol: Protocol,
        to: SocketAddr,
        names: &[String],
    ) -> Vec<Grant> {
        let mut hosts: Vec<_> =
            names.iter().map(|name| HostRule::Name(NamePattern::Name(name.clone()))).collect();
        hosts.push(HostRule::Block(Block::one(to.ip())));
        let rule = |host: &HostRule| AddressRule::of(protocol, host.clone(), to.port());
        let mut rules: Vec<_> = hosts.iter().map(rule).collect();
        if self.is_chosen(protocol, to) {
            // Of a port that the system has chosen only a rule for all ports serves for the next run.
            let every = |rule: AddressRule| AddressRule { ports: Ports::all(), ..rule };
            rules.extend(hosts.iter().map(rule).map(every));
        }
        rules
            .into_iter()
            .filter(|rule| self.rules.route_out(protocol, to, names, Some(rule)).is_some())
            .map(|rule| Grant::new("allow-outbound", rule.to_string()))
            .collect()
    }

    fn inbound_grants(&self, protocol: Protocol, at: SocketAddr) -> Vec<Grant> {
        let rule = AddressRule::of(protocol, HostRule::Block(Block::one(at.ip())), at.port());
        let allowed = rule.inbound(at).is_some();
        let grant = allowed.then(|| Grant::new("allow-inbound", rule.to_string()));
        grant.into_iter().collect()
    }
}

/// What a rule denies, nothing allows.
pub(super) fn denied(refusal: Refusal, rule: Option<&AddressRule>) -> Refusal {
    match rule {
        Some(rule) => refusal.hopeless(format!("{} denies it", grant("deny-outbound", rule))),
        None => refusal,
    }
}

fn grant(option: &'static str, rule: &AddressRule) -> Grant {
    Grant::new(option, rule.to_string())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Told, rules};
    use super::*;
    use wayleave_system::net::{Policy, Refused};
    use wayleave_system::refusal::Answer;

    fn told(others: &[&str], what: Refused<'_>) -> (String, Vec<String>) {
        let told = Told::new(Answer::Deny);
        let policy = NetworkPolicy::new(rules(&[], others)).with_refusals(Some(told.clone()));
        policy.resolved("a.org", vec!["1.2.3.4".parse().unwrap(), "10.0.0.1".parse().unwrap()]);
        assert_eq!(policy.refused(what), Answer::Deny);
        told.last()
    }

    #[test]
    fn what_would_have_allowed_it() {
        let address = |how, address: &str| Refused::Address(how, address.parse().unwrap());
        let (connect, listen) = (Use::TcpConnect, Use::TcpListen);
        for (others, what, tried, grants) in [
            (
                &[][..],
                address(connect, "1.2.3.4:443"),
                "connect to tcp://1.2.3.4:443",
                &["--allow-outbound tcp://a.org:443", "--allow-outbound tcp://1.2.3.4:443"][..],
            ),
            (
                &[],
                address(connect, "[::ffff:10.0.0.7]:80"),
                "connect to tcp://10.0.0.7:80",
                &["--allow-outbound tcp://10.0.0.7:80"],
            ),
            (
                &["public"],
                address(connect, "10.0.0.1:80"),
                "connect to tcp://10.0.0.1:80",
                &["--allow-outbound tcp://10.0.0.1:80"],
            ),
            (
                &[],
                address(Use::UdpSend, "[fe80::1]:53"),
                "send to udp://[fe80::1]:53",
                &["--allow-outbound 'udp://[fe80::1]:53'"],
            ),
            (
                &["deny tcp://1.2.0.0/16:*"],
                address(connect, "1.2.3.4:443"),
                "connect to tcp://1.2.3.4:443",
                &[],
            ),
            (
                &[],
                address(listen, "0.0.0.0:80"),
                "listen at tcp://0.0.0.0:80",
                &["--allow-inbound tcp://0.0.0.0:80"],
            ),
            (
                &[],
                address(Use::UdpBind, "[::]:53"),
                "receive at udp://[::]:53",
                &["--allow-inbound 'udp://[::]:53'"],
            ),
            (&[], Refused::Name("b.org"), "look up b.org", &["--allow-resolve b.org"]),
            (&["deny udp://b.org:*"], Refused::Name("b.org"), "look up b.org", &[]),
        ] {
            let (said, offered) = told(others, what);
            assert_eq!(said, tried);
            assert_eq!(offered, grants, "{said}");
        }
    }

    #[test]
    fn a_port_that_the_system_has_chosen_is_another_one_next_time() {
        let told = Told::new(Answer::Deny);
        let policy = NetworkPolicy::new(rules(&[], &[])).with_refusals(Some(told.clone()));
        let (own, other) = ("127.0.0.1:4711", "127.0.0.1:4712");
        policy.bound(Use::TcpBind, own.parse().unwrap());
        policy.bound(Use::UdpBind, "0.0.0.0:4712".parse().unwrap());
        let offered = |how, address: &str| {
            policy.refused(Refused::Address(how, address.parse().unwrap()));
            told.last().1
        };
        let of = |rule: &str| format!("--allow-outbound {rule}");
        let every = of("'tcp://127.0.0.1:*'");
        assert_eq!(offered(Use::TcpConnect, own), [of("tcp://127.0.0.1:4711"), every]);
        assert_eq!(offered(Use::TcpConnect, other), [of("tcp://127.0.0.1:4712")]);
        assert_eq!(offered(Use::TcpConnect, "127.0.0.2:4711"), [of("tcp://127.0.0.2:4711")]);
        assert_eq!(offered(Use::UdpSend, own), [of("udp://127.0.0.1:4711")]);
        let every = of("'udp://127.0.0.1:*'");
        assert_eq!(offered(Use::UdpSend, other), [of("udp://127.0.0.1:4712"), every]);
    }

    #[test]
    fn the_rule_that_denies_is_named() {
        let why = |deny: &str, what: Refused<'_>| {
            let told = Told::new(Answer::Deny);
            let policy = NetworkPolicy::new(rules(&[], &[deny])).with_refusals(Some(told.clone()));
            policy.resolved("a.org", vec!["1.2.3.4".parse().unwrap()]);
            policy.refused(what);
            let refusal = told.refusals.lock().unwrap().pop().unwrap();
            refusal.why.unwrap_or_default()
        };
        let to = |address: &str| Refused::Address(Use::TcpConnect, address.parse().unwrap());
        let said = "--deny-outbound 'tcp://1.2.0.0/16:*' denies it";
        assert_eq!(why("deny tcp://1.2.0.0/16:*", to("1.2.3.4:443")), said);
        assert_eq!(
            why("deny tcp://a.org:80", to("1.2.3.4:80")),
            "--deny-outbound tcp://a.org:80 denies it"
        );
        assert_eq!(why("deny tcp://a.org:80", to("1.2.3.4:443")), "");
        let said = "--deny-outbound 'udp://b.org:*' denies it";
        assert_eq!(why("deny udp://b.org:*", Refused::Name("b.org")), said);
        assert_eq!(why("deny udp://b.org:1", Refused::Name("b.org")), "");
    }

    #[test]
    fn what_is_closed_can_not_be_opened() {
        let told = Told::new(Answer::Allow);
        let mut rules = rules(&["tcp://*:*", "udp://*:*"], &["in tcp://*:*", "resolve *"]);
        rules.close("it is night");
        let policy = NetworkPolicy::new(rules).with_refusals(Some(told.clone()));
        let address = "127.0.0.1:0".parse().unwrap();
        for how in [
            Use::TcpBind,
            Use::TcpListen,
            Use::TcpConnect,
            Use::UdpBind,
            Use::UdpBindToSend,
            Use::UdpSend,
        ] {
            assert_eq!(policy.route(how, address), None, "{how:?}");
            assert_eq!(policy.refused(Refused::Address(how, address)), Answer::Deny, "{how:?}");
        }
        assert_eq!(policy.name("a.org"), Naming::Refused);
        assert_eq!(policy.refused(Refused::Name("a.org")), Answer::Deny);
        let refusals = told.refusals.lock().unwrap();
        assert_eq!(refusals.len(), 7);
        for refusal in &*refusals {
            assert!(refusal.grants.is_empty(), "{refusal:?}");
            assert_eq!(refusal.why.as_deref(), Some("it is night"));
        }
    }

    #[test]
    fn what_is_offered_would_do() {
        let told = Told::new(Answer::Deny);
        let policy = NetworkPolicy::new(rules(&[], &["public"])).with_refusals(Some(told.clone()));
        for address in ["1.2.3.4:443", "127.0.0.1:1", "[fe80::1]:80", "[64:ff9b::1]:9", "0.0.0.0:5"]
        {
            let address: SocketAddr = address.parse().unwrap();
            for (how, direction) in [
                (Use::TcpConnect, "allow-outbound"),
                (Use::UdpSend, "allow-outbound"),
                (Use::TcpBind, "allow-inbound"),
                (Use::TcpListen, "allow-inbound"),
                (Use::UdpBind, "allow-inbound"),
            ] {
                policy.refused(Refused::Address(how, address));
                let refusal = told.refusals.lock().unwrap().pop().unwrap();
                let [grant] = refusal.grants.as_slice() else { panic!("{refusal:?}") };
                assert_eq!(grant.option, direction);
                let rule: AddressRule = grant.value.parse().unwrap();
                let mut with = rules(&[], &["public"]);
                match direction {
                    "allow-outbound" => with.allow_outbound(rule),
                    _ => with.allow_inbound(rule).unwrap(),
                }
                assert_eq!(NetworkPolicy::new(with).route(how, address), Some(address));
            }
        }
    }
}
