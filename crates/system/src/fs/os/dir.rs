use super::resolve::Resolver;
use super::{entries::OsEntries, links, names, open, stat, times};
use crate::fs::path::GuestPath;
use crate::fs::{Dir, Entries, Node, OpenOptions, SetTime, Stat, SyncKind};
use crate::{ErrorCode, Result};
use rustix::fs::{CWD, Mode, OFlags};
use std::any::Any;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

/// A folder of the operating system.
pub struct OsDir {
    fd: OwnedFd,
    resolver: Resolver,
}

impl OsDir {
    /// Opens a folder by its path, with all the rights of this process: for the embedder, never
    /// for a guest.
    ///
    /// # Errors
    /// What the system says; `NotDirectory` for anything else.
    pub fn open_ambient(path: &Path) -> Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let fd = rustix::fs::openat(CWD, path, flags, Mode::empty())?;
        Ok(Self::new(fd, Resolver::best()))
    }

    /// The same folder with paths resolved in another way.
    #[must_use]
    pub fn with_resolver(mut self, resolver: Resolver) -> Self {
        self.resolver = resolver;
        self
    }

    pub(super) fn new(fd: OwnedFd, resolver: Resolver) -> Self {
        Self { fd, resolver }
    }

    pub(super) fn resolver(&self) -> Resolver {
        self.resolver
    }
}

impl AsFd for OsDir {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl Dir for OsDir {
    fn open(&self, path: &str, options: &OpenOptions) -> Result<Node> {
        open::open(self, GuestPath::parse(path)?, options)
    }

    fn open_direct(&self, path: &str, options: &OpenOptions) -> Option<Result<Node>> {
        open::open_direct(self, &GuestPath::parse(path).ok()?, options)
    }

    fn stat_at(&self, path: &str, follow: bool) -> Result<Stat> {
        stat::stat_at(self, GuestPath::parse(path)?, follow)
    }

    fn set_times_at(
        &self,
        path: &str,
        follow: bool,
        accessed: SetTime,
        modified: SetTime,
    ) -> Result<()> {
        let times = times::timestamps(accessed, modified)?;
        times::set_times_at(self, GuestPath::parse(path)?, follow, &times)
    }

    fn create_dir(&self, path: &str) -> Result<()> {
        names::create_dir(self, GuestPath::parse(path)?)
    }

    fn remove_dir(&self, path: &str) -> Result<()> {
        names::remove_dir(self, GuestPath::parse(path)?)
    }

    fn remove_file(&self, path: &str) -> Result<()> {
        names::remove_file(self, GuestPath::parse(path)?)
    }

    fn symlink(&self, target: &str, path: &str) -> Result<()> {
        links::symlink(self, target, GuestPath::parse(path)?)
    }

    fn read_link(&self, path: &str) -> Result<Vec<u8>> {
        links::read_link(self, GuestPath::parse(path)?)
    }

    fn rename_to(&self, path: &str, to_dir: &dyn Dir, to: &str) -> Result<()> {
        let to_dir = same_provider(to_dir)?;
        names::rename(self, GuestPath::parse(path)?, to_dir, GuestPath::parse(to)?)
    }

    fn link_to(&self, path: &str, follow: bool, to_dir: &dyn Dir, to: &str) -> Result<()> {
        let to_dir = same_provider(to_dir)?;
        links::link(self, GuestPath::parse(path)?, follow, to_dir, GuestPath::parse(to)?)
    }

    fn stat(&self) -> Result<Stat> {
        Ok(stat::convert(&rustix::fs::fstat(&self.fd)?))
    }

    fn set_times(&self, accessed: SetTime, modified: SetTime) -> Result<()> {
        let times = times::timestamps(accessed, modified)?;
        Ok(rustix::fs::futimens(&self.fd, &times)?)
    }

    fn sync(&self, kind: SyncKind) -> Result<()> {
        match kind {
            SyncKind::Data => Ok(rustix::fs::fdatasync(&self.fd)?),
            SyncKind::All => Ok(rustix::fs::fsync(&self.fd)?),
        }
    }

    fn entries(&self) -> Result<Box<dyn Entries>> {
        Ok(Box::new(OsEntries::new(self)?))
    }

    fn is_read_only(&self) -> bool {
        false
    }

    fn permissions(&self) -> Option<u16> {
        stat::permissions(&self.fd)
    }

    fn set_permissions(&self, permissions: u16) -> Result<()> {
        stat::set_permissions(&self.fd, permissions)
    }
}

fn same_provider(dir: &dyn Dir) -> Result<&OsDir> {
    (dir as &dyn Any).downcast_ref().ok_or(ErrorCode::CrossDevice)
}
