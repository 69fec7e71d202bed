use crate::Result;
use crate::net::{Lookup, Policy};
use crate::wait::Readiness;
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

/// Tells the policy before the guest what the answer is, and the guest what the policy says.
pub(super) struct GuardedLookup {
    lookup: Arc<dyn Lookup>,
    name: String,
    policy: Arc<dyn Policy>,
    told: OnceLock<Vec<IpAddr>>,
}

impl GuardedLookup {
    pub(super) fn new(lookup: Arc<dyn Lookup>, name: String, policy: Arc<dyn Policy>) -> Self {
        Self { lookup, name, policy, told: OnceLock::new() }
    }
}

impl Lookup for GuardedLookup {
    fn addresses(&self) -> Result<Vec<IpAddr>> {
        if let Some(told) = self.told.get() {
            return answer(told);
        }
        let addresses = self.lookup.addresses()?;
        answer(self.told.get_or_init(|| self.policy.resolved(&self.name, addresses)))
    }

    fn readiness(&self) -> Readiness<'_> {
        self.lookup.readiness()
    }
}

/// A name of which nothing may be told has no address.
fn answer(addresses: &[IpAddr]) -> Result<Vec<IpAddr>> {
    if addresses.is_empty() { Err(crate::ErrorCode::NoEntry) } else { Ok(addresses.to_vec()) }
}
