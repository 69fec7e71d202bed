use super::tree::{Body, Folder, Tree};
use crate::fs::{DirEntry, Entries, FileKind};
use crate::{ErrorCode, Result};
use std::sync::Arc;

/// A walk over a folder of an image. Cookies count entries; the first two are `.` and `..`.
pub(super) struct ImageEntries {
    tree: Arc<Tree>,
    folder: usize,
    at: u64,
}

impl ImageEntries {
    pub(super) fn new(tree: Arc<Tree>, folder: usize) -> Self {
        Self { tree, folder, at: 0 }
    }

    fn names(&self) -> Option<&Folder> {
        match &self.tree.nodes[self.folder].body {
            Body::Folder(folder) => Some(folder),
            _ => None,
        }
    }
}

impl Entries for ImageEntries {
    fn seek(&mut self, cookie: u64) -> Result<()> {
        let end = self.names().map_or(0, Folder::len) as u64 + 2;
        if cookie > end {
            return Err(ErrorCode::Invalid);
        }
        self.at = cookie;
        Ok(())
    }

    fn peek(&mut self) -> Result<Option<DirEntry<'_>>> {
        let (at, next) = (self.at, self.at + 1);
        let kind = FileKind::Directory;
        Ok(match at {
            0 => Some(DirEntry { name: b".", inode: self.folder as u64 + 1, kind, next }),
            // The folder above may be none of the guest's business.
            1 => Some(DirEntry { name: b"..", inode: 0, kind, next }),
            at => {
                let at = usize::try_from(at - 2).ok();
                let found = at.and_then(|at| self.names()?.nth(at));
                found.map(|(name, number)| {
                    let kind = self.tree.nodes[number].kind();
                    DirEntry { name, inode: number as u64 + 1, kind, next }
                })
            }
        })
    }

    fn advance(&mut self) {
        if matches!(self.peek(), Ok(Some(_))) {
            self.at += 1;
        }
    }
}
