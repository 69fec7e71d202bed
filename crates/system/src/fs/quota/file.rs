use super::account::Slot;
use super::inode::Inode;
use crate::fs::forward::forward_file;
use crate::fs::{File, OpenOptions};
use crate::wait::Blocking;
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

/// Held while the handle writes: nobody moves the place meanwhile.
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
}

fn lock(place: &Mutex<Place>) -> MutexGuard<'_, Place> {
    place.lock().unwrap_or_else(PoisonError::into_inner)
}

fn length(buffers: &[IoSlice<'_>]) -> u64 {
    buffers.iter().map(|buffer| buffer.len() as u64).sum()
}

impl File for QuotaFile {
    forward_file!(file: read_at, kind, stat, advise, set_times, sync, available, readiness);

    fn read(&self, buffers: &mut [IoSliceMut<'_>], blocking: Blocking) -> Result<usize> {
        let Some(place) = &self.place else { return self.file.read(buffers, blocking) };
        let mut place = lock(place);
        let read = self.file.read(buffers, blocking)?;
        place.position = place.position.map(|position| position.saturating_add(read as u64));
        Ok(read)
    }

    fn write(&self, buffers: &[IoSlice<'_>], blocking: Blocking) -> Result<usize> {
        let write = || self.file.write(buffers, blocking);
        let (Some(inode), Some(place)) = (&self.inode, &self.place) else { return write() };
        let mut place = lock(place);
        if place.append {
            place.position = None;
            return inode.write(&*self.file, None, length(buffers), write);
        }
        let position = match place.position {
            Some(position) => position,
            None => self.file.seek(SeekFrom::Current(0))?,
        };
        let written = inode.write(&*self.file, Some(position), length(buffers), write)?;
        place.position = Some(position.saturating_add(written as u64));
        Ok(written)
    }

    fn write_at(&self, buffers: &[IoSlice<'_>], offset: u64) -> Result<usize> {
        let write = || self.file.write_at(buffers, offset);
        let (Some(inode), Some(place)) = (&self.inode, &self.place) else { return write() };
        if offset > MOST {
            return Err(ErrorCode::Invalid);
        }
        let place = lock(place);
        // Where systems do not agree about the place, the further one is paid for.
        let paid = (!place.append).then_some(offset);
        inode.write(&*self.file, paid, length(buffers), write)
    }

    fn seek(&self, to: SeekFrom) -> Result<u64> {
        let Some(place) = &self.place else { return self.file.seek(to) };
        let mut place = lock(place);
        let position = self.file.seek(to)?;
        place.position = Some(position);
        Ok(position)
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

    fn set_append(&self, append: bool) -> Result<()> {
        let Some(place) = &self.place else { return self.file.set_append(append) };
        let mut place = lock(place);
        self.file.set_append(append)?;
        *place = Place { position: None, append };
        Ok(())
    }
}
