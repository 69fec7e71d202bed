//! The bindings of each WASI version: thin faces over `wayleave-system`.
//!
//! | version | module | what it is |
//! |---|---|---|
//! | 0.0 | [`p0`] | `wasi_unstable`: 0.1 with other layouts |
//! | 0.1 | [`p1`] | `wasi_snapshot_preview1` |
//! | 0.2 | [`p2`] | the interfaces of `wasi:cli/command` |
//!
//! The first two are core imports: [`p1::link`] adds what a module imports to an engine's linker.
//! The last is for components: [`p2::link`] adds its interfaces to a component's linker.

mod memory;
pub mod p0;
pub mod p1;
pub mod p2;
mod wait;

pub use memory::{Buffers, BuffersMut, GuestMemory};
