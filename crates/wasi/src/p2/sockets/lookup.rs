use super::{Network, Outcome, address, told};
use crate::p2::Host;
use crate::p2::bindings::wasi::sockets::ip_name_lookup;
use crate::p2::bindings::wasi::sockets::network::{ErrorCode, IpAddress};
use crate::p2::poll::{Pending, Pollable};
use std::sync::Arc;
use wayleave_component::{Borrow, Own};
use wayleave_engine::Stop;
use wayleave_system::net::Lookup;
use wayleave_system::wait::{Interest, Readiness};

/// The addresses of a name, as the guest takes them one by one.
pub(crate) struct Addresses {
    lookup: Arc<Waiting>,
    /// How many it has taken.
    taken: usize,
}

struct Waiting(Arc<dyn Lookup>);

impl Pending for Waiting {
    fn readiness(&self) -> (Readiness<'_>, Interest) {
        (self.0.readiness(), Interest::Read)
    }
}

impl ip_name_lookup::Host for Host {
    fn resolve_addresses(&mut self, _: Borrow<Network>, name: &str) -> Outcome<Own<Addresses>> {
        let Some(network) = &self.network else {
            return Ok(Err(ErrorCode::AccessDenied));
        };
        let lookup = match network.resolve(name) {
            Ok(lookup) => Arc::new(Waiting(lookup)),
            Err(code) => return told(Err(code)),
        };
        // There are look-ups that the guest has not dropped.
        let added = self.lookups.add(Addresses { lookup, taken: 0 });
        Ok(added.map_err(|_| ErrorCode::TemporaryResolverFailure))
    }

    fn resolve_address_stream_resolve_next_address(
        &mut self,
        this: Borrow<Addresses>,
    ) -> Outcome<Option<IpAddress>> {
        let this = self.lookups.get_mut(this)?;
        told(this.lookup.0.addresses().map(|addresses| {
            let next = addresses.get(this.taken)?;
            this.taken += 1;
            Some(address::ip_to_guest(*next))
        }))
    }

    fn resolve_address_stream_subscribe(
        &mut self,
        this: Borrow<Addresses>,
    ) -> Result<Own<Pollable>, Stop> {
        let lookup = self.lookups.get(this)?.lookup.clone();
        self.pollables.add_or_trap(Pollable::Pending(lookup))
    }

    fn resolve_address_stream_drop(&mut self, this: Own<Addresses>) -> Result<(), Stop> {
        self.lookups.remove(&this).map(drop)
    }
}
