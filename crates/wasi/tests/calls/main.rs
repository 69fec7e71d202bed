//! WASI as a guest sees it: each call of 0.1 and 0.0 through a WebAssembly module, and what has gone
//! wrong in hosts through a component of 0.2, too; on each engine.
//!
//! The types of the calls, the layouts and the numbers are written down here anew, from the
//! specification: the crate's own constants are not used.

#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

mod support;

mod args;
mod bounds;
mod clock;
mod descriptors;
mod escape;
mod fdstat;
mod filestat;
mod handles;
mod interrupt;
mod io;
mod limits;
mod linking;
mod no_grant;
mod odd_times;
mod open;
mod paths;
mod poll;
mod process;
mod random;
mod read_only;
mod readdir;
mod renumber;
mod rights;
mod seek;
mod sock;
mod times;
mod unstable;
mod waiting;
