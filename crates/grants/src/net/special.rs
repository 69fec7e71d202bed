//! Addresses that are not those of somebody in the Internet.

use super::Block;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What is special about an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Of this machine alone.
    Loopback,
    /// Of the link alone, or one at which clouds keep the credentials of their machines: no name
    /// leads there in good faith.
    Platform,
    /// Of a network of somebody's own, of many machines, of none, or not given to anybody yet.
    NotPublic,
}

/// One reason to be careful with an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Special {
    pub(super) kind: Kind,
    /// The block that it is in; `None` when the address only leads to one that is.
    pub(super) range: Option<Block>,
}

/// The blocks, the first that has an address being the one that counts. From IANA's registries of
/// special-purpose addresses; the single ones are metadata services outside of link-local blocks.
const RANGES: &[(Kind, Block)] = &[
    (Kind::NotPublic, Block::of(v4(0, 0, 0, 0), 8)),
    (Kind::NotPublic, Block::of(v4(10, 0, 0, 0), 8)),
    // Alibaba Cloud.
    (Kind::Platform, Block::of(v4(100, 100, 100, 200), 32)),
    (Kind::NotPublic, Block::of(v4(100, 64, 0, 0), 10)),
    (Kind::Loopback, Block::of(v4(127, 0, 0, 0), 8)),
    // Azure.
    (Kind::Platform, Block::of(v4(168, 63, 129, 16), 32)),
    (Kind::Platform, Block::of(v4(169, 254, 0, 0), 16)),
    (Kind::NotPublic, Block::of(v4(172, 16, 0, 0), 12)),
    // Oracle.
    (Kind::Platform, Block::of(v4(192, 0, 0, 192), 32)),
    (Kind::NotPublic, Block::of(v4(192, 0, 0, 0), 24)),
    (Kind::NotPublic, Block::of(v4(192, 0, 2, 0), 24)),
    (Kind::NotPublic, Block::of(v4(192, 88, 99, 0), 24)),
    (Kind::NotPublic, Block::of(v4(192, 168, 0, 0), 16)),
    (Kind::NotPublic, Block::of(v4(198, 18, 0, 0), 15)),
    (Kind::NotPublic, Block::of(v4(198, 51, 100, 0), 24)),
    (Kind::NotPublic, Block::of(v4(203, 0, 113, 0), 24)),
    (Kind::NotPublic, Block::of(v4(224, 0, 0, 0), 4)),
    (Kind::NotPublic, Block::of(v4(240, 0, 0, 0), 4)),
    (Kind::NotPublic, Block::of(v6([0, 0, 0, 0, 0, 0, 0, 0]), 128)),
    (Kind::Loopback, Block::of(v6([0, 0, 0, 0, 0, 0, 0, 1]), 128)),
    (Kind::NotPublic, Block::of(v6([0x64, 0xff9b, 1, 0, 0, 0, 0, 0]), 48)),
    (Kind::NotPublic, Block::of(v6([0x100, 0, 0, 0, 0, 0, 0, 0]), 64)),
    (Kind::NotPublic, Block::of(v6([0x2001, 2, 0, 0, 0, 0, 0, 0]), 48)),
    (Kind::NotPublic, Block::of(v6([0x2001, 0x10, 0, 0, 0, 0, 0, 0]), 28)),
    (Kind::NotPublic, Block::of(v6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0]), 32)),
    (Kind::NotPublic, Block::of(v6([0x3fff, 0, 0, 0, 0, 0, 0, 0]), 20)),
    // Scaleway, Akamai, Oracle, Alibaba Cloud, Amazon, Google.
    (Kind::Platform, Block::of(v6([0xfd00, 0x42, 0, 0, 0, 0, 0, 0x42]), 128)),
    (Kind::Platform, Block::of(v6([0xfd00, 0xa9fe, 0xa9fe, 0, 0, 0, 0, 1]), 128)),
    (Kind::Platform, Block::of(v6([0xfd00, 0xc1, 0, 0, 0, 0, 0xa9fe, 0xa9fe]), 128)),
    (Kind::Platform, Block::of(v6([0xfd00, 0x100, 0, 0, 0, 0, 0x100, 0x200]), 128)),
    (Kind::Platform, Block::of(v6([0xfd00, 0xec2, 0, 0, 0, 0, 0, 0]), 32)),
    (Kind::Platform, Block::of(v6([0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254]), 128)),
    (Kind::NotPublic, Block::of(v6([0xfc00, 0, 0, 0, 0, 0, 0, 0]), 7)),
    (Kind::Platform, Block::of(v6([0xfe80, 0, 0, 0, 0, 0, 0, 0]), 10)),
    (Kind::NotPublic, Block::of(v6([0xfec0, 0, 0, 0, 0, 0, 0, 0]), 10)),
    (Kind::NotPublic, Block::of(v6([0xff00, 0, 0, 0, 0, 0, 0, 0]), 8)),
];

