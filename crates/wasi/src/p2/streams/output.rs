use crate::p2::poll::Pollable;
use crate::wait::{Failure, Result, Waiter};
use std::io::IoSlice;
use std::sync::Arc;
use std::time::Duration;
use wayleave_system::ErrorCode;
use wayleave_system::fs::File;
use wayleave_system::wait::{Interest, Readiness};

/// Where the guest writes bytes to.
pub(crate) enum OutputStream {
    /// A file, from some place on.
    File { file: Arc<dyn File>, position: u64 },
    /// A file, always at its end.
    Append(Arc<dyn File>),
    /// What takes bytes one after the other: a standard stream.
    Stream(Arc<dyn File>),
}

/// Bytes that a guest may write to a file at once.
const FILE_ROOM: u64 = 64 << 20;

/// Bytes that a guest may write at once to what can fill up. A write waits until all is taken.
pub(super) const STREAM_ROOM: u64 = 64 << 10;

const ZEROES: [u8; 4096] = [0; 4096];

impl OutputStream {
    fn inner(&self) -> &Arc<dyn File> {
        match self {
            Self::File { file, .. } | Self::Append(file) | Self::Stream(file) => file,
        }
    }

    /// How many bytes the guest may write now.
    #[inline]
    pub(super) fn room(&self, waiter: &Waiter) -> Result<u64> {
        let Self::Stream(file) = self else { return Ok(FILE_ROOM) };
        match file.readiness(Interest::Write) {
            Readiness::Now => Ok(STREAM_ROOM),
            ready => match waiter.wait(&[(ready, Interest::Write)], Some(Duration::ZERO))? {
                Some(_) => Ok(STREAM_ROOM),
                None => Ok(0),
            },
        }
    }

    /// Writes it all.
    #[inline]
    pub(super) fn write_all(&mut self, bytes: &[u8], waiter: &Waiter) -> Result<()> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let written = match self {
                Self::File { file, position } => {
                    let written = file.write_at(&[IoSlice::new(rest)], *position)?;
                    *position = position.saturating_add(written as u64);
                    written
                }
                Self::Append(file) => {
                    let end = file.stat()?.size;
                    file.write_at(&[IoSlice::new(rest)], end)?
                }
                Self::Stream(file) => {
                    let ready = || file.readiness(Interest::Write);
                    waiter.retry(false, Interest::Write, ready, |blocking| {
                        file.write(&[IoSlice::new(rest)], blocking)
                    })?
                }
            };
            if written == 0 {
                return Err(Failure::Errno(ErrorCode::Io));
            }
            rest = rest.get(written..).unwrap_or_default();
        }
        Ok(())
    }

    pub(super) fn write_zeroes(&mut self, len: u64, waiter: &Waiter) -> Result<()> {
        let mut left = len;
        while left > 0 {
            let part = usize::try_from(left).unwrap_or(usize::MAX).min(ZEROES.len());
            waiter.check()?;
            self.write_all(&ZEROES[..part], waiter)?;
            left -= part as u64;
        }
        Ok(())
    }

    pub(super) fn pollable(&self) -> Pollable {
        Pollable::File(self.inner().clone(), Interest::Write)
    }
}
