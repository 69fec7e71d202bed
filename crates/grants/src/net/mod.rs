//! What a guest may reach in a network.

mod address;
mod block;
mod name;
mod policy;
mod ports;

pub use address::{AddressRule, HostRule, Protocol};
pub use block::Block;
pub use name::NameRule;
pub use policy::{NetworkPolicy, NetworkRules};
pub use ports::Ports;
