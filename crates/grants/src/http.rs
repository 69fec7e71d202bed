use crate::{AddressRule, Error};
use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

/// A host that HTTP requests may be sent to, in short: `HOST`, on the usual port of the scheme;
/// `HOST:PORTS`; or `*`, which is every host on every port. It is the same as the two rules
/// `http://HOST` and `https://HOST`, or `http://*:*` and `https://*:*`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpGrant {
    text: String,
    rules: [AddressRule; 2],
}

impl HttpGrant {
    /// What it is short for.
    #[must_use]
    pub fn rules(&self) -> &[AddressRule; 2] {
        &self.rules
    }
}

impl FromStr for HttpGrant {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let bad = |reason: String| Error::Http { text: text.to_owned(), reason };
        if text.contains("://") {
            return Err(bad("it is a host alone, without a scheme or a path".to_owned()));
        }
        let host = match text {
            "*" => "*:*".to_owned(),
            // Without a port there is nothing that brackets would tell apart.
            v6 if v6.parse::<Ipv6Addr>().is_ok() => format!("[{v6}]"),
            host => host.to_owned(),
        };
        let rule = |scheme: &str| match format!("{scheme}://{host}").parse() {
            Err(Error::AddressRule { reason, .. }) => Err(bad(reason)),
            parsed => parsed,
        };
        Ok(Self { text: text.to_owned(), rules: [rule("http")?, rule("https")?] })
    }
}

/// As it was written.
impl fmt::Display for HttpGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_has_no_path() {
        let error = "a/path".parse::<HttpGrant>().unwrap_err().to_string();
        assert!(error.contains("has no path"), "{error}");
    }

    #[test]
    fn it_is_short_for_two_rules() {
        for (short, rules) in [
            ("example.com", ["http://example.com", "https://example.com"]),
            ("Example.com:8080", ["http://example.com:8080", "https://example.com:8080"]),
            ("a:80", ["http://a", "https://a:80"]),
            ("*", ["http://*:*", "https://*:*"]),
            ("*:443", ["http://*:443", "https://*"]),
            ("*.a", ["http://*.a", "https://*.a"]),
            ("::1", ["http://[::1]", "https://[::1]"]),
            ("[::1]:80", ["http://[::1]", "https://[::1]:80"]),
            ("::ffff:127.0.0.1", ["http://127.0.0.1", "https://127.0.0.1"]),
            ("10.0.0.0/8:80,8080", ["http://10.0.0.0/8:80,8080", "https://10.0.0.0/8:80,8080"]),
        ] {
            let grant: HttpGrant = short.parse().unwrap();
            assert_eq!(grant.rules().each_ref().map(ToString::to_string), rules);
            assert_eq!(grant.to_string(), short);
        }
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
            "a..b",
            "a b",
            "[::1",
            "[a]",
            "[::1]80",
            "[127.0.0.1]",
            "me@a",
            "::1:80:x",
            "0x7f.1",
            "fe80::1%1",
        ] {
            assert!(bad.parse::<HttpGrant>().is_err(), "{bad}");
        }
        let error = "http://a/".parse::<HttpGrant>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "HTTP grant \"http://a/\": it is a host alone, without a scheme or a path; write \
             HOST[:PORT], or * for every host"
        );
    }
}
