//! What is copied up in parts, between two of them. The names are locked while it is taken or kept.

use super::copy_up::Walk;
use super::copying::Copying;
use super::spot::Spot;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Those that were begun, and are neither complete nor given up.
#[derive(Default)]
pub(super) struct Pending(Mutex<Lists>);

#[derive(Default)]
struct Lists {
    files: VecDeque<Copying>,
    folders: VecDeque<Walk>,
}

/// Of each, so many. Who goes on with one comes back to it at once; the oldest are of guests that
/// have ended.
const MOST: usize = 16;

impl Pending {
    fn lock(&self) -> MutexGuard<'_, Lists> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// To go on with the copy of a file.
    pub(super) fn take_file(&self, spot: &Arc<Spot>, name: &str) -> Option<Copying> {
        let files = &mut self.lock().files;
        let at = files.iter().position(|copy| copy.is_at(spot, name))?;
        files.remove(at)
    }

    pub(super) fn keep_file(&self, copy: Copying) {
        keep(&mut self.lock().files, copy);
    }

    /// To go on with all that is below a folder.
    pub(super) fn take_folder(&self, top: &Arc<Spot>) -> Option<Walk> {
        let folders = &mut self.lock().folders;
        let at = folders.iter().position(|walk| walk.is_below(top))?;
        folders.remove(at)
    }

    pub(super) fn keep_folder(&self, walk: Walk) {
        keep(&mut self.lock().folders, walk);
    }
}

fn keep<T>(list: &mut VecDeque<T>, new: T) {
    if list.len() >= MOST {
        list.pop_front();
    }
    list.push_back(new);
}
