use crate::{ErrorCode, Result};
use std::net::IpAddr;

/// What a host is called: by an address or by a name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Host {
    /// An address; never IPv4 in the form of IPv6.
    Address(IpAddr),
    /// A name, in lower case and without a dot at its end.
    Name(String),
}

/// Reads what a host is called.
///
/// What ends in a number is an address or nothing: `127.1`, `0x7f.1` and their kin, which resolvers
/// of C libraries take for addresses, are refused. So are zones (`fe80::1%eth0`).
///
/// # Errors
/// [`Invalid`](ErrorCode::Invalid) for what can be neither; [`NotSupported`](ErrorCode::NotSupported)
/// for a name with characters beyond ASCII, which is to be given in its `xn--` form.
pub fn host(text: &str) -> Result<Host> {
    if let Some(address) = address(text) {
        return Ok(Host::Address(address.to_canonical()));
    }
    if !text.is_ascii() {
        return Err(ErrorCode::NotSupported);
    }
    let name = text.strip_suffix('.').unwrap_or(text);
    if name.len() > LONGEST_NAME || !name.split('.').all(is_label) || ends_in_number(name) {
        return Err(ErrorCode::Invalid);
    }
    Ok(Host::Name(name.to_ascii_lowercase()))
}

/// IPv6 may stand in brackets, as in URLs.
fn address(text: &str) -> Option<IpAddr> {
    match text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
        Some(text) => text.parse().ok().map(IpAddr::V6),
        None => text.parse().ok(),
    }
}

const LONGEST_NAME: usize = 253;
const LONGEST_LABEL: usize = 63;

/// Underscores are in no name of a machine, but in names that are looked up all the same.
fn is_label(label: &str) -> bool {
    let part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=LONGEST_LABEL).contains(&label.len()) && label.bytes().all(part) && !label.starts_with('-')
}

fn ends_in_number(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    match last.strip_prefix("0x") {
        Some(rest) => rest.bytes().all(|byte| byte.is_ascii_hexdigit()),
        None => last.bytes().all(|byte| byte.is_ascii_digit()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for (text, address) in [
            ("127.0.0.1", "127.0.0.1"),
            ("::1", "::1"),
            ("[::1]", "::1"),
            ("2001:DB8::1", "2001:db8::1"),
            ("::ffff:10.0.0.1", "10.0.0.1"),
            ("::ffff:a00:1", "10.0.0.1"),
        ] {
            assert_eq!(host(text), Ok(Host::Address(address.parse().unwrap())), "{text}");
        }
    }

    #[test]
    fn names() {
        let long = ["a".repeat(63).as_str(); 3].join(".");
        for (text, name) in [
            ("localhost", "localhost"),
            ("Example.COM.", "example.com"),
            ("_dns.a-b.xn--nxasmq6b", "_dns.a-b.xn--nxasmq6b"),
            ("1.a", "1.a"),
            ("0x7g", "0x7g"),
            (&long, &long),
        ] {
            assert_eq!(host(text), Ok(Host::Name(name.to_owned())), "{text}");
        }
    }

    #[test]
    fn neither() {
        let label = "a".repeat(64);
        let name = ["a".repeat(63).as_str(); 4].join(".");
        for text in [
            "",
            ".",
            "..",
            "a..b",
            ".a",
            "a b",
            "a/b",
            "a:80",
            "-a",
            "a\0b",
            "fe80::1%eth0",
            "127.1",
            "1",
            "0x7f.1",
            "0X7F000001",
            "0177.0.0.1",
            "256.0.0.1",
            "1.2.3.4.5",
            "a.0x",
            "1.2.3.4.",
            "[1.2.3.4]",
            "[::1",
            "[::1]:80",
            "user@host",
            "http://a",
            &label,
            &name,
        ] {
            assert_eq!(host(text), Err(ErrorCode::Invalid), "{text:?}");
        }
        assert_eq!(host("bücher.example"), Err(ErrorCode::NotSupported));
    }
}
