//! What a file that was copied up is called by `stat`: what it was called before.

use crate::Result;
use crate::fs::forward::forward_file;
use crate::fs::{File, FileKind, Stat};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A device and a number there.
pub(super) type Identity = (u64, u64);

/// Who was copied up: for files of the upper layer, which ones of the lower they were.
#[derive(Default)]
pub(super) struct Identities(Mutex<HashMap<Identity, Identity>>);

impl Identities {
    fn lock(&self) -> MutexGuard<'_, HashMap<Identity, Identity>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `copy` of the upper layer stands for `original` of the lower. An original with other names
    /// lives on under those: then the two are different files, and are called so.
    pub(super) fn copied(&self, copy: &Stat, original: &Stat) {
        if original.kind == FileKind::Directory || original.links <= 1 {
            self.lock().insert(of(copy), of(original));
        }
    }

    /// What the upper layer has is no more: its number may come to mean another file.
    pub(super) fn forget(&self, copy: &Stat) {
        if copy.kind == FileKind::Directory || copy.links <= 1 {
            self.lock().remove(&of(copy));
        }
    }

    /// What something of the upper layer was before it was copied.
    pub(super) fn original(&self, copy: Identity) -> Option<Identity> {
        self.lock().get(&copy).copied()
    }

    /// Metadata of something of the upper layer, as it is told to the guest.
    pub(super) fn told(&self, stat: Stat) -> Stat {
        match self.original(of(&stat)) {
            Some((device, inode)) => Stat { device, inode, ..stat },
            None => stat,
        }
    }

    /// A file of the upper layer, as it is handed out.
    pub(super) fn handed_out(&self, file: Arc<dyn File>) -> Result<Arc<dyn File>> {
        if self.lock().is_empty() {
            return Ok(file);
        }
        Ok(match self.original(of(&file.stat()?)) {
            Some(identity) => Arc::new(Renamed { file, identity }),
            None => file,
        })
    }
}

pub(super) fn of(stat: &Stat) -> Identity {
    (stat.device, stat.inode)
}

/// A file that goes by another number.
struct Renamed {
    file: Arc<dyn File>,
    identity: Identity,
}

impl File for Renamed {
    forward_file!(file: read, write, read_at, write_at, seek, kind, set_size, allocate, advise, set_times, sync, set_append, available, readiness);

    fn stat(&self) -> Result<Stat> {
        let (device, inode) = self.identity;
        Ok(Stat { device, inode, ..self.file.stat()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fs::forward::tests::Asked;

    #[test]
    fn only_the_number_is_another() {
        let asked = Asked::new();
        let renamed = Renamed { file: asked.clone(), identity: (7, 8) };
        let (stat, before) = (renamed.stat().unwrap(), asked.stat().unwrap());
        assert_eq!((stat.device, stat.inode), (7, 8));
        assert_eq!(Stat { device: before.device, inode: before.inode, ..stat }, before);
        assert_eq!(asked.through(&renamed), 3);
    }
}
