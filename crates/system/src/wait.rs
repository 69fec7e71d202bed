//! Waiting: how an operation says that it would have to, and how a thread then does.

mod interrupt;
mod poll;

pub use interrupt::Interrupt;
pub use poll::{Ready, Woken, wait};

pub(crate) use poll::{block_until, is_ready};

use std::os::fd::BorrowedFd;

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
#[derive(Clone, Copy, Debug)]
pub enum Readiness<'a> {
    /// At once, always: regular files, memory.
    Now,
    /// When the operating system says so of this file descriptor.
    Fd(BorrowedFd<'a>),
}
