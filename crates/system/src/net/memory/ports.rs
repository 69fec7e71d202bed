use crate::net::Family;
use crate::{ErrorCode, Result};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Weak};

/// Who is at which address.
pub(super) struct Ports<S> {
    taken: HashMap<SocketAddr, Weak<S>>,
    /// The port that is tried next for whoever wants any.
    next: u16,
}

/// The first of the ports that are given to whoever wants any, as is usual.
const FIRST_FREE: u16 = 49_152;

impl<S> Default for Ports<S> {
    fn default() -> Self {
        Self { taken: HashMap::new(), next: FIRST_FREE }
    }
}

impl<S> Ports<S> {
    /// Takes an address; port 0 is any free one.
    pub(super) fn take(&mut self, address: SocketAddr, who: &Arc<S>) -> Result<SocketAddr> {
        let mut address = address;
        if address.port() == 0 {
            address.set_port(self.free(address)?);
        } else if !self.is_free(address) {
            return Err(ErrorCode::AddrInUse);
        }
        self.taken.insert(address, Arc::downgrade(who));
        Ok(address)
    }

    fn free(&mut self, address: SocketAddr) -> Result<u16> {
        for _ in FIRST_FREE..=u16::MAX {
            let port = self.next;
            self.next = port.checked_add(1).unwrap_or(FIRST_FREE);
            if self.is_free((address.ip(), port).into()) {
                return Ok(port);
            }
        }
        Err(ErrorCode::AddrInUse)
    }

    /// Any address is all addresses.
    fn is_free(&self, address: SocketAddr) -> bool {
        !self.taken.keys().any(|taken| {
            taken.port() == address.port()
                && taken.is_ipv4() == address.is_ipv4()
                && (taken.ip() == address.ip()
                    || taken.ip().is_unspecified()
                    || address.ip().is_unspecified())
        })
    }

    pub(super) fn give_back(&mut self, address: SocketAddr) {
        self.taken.remove(&address);
    }

    /// Who is reached at an address.
    pub(super) fn at(&self, address: SocketAddr) -> Option<Arc<S>> {
        let mut any = Family::of(address.ip()).unspecified();
        any.set_port(address.port());
        // What belongs to an address of IPv6 beyond it is nothing here.
        let bare = (address.ip(), address.port()).into();
        self.taken.get(&bare).or_else(|| self.taken.get(&any))?.upgrade()
    }
}
