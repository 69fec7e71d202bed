//! Files and folders.
//!
//! [`Dir`] and [`File`] are what every provider implements: the operating system ([`OsDir`]),
//! memory ([`MemoryDir`]), and wrappers ([`ReadOnly`], [`Overlay`], [`Quota`]). [`Mounts`] puts
//! several together.
//!
//! A path that a guest gives is relative to a [`Dir`] and stays below it: absolute paths, `..`
//! beyond the top and symbolic links that lead out are
//! [`NotCapable`](crate::ErrorCode::NotCapable). What POSIX says of trailing slashes holds: they
//! ask for a directory, and they make the last symbolic link be followed.

pub(crate) mod forward;
#[cfg(feature = "images")]
mod image;
mod memory;
mod mounts;
mod numbers;
mod opening;
mod os;
mod overlay;
mod path;
mod quota;
mod read_only;
mod refuse;
mod reproducible;
mod single_file;
mod trail;
mod types;
mod walk;
mod watched;
// For the provider that Windows will need; the tests run everywhere.
#[cfg(any(windows, test))]
mod windows;

#[cfg(feature = "images")]
pub use image::{Image, ImageError};
pub use memory::{MemoryDir, MemoryFile};
pub use mounts::{MakeDir, MountError, MountPaths, Mounts};
pub use os::{OsDir, OsFile, Resolver};
pub use overlay::{Change, ChangeKind, Overlay};
pub use quota::{Quota, QuotaLimits, QuotaWatch};
pub use read_only::ReadOnly;
pub use reproducible::{FileNumbers, Reproducible, ReproducibleFile};
pub use single_file::SingleFile;
pub use types::{Advice, DirEntry, FileKind, OpenOptions, SetTime, Stat, SyncKind, Timestamp};
pub use watched::{Action, Attempt, Instead, Watched, Watcher};

use crate::wait::{Blocking, Interest, Readiness};
use crate::{ErrorCode, Result};
use std::any::Any;
use std::io::{IoSlice, IoSliceMut, SeekFrom};
use std::sync::Arc;

/// What opening a path gives.
#[derive(Clone)]
pub enum Node {
    /// Anything but a directory.
    File(Arc<dyn File>),
    /// A directory.
    Dir(Arc<dyn Dir>),
}

