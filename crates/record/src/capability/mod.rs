//! One wrapper for each kind of capability: the same for recording, where there is a real one
//! behind it, and for replaying, where there is none. So both ask the tape in the same words.

mod clock;
mod connection;
mod dir;
mod entries;
mod file;
#[cfg(feature = "http")]
mod http;
mod listener;
mod network;
mod random;
mod tcp;
mod udp;
mod watch;

pub(crate) use clock::TapeClock;
pub(crate) use dir::TapeDir;
pub(crate) use file::TapeFile;
#[cfg(feature = "http")]
pub(crate) use http::{TapeBodies, TapeClient};
pub(crate) use listener::TapeListener;
pub(crate) use network::TapeNetwork;
pub(crate) use random::TapeRandom;
pub(crate) use watch::TapeWatch;

use crate::file::{Broken, In, Out};
use crate::wire::Wire;
use wayleave_system::{ErrorCode, Result};

/// The real one. There is none while replaying, when nobody asks for it.
fn real<T>(inner: &Option<T>) -> Result<&T> {
    inner.as_ref().ok_or(ErrorCode::NotRecoverable)
}

/// Something that was made, of which nothing is kept.
struct Made<T>(Option<T>);

impl<T> Wire for Made<T> {
    fn put(&self, _: &mut Out) {}

    fn take(_: &mut In) -> std::result::Result<Self, Broken> {
        Ok(Self(None))
    }
}
