use super::plain;
use super::room::Room;
use crate::fs::{SetTime, Stat, Timestamp};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The numbers of files as one guest sees them, in the order in which it meets them, and the times
/// that it has given them.
pub struct FileNumbers {
    start: Timestamp,
    known: Mutex<Known>,
    room: Arc<Room>,
}

#[derive(Default)]
struct Known {
    /// By device and number of the host's.
    files: HashMap<(u64, u64), Shown>,
    last: u64,
}

#[derive(Clone, Copy)]
struct Shown {
    number: u64,
    accessed: Timestamp,
    modified: Timestamp,
}

/// Most files that are remembered; those after them have no number. Some 100 MB for a guest that
/// wants them all.
const MOST: usize = 1 << 20;

impl FileNumbers {
    /// No files, for a guest whose time begins at `start`.
    #[must_use]
    pub fn new(start: Timestamp) -> Self {
        Self { start, known: Mutex::default(), room: Arc::default() }
    }

    /// What the guest's sorted entries take.
    pub(super) fn room(&self) -> &Arc<Room> {
        &self.room
    }

    /// What the guest is told of a file.
    pub(super) fn show(&self, found: Stat) -> Stat {
        let shown = self.shown(&mut self.known(), found.device, found.inode);
        Stat {
            device: 1,
            inode: shown.number,
            accessed: shown.accessed,
            modified: shown.modified,
            changed: shown.modified,
            ..plain(found)
        }
    }

    /// The number of a file that was found in a folder; 0 where the host does not tell one.
    pub(super) fn number(&self, device: u64, inode: u64) -> u64 {
        if inode == 0 { 0 } else { self.shown(&mut self.known(), device, inode).number }
    }

    /// The guest has set the times of a file.
    pub(super) fn set_times(&self, of: Stat, accessed: SetTime, modified: SetTime) {
        let mut known = self.known();
        let mut shown = self.shown(&mut known, of.device, of.inode);
        for (set, time) in [(accessed, &mut shown.accessed), (modified, &mut shown.modified)] {
            match set {
                SetTime::Keep => {}
                SetTime::Now => *time = self.start,
                SetTime::To(given) => *time = given,
            }
        }
        if let Some(file) = known.files.get_mut(&(of.device, of.inode)) {
            *file = shown;
        }
    }

    /// A name of a file is gone, and with the last one the file.
    pub(super) fn forget(&self, gone: &Stat) {
        if plain(*gone).links <= 1 {
            self.known().files.remove(&(gone.device, gone.inode));
        }
    }

    fn shown(&self, known: &mut Known, device: u64, inode: u64) -> Shown {
        if let Some(shown) = known.files.get(&(device, inode)) {
            return *shown;
        }
        let mut shown = Shown { number: 0, accessed: self.start, modified: self.start };
        if known.files.len() < MOST {
            known.last += 1;
            shown.number = known.last;
            known.files.insert((device, inode), shown);
        }
        shown
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
