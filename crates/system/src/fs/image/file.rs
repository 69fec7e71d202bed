use super::tree::{Body, Contents, Tree};
use crate::fs::refuse::refuse_file_changes;
use crate::fs::{Advice, File, FileKind, Stat, SyncKind};
use crate::wait::{Blocking, Interest, Readiness};
use crate::{ErrorCode, Result};
use std::io::{IoSliceMut, SeekFrom};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The greatest position, as elsewhere.
const MOST: u64 = i64::MAX.unsigned_abs();

/// An open file of an image.
pub(super) struct ImageFile {
    tree: Arc<Tree>,
    number: usize,
    position: Mutex<u64>,
}

impl ImageFile {
    pub(super) fn new(tree: Arc<Tree>, number: usize) -> Self {
        Self { tree, number, position: Mutex::new(0) }
    }

    fn contents(&self) -> Result<Contents> {
        match &self.tree.nodes[self.number].body {
            Body::File(contents) => Ok(*contents),
            _ => Err(ErrorCode::Io),
        }
    }

    fn position(&self) -> MutexGuard<'_, u64> {
        self.position.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl File for ImageFile {
    refuse_file_changes!();

    fn read(&self, buffers: &mut [IoSliceMut<'_>], _: Blocking) -> Result<usize> {
        let mut position = self.position();
        let read = self.read_at(buffers, *position)?;
        *position += read as u64;
        Ok(read)
    }

    fn read_at(&self, buffers: &mut [IoSliceMut<'_>], offset: u64) -> Result<usize> {
        if offset > MOST {
            return Err(ErrorCode::Invalid);
        }
        match self.contents()? {
            Contents::Packed(packed) => {
                self.tree.unpacker.read_at(&self.tree.source, &packed, buffers, offset)
            }
            Contents::Stored { start, size } => {
                let mut left = size.saturating_sub(offset);
                let mut at = start + offset.min(size);
                let before = left;
                for buffer in buffers {
                    let length = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
                    self.tree.source.read_at(&mut buffer[..length], at)?;
                    left -= length as u64;
                    at += length as u64;
                }
                usize::try_from(before - left).map_err(|_| ErrorCode::Overflow)
            }
        }
    }

    fn prepare(&self, offset: Option<u64>) -> Result<()> {
        let Contents::Packed(packed) = self.contents()? else { return Ok(()) };
        let offset = offset.unwrap_or_else(|| *self.position());
        self.tree.unpacker.prepare(&self.tree.source, &packed, offset)
    }

    fn seek(&self, to: SeekFrom) -> Result<u64> {
        let mut position = self.position();
        let to = match to {
            SeekFrom::Start(to) => Some(to),
            SeekFrom::Current(by) => position.checked_add_signed(by),
            SeekFrom::End(by) => self.contents()?.size().checked_add_signed(by),
        };
        *position = to.filter(|to| *to <= MOST).ok_or(ErrorCode::Invalid)?;
        Ok(*position)
    }

    fn kind(&self) -> Result<FileKind> {
        Ok(FileKind::Regular)
    }

    fn stat(&self) -> Result<Stat> {
        Ok(self.tree.stat(self.number))
    }

    fn advise(&self, offset: u64, length: u64, _: Advice) -> Result<()> {
        if offset > MOST || length > MOST { Err(ErrorCode::Invalid) } else { Ok(()) }
    }

    fn sync(&self, _: SyncKind) -> Result<()> {
        Ok(())
    }

    fn available(&self) -> Result<u64> {
        let position = *self.position();
        Ok(self.contents()?.size().saturating_sub(position))
    }

    fn readiness(&self, _: Interest) -> Readiness<'_> {
        Readiness::Now
    }

    fn permissions(&self) -> Option<u16> {
        self.tree.nodes[self.number].about.permissions
    }
}
