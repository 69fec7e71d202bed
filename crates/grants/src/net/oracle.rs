//! The rules against a judge that is slow and simple: addresses are texts of bits there.

use super::testing::rules;
use super::{AddressRule, HostRule, NameRule, Ports, Protocol};
use proptest::prelude::*;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use wayleave_system::net::Family;

const ADDRESSES: [&str; 24] = [
    "1.1.1.1",
    "10.0.0.1",
    "10.128.0.1",
    "11.0.0.1",
    "127.0.0.1",
    "169.254.169.254",
    "192.168.1.1",
    "100.100.100.200",
    "0.0.0.0",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:10.0.0.1",
    "2606:4700::1",
    "fd00::1",
    "fd00:ec2::254",
    "fe80::1",
    "64:ff9b::10.0.0.1",
    "64:ff9b::1.1.1.1",
    "64:ff9b::a9fe:a9fe",
    "2002:a00:1::",
    "2001:0:101:101::f5ff:fffe",
    "::10.0.0.1",
    "2001:db8::1",
];
const NAMES: [&str; 4] = ["a.org", "b.a.org", "c.net", "localhost"];
const PORTS: [u16; 6] = [0, 1, 80, 443, 8080, 65_535];
const PROTOCOLS: [&str; 4] = ["tcp", "udp", "http", "https"];