/// An open file: regular, or a pipe, a terminal, a device.
///
/// Reading and writing without an offset use and advance the handle's own position. A guest's
/// buffers can be the slices: nothing is copied in between.
pub trait File: Any + Send + Sync {
    /// Reads into the buffers in order; fewer bytes than there is room for is no error, and 0 is
    /// the end of the file.
    ///
    /// # Errors
    /// [`Again`](crate::ErrorCode::Again) where nothing is there and blocking is not allowed.
    fn read(&self, buffers: &mut [IoSliceMut<'_>], blocking: Blocking) -> Result<usize>;

    /// Writes the buffers in order and says how many bytes went out.
    ///
    /// # Errors
    /// [`Again`](crate::ErrorCode::Again) where nothing fits and blocking is not allowed.
    fn write(&self, buffers: &[IoSlice<'_>], blocking: Blocking) -> Result<usize>;

    /// Reads at an offset; the position stays.
    fn read_at(&self, buffers: &mut [IoSliceMut<'_>], offset: u64) -> Result<usize>;

    /// Does a part of what reading at an offset, or at the handle's position, takes before the first
    /// byte is there, where that can be much. Whoever can be interrupted calls this until it is done
    /// before each read; others need not.
    ///
    /// # Errors
    /// [`Again`](crate::ErrorCode::Again) where more is to be done.
    fn prepare(&self, _offset: Option<u64>) -> Result<()> {
        Ok(())
    }

    /// Writes at an offset; the position stays. On a file opened to append, the bytes go to its
    /// end on Linux, whatever the offset says.
    fn write_at(&self, buffers: &[IoSlice<'_>], offset: u64) -> Result<usize>;

    /// Moves the position and returns the new one, in bytes from the start.
    ///
    /// # Errors
    /// [`NotSeekable`](crate::ErrorCode::NotSeekable) on pipes and terminals,
    /// [`Invalid`](crate::ErrorCode::Invalid) when it would be negative.
    fn seek(&self, to: SeekFrom) -> Result<u64>;

    /// What kind of file; remembered after the first question.
    fn kind(&self) -> Result<FileKind>;
    /// Its metadata.
    fn stat(&self) -> Result<Stat>;
    /// Cuts or extends (with zeros) to `size` bytes.
    fn set_size(&self, size: u64) -> Result<()>;
    /// Makes sure that `offset + length` bytes exist; never shrinks.
    fn allocate(&self, offset: u64, length: u64) -> Result<()>;
    /// Says how the range will be used. Never changes contents.
    fn advise(&self, offset: u64, length: u64, advice: Advice) -> Result<()>;
    /// Sets timestamps.
    fn set_times(&self, accessed: SetTime, modified: SetTime) -> Result<()>;
    /// Returns when it is on the disk.
    fn sync(&self, kind: SyncKind) -> Result<()>;
    /// Whether each write goes to the file's end.
    fn set_append(&self, append: bool) -> Result<()>;
    /// Bytes that can be read without waiting, where that is known: for regular files, those up to
    /// the end.
    fn available(&self) -> Result<u64>;
    /// When `interest` can be served.
    fn readiness(&self, interest: Interest) -> Readiness<'_>;

    /// Who may do what, as POSIX has it in nine bits, where the provider knows of it. For
    /// providers that copy files; guests have nothing to ask for it.
    fn permissions(&self) -> Option<u16> {
        None
    }

    /// Sets the permissions, where the provider has such a thing.
    fn set_permissions(&self, _permissions: u16) -> Result<()> {
        Ok(())
    }
}

/// An open folder: the capability to reach what is below it.
///
/// `follow` says whether a symbolic link at the path's end is followed; links on the way always
/// are, as long as they stay below the folder.
pub trait Dir: Any + Send + Sync {
    /// Opens what is at `path`.
    fn open(&self, path: &str, options: &OpenOptions) -> Result<Node>;

    /// Opens what is at `path` where that takes no symbolic link, on the way or at its end, and
    /// nothing has to be made: for providers that put folders over one another, and would have to go
    /// name by name otherwise. `None` where it takes a link, and where the folder has no quicker way
    /// either. `path` is one that [`Dir::open`] would take, without `..`, and without slashes or `.`
    /// at its end.
    fn open_direct(&self, _path: &str, _options: &OpenOptions) -> Option<Result<Node>> {
        None
    }

    /// Metadata of what is at `path`.
    fn stat_at(&self, path: &str, follow: bool) -> Result<Stat>;
    /// Sets timestamps of what is at `path`.
    fn set_times_at(
        &self,
        path: &str,
        follow: bool,
        accessed: SetTime,
        modified: SetTime,
    ) -> Result<()>;
    /// Makes a folder.
    fn create_dir(&self, path: &str) -> Result<()>;
    /// Removes an empty folder.
    fn remove_dir(&self, path: &str) -> Result<()>;
    /// Removes a file or symbolic link.
    fn remove_file(&self, path: &str) -> Result<()>;
    /// Makes a symbolic link whose text is `target`. Absolute targets are refused.
    fn symlink(&self, target: &str, path: &str) -> Result<()>;
    /// The text of a symbolic link, as bytes: hosts have links that are not UTF-8.
    fn read_link(&self, path: &str) -> Result<Vec<u8>>;

    /// Renames to a path below another folder. Called through [`rename`], which has checked that
    /// neither side is read-only; `to_dir` of another provider is
    /// [`CrossDevice`](crate::ErrorCode::CrossDevice).
    fn rename_to(&self, path: &str, to_dir: &dyn Dir, to: &str) -> Result<()>;
    /// Makes a second name below another folder. Called through [`link`]; see
    /// [`Dir::rename_to`].
    fn link_to(&self, path: &str, follow: bool, to_dir: &dyn Dir, to: &str) -> Result<()>;

    /// The folder's own metadata.
    fn stat(&self) -> Result<Stat>;
    /// Sets the folder's own timestamps.
    fn set_times(&self, accessed: SetTime, modified: SetTime) -> Result<()>;
    /// Returns when the folder's entries are on the disk.
    fn sync(&self, kind: SyncKind) -> Result<()>;
    /// A new walk over the folder's entries, `.` and `..` among them.
    fn entries(&self) -> Result<Box<dyn Entries>>;
    /// Whether every change through this handle is refused.
    fn is_read_only(&self) -> bool;

    /// See [`File::permissions`].
    fn permissions(&self) -> Option<u16> {
        None
    }

    /// See [`File::set_permissions`].
    fn set_permissions(&self, _permissions: u16) -> Result<()> {
        Ok(())
    }
}

/// A walk over a folder's entries that can be continued at any time.
///
/// Cookies are the folder's own marks: each entry has the cookie of the place behind it; 0 is the
/// start. They stay valid while the walk lives, whatever is created or removed meanwhile; entries
/// that were neither are seen exactly once.
pub trait Entries: Send {
    /// Goes to a place. Costs nothing when the walk is there already.
    ///
    /// # Errors
    /// [`Invalid`](crate::ErrorCode::Invalid) for a cookie that can not be one.
    fn seek(&mut self, cookie: u64) -> Result<()>;
    /// The entry at the current place, without moving on; `None` at the end.
    fn peek(&mut self) -> Result<Option<DirEntry<'_>>>;
    /// Moves on behind the entry that [`Entries::peek`] shows.
    fn advance(&mut self);
}

/// Renames `from` below one folder to `to` below another.
///
/// # Errors
/// [`ReadOnly`](crate::ErrorCode::ReadOnly) when either folder is,
/// [`CrossDevice`](crate::ErrorCode::CrossDevice) between providers.
pub fn rename(from_dir: &dyn Dir, from: &str, to_dir: &dyn Dir, to: &str) -> Result<()> {
    refuse_read_only(Action::Rename, [(from_dir, from), (to_dir, to)])?;
    mounts::in_holder(from_dir, to_dir, to, crate::ErrorCode::Busy, &|to_dir, to| {
        from_dir.rename_to(from, to_dir, to)
    })
}

/// Gives what is at `from` below one folder a second name `to` below another.
///
/// # Errors
/// As [`rename`]: a second name in a writable folder would make a read-only file writable.
pub fn link(
    from_dir: &dyn Dir,
    from: &str,
    follow: bool,
    to_dir: &dyn Dir,
    to: &str,
) -> Result<()> {
    refuse_read_only(Action::Link, [(from_dir, from), (to_dir, to)])?;
    mounts::in_holder(from_dir, to_dir, to, crate::ErrorCode::Exists, &|to_dir, to| {
        from_dir.link_to(from, follow, to_dir, to)
    })
}

fn refuse_read_only(what: Action, sides: [(&dyn Dir, &str); 2]) -> Result<()> {
    for (dir, path) in sides {
        if dir.is_read_only() {
            if let Some(watched) = Watched::of(dir) {
                watched.refused(what, path, ErrorCode::ReadOnly);
            }
            return Err(ErrorCode::ReadOnly);
        }
    }
    Ok(())
}
