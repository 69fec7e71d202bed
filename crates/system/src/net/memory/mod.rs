//! A network in memory.

mod pipe;
mod ports;
mod tcp;
mod udp;

use super::known::Known;
use super::{Family, Host, Lookup, Network, TcpSocket, UdpSocket, host};
use crate::{ErrorCode, Result};
use ports::Ports;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tcp::Tcp;
use udp::Udp;

/// A network in memory: no packet leaves the process. Every address is one of its only machine; it
/// knows the names that it is given. Every clone is the same network: those who have one can reach
/// each other.
#[derive(Clone, Default)]
pub struct MemoryNetwork(Arc<World>);

#[derive(Default)]
struct World {
    tcp: Mutex<Ports<Tcp>>,
    udp: Mutex<Ports<Udp>>,
    names: Mutex<HashMap<String, Vec<IpAddr>>>,
}

impl MemoryNetwork {
    /// A network in which nobody is yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives addresses to a name, which may have had others.
    ///
    /// # Errors
    /// [`Invalid`](ErrorCode::Invalid) for what is no [name](super::host).
    pub fn set_name(&self, name: &str, addresses: &[IpAddr]) -> Result<()> {
        let Host::Name(name) = host(name)? else { return Err(ErrorCode::Invalid) };
        lock(&self.0.names).insert(name, addresses.to_vec());
        Ok(())
    }
}

impl Network for MemoryNetwork {
    fn tcp(&self, family: Family) -> Result<Arc<dyn TcpSocket>> {
        Ok(tcp::socket(self.0.clone(), family))
    }

    fn udp(&self, family: Family) -> Result<Arc<dyn UdpSocket>> {
        Ok(udp::socket(self.0.clone(), family))
    }

    fn resolve(&self, name: &str) -> Result<Arc<dyn Lookup>> {
        Ok(Arc::new(Known(match host(name)? {
            Host::Address(address) => Ok(vec![address]),
            Host::Name(name) => lock(&self.0.names).get(&name).cloned().ok_or(ErrorCode::NoEntry),
        })))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
