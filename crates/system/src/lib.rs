//! What a WASI guest can be given, with no WebAssembly in it: files and folders, clocks, random
//! numbers, streams, sockets; and how to wait for them.
//!
//! Each is a small trait with providers: the operating system, memory, wrappers that narrow
//! another provider. Everything is reached by handle: a folder opens what is below itself and
//! nothing else, and there is no function here that takes a path alone, except the ones that make
//! the first handle for an embedder ([`fs::OsDir::open_ambient`]).
//!
//! Errors are [`ErrorCode`]s: what a guest will be told. Each WASI version translates them once.

#![forbid(unsafe_code)]

pub mod clock;
mod error;
pub mod fs;
#[cfg(feature = "http")]
pub mod http;
pub mod net;
pub mod priority;
pub mod random;
pub mod refusal;
pub mod stdio;
pub mod stream;
pub mod wait;

pub use error::{ErrorCode, Result};
