//! What one guest is given, and nothing else: arguments, environment, folders, streams, listeners,
//! networks, clocks, limits.
//!
//! [`Grants::new`] is nothing at all: no folder, no variable, streams that lead nowhere. Each
//! method adds one thing. What is named on the host (a folder, an address) is opened when it is
//! granted, so that a mistake shows before the guest starts, and the guest then holds a handle.
//!
//! [`Settings`] are the same as plain data, not opened yet: what a command line or a manifest asks
//! for.
//!
//! Grants written as text (`--dir data::/data::ro`) are parsed by [`DirGrant`],
//! [`FileGrant`], [`MemoryGrant`], [`ImageGrant`],
//! [`EnvGrant`], [`StreamGrant`], [`AddressRule`] and [`NameRule`]; text that can not be understood is an error that says what
//! was expected, never a grant.

mod between;
mod check;
mod clocks;
mod describe;
mod determinism;
mod dir;
mod env;
mod error;
mod file;
mod grants;
mod host_folders;
mod http;
mod image;
mod learn;
mod limits;
#[cfg(feature = "manifest")]
pub mod manifest;
mod memory;
mod mode;
mod moment;
mod mounts;
mod moved;
mod net;
mod randomness;
mod refusal;
mod settings;
mod stream;
pub mod units;

pub use between::Between;
pub use clocks::ClockGrant;
pub use dir::DirGrant;
pub use env::EnvGrant;
pub use error::Error;
pub use file::FileGrant;
pub use grants::{Clocks, Grants, Limits, Preopen};
pub use host_folders::HostFolders;
pub use http::HttpGrant;
pub use image::ImageGrant;

pub use learn::{Learned, Learning};
pub use limits::LimitSettings;
pub use memory::MemoryGrant;
pub use mode::{Access, MountLimits};
pub use moment::Moment;
pub use mounts::OverlayMount;
pub use net::{
    AddressRule, Block, HostRule, NamePattern, NameRule, NetworkPolicy, NetworkRules, Ports,
    Protocol,
};
pub use randomness::RandomGrant;
pub use refusal::{Group, Limited, MountRefusals, Paths, Record, group};
pub use settings::Settings;
pub use stream::{Stream, StreamGrant};
pub use wayleave_system::net::NetworkLimits;
