use std::sync::Arc;
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
}
