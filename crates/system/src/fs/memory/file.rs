use super::inode::Inode;
use crate::fs::{Advice, File, FileKind, OpenOptions, SetTime, Stat, SyncKind};
use crate::wait::{Blocking, Interest, Readiness};
use crate::{ErrorCode, Result};
use std::io::{IoSlice, IoSliceMut, SeekFrom};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The greatest position, as elsewhere.
const MOST: u64 = i64::MAX.unsigned_abs();

/// An open file in memory. It lives on when its names are removed.
pub struct MemoryFile {
    inode: Arc<Inode>,
    position: Mutex<u64>,
    append: AtomicBool,
    readable: bool,
    writable: bool,
}

impl MemoryFile {
    pub(super) fn new(inode: Arc<Inode>, options: &OpenOptions) -> Self {
        Self {
            inode,
            position: Mutex::new(0),
            append: AtomicBool::new(options.append),
            readable: options.read || !options.write,
            writable: options.write,
        }
    }

    fn position(&self) -> MutexGuard<'_, u64> {
        self.position.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn check_readable(&self) -> Result<()> {
        if self.readable { Ok(()) } else { Err(ErrorCode::BadDescriptor) }
    }

    /// Writes, and says how much and where it ended.
    fn put(&self, buffers: &[IoSlice<'_>], offset: u64) -> Result<(usize, u64)> {
        if !self.writable {
            return Err(ErrorCode::BadDescriptor);
        }
        let mut state = self.inode.lock();
        let contents = state.contents()?;
        let append = self.append.load(Ordering::Relaxed);
        let offset = if append { contents.size() } else { offset };
        let written = contents.write(buffers, offset)?;
        if written > 0 {
            state.touch();
        }
        Ok((written, offset + written as u64))
    }
}

impl File for MemoryFile {
    fn read(&self, buffers: &mut [IoSliceMut<'_>], _: Blocking) -> Result<usize> {
        let mut position = self.position();
        let read = self.read_at(buffers, *position)?;
        *position += read as u64;
        Ok(read)
    }

    fn write(&self, buffers: &[IoSlice<'_>], _: Blocking) -> Result<usize> {
        let mut position = self.position();
        let (written, end) = self.put(buffers, *position)?;
        *position = end;
        Ok(written)
    }

    fn read_at(&self, buffers: &mut [IoSliceMut<'_>], offset: u64) -> Result<usize> {
        self.check_readable()?;
        if offset > MOST {
            return Err(ErrorCode::Invalid);
        }
        Ok(self.inode.lock().contents()?.read(buffers, offset))
    }

    fn write_at(&self, buffers: &[IoSlice<'_>], offset: u64) -> Result<usize> {
        if offset > MOST {
            return Err(ErrorCode::Invalid);
        }
        Ok(self.put(buffers, offset)?.0)
    }

    fn seek(&self, to: SeekFrom) -> Result<u64> {
        let mut position = self.position();
        let to = match to {
            SeekFrom::Start(to) => Some(to),
            SeekFrom::Current(by) => position.checked_add_signed(by),
            SeekFrom::End(by) => self.inode.lock().contents()?.size().checked_add_signed(by),
        };
        *position = to.filter(|to| *to <= MOST).ok_or(ErrorCode::Invalid)?;
        Ok(*position)
    }

    fn kind(&self) -> Result<FileKind> {
        Ok(self.inode.kind)
    }

    fn stat(&self) -> Result<Stat> {
        Ok(self.inode.stat())
    }

    fn set_size(&self, size: u64) -> Result<()> {
        if !self.writable {
            return Err(ErrorCode::Invalid);
        }
        let mut state = self.inode.lock();
        state.contents()?.set_size(size)?;
        state.touch();
        Ok(())
    }

    fn allocate(&self, offset: u64, length: u64) -> Result<()> {
        if length == 0 {
            return Err(ErrorCode::Invalid);
        }
        let end = offset.checked_add(length).filter(|end| *end <= MOST);
        let end = end.ok_or(ErrorCode::FileTooBig)?;
        if !self.writable {
            return Err(ErrorCode::BadDescriptor);
        }
        let mut state = self.inode.lock();
        let contents = state.contents()?;
        if contents.size() < end {
            contents.set_size(end)?;
        }
        state.touch();
        Ok(())
    }

    fn advise(&self, offset: u64, length: u64, _: Advice) -> Result<()> {
        if offset > MOST || length > MOST { Err(ErrorCode::Invalid) } else { Ok(()) }
    }

    fn set_times(&self, accessed: SetTime, modified: SetTime) -> Result<()> {
        self.inode.set_times(accessed, modified)
    }

    fn sync(&self, _: SyncKind) -> Result<()> {
        Ok(())
    }

    fn set_append(&self, append: bool) -> Result<()> {
        self.append.store(append, Ordering::Relaxed);
        Ok(())
    }

    fn available(&self) -> Result<u64> {
        let position = *self.position();
        Ok(self.inode.lock().contents()?.size().saturating_sub(position))
    }

    fn readiness(&self, _: Interest) -> Readiness<'_> {
        Readiness::Now
    }
}
