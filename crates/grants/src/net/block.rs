use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;
use wayleave_system::net::Family;

/// A block of addresses: one (`10.0.0.1`, `::1`), or all that begin with the same bits
/// (`10.0.0.0/8`, `fd00::/8`). IPv4 in the form of IPv6 is IPv4 here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    base: IpAddr,
    /// How many bits are the same.
    prefix: u8,
}

impl Block {
    /// This machine's addresses that nobody else reaches.
    pub(super) const LOOPBACK: [Self; 2] = [
        Self::of(IpAddr::V4(Ipv4Addr::new(127, 0, 0, 0)), 8),
        Self::of(IpAddr::V6(Ipv6Addr::LOCALHOST), 128),
    ];

    /// A block of which it is known that it begins there.
    pub(super) const fn of(base: IpAddr, prefix: u8) -> Self {
        Self { base, prefix }
    }

    /// One address.
    pub(super) fn one(address: IpAddr) -> Self {
        let base = address.to_canonical();
        Self { base, prefix: bits(base) }
    }

    /// Whether each of its addresses is also one of the other's.
    pub(super) fn is_within(&self, other: &Self) -> bool {
        self.prefix >= other.prefix && other.contains(self.base)
    }

    pub(super) fn family(&self) -> Family {
        Family::of(self.base)
    }

    /// Whether an address is in the block.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.base, address.to_canonical()) {
            (IpAddr::V4(base), IpAddr::V4(address)) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.prefix)).unwrap_or(0);
                (base.to_bits() ^ address.to_bits()) & mask == 0
            }
            (IpAddr::V6(base), IpAddr::V6(address)) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.prefix)).unwrap_or(0);
                (base.to_bits() ^ address.to_bits()) & mask == 0
            }
            _ => false,
        }
    }

    /// Whether a socket that is bound to an address stays inside the block. One that is bound to
    /// any address (`0.0.0.0`, `::`) does only if the block is all there is, or just that.
    #[must_use]
    pub(super) fn contains_bound(&self, address: IpAddr) -> bool {
        if address.is_unspecified() {
            return self.contains(address) && (self.prefix == 0 || self.is_one());
        }
        self.contains(address)
    }

    pub(super) fn is_one(&self) -> bool {
        self.prefix == bits(self.base)
    }
}

fn bits(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

impl FromStr for Block {
    /// What is wrong with it.
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let base: IpAddr = address.parse().map_err(|_| format!("{address:?} is no address"))?;
        let most = bits(base);
        let prefix = match prefix {
            None => most,
            Some(text) => number(text)
                .filter(|prefix| *prefix <= most)
                .ok_or_else(|| format!("a prefix is 0 to {most} here, not {text:?}"))?,
        };
        let block = Self { base, prefix };
        if block.first() != base {
            return Err(format!("this block begins at {}/{prefix}", block.first()));
        }
        Ok(block.canonical())
    }
}

/// Nothing but digits: `parse` alone would take a sign.
fn number(text: &str) -> Option<u8> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    // Some read what begins with a zero as an octal number.
    let plain = digits && (text == "0" || !text.starts_with('0'));
    plain.then(|| text.parse().ok())?
}

impl Block {
    fn first(&self) -> IpAddr {
        match self.base {
            IpAddr::V4(base) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.prefix)).unwrap_or(0);
                Ipv4Addr::from_bits(base.to_bits() & mask).into()
            }
            IpAddr::V6(base) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.prefix)).unwrap_or(0);
                Ipv6Addr::from_bits(base.to_bits() & mask).into()
            }
        }
    }

    /// IPv4, if that is what it means.
    fn canonical(self) -> Self {
        match (self.base.to_canonical(), self.prefix.checked_sub(96)) {
            (base @ IpAddr::V4(_), Some(prefix)) if self.base.is_ipv6() => Self { base, prefix },
            _ => self,
        }
    }
}

