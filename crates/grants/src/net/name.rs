use super::suffix;
use crate::Error;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use wayleave_system::net::{Family, Host, host};

/// Names that may be looked up, as people write them: `NAME`, `*.NAME` or `*`, as a [`NamePattern`]
/// says. `NAME->ADDRESS` gives it this address, and nobody is asked. `#ipv4-only` or `#ipv6-only` at
/// the end leaves out what the other version has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameRule {
    pub(super) names: NamePattern,
    pub(super) to: Option<IpAddr>,
    pub(super) family: Option<Family>,
}

/// Names of hosts: `example.com`, `*.example.com` for all below it but not itself, or `*` for every
/// name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NamePattern {
    /// Every name.
    Any,
    /// This name.
    Name(String),
    /// Every name that ends in a dot and this.
    Below(String),
}

impl NamePattern {
    /// Whether it means a name, which is in lower case and without a dot at its end.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Name(this) => this == name,
            Self::Below(this) => {
                name.strip_suffix(this.as_str()).is_some_and(|below| below.ends_with('.'))
            }
        }
    }

    /// A pattern, or what is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text == "*" {
            return Ok(Self::Any);
        }
        let (rest, below) = match text.strip_prefix("*.") {
            Some(rest) => (rest, true),
            None => (text, false),
        };
        match host(rest) {
            Ok(Host::Name(name)) => Ok(if below { Self::Below(name) } else { Self::Name(name) }),
            Ok(Host::Address(_)) => Err(format!("{rest} is an address, not a name")),
            Err(_) if !rest.is_ascii() => {
                Err(format!("{rest:?} has characters beyond ASCII; write its xn-- form"))
            }
            Err(_) => Err(format!("{rest:?} is no name of a host")),
        }
    }
}

impl NameRule {
    /// The rule for just this name, as the system knows it.
    pub(super) fn of(name: &str) -> Self {
        Self { names: NamePattern::Name(name.to_owned()), to: None, family: None }
    }

    fn parse(text: &str) -> Result<Self, String> {
        let (text, family) = suffix::split(text)?;
        let (names, to) = match text.split_once("->") {
            None => (text, None),
            Some((names, to)) => {
                let reason = |_| format!("{to:?} is no address that a name can be given");
                let to: IpAddr = to.parse().map_err(reason)?;
                (names, Some(to.to_canonical()))
            }
        };
        if let (Some(to), Some(family)) = (to, family) {
            suffix::check(to, family)?;
        }
        Ok(Self { names: NamePattern::parse(names)?, to, family })
    }
}

impl FromStr for NameRule {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::parse(text).map_err(|reason| Error::NameRule { text: text.to_owned(), reason })
    }
}

impl fmt::Display for NamePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("*"),
            Self::Name(name) => f.write_str(name),
            Self::Below(name) => write!(f, "*.{name}"),
        }
    }
}

impl fmt::Display for NameRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.names)?;
        if let Some(to) = self.to {
            write!(f, "->{to}")?;
        }
        f.write_str(suffix::text(self.family))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form() {
        for (rule, inside, outside) in [
            ("example.com", &["example.com"][..], &["www.example.com", "xample.com", "com"][..]),
            ("Example.COM.", &["example.com"], &["example.com.evil"]),
            (
                "*.example.com",
                &["a.example.com", "a.b.example.com"],
                &["example.com", "aexample.com"],
            ),
            ("*", &["a", "a.b"], &[]),
        ] {
            let rule = NamePattern::parse(rule).unwrap();
            assert!(inside.iter().all(|name| rule.matches(name)), "{rule}");
            assert!(!outside.iter().any(|name| rule.matches(name)), "{rule}");
        }
    }

    #[test]
    fn each_rule_is_written_as_it_is_read() {
        for text in [
            "example.com",
            "*.example.com#ipv4-only",
            "*",
            "*#ipv6-only",
            "db.internal->10.0.0.1",
            "db.internal->fd00::1#ipv6-only",
        ] {
            assert_eq!(text.parse::<NameRule>().unwrap().to_string(), text);
        }
        let mapped = "DB.internal.->::ffff:10.0.0.1#ipv4-only".parse::<NameRule>().unwrap();
        assert_eq!(mapped.to_string(), "db.internal->10.0.0.1#ipv4-only");
    }

    #[test]
    fn not_understood() {
        for text in [
            "",
            "*.",
            "a.*",
            "*a",
            "**",
            "*.*",
            "10.0.0.1",
            "::1",
            "*.10.0.0.1",
            "127.1",
            "a b",
            "http://a",
            "a:80",
            "bücher.example",
            "a#ipv4",
            "a#",
            "a#ipv4-only#ipv4-only",
            "a->",
            "a->b",
            "->1.2.3.4",
            "a->1.2.3.4:80",
            "a->1.2.3.4#ipv6-only",
            "a->::1#ipv4-only",
            "a->0x7f.1",
            "a->fe80::1%1",
        ] {
            let error = text.parse::<NameRule>().unwrap_err().to_string();
            assert!(error.contains("*.NAME") && !error.contains('\n'), "{error}");
        }
    }
}
