//! WASI 0.0, `wasi_unstable`: what programs of 2019 import. The functions are those of 0.1, but
//! for `sock_accept`, with three older layouts: a 32-bit link count in `filestat`, the order of
//! `whence`, and an identifier in clock subscriptions.

use crate::p1::{self, State};
use std::io::SeekFrom;
use std::sync::Arc;
use wayleave_engine::{Engine, Error, Tracer};

/// The module name under which guests import WASI 0.0.
pub const MODULE: &str = <Unstable as p1::Layout>::MODULE;

/// Adds the functions that `wanted` accepts by name to a linker. Their calls are told to `tracer`.
///
/// # Errors
/// What the engine says of a function it can not define.
pub fn link<E: Engine, T: State>(
    linker: &mut E::Linker<T>,
    tracer: Option<&Arc<dyn Tracer>>,
    wanted: impl Fn(&str) -> bool,
) -> Result<(), Error> {
    p1::link_layout::<E, T, Unstable>(linker, tracer, wanted)
}

/// Whether WASI 0.0 has a function of this name.
pub fn has(name: &str) -> bool {
    name != "sock_accept" && p1::has(name)
}

struct Unstable;

impl p1::Layout for Unstable {
    const MODULE: &'static str = "wasi_unstable";
    const HAS_SOCK_ACCEPT: bool = false;
    const FILESTAT_LINKS: usize = 20;
    const FILESTAT_LINKS_BYTES: usize = 4;
    const FILESTAT_SIZE: usize = 24;
    const SUBSCRIPTION_BYTES: u32 = 56;
    const CLOCK: u32 = 24;

    fn whence(whence: u32, delta: i64) -> Option<SeekFrom> {
        match whence {
            0 => Some(SeekFrom::Current(delta)),
            1 => Some(SeekFrom::End(delta)),
            2 => u64::try_from(delta).ok().map(SeekFrom::Start),
            _ => None,
        }
    }
}