/// Where no addresses of the Internet are, but for those of [`NAT64`].
const RESERVED: [Block; 3] = [
    Block::of(v6([0, 0, 0, 0, 0, 0, 0, 0]), 3),
    Block::of(v6([0x4000, 0, 0, 0, 0, 0, 0, 0]), 2),
    Block::of(v6([0x8000, 0, 0, 0, 0, 0, 0, 0]), 1),
];

/// Translated to IPv4, and judged by that.
const NAT64: Block = Block::of(v6([0x64, 0xff9b, 0, 0, 0, 0, 0, 0]), 96);

const fn v4(a: u8, b: u8, c: u8, d: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(a, b, c, d))
}

const fn v6(segments: [u16; 8]) -> IpAddr {
    let [a, b, c, d, e, f, g, h] = segments;
    IpAddr::V6(Ipv6Addr::new(a, b, c, d, e, f, g, h))
}

/// What is special about an address, and about those that it leads to.
pub(super) fn of(address: IpAddr) -> impl Iterator<Item = Special> {
    let own = of_one(address).map(|(kind, range)| Special { kind, range: Some(range) });
    let led_to = leads_to(address).into_iter().filter_map(of_one);
    own.into_iter().chain(led_to.map(|(kind, _)| Special { kind, range: None }))
}

fn of_one(address: IpAddr) -> Option<(Kind, Block)> {
    let known = RANGES.iter().find(|(_, range)| range.contains(address)).copied();
    if known.is_some() || NAT64.contains(address) {
        return known;
    }
    let reserved = RESERVED.iter().find(|range| range.contains(address))?;
    Some((Kind::NotPublic, *reserved))
}

