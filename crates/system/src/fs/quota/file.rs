use super::account::Slot;
use super::inode::Inode;
use crate::fs::{Advice, File, FileKind, OpenOptions, SetTime, Stat, SyncKind};
use crate::wait::{Blocking, Interest, Readiness};
use crate::{ErrorCode, Result};
use std::io::{IoSlice, IoSliceMut, SeekFrom};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The greatest position, as elsewhere.
const MOST: u64 = i64::MAX.unsigned_abs();

/// An open file within limits.
pub(super) struct QuotaFile {
    // Closed before anything is given back.
    file: Arc<dyn File>,
    inode: Option<Arc<Inode>>,
    /// Where the next write goes, of a file that can be written to and has to be paid for.
    place: Option<Mutex<Place>>,
    _slot: Slot,
}

struct Place {
    /// `None` when it has to be asked for.
    position: Option<u64>,
    append: bool,
}

impl QuotaFile {
    pub(super) fn new(
        file: Arc<dyn File>,
        inode: Option<Arc<Inode>>,
        options: &OpenOptions,
        slot: Slot,
    ) -> Self {
        let place = Place { position: Some(0), append: options.append };
        let place = (inode.is_some() && options.write).then(|| Mutex::new(place));
        Self { file, inode, place, _slot: slot }
    }

    /// The file and its place, if writing to it has to be paid for.
    #[inline]
    fn paid(&self) -> Option<(&Inode, MutexGuard<'_, Place>)> {
        let place = self.place.as_ref()?;
        Some((self.inode.as_ref()?, lock(place)))
    }
}

fn lock(place: &Mutex<Place>) -> MutexGuard<'_, Place> {
    place.lock().unwrap_or_else(PoisonError::into_inner)
}

fn length(buffers: &[IoSlice<'_>]) -> u64 {
    buffers.iter().map(|buffer| buffer.len() as u64).sum()
}

impl File for QuotaFile {
    fn read(&self, buffers: &mut [IoSliceMut<'_>], blocking: Blocking) -> Result<usize> {
        let Some(place) = &self.place else { return self.file.read(buffers, blocking) };
        let mut place = lock(place);
        let read = self.file.read(buffers, blocking)?;
        place.position = place.position.map(|position| position.saturating_add(read as u64));
        Ok(read)
    }

    fn write(&self, buffers: &[IoSlice<'_>], blocking: Blocking) -> Result<usize> {
        let Some((inode, mut place)) = self.paid() else {
            return self.file.write(buffers, blocking);
        };
        let write = || self.file.write(buffers, blocking);
        if place.append {
            place.position = None;
            return inode.write(None, length(buffers), write);
        }
        let position = match place.position {
            Some(position) => position,
            None => self.file.seek(SeekFrom::Current(0))?,
        };
        let written = inode.write(Some(position), length(buffers), write)?;
        place.position = Some(position.saturating_add(written as u64));
        Ok(written)
    }

    fn read_at(&self, buffers: &mut [IoSliceMut<'_>], offset: u64) -> Result<usize> {
        self.file.read_at(buffers, offset)
    }

    fn write_at(&self, buffers: &[IoSlice<'_>], offset: u64) -> Result<usize> {
        let Some((inode, place)) = self.paid() else {
            return self.file.write_at(buffers, offset);
        };
        if offset > MOST {
            return Err(ErrorCode::Invalid);
        }
        // Where systems do not agree about the place, the further one is paid for.
        let offset_paid = if place.append { None } else { Some(offset) };
        inode.write(offset_paid, length(buffers), || self.file.write_at(buffers, offset))
    }

    fn seek(&self, to: SeekFrom) -> Result<u64> {
        let Some(place) = &self.place else { return self.file.seek(to) };
        let mut place = lock(place);
        let position = self.file.seek(to)?;
        place.position = Some(position);
        Ok(position)
    }

    fn kind(&self) -> Result<FileKind> {
        self.file.kind()
    }

    fn stat(&self) -> Result<Stat> {
        self.file.stat()
    }

    fn set_size(&self, size: u64) -> Result<()> {
        match &self.inode {
            Some(inode) => inode.set_size(size, || self.file.set_size(size)),
            None => self.file.set_size(size),
        }
    }

    fn allocate(&self, offset: u64, length: u64) -> Result<()> {
        let allocate = || self.file.allocate(offset, length);
        match (&self.inode, offset.checked_add(length)) {
            (Some(inode), Some(end)) => inode.allocate(end, allocate),
            // The file says what is wrong with it.
            _ => allocate(),
        }
    }

    fn advise(&self, offset: u64, length: u64, advice: Advice) -> Result<()> {
        self.file.advise(offset, length, advice)
    }

    fn set_times(&self, accessed: SetTime, modified: SetTime) -> Result<()> {
        self.file.set_times(accessed, modified)
    }

    fn sync(&self, kind: SyncKind) -> Result<()> {
        self.file.sync(kind)
    }

    fn set_append(&self, append: bool) -> Result<()> {
        let Some(place) = &self.place else { return self.file.set_append(append) };
        let mut place = lock(place);
        self.file.set_append(append)?;
        *place = Place { position: None, append };
        Ok(())
    }

    fn available(&self) -> Result<u64> {
        self.file.available()
    }

    fn readiness(&self, interest: Interest) -> Readiness<'_> {
        self.file.readiness(interest)
    }

    fn permissions(&self) -> Option<u16> {
        self.file.permissions()
    }

    fn set_permissions(&self, permissions: u16) -> Result<()> {
        self.file.set_permissions(permissions)
    }
}
