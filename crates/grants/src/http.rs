use crate::Error;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::str::FromStr;
use wayleave_system::http::{Policy, Scheme};

/// A host that HTTP requests may be sent to, as people write it: `HOST`, on the usual port of the
/// scheme; `HOST:PORT`; or `*`, which is every host on every port.
///
/// A host is a name or an address (`192.0.2.1`, `[2001:db8::1]`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpGrant {
    host: Host,
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Host {
    Any,
    /// In lower case.
    Name(String),
    Address(IpAddr),
}

/// What these grants allow, and nothing else.
///
/// The address that a granted name stands for is whatever the name was resolved to, unless it is
/// one of the link itself (169.254.0.0/16, fe80::/10): clouds keep their credentials there, and no
/// name leads to them in good faith. Such an address has to be granted as what it is.
#[derive(Clone, Debug, Default)]
pub struct HttpGrants(Vec<HttpGrant>);

impl HttpGrants {
    /// The policy of these grants.
    pub fn new(grants: impl IntoIterator<Item = HttpGrant>) -> Self {
        Self(grants.into_iter().collect())
    }
}

impl Policy for HttpGrants {
    fn allows_host(&self, scheme: &Scheme, host: &str, port: u16) -> bool {
        self.0.iter().any(|grant| grant.matches(scheme, host, port))
    }

    fn allows(&self, scheme: &Scheme, host: &str, address: SocketAddr) -> bool {
        self.0.iter().any(|grant| {
            grant.matches(scheme, host, address.port())
                && match &grant.host {
                    Host::Any => true,
                    Host::Name(_) => !is_link_local(address.ip()),
                    Host::Address(granted) => *granted == address.ip().to_canonical(),
                }
        })
    }
}

impl HttpGrant {
    fn matches(&self, scheme: &Scheme, host: &str, port: u16) -> bool {
        let ports = match (self.port, &self.host) {
            (Some(granted), _) => port == granted,
            (None, Host::Any) => true,
            (None, _) if *scheme == Scheme::HTTPS => port == 443,
            (None, _) => port == 80,
        };
        ports
            && match &self.host {
                Host::Any => true,
                Host::Name(name) => name.eq_ignore_ascii_case(host),
                Host::Address(granted) => {
                    host.parse::<IpAddr>().is_ok_and(|host| host.to_canonical() == *granted)
                }
            }
    }
}

fn is_link_local(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => address.is_link_local(),
        IpAddr::V6(address) => address.is_unicast_link_local(),
    }
}

impl FromStr for HttpGrant {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let bad = |reason: &str| Error::Http { text: text.to_owned(), reason: reason.to_owned() };
        if text.contains("://") || text.contains('/') {
            return Err(bad("it is a host alone, without a scheme or a path"));
        }
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(Self { host: Host::Address(address.to_canonical()), port: None });
        }
        // In brackets, colons belong to the address.
        let end_of_host = text.rfind(']').unwrap_or(0);
        let (host, port) = match text[end_of_host..].rfind(':') {
            Some(colon) => {
                let (host, port) = text.split_at(end_of_host + colon);
                let port = port[1..].parse().ok().filter(|port| *port > 0);
                (host, Some(port.ok_or_else(|| bad("the port is not one from 1 to 65535"))?))
            }
            None => (text, None),
        };
        let host = match host.strip_prefix('[').map(|host| host.strip_suffix(']')) {
            Some(host) => {
                let address = host.and_then(|host| host.parse::<Ipv6Addr>().ok());
                let address = address.map(|address| IpAddr::V6(address).to_canonical());
                Host::Address(address.ok_or_else(|| bad("what is in brackets is no address"))?)
            }
            None if host == "*" => Host::Any,
            None => match host.parse::<IpAddr>() {
                Ok(address) => Host::Address(address),
                Err(_) if is_name(host) => Host::Name(host.to_ascii_lowercase()),
                Err(_) => return Err(bad("that is no host's name")),
            },
        };
        Ok(Self { host, port })
    }
}

/// Letters, digits, hyphens and underscores, in parts between dots.
fn is_name(host: &str) -> bool {
    let part = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    host.len() <= 253 && host.split('.').all(part)
}

