//! Files that show nothing of the host but names and contents.

mod entries;
mod file;
mod numbers;
mod room;

pub use file::ReproducibleFile;
pub use numbers::FileNumbers;

use super::forward::forward_dir;
use super::{Dir, Entries, FileKind, Node, OpenOptions, SetTime, Stat};
use crate::{ErrorCode, Result};
use entries::Sorted;
use std::any::Any;
use std::sync::Arc;

/// A folder that looks the same wherever it is: its entries are sorted, files are numbered in the
/// order in which the guest meets them, and their times are the beginning of the guest's own time
/// unless the guest has set them. Folders have no size, and one name.
pub struct Reproducible {
    dir: Arc<dyn Dir>,
    numbers: Arc<FileNumbers>,
}

impl Reproducible {
    /// `dir`, with the numbers of its guest.
    #[must_use]
    pub fn new(dir: Arc<dyn Dir>, numbers: Arc<FileNumbers>) -> Self {
        Self { dir, numbers }
    }

    /// A new file may get the number of one that is gone, or another: hosts differ.
    fn forgetting<R>(&self, path: &str, change: impl FnOnce() -> Result<R>) -> Result<R> {
        let gone = self.dir.stat_at(path, false).ok();
        let result = change()?;
        if let Some(gone) = gone {
            self.numbers.forget(&gone);
        }
        Ok(result)
    }

    fn other<'d>(&self, dir: &'d dyn Dir) -> Result<&'d Self> {
        (dir as &dyn Any).downcast_ref().ok_or(ErrorCode::CrossDevice)
    }
}

impl Dir for Reproducible {
    forward_dir!(dir: create_dir, symlink, read_link, sync, is_read_only);

    fn open(&self, path: &str, options: &OpenOptions) -> Result<Node> {
        Ok(match self.dir.open(path, options)? {
            Node::Dir(dir) => Node::Dir(Arc::new(Self::new(dir, self.numbers.clone()))),
            Node::File(file) => {
                Node::File(Arc::new(ReproducibleFile::new(file, self.numbers.clone())))
            }
        })
    }

    fn stat_at(&self, path: &str, follow: bool) -> Result<Stat> {
        self.dir.stat_at(path, follow).map(|found| self.numbers.show(found))
    }

    fn set_times_at(
        &self,
        path: &str,
        follow: bool,
        accessed: SetTime,
        modified: SetTime,
    ) -> Result<()> {
        self.dir.set_times_at(path, follow, accessed, modified)?;
        self.numbers.set_times(self.dir.stat_at(path, follow)?, accessed, modified);
        Ok(())
    }

    fn remove_dir(&self, path: &str) -> Result<()> {
        self.forgetting(path, || self.dir.remove_dir(path))
    }

    fn remove_file(&self, path: &str) -> Result<()> {
        self.forgetting(path, || self.dir.remove_file(path))
    }

    fn rename_to(&self, path: &str, to_dir: &dyn Dir, to: &str) -> Result<()> {
        let to_dir = self.other(to_dir)?;
        let replaced = to_dir.dir.stat_at(to, false).ok();
        let moved = self.dir.stat_at(path, false).ok();
        crate::fs::rename(&*self.dir, path, &*to_dir.dir, to)?;
        match (replaced, moved) {
            // Two names of one file: nothing was replaced.
            (Some(old), Some(new)) if (old.device, old.inode) == (new.device, new.inode) => {}
            (Some(old), _) => to_dir.numbers.forget(&old),
            (None, _) => {}
        }
        Ok(())
    }

    fn link_to(&self, path: &str, follow: bool, to_dir: &dyn Dir, to: &str) -> Result<()> {
        crate::fs::link(&*self.dir, path, follow, &*self.other(to_dir)?.dir, to)
    }

    fn stat(&self) -> Result<Stat> {
        self.dir.stat().map(|found| self.numbers.show(found))
    }

    fn set_times(&self, accessed: SetTime, modified: SetTime) -> Result<()> {
        self.dir.set_times(accessed, modified)?;
        self.numbers.set_times(self.dir.stat()?, accessed, modified);
        Ok(())
    }

    fn entries(&self) -> Result<Box<dyn Entries>> {
        Ok(Box::new(Sorted::new(self.dir.clone(), self.numbers.clone())))
    }
}

/// Folders are as large as their file system likes, and have as many names.
fn plain(found: Stat) -> Stat {
    match found.kind {
        FileKind::Directory => Stat { size: 0, links: 1, ..found },
        _ => found,
    }
}
