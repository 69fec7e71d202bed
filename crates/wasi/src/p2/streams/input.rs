use super::{Outcome, told};
use crate::p2::bindings::wasi::io::streams::StreamError;
use crate::p2::poll::Pollable;
use crate::wait::{Failure, Waiter};
use std::io::IoSliceMut;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use wayleave_engine::Stop;
use wayleave_system::fs::File;
use wayleave_system::stream::{Cause, Input};
use wayleave_system::wait::Interest;
use wayleave_system::{ErrorCode, Result};

/// Bytes for the guest to read.
pub(crate) enum InputStream {
    /// Of a file, with a place of its own.
    File(FileInput),
    /// Whatever comes next: a standard stream.
    Stream(Arc<dyn File>),
    /// A connection, or the body of a message.
    Source(Arc<dyn Input>),
}

/// A file that is read from some place on.
pub(crate) struct FileInput {
    file: Arc<dyn File>,
    position: AtomicU64,
}

/// Most bytes that are kept on the host's side on their way.
const CHUNK: u64 = 64 << 10;

/// Most bytes of one read of a file: guests allocate room for what they may get, and copy it from
/// there. A part that stays in the processor's cache is copied at twice the speed.
const MOST: u64 = 256 << 10;

impl FileInput {
    pub(crate) fn new(file: Arc<dyn File>, position: u64) -> Self {
        Self { file, position: AtomicU64::new(position) }
    }

    /// Reads at the place, and moves it. Nobody else does meanwhile: a guest has one thread.
    #[inline]
    pub(crate) fn read(&self, buffer: &mut [u8]) -> Result<usize> {
        let position = self.position.load(Ordering::Relaxed);
        let read = self.file.read_at(&mut [IoSliceMut::new(buffer)], position)?;
        self.position.store(position.saturating_add(read as u64), Ordering::Relaxed);
        Ok(read)
    }

    /// To be called before a read: whether it would not wait, or may.
    #[inline]
    fn prepare(&self, waiter: &Waiter, nonblocking: bool) -> std::result::Result<bool, Stop> {
        waiter.prepare(&*self.file, Some(self.position.load(Ordering::Relaxed)), nonblocking)
    }

    /// How much room a read of `len` bytes is to have: a short one what it asks for, a long one
    /// not more than there is. `None` when it would have to wait, and must not.
    #[inline]
    pub(super) fn room(
        &self,
        len: u64,
        waiter: &Waiter,
        nonblocking: bool,
    ) -> Outcome<Option<u32>> {
        if !self.prepare(waiter, nonblocking)? {
            return Ok(Ok(None));
        }
        let room = match len {
            0..=CHUNK => len,
            _ => match self.left() {
                Ok(left) => len.min(MOST).min(left.max(1)),
                Err(code) => return told(Err(code.into())),
            },
        };
        // `MOST` is less than 4 GiB.
        Ok(Ok(Some(u32::try_from(room).unwrap_or(u32::MAX))))
    }

    fn left(&self) -> Result<u64> {
        Ok(self.file.stat()?.size.saturating_sub(self.position.load(Ordering::Relaxed)))
    }
}

impl InputStream {
    /// Reads up to `len` bytes to the host's side.
    pub(in crate::p2) fn take(
        &self,
        len: u64,
        waiter: &Waiter,
        nonblocking: bool,
    ) -> Outcome<Vec<u8>> {
        let mut bytes = vec![0; usize::try_from(len.min(CHUNK)).unwrap_or(0)];
        if bytes.is_empty() {
            return match self {
                Self::Source(source) => told(match source.read(&mut bytes) {
                    Ok(_) | Err(ErrorCode::Again) => Ok(bytes),
                    Err(code) => Err(code.into()),
                }),
                _ => Ok(Ok(bytes)),
            };
        }
        let read = match self {
            Self::File(input) => {
                if !input.prepare(waiter, nonblocking)? {
                    return Ok(Ok(Vec::new()));
                }
                input.read(&mut bytes).map_err(Failure::Errno)
            }
            Self::Stream(file) => {
                let ready = || file.readiness(Interest::Read);
                waiter.retry(nonblocking, Interest::Read, ready, |blocking| {
                    file.read(&mut [IoSliceMut::new(&mut bytes)], blocking)
                })
            }
            Self::Source(source) => {
                let ready = || source.readiness();
                waiter.retry(nonblocking, Interest::Read, ready, |_| source.read(&mut bytes))
            }
        };
        match read {
            Ok(0) => Ok(Err(StreamError::Closed)),
            Err(Failure::Errno(ErrorCode::Again)) => Ok(Ok(Vec::new())),
            read => Ok(told(read)?.map(|read| {
                bytes.truncate(read);
                bytes
            })),
        }
    }

    /// Leaves out up to `len` bytes.
    pub(super) fn skip(&self, len: u64, waiter: &Waiter, nonblocking: bool) -> Outcome<u64> {
        if let Self::File(input) = self {
            return match input.left() {
                Ok(0) if len > 0 => Ok(Err(StreamError::Closed)),
                Ok(left) => {
                    let skipped = len.min(left);
                    input.position.fetch_add(skipped, Ordering::Relaxed);
                    Ok(Ok(skipped))
                }
                Err(code) => told(Err(code.into())),
            };
        }
        Ok(self.take(len, waiter, nonblocking)?.map(|bytes| bytes.len() as u64))
    }

    /// What there is to say of the last failure.
    pub(in crate::p2) fn cause(&self) -> Option<Cause> {
        match self {
            Self::Source(source) => source.cause(),
            Self::File(_) | Self::Stream(_) => None,
        }
    }

    pub(super) fn pollable(&self) -> Pollable {
        match self {
            Self::File(input) => Pollable::File(input.file.clone(), Interest::Read),
            Self::Stream(file) => Pollable::File(file.clone(), Interest::Read),
            Self::Source(source) => Pollable::Input(source.clone()),
        }
    }
}
