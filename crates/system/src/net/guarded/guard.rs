use crate::net::{Family, Meter, Policy, Refused, Use};
use crate::{ErrorCode, Result};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// What a socket asks before it does anything.
#[derive(Clone)]
pub(super) struct Guard {
    policy: Arc<dyn Policy>,
    pub(super) meter: Arc<Meter>,
    pub(super) family: Family,
}

impl Guard {
    pub(super) fn new(policy: Arc<dyn Policy>, meter: Arc<Meter>, family: Family) -> Self {
        Self { policy, meter, family }
    }

    /// Where an address leads; `None` when it may not be used. Nobody is told.
    pub(super) fn look(&self, how: Use, address: SocketAddr) -> Option<SocketAddr> {
        // A system may take IPv4 in the form of IPv6 for what it means, so that is what is asked.
        let asked = match address.ip().to_canonical() {
            IpAddr::V4(v4) => (v4, address.port()).into(),
            IpAddr::V6(_) => address,
        };
        let to = self.policy.route(how, asked)?;
        if to == asked {
            return Some(address);
        }
        // A socket has one version of IP, whatever somebody would like it to reach.
        (Family::of(to.ip()) == self.family).then_some(to)
    }

    /// What becomes of a use that is not allowed.
    ///
    /// # Errors
    /// [`Access`](ErrorCode::Access), mostly.
    pub(super) fn refuse(&self, how: Use, address: SocketAddr) -> Result<()> {
        let answer = self.policy.refused(Refused::Address(how, address));
        if answer.allows() { Ok(()) } else { Err(ErrorCode::Access) }
    }

    /// A socket was bound to what was asked for, and has this local address.
    pub(super) fn bound(&self, how: Use, asked: SocketAddr, local: Result<SocketAddr>) {
        if let (0, Ok(local)) = (asked.port(), local) {
            self.policy.bound(how, local);
        }
    }

    /// Whether a socket that was bound to have answers only may have what strangers send.
    pub(super) fn receives(&self, asked: SocketAddr) -> bool {
        self.policy.receives(asked)
    }

    /// Where an address leads.
    pub(super) fn route(&self, how: Use, address: SocketAddr) -> Result<SocketAddr> {
        match self.look(how, address) {
            Some(to) => Ok(to),
            None => self.refuse(how, address).map(|()| address),
        }
    }
}

/// An address as the guest has it, and what it leads to.
#[derive(Clone, Copy)]
pub(super) struct Ends {
    pub(super) asked: SocketAddr,
    pub(super) real: SocketAddr,
}

impl Ends {
    /// A local address as the guest would have it: what it did not get by a mapping is shown as it
    /// is.
    pub(super) fn shown(self, actual: SocketAddr) -> SocketAddr {
        let mut shown = actual;
        if self.real.ip() != self.asked.ip() {
            shown.set_ip(self.asked.ip());
        }
        if self.real.port() != self.asked.port() && self.asked.port() != 0 {
            shown.set_port(self.asked.port());
        }
        shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapping_does_not_show() {
        let at = |text: &str| text.parse::<SocketAddr>().unwrap();
        for (asked, real, actual, shown) in [
            ("10.0.0.1:0", "10.0.0.1:0", "10.0.0.1:4711", "10.0.0.1:4711"),
            ("0.0.0.0:80", "0.0.0.0:8080", "127.0.0.1:8080", "127.0.0.1:80"),
            ("10.0.0.1:80", "127.0.0.1:8080", "127.0.0.1:8080", "10.0.0.1:80"),
            ("0.0.0.0:0", "0.0.0.0:8080", "0.0.0.0:8080", "0.0.0.0:8080"),
        ] {
            let ends = Ends { asked: at(asked), real: at(real) };
            assert_eq!(ends.shown(at(actual)), at(shown), "{asked}");
        }
    }
}
