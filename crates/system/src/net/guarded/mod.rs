mod guard;
mod lookup;
mod tcp;
mod udp;

use super::{
    Family, Host, Lookup, Meter, Naming, Network, NetworkLimits, Policy, Refused, TcpSocket,
    UdpSocket, host, known::Known,
};
use crate::{ErrorCode, Result};
use guard::Guard;
use lookup::GuardedLookup;
use std::sync::Arc;
use tcp::GuardedTcp;
use udp::GuardedUdp;

/// A network of which only that can be reached which a [`Policy`] allows, and only so much of it as
/// [`NetworkLimits`] say. What is not allowed is [`Access`](ErrorCode::Access); when the bytes are
/// used up, it is [`Quota`](ErrorCode::Quota).
///
/// Each address is checked in the call that uses it: bound to, listened on, dialled, and of each
/// datagram. What a listener accepts has been decided with it.
pub struct Guarded {
    network: Arc<dyn Network>,
    policy: Arc<dyn Policy>,
    meter: Arc<Meter>,
}

impl Guarded {
    /// What `policy` allows of `network`, with the limits that are the default.
    #[must_use]
    pub fn new(network: Arc<dyn Network>, policy: Arc<dyn Policy>) -> Self {
        Self::with_meter(network, policy, Arc::new(Meter::new(NetworkLimits::default())))
    }

    /// What `policy` allows of `network`, as far as `meter` has room.
    #[must_use]
    pub fn with_meter(
        network: Arc<dyn Network>,
        policy: Arc<dyn Policy>,
        meter: Arc<Meter>,
    ) -> Self {
        Self { network, policy, meter }
    }

    fn guard(&self, family: Family) -> Guard {
        Guard::new(self.policy.clone(), self.meter.clone(), family)
    }
}

impl Network for Guarded {
    fn tcp(&self, family: Family) -> Result<Arc<dyn TcpSocket>> {
        Ok(Arc::new(GuardedTcp::new(self.network.tcp(family)?, self.guard(family))))
    }

    fn udp(&self, family: Family) -> Result<Arc<dyn UdpSocket>> {
        let slot = self.meter.connection()?;
        Ok(Arc::new(GuardedUdp::new(self.network.udp(family)?, self.guard(family), slot)))
    }

    fn resolve(&self, name: &str) -> Result<Arc<dyn Lookup>> {
        let Host::Name(host) = host(name)? else { return self.network.resolve(name) };
        match self.policy.name(&host) {
            Naming::Known(addresses) if addresses.is_empty() => Err(ErrorCode::NoEntry),
            Naming::Known(addresses) => Ok(Arc::new(Known(Ok(addresses)))),
            Naming::Refused if !self.policy.refused(Refused::Name(&host)).allows() => {
                Err(ErrorCode::Access)
            }
            Naming::Refused | Naming::Ask => {
                let lookup = self.network.resolve(&host)?;
                Ok(Arc::new(GuardedLookup::new(lookup, host, self.policy.clone())))
            }
        }
    }
}
