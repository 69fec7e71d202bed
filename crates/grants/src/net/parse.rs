//! Reading the rules for addresses.

use super::address::Target;
use super::{AddressRule, HostRule, NamePattern, Ports, Protocol, suffix};
use crate::Error;
use std::net::IpAddr;
use std::str::FromStr;
use wayleave_system::net::Family;

impl FromStr for AddressRule {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        parse(text).map_err(|reason| Error::AddressRule { text: text.to_owned(), reason })
    }
}

fn parse(text: &str) -> Result<AddressRule, String> {
    let (protocol, rest) = match text.split_once("://") {
        Some(("tcp", rest)) => (Protocol::Tcp, rest),
        Some(("udp", rest)) => (Protocol::Udp, rest),
        Some(("http", rest)) => (Protocol::Http, rest),
        Some(("https", rest)) => (Protocol::Https, rest),
        Some((other, _)) => return Err(format!("{other:?} is neither tcp, udp, http nor https")),
        None => return Err("it does not begin with tcp://, udp://, http:// or https://".to_owned()),
    };
    let (rest, family) = suffix::split(rest)?;
    let (from, to) = match rest.split_once("->") {
        Some((from, to)) => (from, Some(to)),
        None => (rest, None),
    };
    refuse_path(from)?;
    let (host, ports) = split_ports(from)?;
    let host = parse_host(host)?;
    let ports = ports.map(str::parse).transpose()?;
    let ports = ports.or(protocol.default_port().map(Ports::one));
    let (ports, to) = match (ports, to) {
        (Some(ports), None) => (ports, Target::default()),
        (None, None) => return Err("the ports are missing".to_owned()),
        (ports, Some(to)) => parse_mapping(ports, to)?,
    };
    if protocol.default_port().is_some() && ports == Ports::one(0) {
        return Err("nobody answers requests at port 0".to_owned());
    }
    let rule = AddressRule { protocol, host, ports, to, family };
    check_families(&rule)?;
    Ok(rule)
}

/// A slash is for blocks of addresses: behind a name or a port it begins a path.
fn refuse_path(text: &str) -> Result<(), String> {
    let Some((before, _)) = text.split_once('/') else { return Ok(()) };
    let host = before.split(':').next().unwrap_or(before);
    let is_block = host.starts_with('[') || host == before && NamePattern::parse(host).is_err();
    if is_block { Ok(()) } else { Err("a rule is for a host, and has no path".to_owned()) }
}

/// A host, and the ports if there are any. Colons in brackets belong to the host.
fn split_ports(text: &str) -> Result<(&str, Option<&str>), String> {
    if let Some(end) = text.rfind(']') {
        let (host, rest) = text.split_at(end + 1);
        return match rest.strip_prefix(':') {
            Some(ports) => Ok((host, Some(ports))),
            None if rest.is_empty() => Ok((host, None)),
            None => Err(format!("{rest:?} is between the address and its ports")),
        };
    }
    match text.rsplit_once(':') {
        Some((host, _)) if host.contains(':') => {
            Err(format!("IPv6 is written in brackets, and {text:?} has more than one colon"))
        }
        Some((host, ports)) => Ok((host, Some(ports))),
        None => Ok((text, None)),
    }
}

fn parse_host(text: &str) -> Result<HostRule, String> {
    if text == "*" {
        return Ok(HostRule::Any);
    }
    if let Some(inner) = text.strip_prefix('[') {
        let inner = inner.strip_suffix(']').ok_or_else(|| format!("{text:?} lacks a bracket"))?;
        if !inner.contains(':') {
            return Err(format!("brackets are for IPv6, not for {inner:?}"));
        }
        return inner.parse().map(HostRule::Block);
    }
    if text.contains('@') {
        return Err(format!("{text:?} has a user in it; a rule is for a host"));
    }
    // A name ends in no number, an address does.
    let address = text.contains('/') || text.ends_with(|last: char| last.is_ascii_digit());
    match text.parse() {
        Ok(block) => Ok(HostRule::Block(block)),
        Err(reason) if address && NamePattern::parse(text).is_err() => Err(reason),
        Err(_) => NamePattern::parse(text).map(HostRule::Name),
    }
}

