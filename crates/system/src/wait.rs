//! Waiting: how an operation says that it would have to, and how a thread then does.

mod bell;
mod interrupt;
pub(crate) mod parts;
mod poll;
mod suspend;
mod watch;

pub use interrupt::Interrupt;
pub use parts::{as_a_whole, in_parts};
pub use poll::{Ready, Woken, look, wait};
pub use suspend::{Reactor, Suspension, Waits};
pub use watch::Watch;

pub(crate) use poll::{block_until, is_ready};

use std::fmt;
use std::os::fd::BorrowedFd;
use std::sync::Arc;
use std::task::{Context, Poll};

/// Whether an operation may block the calling thread.
///
/// Most guests run with nothing to interrupt them, and then the plain blocking system call is the
/// cheapest way to wait. Whoever has a deadline, a cancellation or other guests on the thread asks
/// for [`Blocking::Never`], and waits for [`Readiness`] on [`ErrorCode::Again`](crate::ErrorCode).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blocking {
    /// The call may block until it can do something.
    Allowed,
    /// The call answers [`Again`](crate::ErrorCode::Again) rather than block.
    Never,
}

/// What somebody waits to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Interest {
    /// Read, receive or accept.
    Read,
    /// Write or send.
    Write,
}

/// When a handle will be able to do something.
#[derive(Clone, Copy)]
pub enum Readiness<'a> {
    /// At once, always: regular files, memory.
    Now,
    /// When the operating system says so of this file descriptor.
    Fd(BorrowedFd<'a>),
    /// When this source says so.
    Source(&'a Arc<dyn Source>),
}

/// Something that becomes ready without a file descriptor of its own: what another task or thread
/// of this process prepares.
pub trait Source: Send + Sync {
    /// Whether `interest` can be served; if not, the task is woken when that may have changed.
    fn poll_ready(&self, interest: Interest, context: &mut Context<'_>) -> Poll<()>;
}

impl fmt::Debug for Readiness<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Now => f.write_str("Now"),
            Self::Fd(fd) => f.debug_tuple("Fd").field(fd).finish(),
            Self::Source(_) => f.write_str("Source"),
        }
    }
}