/// As it is written in a rule: IPv6 in brackets.
impl fmt::Display for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (open, close) = if self.base.is_ipv6() { ("[", "]") } else { ("", "") };
        match self.is_one() {
            true => write!(f, "{open}{}{close}", self.base),
            false => write!(f, "{open}{}/{}{close}", self.base, self.prefix),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn edges() {
        let cases: &[(&str, &[&str], &[&str])] = &[
            ("10.0.0.1", &["10.0.0.1"], &["10.0.0.0", "10.0.0.2", "::10.0.0.1"]),
            ("10.0.0.0/8", &["10.0.0.0", "10.255.255.255"], &["9.255.255.255", "11.0.0.0"]),
            ("10.1.2.0/23", &["10.1.2.0", "10.1.3.255"], &["10.1.1.255", "10.1.4.0"]),
            ("128.0.0.0/1", &["128.0.0.0", "255.255.255.255"], &["127.255.255.255"]),
            ("10.0.0.1/32", &["10.0.0.1"], &["10.0.0.0", "10.0.0.2"]),
            ("10.0.0.0/31", &["10.0.0.0", "10.0.0.1"], &["10.0.0.2", "9.255.255.255"]),
            ("0.0.0.0/0", &["0.0.0.0", "255.255.255.255"], &["::", "::1"]),
            ("fd00::/8", &["fd00::", "fdff:ffff::1"], &["fc00::", "fe00::"]),
            ("2001:db8::/33", &["2001:db8:7fff::"], &["2001:db8:8000::"]),
            ("::1", &["::1"], &["::", "::2", "0.0.0.1"]),
            ("::/0", &["::1", "64:ff9b::a00:1"], &["10.0.0.1", "::ffff:10.0.0.1"]),
        ];
        for (text, inside, outside) in cases {
            let block: Block = text.parse().unwrap();
            for it in *inside {
                assert!(block.contains(address(it)), "{it} in {text}");
            }
            for it in *outside {
                assert!(!block.contains(address(it)), "{it} not in {text}");
            }
        }
    }

    #[test]
    fn mapped_addresses_are_ipv4() {
        let private: Block = "10.0.0.0/8".parse().unwrap();
        assert!(private.contains(address("::ffff:10.1.2.3")));
        assert!(!private.contains(address("::ffff:11.1.2.3")));
        assert!(!private.contains(address("64:ff9b::10.1.2.3")));
        let mapped: Block = "::ffff:10.0.0.0/104".parse().unwrap();
        assert_eq!(mapped, private);
        let one: Block = "::ffff:10.0.0.1".parse().unwrap();
        assert!(one.contains(address("10.0.0.1")) && one.is_one());
        assert_eq!("::ffff:0:0/96".parse::<Block>().unwrap(), "0.0.0.0/0".parse().unwrap());
    }

    #[test]
    fn bound_to_any_address_is_bound_to_all() {
        let bound =
            |block: &str, to: &str| block.parse::<Block>().unwrap().contains_bound(address(to));
        assert!(bound("0.0.0.0", "0.0.0.0"));
        assert!(bound("0.0.0.0/0", "0.0.0.0"));
        assert!(bound("::", "::"));
        assert!(!bound("0.0.0.0/8", "0.0.0.0"));
        assert!(!bound("::/8", "::"));
        assert!(!bound("127.0.0.1", "0.0.0.0"));
        assert!(bound("127.0.0.0/8", "127.0.0.1"));
    }

    #[test]
    fn not_understood() {
        for text in [
            "",
            "/8",
            "10.0.0.0/",
            "10.0.0.0/33",
            "10.0.0.0/-1",
            "10.0.0.0/+8",
            "10.0.0.0/8/8",
            "10.0.0/8",
            "10/8",
            "010.0.0.1",
            "0x7f.0.0.1",
            "127.1",
            "::1/129",
            "[::1]",
            "fe80::1%1",
            "10.0.0.0/255.0.0.0",
            "10.0.0.0 /8",
            "*",
        ] {
            assert!(text.parse::<Block>().is_err(), "{text:?}");
        }
        let error = "10.0.0.1/8".parse::<Block>().unwrap_err();
        assert!(error.contains("10.0.0.0/8"), "{error}");
        let error = "fd00::1/8".parse::<Block>().unwrap_err();
        assert!(error.contains("fd00::/8"), "{error}");
    }
}
