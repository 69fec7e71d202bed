use super::inode::Inode;
use super::names::FIRST_COOKIE;
use crate::fs::{DirEntry, Entries, FileKind};
use crate::{ErrorCode, Result};
use std::sync::Arc;

/// A walk over a folder in memory. A cookie is the number that the next name to show must at least
/// have; 0 and 1 are `.` and `..`.
pub(super) struct MemoryEntries {
    folder: Arc<Inode>,
    at: u64,
    shown: Option<Shown>,
    /// Of what is shown.
    name: Vec<u8>,
}

#[derive(Clone, Copy)]
struct Shown {
    inode: u64,
    kind: FileKind,
    next: u64,
}

impl MemoryEntries {
    pub(super) fn new(folder: Arc<Inode>) -> Self {
        Self { folder, at: 0, shown: None, name: Vec::new() }
    }

    fn show(&mut self) -> Result<Option<Shown>> {
        self.name.clear();
        let kind = FileKind::Directory;
        self.shown = match self.at {
            0 => {
                self.name.push(b'.');
                Some(Shown { inode: self.folder.number, kind, next: 1 })
            }
            1 => {
                self.name.extend(b"..");
                // The folder above may be none of the guest's business.
                Some(Shown { inode: 0, kind, next: FIRST_COOKIE })
            }
            at => self.folder.lock().names()?.at(at).map(|(cookie, name, inode)| {
                self.name.extend(name);
                Shown { inode: inode.number, kind: inode.kind, next: cookie + 1 }
            }),
        };
        Ok(self.shown)
    }
}

impl Entries for MemoryEntries {
    fn seek(&mut self, cookie: u64) -> Result<()> {
        if cookie > self.folder.lock().names()?.end() {
            return Err(ErrorCode::Invalid);
        }
        self.at = cookie;
        self.shown = None;
        Ok(())
    }

    fn peek(&mut self) -> Result<Option<DirEntry<'_>>> {
        let shown = match self.shown {
            Some(shown) => Some(shown),
            None => self.show()?,
        };
        let Some(Shown { inode, kind, next }) = shown else { return Ok(None) };
        Ok(Some(DirEntry { name: &self.name, inode, kind, next }))
    }

    fn advance(&mut self) {
        if let Ok(Some(entry)) = self.peek() {
            self.at = entry.next;
            self.shown = None;
        }
    }
}
