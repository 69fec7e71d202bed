use super::read_only::ReadOnlyFile;
use super::{File, FileKind, OpenOptions, OsFile, SetTime, Stat};
use crate::{ErrorCode, Result};
use std::os::fd::{AsFd, AsRawFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// One file of the operating system, opened once by the embedder and then again for each guest
/// that asks: the file itself, whatever its name on the host leads to by then.
pub struct SingleFile {
    file: OsFile,
    path: PathBuf,
    read_only: bool,
}

impl SingleFile {
    /// Opens a file by its path, with all the rights of this process: for the embedder, never for
    /// a guest. Symbolic links are followed.
    ///
    /// # Errors
    /// What the system says; `IsDirectory` of a folder, and `NotSupported` of what is neither a
    /// regular file nor a device.
    pub fn open_ambient(path: &Path, read_only: bool) -> Result<Self> {
        // Where the process changes its folder, the path has to stay what it was.
        let path = std::path::absolute(path)?;
        let options = OpenOptions { read: true, write: !read_only, ..OpenOptions::default() };
        let file = OsFile::open_ambient(&path, &options)?;
        match file.kind()? {
            FileKind::Regular | FileKind::CharacterDevice | FileKind::BlockDevice => {}
            FileKind::Directory => return Err(ErrorCode::IsDirectory),
            _ => return Err(ErrorCode::NotSupported),
        }
        Ok(Self { file, path, read_only })
    }

    /// Whether it can be read only.
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        self.read_only
    }

    /// A handle of its own, with its own position.
    pub(super) fn open(&self, options: &OpenOptions) -> Result<Arc<dyn File>> {
        if options.directory {
            return Err(ErrorCode::NotDirectory);
        }
        if self.read_only && (options.write || options.append || options.truncate) {
            return Err(ErrorCode::ReadOnly);
        }
        // A file is emptied once it is known to be the right one.
        let again = OpenOptions { create: false, exclusive: false, truncate: false, ..*options };
        let file = self.open_again(&again)?;
        if options.truncate {
            self.file.set_size(0)?;
        }
        Ok(if self.read_only {
            Arc::new(ReadOnlyFile::new(Arc::new(file)))
        } else {
            Arc::new(file)
        })
    }

    pub(super) fn stat(&self) -> Result<Stat> {
        self.file.stat()
    }

    pub(super) fn set_times(&self, accessed: SetTime, modified: SetTime) -> Result<()> {
        if self.read_only {
            return Err(ErrorCode::ReadOnly);
        }
        self.file.set_times(accessed, modified)
    }

    fn open_again(&self, options: &OpenOptions) -> Result<OsFile> {
        // Linux has a name for what a descriptor has open, which renaming and removing do not touch.
        let own = format!("/proc/self/fd/{}", self.file.as_fd().as_raw_fd());
        let opened = match OsFile::open_ambient(Path::new(&own), options) {
            // Other systems, and sandboxes without it, open by the path, and see whether it is
            // still the same file.
            Err(ErrorCode::NoEntry) => OsFile::open_ambient(&self.path, options),
            opened => opened,
        }?;
        let (now, then) = (opened.stat()?, self.file.stat()?);
        if (now.device, now.inode) != (then.device, then.inode) {
            return Err(ErrorCode::Stale);
        }
        Ok(opened)
    }
}
