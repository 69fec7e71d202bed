use super::FileNumbers;
use crate::Result;
use crate::fs::{Advice, File, FileKind, SetTime, Stat, SyncKind};
use crate::wait::{Blocking, Interest, Readiness};
use std::io::{IoSlice, IoSliceMut, SeekFrom};
use std::sync::Arc;

/// A file whose number and times are those of [`Reproducible`](super::Reproducible) folders.
pub struct ReproducibleFile {
    file: Arc<dyn File>,
    numbers: Arc<FileNumbers>,
}

impl ReproducibleFile {
    /// `file`, with the numbers of its guest.
    #[must_use]
    pub fn new(file: Arc<dyn File>, numbers: Arc<FileNumbers>) -> Self {
        Self { file, numbers }
    }
}

impl File for ReproducibleFile {
    fn read(&self, buffers: &mut [IoSliceMut<'_>], blocking: Blocking) -> Result<usize> {
        self.file.read(buffers, blocking)
    }

    fn write(&self, buffers: &[IoSlice<'_>], blocking: Blocking) -> Result<usize> {
        self.file.write(buffers, blocking)
    }

    fn read_at(&self, buffers: &mut [IoSliceMut<'_>], offset: u64) -> Result<usize> {
        self.file.read_at(buffers, offset)
    }

    fn write_at(&self, buffers: &[IoSlice<'_>], offset: u64) -> Result<usize> {
        self.file.write_at(buffers, offset)
    }

    fn seek(&self, to: SeekFrom) -> Result<u64> {
        self.file.seek(to)
    }

    fn kind(&self) -> Result<FileKind> {
        self.file.kind()
    }

    fn stat(&self) -> Result<Stat> {
        self.file.stat().map(|found| self.numbers.show(found))
    }

    fn set_size(&self, size: u64) -> Result<()> {
        self.file.set_size(size)
    }

    fn allocate(&self, offset: u64, length: u64) -> Result<()> {
        self.file.allocate(offset, length)
    }

    fn advise(&self, offset: u64, length: u64, advice: Advice) -> Result<()> {
        self.file.advise(offset, length, advice)
    }

    fn set_times(&self, accessed: SetTime, modified: SetTime) -> Result<()> {
        self.file.set_times(accessed, modified)?;
        self.numbers.set_times(self.file.stat()?, accessed, modified);
        Ok(())
    }

    fn sync(&self, kind: SyncKind) -> Result<()> {
        self.file.sync(kind)
    }

    fn set_append(&self, append: bool) -> Result<()> {
        self.file.set_append(append)
    }

    fn available(&self) -> Result<u64> {
        self.file.available()
    }

    fn readiness(&self, interest: Interest) -> Readiness<'_> {
        self.file.readiness(interest)
    }
}
