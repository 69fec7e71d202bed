use super::copy_up;
use super::dir::Tree;
use super::identity::{self, Identity};
use super::spot::Spot;
use crate::fs::{Advice, File, FileKind, SetTime, Stat, SyncKind};
use crate::wait::{Blocking, Interest, Readiness};
use crate::{ErrorCode, Result};
use std::io::{IoSlice, IoSliceMut, SeekFrom};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// The greatest position, as elsewhere.
const MOST: u64 = i64::MAX.unsigned_abs();

/// A lower file that is open for reading, by whichever handles.
pub(super) struct Original {
    spot: Arc<Spot>,
    name: Arc<str>,
    /// Its copy, once there is one.
    copy: OnceLock<Copy>,
    unlinked: AtomicBool,
}

struct Copy {
    file: Arc<dyn File>,
    /// What it is called by `stat`, if it stands for the original.
    identity: Option<Identity>,
}

impl Original {
    pub(super) fn new(spot: Arc<Spot>, name: Arc<str>) -> Arc<Self> {
        let unlinked = AtomicBool::new(false);
        Arc::new(Self { spot, name, copy: OnceLock::new(), unlinked })
    }

    /// From now on, `copy` is what the handles read.
    pub(super) fn copied(&self, file: Arc<dyn File>, original: &Stat) {
        // See `Identities::copied`.
        let identity = (original.links <= 1).then(|| identity::of(original));
        let _ = self.copy.set(Copy { file, identity });
    }

    /// The name is gone; the handles go on.
    pub(super) fn unlinked(&self) {
        self.unlinked.store(true, Ordering::Relaxed);
    }
}

impl Drop for Original {
    fn drop(&mut self) {
        self.spot.forget_original(&self.name);
    }
}

/// A file of the lower folder, opened for reading. When somebody writes to it and so copies it up,
/// this handle shows the copy.
pub(super) struct LowerFile {
    tree: Arc<Tree>,
    /// The position is this one's, whoever is read.
    file: Arc<dyn File>,
    original: Arc<Original>,
    /// Held while a read of the copy moves the position.
    moving: Mutex<()>,
}

impl LowerFile {
    pub(super) fn new(tree: Arc<Tree>, file: Arc<dyn File>, original: Arc<Original>) -> Self {
        Self { tree, file, original, moving: Mutex::new(()) }
    }

    #[inline]
    fn copy(&self) -> Option<&Arc<dyn File>> {
        self.original.copy.get().map(|copy| &copy.file)
    }

    #[inline]
    fn current(&self) -> &Arc<dyn File> {
        self.copy().unwrap_or(&self.file)
    }
}

impl File for LowerFile {
    fn read(&self, buffers: &mut [IoSliceMut<'_>], blocking: Blocking) -> Result<usize> {
        let Some(copy) = self.copy() else { return self.file.read(buffers, blocking) };
        let _moving = self.moving.lock().unwrap_or_else(PoisonError::into_inner);
        let position = self.file.seek(SeekFrom::Current(0))?;
        let read = copy.read_at(buffers, position)?;
        self.file.seek(SeekFrom::Start(position + read as u64))?;
        Ok(read)
    }

    fn write(&self, _: &[IoSlice<'_>], _: Blocking) -> Result<usize> {
        Err(ErrorCode::BadDescriptor)
    }

    fn read_at(&self, buffers: &mut [IoSliceMut<'_>], offset: u64) -> Result<usize> {
        self.current().read_at(buffers, offset)
    }

    fn prepare(&self, offset: Option<u64>) -> Result<()> {
        if self.copy().is_some() { Ok(()) } else { self.file.prepare(offset) }
    }

    fn write_at(&self, _: &[IoSlice<'_>], offset: u64) -> Result<usize> {
        Err(if offset > MOST { ErrorCode::Invalid } else { ErrorCode::BadDescriptor })
    }

    fn seek(&self, to: SeekFrom) -> Result<u64> {
        let _moving = self.moving.lock().unwrap_or_else(PoisonError::into_inner);
        let to = match (to, self.copy()) {
            (SeekFrom::End(by), Some(copy)) => {
                let to = copy.stat()?.size.checked_add_signed(by);
                SeekFrom::Start(to.ok_or(ErrorCode::Invalid)?)
            }
            _ => to,
        };
        self.file.seek(to)
    }

    fn kind(&self) -> Result<FileKind> {
        self.file.kind()
    }

    fn stat(&self) -> Result<Stat> {
        let stat = self.current().stat()?;
        if self.copy().is_none() {
            let gone = u64::from(self.original.unlinked.load(Ordering::Relaxed));
            return Ok(Stat { links: stat.links.saturating_sub(gone), ..stat });
        }
        Ok(match self.original.copy.get().and_then(|copy| copy.identity) {
            Some((device, inode)) => Stat { device, inode, ..stat },
            None => stat,
        })
    }

    fn set_size(&self, size: u64) -> Result<()> {
        Err(if size > MOST { ErrorCode::FileTooBig } else { ErrorCode::Invalid })
    }

    fn allocate(&self, offset: u64, length: u64) -> Result<()> {
        if length == 0 {
            return Err(ErrorCode::Invalid);
        }
        let end = offset.checked_add(length).filter(|end| *end <= MOST);
        Err(end.map_or(ErrorCode::FileTooBig, |_| ErrorCode::BadDescriptor))
    }

    fn advise(&self, offset: u64, length: u64, advice: Advice) -> Result<()> {
        self.current().advise(offset, length, advice)
    }

    /// Those of a file that has lost its name can not be set: there is nowhere to keep them.
    fn set_times(&self, accessed: SetTime, modified: SetTime) -> Result<()> {
        copy_up::check_times(accessed, modified)?;
        if self.copy().is_none() {
            let _names = self.tree.change();
            if self.copy().is_none() {
                if self.original.unlinked.load(Ordering::Relaxed) {
                    return Err(ErrorCode::ReadOnly);
                }
                let folder = self.original.spot.folder()?;
                copy_up::copy_up(&self.tree, &folder, &self.original.name)?;
            }
        }
        self.copy().ok_or(ErrorCode::ReadOnly)?.set_times(accessed, modified)
    }

    fn sync(&self, kind: SyncKind) -> Result<()> {
        self.current().sync(kind)
    }

    fn set_append(&self, _: bool) -> Result<()> {
        Ok(())
    }

    fn available(&self) -> Result<u64> {
        let Some(copy) = self.copy() else { return self.file.available() };
        let position = self.file.seek(SeekFrom::Current(0))?;
        Ok(copy.stat()?.size.saturating_sub(position))
    }

    fn readiness(&self, interest: Interest) -> Readiness<'_> {
        self.file.readiness(interest)
    }

    fn permissions(&self) -> Option<u16> {
        self.current().permissions()
    }
}
