//! Standard input, output and error for a guest: the process's own, or something else.
//!
//! Whatever is a file can be given to a guest in place of a stream; here are the process's streams
//! ([`stdin`], [`stdout`], [`stderr`]), nothing ([`Null`]), fixed bytes ([`Input`]) and a place to
//! collect what is written ([`Capture`]).

mod capture;
mod input;
mod lines;
mod printable;
mod stream;
mod whole;

pub use capture::Capture;
pub use input::Input;
pub use lines::Lines;
pub use printable::{printable, printable_json};
pub use whole::Whole;

use crate::Result;
use crate::fs::{File, FileKind, OsFile};
use rustix::io::fcntl_dupfd_cloexec;
use std::io::{IoSlice, IoSliceMut};
use std::os::fd::AsFd;
use std::sync::Arc;
use stream::Stream;

/// The process's standard input. The guest has its own descriptor of it: closing that closes
/// nothing of the host's. If the host has none, the guest gets [`Null`].
#[must_use]
pub fn stdin() -> Arc<dyn File> {
    inherit(std::io::stdin())
}

/// The process's standard output; see [`stdin`].
#[must_use]
pub fn stdout() -> Arc<dyn File> {
    inherit(std::io::stdout())
}

/// The process's standard error; see [`stdin`].
#[must_use]
pub fn stderr() -> Arc<dyn File> {
    inherit(std::io::stderr())
}

/// Forgets what was typed on a terminal and not read yet.
///
/// # Errors
/// What the system says, of what is no terminal for example.
pub fn forget_typed(terminal: impl AsFd) -> Result<()> {
    Ok(rustix::termios::tcflush(terminal, rustix::termios::QueueSelector::IFlush)?)
}

/// Reading from it ends at once; what is written to it vanishes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Null;

impl Stream for Null {
    const KIND: FileKind = FileKind::CharacterDevice;

    fn take(&self, _: &mut [IoSliceMut<'_>]) -> Result<usize> {
        Ok(0)
    }

    fn put(&self, buffers: &[IoSlice<'_>]) -> Result<usize> {
        Ok(stream::length(buffers))
    }

    /// As `/dev/null`: a character device that can not seek is what programs take for a terminal.
    fn place(&self) -> Result<u64> {
        Ok(0)
    }
}

/// 0 to 2 are left to the process, so that no copy is taken for one of them.
const FIRST_FREE: i32 = 3;

fn inherit(stream: impl AsFd) -> Arc<dyn File> {
    match fcntl_dupfd_cloexec(stream, FIRST_FREE) {
        Ok(fd) => Arc::new(OsFile::inherited(fd)),
        Err(_) => Arc::new(Null),
    }
}