/// What is right of the arrow: `ADDRESS`, `ADDRESS:PORT`, `PORT`; and, where no ports are left of
/// it, `ADDRESS:PORT`, which is both, or `ADDRESS:PORT->PORT`.
fn parse_mapping(ports: Option<Ports>, text: &str) -> Result<(Ports, Target), String> {
    let (text, last) = match text.split_once("->") {
        Some((text, last)) => (text, Some(parse_port(last)?)),
        None => (text, None),
    };
    let port_only = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (address, port) = match port_only {
        true => (None, Some(parse_port(text)?)),
        false => {
            let (address, port) = split_ports(text)?;
            (Some(parse_address(address)?), port.map(parse_port).transpose()?)
        }
    };
    match (ports, port, last) {
        (Some(ports), port, None) => Ok((ports, Target { address, port })),
        (None, Some(port), None) if address.is_some() => {
            Ok((Ports::one(port), Target { address, port: None }))
        }
        (None, Some(port), Some(last)) if address.is_some() => {
            Ok((Ports::one(port), Target { address, port: Some(last) }))
        }
        (None, _, _) => Err("the ports are missing".to_owned()),
        (Some(_), _, Some(_)) => Err("it has one arrow too many".to_owned()),
    }
}

fn parse_address(text: &str) -> Result<IpAddr, String> {
    let address = match text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
        Some(v6) => v6.parse().ok().map(IpAddr::V6),
        None => text.parse().ok().filter(IpAddr::is_ipv4),
    };
    let address = address.ok_or_else(|| format!("{text:?} is no address to lead to"))?;
    Ok(address.to_canonical())
}

fn parse_port(text: &str) -> Result<u16, String> {
    let ports: Ports = text.parse()?;
    let port = ports.single().filter(|port| *port > 0);
    port.ok_or_else(|| format!("{text:?} is not one port to lead to"))
}

