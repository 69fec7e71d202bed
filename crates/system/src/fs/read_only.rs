use super::{Advice, Dir, Entries, File, FileKind, Node, OpenOptions, SetTime, Stat, SyncKind};
use crate::wait::{Blocking, Interest, Readiness};
use crate::{ErrorCode, Result};
use std::io::{IoSlice, IoSliceMut, SeekFrom};
use std::sync::Arc;

/// A folder of which nothing can be changed, nor of anything that is opened through it.
pub struct ReadOnly(Arc<dyn Dir>);

impl ReadOnly {
    /// `dir`, to look at only.
    #[must_use]
    pub fn new(dir: Arc<dyn Dir>) -> Self {
        Self(dir)
    }

    /// Opens what exists already, though it was allowed to create it.
    fn open_existing(&self, path: &str, options: &OpenOptions) -> Result<Node> {
        if options.directory {
            return Err(ErrorCode::Invalid);
        }
        if options.exclusive {
            return match self.0.stat_at(path, false) {
                Ok(_) => Err(ErrorCode::Exists),
                Err(error) => Err(missing_is_read_only(error)),
            };
        }
        let existing = OpenOptions { create: false, ..*options };
        match self.0.open(path, &existing).map_err(missing_is_read_only)? {
            Node::Dir(_) => Err(ErrorCode::IsDirectory),
            file @ Node::File(_) => Ok(file),
        }
    }
}

fn missing_is_read_only(error: ErrorCode) -> ErrorCode {
    if error == ErrorCode::NoEntry { ErrorCode::ReadOnly } else { error }
}

impl Dir for ReadOnly {
    fn open(&self, path: &str, options: &OpenOptions) -> Result<Node> {
        if options.write || options.append || options.truncate {
            return Err(ErrorCode::ReadOnly);
        }
        let node = if options.create {
            self.open_existing(path, options)
        } else {
            self.0.open(path, options)
        };
        Ok(match node? {
            Node::Dir(dir) => Node::Dir(Arc::new(Self(dir))),
            Node::File(file) => Node::File(Arc::new(ReadOnlyFile::new(file))),
        })
    }

    fn stat_at(&self, path: &str, follow: bool) -> Result<Stat> {
        self.0.stat_at(path, follow)
    }

    fn set_times_at(&self, _: &str, _: bool, _: SetTime, _: SetTime) -> Result<()> {
        Err(ErrorCode::ReadOnly)
    }

    fn create_dir(&self, _: &str) -> Result<()> {
        Err(ErrorCode::ReadOnly)
    }

    fn remove_dir(&self, _: &str) -> Result<()> {
        Err(ErrorCode::ReadOnly)
    }

    fn remove_file(&self, _: &str) -> Result<()> {
        Err(ErrorCode::ReadOnly)
    }

    fn symlink(&self, _: &str, _: &str) -> Result<()> {
        Err(ErrorCode::ReadOnly)
    }

    fn read_link(&self, path: &str) -> Result<Vec<u8>> {
        self.0.read_link(path)
    }

    fn rename_to(&self, _: &str, _: &dyn Dir, _: &str) -> Result<()> {
        Err(ErrorCode::ReadOnly)
    }

    fn link_to(&self, _: &str, _: bool, _: &dyn Dir, _: &str) -> Result<()> {
        Err(ErrorCode::ReadOnly)
    }

    fn stat(&self) -> Result<Stat> {
        self.0.stat()
    }

    fn set_times(&self, _: SetTime, _: SetTime) -> Result<()> {
        Err(ErrorCode::ReadOnly)
    }

    fn sync(&self, kind: SyncKind) -> Result<()> {
        self.0.sync(kind)
    }

    fn entries(&self) -> Result<Box<dyn Entries>> {
        self.0.entries()
    }

    fn is_read_only(&self) -> bool {
        true
    }

    fn permissions(&self) -> Option<u16> {
        self.0.permissions()
    }

    fn set_permissions(&self, _: u16) -> Result<()> {
        Err(ErrorCode::ReadOnly)
    }
}

/// A file that was opened for reading. The system would refuse to write to it, but not to set its
/// times.
pub(super) struct ReadOnlyFile(Arc<dyn File>);

impl ReadOnlyFile {
    pub(super) fn new(file: Arc<dyn File>) -> Self {
        Self(file)
    }
}

impl File for ReadOnlyFile {
    fn read(&self, buffers: &mut [IoSliceMut<'_>], blocking: Blocking) -> Result<usize> {
        self.0.read(buffers, blocking)
    }

    fn write(&self, _: &[IoSlice<'_>], _: Blocking) -> Result<usize> {
        Err(ErrorCode::ReadOnly)
    }

    fn read_at(&self, buffers: &mut [IoSliceMut<'_>], offset: u64) -> Result<usize> {
        self.0.read_at(buffers, offset)
    }

    fn write_at(&self, _: &[IoSlice<'_>], _: u64) -> Result<usize> {
        Err(ErrorCode::ReadOnly)
    }

    fn seek(&self, to: SeekFrom) -> Result<u64> {
        self.0.seek(to)
    }

    fn kind(&self) -> Result<FileKind> {
        self.0.kind()
    }

    fn stat(&self) -> Result<Stat> {
        self.0.stat()
    }

    fn set_size(&self, _: u64) -> Result<()> {
        Err(ErrorCode::ReadOnly)
    }

    fn allocate(&self, _: u64, _: u64) -> Result<()> {
        Err(ErrorCode::ReadOnly)
    }

    fn advise(&self, offset: u64, length: u64, advice: Advice) -> Result<()> {
        self.0.advise(offset, length, advice)
    }

    fn set_times(&self, _: SetTime, _: SetTime) -> Result<()> {
        Err(ErrorCode::ReadOnly)
    }

    fn sync(&self, kind: SyncKind) -> Result<()> {
        self.0.sync(kind)
    }

    fn set_append(&self, append: bool) -> Result<()> {
        if append { Err(ErrorCode::ReadOnly) } else { Ok(()) }
    }

    fn available(&self) -> Result<u64> {
        self.0.available()
    }

    fn readiness(&self, interest: Interest) -> Readiness<'_> {
        self.0.readiness(interest)
    }

    fn permissions(&self) -> Option<u16> {
        self.0.permissions()
    }

    fn set_permissions(&self, _: u16) -> Result<()> {
        Err(ErrorCode::ReadOnly)
    }
}
