use super::{Block, NameRule, Ports};
use crate::Error;
use std::fmt;
use std::str::FromStr;

/// Addresses and ports, as people write them: `tcp://HOST:PORTS` or `udp://HOST:PORTS`. HOST is an
/// address or block of addresses (IPv6 in brackets), a name, or `*`; [`Ports`] say how PORTS are
/// written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressRule {
    /// TCP or UDP.
    pub protocol: Protocol,
    /// Which hosts.
    pub host: HostRule,
    /// Which of their ports.
    pub ports: Ports,
}

/// What is above IP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Protocol {
    Tcp,
    Udp,
}

/// The hosts of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostRule {
    /// Every host.
    Any,
    /// These addresses.
    Block(Block),
    /// The addresses that these names have been found to have.
    Name(NameRule),
}

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
        Some((other, _)) => return Err(format!("{other:?} is neither tcp nor udp")),
        None => return Err("it begins with neither tcp:// nor udp://".to_owned()),
    };
    let (host, ports) = rest.rsplit_once(':').ok_or("the ports are missing")?;
    Ok(AddressRule { protocol, host: parse_host(host)?, ports: ports.parse()? })
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
    if text.contains(':') {
        return Err(format!("IPv6 is written in brackets, [{text}]"));
    }
    // A name ends in no number, an address does.
    let address = text.contains('/') || text.ends_with(|last: char| last.is_ascii_digit());
    match text.parse() {
        Ok(block) => Ok(HostRule::Block(block)),
        Err(reason) if address && NameRule::parse(text).is_err() => Err(reason),
        Err(_) => NameRule::parse(text).map(HostRule::Name),
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
        write!(f, ":{}", self.ports)
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        })
    }
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
        ] {
            assert_eq!(text.parse::<AddressRule>().unwrap().to_string(), text);
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
            "http://a:80",
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
            "tcp://a:80#ipv4-only",
            "tcp://10.0.0.1:80:80",
        ] {
            let error = text.parse::<AddressRule>().unwrap_err().to_string();
            assert!(error.contains("tcp://HOST:PORTS") && !error.contains('\n'), "{error}");
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
            ("http://a:80", "neither tcp nor udp"),
        ] {
            let error = text.parse::<AddressRule>().unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
