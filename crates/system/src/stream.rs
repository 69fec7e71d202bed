//! Bytes that come or go one after the other, without a place of their own: connections, bodies of
//! messages. They never block; who has to wait waits for their [`Readiness`].

use crate::Result;
use crate::wait::Readiness;
use std::error::Error;

/// Why a stream has failed, in the words of what it is a stream of.
pub type Cause = Box<dyn Error + Send + Sync>;

/// Bytes to be taken.
pub trait Input: Send + Sync {
    /// Takes what is there, as far as the buffer goes, and says how many bytes that were; 0 is the
    /// end.
    ///
    /// # Errors
    /// [`Again`](crate::ErrorCode::Again) when nothing is there yet; what made the stream fail. With
    /// an empty buffer, [`BrokenPipe`](crate::ErrorCode::BrokenPipe) when the end is known.
    fn read(&self, buffer: &mut [u8]) -> Result<usize>;

    /// When there are bytes, or the end, or an error.
    fn readiness(&self) -> Readiness<'_>;

    /// What there is to say of the failure that was told last, beside its code.
    fn cause(&self) -> Option<Cause> {
        None
    }
}

/// Where bytes can be put.
pub trait Output: Send + Sync {
    /// How many bytes [`Output::write`] would take now; 0 when one has to wait.
    ///
    /// # Errors
    /// What made the stream fail; [`BrokenPipe`](crate::ErrorCode::BrokenPipe) when nobody takes
    /// anything any more.
    fn room(&self) -> Result<u64>;

    /// Puts bytes, and says how many of them were taken.
    ///
    /// # Errors
    /// As [`Output::room`]; [`Again`](crate::ErrorCode::Again) when none can be taken yet.
    fn write(&self, bytes: &[u8]) -> Result<usize>;

    /// Whether all that was written has left.
    ///
    /// # Errors
    /// As [`Output::room`]; [`Again`](crate::ErrorCode::Again) when some has not.
    fn flush(&self) -> Result<()>;

    /// When there is room, or an error; after a flush that has not ended, when it has.
    fn readiness(&self) -> Readiness<'_>;

    /// What there is to say of the failure that was told last, beside its code.
    fn cause(&self) -> Option<Cause> {
        None
    }
}
