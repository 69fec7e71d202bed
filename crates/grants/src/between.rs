use std::sync::Arc;
#[cfg(feature = "http")]
use wayleave_system::http::{Bodies, Client};
use wayleave_system::net::Network;
use wayleave_system::wait::Watch;

/// What stands between a guest and the host where that is not in the grants themselves: a recorder,
/// or a recording.
#[derive(Clone)]
pub struct Between {
    /// What says which of several things is ready.
    pub watch: Arc<dyn Watch>,
    /// The network as the guest has it, rules and all; `None` when it can reach nothing.
    pub network: Option<Arc<dyn Network>>,
    /// What sends the guest's requests, limits and all; `None` when they are denied.
    #[cfg(feature = "http")]
    pub http: Option<Arc<dyn Client>>,
    /// What is asked about bodies.
    #[cfg(feature = "http")]
    pub bodies: Option<Arc<dyn Bodies>>,
}

impl Between {
    /// These, and no HTTP.
    pub fn new(watch: Arc<dyn Watch>, network: Option<Arc<dyn Network>>) -> Self {
        Self {
            watch,
            network,
            #[cfg(feature = "http")]
            http: None,
            #[cfg(feature = "http")]
            bodies: None,
        }
    }
}
