//! Every provider against the same expectations: the system with both resolvers, memory, and the
//! wrappers.

#![expect(clippy::unwrap_used, reason = "a test that fails may panic")]

mod differential;
mod entries;
mod escapes;
mod files;
mod guarded;
#[cfg(feature = "images")]
mod images;
mod links;
mod mounts;
mod names;
mod net;
mod overlay;
mod overlay_differential;
mod overlay_parts;
mod paths;
mod pipes;
mod quota;
mod quota_wrapper;
mod read_only;
mod rename;
mod reproducible;
mod stdio;
mod support;
mod swap_race;
mod tcp;
mod times;
mod wait;
mod whole;
