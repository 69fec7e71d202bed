use crate::p2::Host;
use crate::p2::bindings::wasi::sockets::{instance_network, network};
use wayleave_component::Own;
use wayleave_engine::Stop;

/// The right to use the network. There is one network, and each address in it is checked when it is
/// used, so that there is nothing to keep.
pub(crate) enum Network {}

impl network::Host for Host {
    fn network_drop(&mut self, _: Own<Network>) -> Result<(), Stop> {
        Ok(())
    }
}

impl instance_network::Host for Host {
    fn instance_network(&mut self) -> Result<Own<Network>, Stop> {
        Ok(Own::new(0))
    }
}