#[derive(Clone, Debug)]
enum Host {
    Any,
    Block(IpAddr, u8),
    Name(&'static str),
    Below(&'static str),
}

#[derive(Clone, Debug)]
struct Rule {
    protocol: &'static str,
    host: Host,
    ports: Vec<(u16, u16)>,
    family: Option<char>,
}

fn ip(text: &str) -> IpAddr {
    text.parse::<IpAddr>().unwrap().to_canonical()
}

fn bits(address: IpAddr) -> String {
    match address {
        IpAddr::V4(v4) => v4.octets().map(|octet| format!("{octet:08b}")).concat(),
        IpAddr::V6(v6) => v6.octets().map(|octet| format!("{octet:08b}")).concat(),
    }
}

fn family(address: IpAddr) -> char {
    if address.is_ipv4() { '4' } else { '6' }
}

fn is_in(address: IpAddr, base: IpAddr, prefix: u8) -> bool {
    let prefix = usize::from(prefix);
    address.is_ipv4() == base.is_ipv4() && bits(address)[..prefix] == bits(base)[..prefix]
}

fn first_of(address: IpAddr, prefix: u8) -> IpAddr {
    let (kept, length) = (usize::from(prefix), bits(address).len());
    let text = format!("{:0<length$}", &bits(address)[..kept]);
    match address {
        IpAddr::V4(_) => Ipv4Addr::from(u32::from_str_radix(&text, 2).unwrap()).into(),
        IpAddr::V6(_) => Ipv6Addr::from(u128::from_str_radix(&text, 2).unwrap()).into(),
    }
}

impl Rule {
    fn text(&self) -> String {
        let host = match &self.host {
            Host::Any => "*".to_owned(),
            Host::Block(IpAddr::V4(base), prefix) => format!("{base}/{prefix}"),
            Host::Block(base, prefix) => format!("[{base}/{prefix}]"),
            Host::Name(name) => (*name).to_owned(),
            Host::Below(name) => format!("*.{name}"),
        };
        let ports: Vec<_> = self.ports.iter().map(|(low, high)| format!("{low}-{high}")).collect();
        let family = self.family.map(|family| format!("#ipv{family}-only")).unwrap_or_default();
        format!("{}://{host}:{}{family}", self.protocol, ports.join(","))
    }

    fn has_name(&self, names: &[&str]) -> bool {
        names.iter().any(|name| match &self.host {
            Host::Name(of) => name == of,
            Host::Below(of) => name.len() > of.len() && name.ends_with(&format!(".{of}")),
            _ => false,
        })
    }

    fn has_port(&self, port: u16) -> bool {
        self.ports.iter().any(|(low, high)| *low <= port && port <= *high)
    }

    fn allows(&self, protocol: &str, to: SocketAddr, names: &[&str], public: bool) -> bool {
        let address = to.ip();
        if self.protocol != protocol
            || !self.has_port(to.port())
            || self.family.is_some_and(|only| only != family(address))
        {
            return false;
        }
        let host = match self.host {
            Host::Any => true,
            Host::Block(base, prefix) => is_in(address, base, prefix),
            _ => self.has_name(names),
        };
        host && (self.is_just(address) || reasons(address, public).iter().all(|r| self.lifts(r)))
    }

    fn is_just(&self, address: IpAddr) -> bool {
        let length = if address.is_ipv4() { 32 } else { 128 };
        matches!(self.host, Host::Block(base, prefix) if base == address && prefix == length)
    }

    fn lifts(&self, reason: &Reason) -> bool {
        match (self.host.clone(), reason.range) {
            (Host::Block(base, prefix), Some((range, length))) => {
                prefix >= length && is_in(base, range, length)
            }
            (Host::Name("localhost"), Some(_)) => reason.loopback,
            _ => false,
        }
    }

    fn denies(&self, protocol: &str, to: SocketAddr, names: &[&str]) -> bool {
        let applies = self.protocol == protocol || (self.protocol == "tcp" && protocol != "udp");
        let block = |base, prefix| {
            let mut all = carried(to.ip());
            all.push(to.ip());
            all.into_iter().any(|address| is_in(address, base, prefix))
        };
        applies
            && self.has_port(to.port())
            && match self.host {
                Host::Block(base, prefix) => block(base, prefix),
                // Its addresses are known without looking it up.
                Host::Name("localhost")
                    if self.family != Some('6') && block(ip("127.0.0.0"), 8)
                        || self.family != Some('4') && block(ip("::1"), 128) =>
                {
                    true
                }
                _ if self.family.is_some_and(|only| only != family(to.ip())) => false,
                Host::Any => true,
                _ => self.has_name(names),
            }
    }
}

/// Why an address is not to be reached by a rule that does not name it.
struct Reason {
    loopback: bool,
    range: Option<(IpAddr, u8)>,
}

fn reasons(address: IpAddr, public: bool) -> Vec<Reason> {
    let always = ["169.254.0.0/16", "100.100.100.200/32", "fd00:ec2::/32", "fe80::/10"];
    let loopback = ["127.0.0.0/8", "::1/128"];
    // What the addresses of these tests may be in, the narrower first.
    let private = [
        "0.0.0.0/8",
        "10.0.0.0/8",
        "192.168.0.0/16",
        "240.0.0.0/4",
        "::/128",
        "2001:db8::/32",
        "fc00::/7",
        "::/3",
    ];
    let find = |address: IpAddr| {
        let range = |text: &&str| {
            let (base, prefix) = text.split_once('/').unwrap();
            let range = (base.parse().unwrap(), prefix.parse().unwrap());
            is_in(address, range.0, range.1).then_some(range)
        };
        if let Some(range) = always.iter().find_map(range) {
            return Some((false, range));
        }
        if !public {
            return None;
        }
        if let Some(range) = loopback.iter().find_map(range) {
            return Some((true, range));
        }
        let translated = bits(address).starts_with(&bits(ip("64:ff9b::"))[..96]);
        private.iter().find_map(range).filter(|_| !translated).map(|range| (false, range))
    };
    let own = find(address).map(|(loopback, range)| Reason { loopback, range: Some(range) });
    let carried = carried(address).into_iter().filter_map(find);
    let carried = carried.map(|(loopback, _)| Reason { loopback, range: None });
    own.into_iter().chain(carried).collect()
}

/// The addresses that one of these tests carries in it.
fn carried(address: IpAddr) -> Vec<IpAddr> {
    match address.to_string().as_str() {
        "0.0.0.0" => vec![ip("127.0.0.1")],
        "::" => vec![ip("::1")],
        "64:ff9b::a00:1" | "2002:a00:1::" | "::a00:1" | "::10.0.0.1" => vec![ip("10.0.0.1")],
        "64:ff9b::101:101" => vec![ip("1.1.1.1")],
        "64:ff9b::a9fe:a9fe" => vec![ip("169.254.169.254")],
        "2001:0:101:101::f5ff:fffe" => vec![ip("1.1.1.1"), ip("10.0.0.1")],
        _ => Vec::new(),
    }
}

fn host() -> impl Strategy<Value = Host> {
    let block = (prop::sample::select(&ADDRESSES[..]), 0..=128u8).prop_map(|(text, prefix)| {
        let address = ip(text);
        let prefix = match bits(address).len() {
            32 => prefix.min(32),
            _ => prefix,
        };
        Host::Block(first_of(address, prefix), prefix)
    });
    prop_oneof![
        Just(Host::Any),
        block.clone(),
        block,
        prop::sample::select(&NAMES[..]).prop_map(Host::Name),
        prop::sample::select(&NAMES[..]).prop_map(Host::Below),
    ]
}

fn rule() -> impl Strategy<Value = Rule> {
    let port = || prop::sample::select(&PORTS[..]);
    let range = (port(), port()).prop_map(|(a, b)| (a.min(b), a.max(b)));
    let ranges = prop_oneof![Just(vec![(0, u16::MAX)]), prop::collection::vec(range, 1..3),];
    let family = prop_oneof![3 => Just(None), 1 => Just(Some('4')), 1 => Just(Some('6'))];
    let protocol = prop::sample::select(&PROTOCOLS[..]);
    (protocol, host(), ranges, family).prop_map(|(protocol, host, ports, family)| {
        // Rules that are about nothing are not read.
        let family = match host {
            Host::Block(base, _) => family.filter(|only| *only == self::family(base)),
            _ => family,
        };
        let ports = if ports == [(0, 0)] { vec![(0, 1)] } else { ports };
        Rule { protocol, host, ports, family }
    })
}

fn protocol(text: &str) -> Protocol {
    match text {
        "tcp" => Protocol::Tcp,
        "udp" => Protocol::Udp,
        "http" => Protocol::Http,
        _ => Protocol::Https,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    #[test]
    fn both_judge_alike(
        allow in prop::collection::vec(rule(), 0..4),
        deny in prop::collection::vec(rule(), 0..3),
        public: bool,
        names in prop::sample::subsequence(&NAMES[..], 0..3),
    ) {
        let text = |rules: &[Rule], before: &str| -> Vec<String> {
            rules.iter().map(|rule| format!("{before}{}", rule.text())).collect()
        };
        let (allowing, mut others) = (text(&allow, ""), text(&deny, "deny "));
        others.extend(public.then(|| "public".to_owned()));
        let rules = rules(
            &allowing.iter().map(String::as_str).collect::<Vec<_>>(),
            &others.iter().map(String::as_str).collect::<Vec<_>>(),
        );
        let owned: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        for scheme in PROTOCOLS {
            for address in ADDRESSES {
                for port in PORTS {
                    let to = SocketAddr::new(ip(address), port);
                    let expected = allow.iter().any(|rule| rule.allows(scheme, to, &names, public))
                        && !deny.iter().any(|rule| rule.denies(scheme, to, &names));
                    let found = rules.route_out(protocol(scheme), to, &owned, None);
                    prop_assert_eq!(found.is_some(), expected, "{}://{}", scheme, to);
                }
            }
        }
    }

    #[test]
    fn a_rule_is_written_as_it_is_read(rule in rule()) {
        let parsed: AddressRule = rule.text().parse().unwrap();
        prop_assert_eq!(parsed.to_string().parse::<AddressRule>().unwrap(), parsed);
    }

    /// Texts of pieces that rules are made of.
    #[test]
    fn what_is_read_is_no_more_than_what_is_written(
        scheme in prop::sample::select(&["tcp://", "udp://", "http://", "https://", "tcp:/", ""][..]),
        pieces in prop::collection::vec(prop::sample::select(&[
            "*", "10.0.0.0", "10.0.0.1", "[::1]", "[", "]", "::", "1", "/8", "/0", "/", ":80", ":", ":*",
            "80", "0", "-90", "-", ",443", ",", "->", "->10.0.0.2", "->[::2]", "#ipv4-only", "#ipv6-only",
            "#", "a.org", "a", ".", "@", "%1", " ", "0x7f", "ü", "\0", "\n", "localhost", "*.",
        ][..]), 0..7),
    ) {
        let text = format!("{scheme}{}", pieces.concat());
        if let Ok(rule) = text.parse::<AddressRule>() {
            prop_assert_eq!(rule.to_string().parse::<AddressRule>().unwrap(), rule.clone());
            // Of `tcp:/` and `/8`, too.
            let scheme = format!("{}://", rule.protocol());
            prop_assert!(text.starts_with(&scheme));
            let written = &text[scheme.len()..];
            prop_assert_eq!(*rule.host() == HostRule::Any, written.starts_with('*') && !written.starts_with("*."));
            prop_assert_eq!(rule.is_mapping(), written.contains("->"));
            prop_assert_eq!(rule.family == Some(Family::V4), written.ends_with("#ipv4-only"));
            prop_assert_eq!(rule.family == Some(Family::V6), written.ends_with("#ipv6-only"));
            let ports = (0..=u16::MAX).filter(|port| rule.ports().contains(*port)).count();
            if !written.contains(":*") && !written.contains('-') {
                prop_assert!(ports <= 1 + written.matches(',').count(), "{} ports", ports);
            }
            prop_assert!(text.is_ascii() && !text.contains(['@', '%', ' ', '\0', '\n']));
        }
        if let Ok(rule) = pieces.concat().parse::<NameRule>() {
            prop_assert_eq!(rule.to_string().parse::<NameRule>().unwrap(), rule);
        }
    }

    #[test]
    fn any_text_is_a_rule_or_an_error(text in ".{0,40}") {
        if let Ok(rule) = format!("tcp://{text}").parse::<AddressRule>() {
            prop_assert_eq!(rule.to_string().parse::<AddressRule>().unwrap(), rule);
        }
        if let Ok(ports) = text.parse::<Ports>() {
            prop_assert_eq!(ports.to_string().parse::<Ports>().unwrap(), ports);
        }
    }
}