impl fmt::Display for HttpGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Host::Any => f.write_str("*"),
            Host::Name(name) => f.write_str(name),
            Host::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
            Host::Address(address) => write!(f, "{address}"),
        }?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(grants: &[&str]) -> HttpGrants {
        HttpGrants::new(grants.iter().map(|grant| grant.parse().unwrap()))
    }

    fn host(grant: &str, uri: &str) -> bool {
        let (scheme, rest) = uri.split_once("://").unwrap();
        let (host, port) = rest.split_once(' ').unwrap();
        policy(&[grant]).allows_host(&scheme.parse().unwrap(), host, port.parse().unwrap())
    }

    fn address(grant: &str, host: &str, address: &str) -> bool {
        policy(&[grant]).allows(&Scheme::HTTPS, host, address.parse().unwrap())
    }

    #[test]
    fn a_host_is_granted_and_no_other() {
        assert!(host("example.com", "https://example.com 443"));
        assert!(host("Example.COM", "http://example.com 80"));
        for other in [
            "https://example.com 8443",
            "http://example.com 443",
            "https://www.example.com 443",
            "https://example.com.evil.test 443",
            "https://notexample.com 443",
            "https://127.0.0.1 443",
        ] {
            assert!(!host("example.com", other), "{other}");
        }
        assert!(host("example.com:8080", "http://example.com 8080"));
        assert!(host("example.com:8080", "https://example.com 8080"));
        assert!(!host("example.com:8080", "http://example.com 80"));
        assert!(host("[::1]:80", "http://::1 80"));
        assert!(host("::1", "http://::1 80"));
        assert!(host("127.0.0.1", "http://::ffff:127.0.0.1 80"));
        assert!(!host("127.0.0.1", "http://0x7f.1 80"));
        assert!(!host("127.0.0.1", "http://localhost 80"));
        assert!(host("*", "http://anything 1234"));
        assert!(host("*:443", "https://anything 443"));
        assert!(!host("*:443", "https://anything 444"));
        assert!(!policy(&[]).allows_host(&Scheme::HTTP, "a", 80));
        assert!(policy(&["a", "b"]).allows_host(&Scheme::HTTP, "b", 80));
    }

    #[test]
    fn the_address_is_what_counts() {
        assert!(address("example.com", "example.com", "192.0.2.1:443"));
        assert!(address("db.internal", "db.internal", "10.0.0.1:443"));
        assert!(!address("example.com", "example.com", "192.0.2.1:80"));
        assert!(!address("example.com", "other", "192.0.2.1:443"));
        for link in ["169.254.169.254:443", "[fe80::1]:443", "[::ffff:169.254.169.254]:443"] {
            assert!(!address("example.com", "example.com", link), "{link}");
        }
        assert!(address("169.254.169.254", "169.254.169.254", "169.254.169.254:443"));
        assert!(address("192.0.2.1", "192.0.2.1", "[::ffff:192.0.2.1]:443"));
        assert!(!address("192.0.2.1", "192.0.2.1", "192.0.2.2:443"));
        assert!(address("*", "example.com", "127.0.0.1:1"));
    }

    #[test]
    fn what_is_no_host_is_refused() {
        for bad in [
            "",
            ":80",
            "a:",
            "a:0",
            "a:65536",
            "a:b",
            "http://a",
            "a/b",
            "*.a",
            "a..b",
            "a b",
            "[::1",
            "[a]",
            "[::1]80",
            "[127.0.0.1]",
            "me@a",
            "::1:80:x",
        ] {
            assert!(bad.parse::<HttpGrant>().is_err(), "{bad}");
        }
        for good in ["a", "a:1", "*", "*:80", "[::1]:80", "[::1]", "127.0.0.1:80", "a-b_c.d"] {
            assert_eq!(good.parse::<HttpGrant>().unwrap().to_string(), good);
        }
        let error = "http://a/".parse::<HttpGrant>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "HTTP grant \"http://a/\": it is a host alone, without a scheme or a path; write \
             HOST[:PORT], or * for every host"
        );
    }
}
