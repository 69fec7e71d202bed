use crate::fs::{Advice, File, FileKind, SetTime, Stat, SyncKind, Timestamp};
use crate::wait::{Blocking, Interest, Readiness};
use crate::{ErrorCode, Result};
use std::io::{IoSlice, IoSliceMut, SeekFrom};

/// A file that is nothing but a stream in memory, always ready.
pub(super) trait Stream: Send + Sync + 'static {
    /// What the guest is told that it is.
    const KIND: FileKind;

    /// Reads.
    fn take(&self, buffers: &mut [IoSliceMut<'_>]) -> Result<usize>;
    /// Writes.
    fn put(&self, buffers: &[IoSlice<'_>]) -> Result<usize>;
    /// Bytes to read.
    fn left(&self) -> u64 {
        0
    }
    /// The place that any seek leads to, if seeking is possible.
    fn place(&self) -> Result<u64> {
        Err(ErrorCode::NotSeekable)
    }
}

/// The bytes in all the buffers.
pub(super) fn length(buffers: &[IoSlice<'_>]) -> usize {
    buffers.iter().fold(0, |sum, buffer| sum.saturating_add(buffer.len()))
}

impl<T: Stream> File for T {
    fn read(&self, buffers: &mut [IoSliceMut<'_>], _: Blocking) -> Result<usize> {
        self.take(buffers)
    }

    fn write(&self, buffers: &[IoSlice<'_>], _: Blocking) -> Result<usize> {
        self.put(buffers)
    }

    fn read_at(&self, _: &mut [IoSliceMut<'_>], _: u64) -> Result<usize> {
        Err(ErrorCode::NotSeekable)
    }

    fn write_at(&self, _: &[IoSlice<'_>], _: u64) -> Result<usize> {
        Err(ErrorCode::NotSeekable)
    }

    fn seek(&self, _: SeekFrom) -> Result<u64> {
        self.place()
    }

    fn kind(&self) -> Result<FileKind> {
        Ok(T::KIND)
    }

    fn stat(&self) -> Result<Stat> {
        Ok(Stat {
            device: 0,
            inode: 0,
            kind: T::KIND,
            links: 1,
            size: 0,
            accessed: Timestamp::default(),
            modified: Timestamp::default(),
            changed: Timestamp::default(),
        })
    }

    fn set_size(&self, _: u64) -> Result<()> {
        Err(ErrorCode::Invalid)
    }

    fn allocate(&self, _: u64, _: u64) -> Result<()> {
        Err(ErrorCode::NotSeekable)
    }

    fn advise(&self, _: u64, _: u64, _: Advice) -> Result<()> {
        Err(ErrorCode::NotSeekable)
    }

    fn set_times(&self, _: SetTime, _: SetTime) -> Result<()> {
        Err(ErrorCode::NotPermitted)
    }

    fn sync(&self, _: SyncKind) -> Result<()> {
        // As the system says of pipes.
        Err(ErrorCode::Invalid)
    }

    fn set_append(&self, _: bool) -> Result<()> {
        Ok(())
    }

    fn available(&self) -> Result<u64> {
        Ok(self.left())
    }

    fn readiness(&self, _: Interest) -> Readiness<'_> {
        Readiness::Now
    }
}
