use crate::Error;
use std::fmt;
use std::str::FromStr;
use wayleave_system::net::{Host, host};

/// Names of hosts, as people write them: `example.com`, `*.example.com` for all below it but not
/// itself, or `*` for every name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NameRule {
    /// Every name.
    Any,
    /// This name.
    Name(String),
    /// Every name that ends in a dot and this.
    Below(String),
}

impl NameRule {
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

    /// A rule, or what is wrong with it.
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

impl FromStr for NameRule {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::parse(text).map_err(|reason| Error::NameRule { text: text.to_owned(), reason })
    }
}

impl fmt::Display for NameRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("*"),
            Self::Name(name) => f.write_str(name),
            Self::Below(name) => write!(f, "*.{name}"),
        }
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
            let rule: NameRule = rule.parse().unwrap();
            assert!(inside.iter().all(|name| rule.matches(name)), "{rule}");
            assert!(!outside.iter().any(|name| rule.matches(name)), "{rule}");
        }
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
        ] {
            let error = text.parse::<NameRule>().unwrap_err().to_string();
            assert!(error.contains("*.NAME") && !error.contains('\n'), "{error}");
        }
    }
}
