//! What a guest may reach in a network.

mod address;
mod block;
mod cover;
#[cfg(feature = "http")]
mod http;
mod name;
#[cfg(test)]
mod oracle;
mod parse;
mod pins;
mod policy;
mod ports;
mod refused;
mod rules;
mod special;
mod suffix;
#[cfg(test)]
mod testing;

pub use address::{AddressRule, HostRule, Protocol};
pub use block::Block;
pub use name::{NamePattern, NameRule};
pub use policy::NetworkPolicy;
pub use ports::Ports;
pub use rules::NetworkRules;