/// Rules that are about nothing are mistakes.
fn check_families(rule: &AddressRule) -> Result<(), String> {
    let from = match &rule.host {
        HostRule::Block(block) => Some(block.family()),
        _ => None,
    };
    if let (Some(from), Some(only)) = (from, rule.family)
        && from != only
    {
        return Err(format!("these addresses never pass {}", suffix::text(rule.family)));
    }
    let Some(to) = rule.to.address else { return Ok(()) };
    if from.is_some_and(|from| from != Family::of(to)) {
        return Err(format!("{to} is of the other version of IP than what leads to it"));
    }
    rule.family.map_or(Ok(()), |only| suffix::check(to, only))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_is_written_as_it_is_read() {
        for text in [
            "tcp://10.0.0.1:80",
            "udp://10.0.0.0/8:*",
            "tcp://[::1]:80,443",
            "tcp://[fd00::/8]:8000-8100",
            "tcp://example.com:443",
            "tcp://*.example.com:443",
            "udp://1.a:53",
            "tcp://a1:53",
            "udp://*:*",
            "tcp://*:0",
            "http://example.com",
            "http://example.com:8080",
            "https://example.com",
            "https://*.example.com:443,8443",
            "http://*",
            "https://*:*",
            "http://10.0.0.0/8",
            "https://[fd00::/8]",
            "https://[::1]:8443",
            "tcp://example.com:443#ipv4-only",
            "https://*#ipv6-only",
            "tcp://[::/0]:80#ipv6-only",
            "tcp://db.internal:5432->172.17.0.14",
            "tcp://db.internal:5432->172.17.0.14:5433",
            "tcp://*:80->8888",
            "udp://10.0.0.1:53->127.0.0.1:5353",
            "http://api.internal->[::1]:8080",
            "http://api.internal:8080->[fd00::1]",
            "tcp://a:8000-8010->127.0.0.1:9000#ipv4-only",
        ] {
            assert_eq!(text.parse::<AddressRule>().unwrap().to_string(), text);
        }
        for (text, written) in [
            ("tcp://db.internal->172.17.0.14:5432", "tcp://db.internal:5432->172.17.0.14"),
            ("tcp://a->10.0.0.1:5432->5433", "tcp://a:5432->10.0.0.1:5433"),
            ("http://a->10.0.0.1:8080", "http://a->10.0.0.1:8080"),
            ("http://A.:80", "http://a"),
            ("https://a:80", "https://a:80"),
            ("tcp://[::ffff:10.0.0.1]:80", "tcp://10.0.0.1:80"),
            ("tcp://a:80->[::ffff:10.0.0.1]", "tcp://a:80->10.0.0.1"),
        ] {
            assert_eq!(text.parse::<AddressRule>().unwrap().to_string(), written);
            assert_eq!(text.parse::<AddressRule>(), written.parse());
        }
        let any = "tcp://*:80".parse::<AddressRule>().unwrap();
        assert_eq!(any.host, HostRule::Any);
    }

    #[test]
    fn not_understood() {
        for text in [
            "",
            "*",
            "tcp",
            "tcp:",
            "tcp://",
            "tcp://*",
            "tcp://*:",
            "://*:80",
            "*:80",
            "TCP://*:80",
            "HTTP://a",
            "ftp://a:80",
            "tcp:/a:80",
            "tcp://:80",
            "tcp://::1:80",
            "tcp://[::1:80",
            "tcp://::1]:80",
            "tcp://[10.0.0.1]:80",
            "tcp://[a]:80",
            "tcp://[]:80",
            "tcp://[::1]",
            "tcp://a:b",
            "tcp://a:80/",
            "tcp://a/b:80",
            "tcp://user@a:80",
            "tcp://127.1:80",
            "tcp://0x7f.1:80",
            "tcp://10.0.0.1/8:80",
            "tcp://10.0.0.0/33:80",
            "tcp://[fe80::1%1]:80",
            "tcp:// a:80",
            "tcp://bücher.example:80",
            "tcp://a:80#ipv4",
            "tcp://a:80#",
            "tcp://a:80#ipv4-only#ipv4-only",
            "tcp://10.0.0.1:80#ipv6-only",
            "tcp://[::1]:80#ipv4-only",
            "http://",
            "http://a/",
            "http://a/b",
            "http://a?b",
            "http://a:0",
            "http://a:b",
            "http://me@a",
            "http://me:secret@a",
            "http://0x7f.1",
            "http://127.1",
            "http://0177.0.0.1",
            "http://2130706433",
            "http://[fe80::1%25eth0]",
            "http://[::1]80",
            "http://[::1]x:80",
            "tcp://a:80->",
            "tcp://a->",
            "tcp://a->80",
            "tcp://a->10.0.0.1",
            "tcp://a:80->b",
            "tcp://a:80->b:80",
            "tcp://a:80->10.0.0.0/8",
            "tcp://a:80->10.0.0.1:0",
            "tcp://a:80->10.0.0.1:80-90",
            "tcp://a:80->10.0.0.1:80,90",
            "tcp://a:80->0",
            "tcp://a:80->*",
            "tcp://a:80->::1",
            "tcp://a:80->10.0.0.1:80->90",
            "tcp://a->10.0.0.1:80->90->100",
            "tcp://a:80->0x7f.1:80",
            "tcp://a:80->[10.0.0.1]:80",
            "tcp://a:80#ipv4-only->10.0.0.1",
            "tcp://a:80->10.0.0.1#ipv6-only",
            "tcp://10.0.0.1:80->[::1]:80",
            "tcp://[::/0]:80->127.0.0.1",
            "tcp://10.0.0.1:80:80",
        ] {
            let error = text.parse::<AddressRule>().unwrap_err().to_string();
            assert!(error.contains("write tcp://HOST:PORTS") && !error.contains('\n'), "{error}");
        }
    }

    #[test]
    fn errors_say_what_is_wrong() {
        for (text, part) in [
            ("tcp://::1:80", "in brackets"),
            ("tcp://10.0.0.1/8:80", "10.0.0.0/8"),
            ("tcp://127.1:80", "no address"),
            ("tcp://a:80-", "no port"),
            ("tcp://a", "ports are missing"),
            ("ftp://a:80", "neither tcp, udp"),
            ("tcp://bücher.example:80", "xn--"),
            ("tcp://a:80#ipv4", "#ipv4-only"),
            ("http://me@a", "a user in it"),
            ("tcp://a:80->b:80", "no address to lead to"),
            ("tcp://10.0.0.1:80->[::1]:80", "other version"),
            ("http://example.com/path", "has no path"),
            ("http://example.com/", "has no path"),
            ("tcp://a:80/x", "has no path"),
            ("tcp://1.2.3.4:80/x", "has no path"),
            ("http://*/x", "has no path"),
            ("tcp://127.1/8:80", "no address"),
            ("tcp://10.0.0.0/08:80", "a prefix is 0 to 32"),
            ("tcp://a:080", "no port"),
            ("tcp://a:0-080", "no port"),
        ] {
            let error = text.parse::<AddressRule>().unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