/// The other addresses at which a packet to this one may arrive: those of IPv4 in the forms that
/// translators and tunnels take out again, and this machine for the address that is none.
pub(super) fn leads_to(address: IpAddr) -> Vec<IpAddr> {
    let address = match address.to_canonical() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => return vec![Ipv4Addr::LOCALHOST.into()],
        IpAddr::V4(_) => return Vec::new(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => return vec![Ipv6Addr::LOCALHOST.into()],
        IpAddr::V6(Ipv6Addr::LOCALHOST) => return Vec::new(),
        IpAddr::V6(address) => address,
    };
    let bits = address.to_bits();
    #[allow(clippy::cast_possible_truncation, reason = "the other bits are somebody else's")]
    let after = |skipped: u32| (bits >> (96 - skipped)) as u32;
    // RFC 6052 leaves out the bits 64 to 71.
    let squeezed = bits >> 64 << 56 | bits & u128::from(u64::MAX >> 8);
    #[allow(clippy::cast_possible_truncation, reason = "the other bits are somebody else's")]
    let around = |skipped: u32| (squeezed >> (88 - skipped)) as u32;
    let found = match address.segments() {
        // NAT64, and of a network's own, in which the prefix may have several lengths.
        [0x64, 0xff9b, 0, 0, 0, 0, ..] => vec![after(96)],
        [0x64, 0xff9b, 1, ..] => vec![around(48), around(56), around(64), after(96)],
        // 6to4.
        [0x2002, ..] => vec![after(16)],
        // Teredo: the server, and the client with its bits turned around.
        [0x2001, 0, ..] => vec![after(32), !after(96)],
        // Compatible with IPv4, long out of use, and translated statelessly.
        [0, 0, 0, 0, 0, 0, ..] | [0, 0, 0, 0, 0xffff, 0, ..] => vec![after(96)],
        // ISATAP.
        [_, _, _, _, 0 | 0x200, 0x5efe, ..] => vec![after(96)],
        _ => Vec::new(),
    };
    found.into_iter().map(|bits| Ipv4Addr::from_bits(bits).into()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(address: &str) -> Vec<Kind> {
        of(address.parse().unwrap()).map(|special| special.kind).collect()
    }

    #[test]
    fn of_the_internet() {
        for address in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "::ffff:8.8.8.8",
            "64:ff9b::8.8.8.8",
            "2002:808:808::1",
            "2001:0:808:808::f7f7:f7f7",
            "2606:4700::1111",
            "2001:4860::8888",
            "3ffe::1",
        ] {
            assert_eq!(kinds(address), [], "{address}");
        }
    }

    #[test]
    fn not_of_the_internet() {
        for (kind, addresses) in [
            (Kind::Loopback, &["127.0.0.1", "127.255.255.255", "::1", "::ffff:127.0.0.1"][..]),
            (
                Kind::Platform,
                &[
                    "169.254.0.0",
                    "169.254.169.254",
                    "169.254.255.255",
                    "::ffff:169.254.169.254",
                    "100.100.100.200",
                    "168.63.129.16",
                    "192.0.0.192",
                    "fe80::1",
                    "febf:ffff::1",
                    "fd00:ec2::254",
                    "fd00:ec2::23",
                    "fd20:ce::254",
                    "fd00:42::42",
                    "fd00:c1::a9fe:a9fe",
                ],
            ),
            (
                Kind::NotPublic,
                &[
                    "0.0.0.1",
                    "0.255.255.255",
                    "10.0.0.0",
                    "10.255.255.255",
                    "100.64.0.0",
                    "100.127.255.255",
                    "172.16.0.0",
                    "172.31.255.255",
                    "192.0.0.1",
                    "192.0.2.1",
                    "192.168.0.0",
                    "192.168.255.255",
                    "198.18.0.0",
                    "198.19.255.255",
                    "198.51.100.1",
                    "203.0.113.255",
                    "224.0.0.1",
                    "239.255.255.255",
                    "240.0.0.1",
                    "255.255.255.255",
                    "100::1",
                    "2001:db8::1",
                    "3fff::1",
                    "4000::",
                    "8000::1",
                    "fc00::",
                    "fdff::1",
                    "fec0::1",
                    "ff02::1",
                ],
            ),
        ] {
            for address in addresses {
                assert_eq!(kinds(address), [kind], "{address}");
            }
        }
    }

    #[test]
    fn what_leads_to_them() {
        for (address, kind) in [
            ("0.0.0.0", Kind::Loopback),
            ("::", Kind::Loopback),
            ("64:ff9b::127.0.0.1", Kind::Loopback),
            ("64:ff9b::a9fe:a9fe", Kind::Platform),
            ("64:ff9b::10.0.0.1", Kind::NotPublic),
            // The prefixes of 48, 56, 64 and 96 bits.
            ("64:ff9b:1:a9fe:a9:fe00::", Kind::Platform),
            ("64:ff9b:1:a9:fe:a9fe::", Kind::Platform),
            ("64:ff9b:1:0:a9:fea9:fe00:0", Kind::Platform),
            ("64:ff9b:1:fffe::a9fe:a9fe", Kind::Platform),
            ("2002:7f00:1::1", Kind::Loopback),
            ("2002:a9fe:a9fe::1", Kind::Platform),
            ("2002:a00:1::", Kind::NotPublic),
            // The server, and the client: 169.254.169.254 with its bits turned around.
            ("2001:0:a9fe:a9fe::1", Kind::Platform),
            ("2001:0:808:808::5601:5601", Kind::Platform),
            ("::169.254.169.254", Kind::Platform),
            ("::ffff:0:169.254.169.254", Kind::Platform),
            ("2606:4700::5efe:a9fe:a9fe", Kind::Platform),
            ("2606:4700::200:5efe:a00:1", Kind::NotPublic),
        ] {
            assert!(kinds(address).contains(&kind), "{address}: {:?}", kinds(address));
            let direct = of(address.parse().unwrap()).any(|special| {
                special.kind == kind && special.range.is_some() && kind != Kind::NotPublic
            });
            assert!(!direct, "{address}");
        }
    }
}
