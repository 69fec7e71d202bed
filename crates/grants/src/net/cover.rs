//! Rules that allow what another denies altogether.

use super::rules::applies;
use super::{AddressRule, HostRule, NamePattern, Ports};
use std::ops::RangeInclusive;

impl AddressRule {
    /// Whether it, as a rule that denies, leaves nothing of what another allows: that has been
    /// written in vain.
    pub(crate) fn denies_all_of(&self, allowed: &Self) -> bool {
        let hosts = match (&self.host, &allowed.host) {
            (HostRule::Any, _) => true,
            (HostRule::Block(denied), HostRule::Block(block)) => block.is_within(denied),
            (HostRule::Name(denied), HostRule::Name(names)) => denied.has_all_of(names),
            _ => false,
        };
        // A rule for one version of IP leaves the other, unless the block has none of that.
        let versions = match self.host {
            HostRule::Block(_) => true,
            _ => self.family.is_none() || self.family == allowed.family,
        };
        applies(self, allowed.protocol)
            && hosts
            && versions
            && self.ports.has_all_of(&allowed.ports)
    }
}

impl NamePattern {
    fn has_all_of(&self, names: &Self) -> bool {
        match (self, names) {
            (Self::Any, _) => true,
            (_, Self::Name(name)) => self.matches(name),
            (Self::Below(this), Self::Below(name)) => this == name || self.matches(name),
            _ => false,
        }
    }
}

impl Ports {
    fn has_all_of(&self, ports: &Self) -> bool {
        ports.ranges().iter().all(|range| {
            // Nobody connects to port 0.
            let mut next = u32::from(*range.start()).max(1);
            let last = u32::from(*range.end());
            while next <= last {
                let held = |held: &&RangeInclusive<u16>| {
                    (u32::from(*held.start())..=u32::from(*held.end())).contains(&next)
                };
                let Some(held) = self.ranges().iter().find(held) else { return false };
                next = u32::from(*held.end()) + 1;
            }
            true
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_vain(allowed: &str, denied: &str) -> bool {
        let rule = |text: &str| text.parse::<AddressRule>().unwrap();
        rule(denied).denies_all_of(&rule(allowed))
    }

    #[test]
    fn what_is_denied_altogether() {
        for (allowed, denied) in [
            ("tcp://a:1", "tcp://a:1"),
            ("tcp://a:1", "tcp://a:*"),
            ("tcp://a:1,5-7", "tcp://*:1-6,7"),
            ("tcp://*:*", "tcp://*:1-65535"),
            ("http://a", "tcp://a:80"),
            ("tcp://10.1.2.3:80", "tcp://10.0.0.0/8:*"),
            ("tcp://10.1.0.0/16:80", "tcp://10.0.0.0/8:*"),
            ("tcp://x.a:1", "tcp://*.a:1"),
            ("tcp://*.x.a:1", "tcp://*.a:1"),
            ("tcp://*.a:1", "tcp://*.a:1"),
            ("tcp://a:1#ipv4-only", "tcp://a:1"),
            ("tcp://a:1#ipv4-only", "tcp://a:1#ipv4-only"),
            ("tcp://a:1->10.0.0.1:2", "tcp://a:*"),
        ] {
            assert!(in_vain(allowed, denied), "{allowed} {denied}");
        }
    }

    #[test]
    fn what_is_left_of_it() {
        for (allowed, denied) in [
            ("tcp://a:1,2", "tcp://a:1"),
            ("tcp://a:1", "udp://a:1"),
            ("tcp://a:80", "http://a"),
            ("tcp://a:1", "tcp://b:1"),
            ("tcp://*:1", "tcp://*.a:1"),
            ("tcp://*.a:1", "tcp://a:1"),
            ("tcp://*.a:1", "tcp://any.a:1"),
            ("tcp://*.a:1", "tcp://*.x.a:1"),
            ("tcp://a:1", "tcp://10.0.0.0/8:*"),
            ("tcp://a:1", "tcp://a:1#ipv4-only"),
            ("tcp://10.0.0.0/8:1", "tcp://10.1.0.0/16:1"),
            ("tcp://*:1", "tcp://0.0.0.0/0:*"),
        ] {
            assert!(!in_vain(allowed, denied), "{allowed} {denied}");
        }
    }
}
