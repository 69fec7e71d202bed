use super::{open, stat, times, transfer};
use crate::fs::{Advice, File, FileKind, OpenOptions, SetTime, Stat, SyncKind};
use crate::wait::{Blocking, Interest, Readiness};
use crate::{ErrorCode, Result};
use rustix::fs::{CWD, FallocateFlags, FileType, OFlags};
use rustix::io::{Errno, retry_on_intr};
use std::io::{IoSlice, IoSliceMut, SeekFrom};
use std::num::NonZeroU64;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::sync::OnceLock;

/// The greatest offset that systems know.
const MOST: u64 = i64::MAX.unsigned_abs();

/// A file of the operating system: regular, or a pipe, a terminal, a device, a socket.
pub struct OsFile {
    pub(super) fd: OwnedFd,
    kind: OnceLock<FileKind>,
    /// Whether other processes may hold the open file too, so that its `O_NONBLOCK` is not ours
    /// to set.
    pub(super) shared: bool,
}

impl OsFile {
    /// Opens a file by its path, with all the rights of this process: for the embedder, never for
    /// a guest. Symbolic links are followed.
    ///
    /// # Errors
    /// What the system says.
    pub fn open_ambient(path: &Path, options: &OpenOptions) -> Result<Self> {
        let fd = rustix::fs::openat(CWD, path, open::flags(options), open::mode(options))?;
        Ok(Self::own(fd))
    }

    /// A file opened here, with `O_NONBLOCK`.
    pub(super) fn own(fd: OwnedFd) -> Self {
        Self { fd, kind: OnceLock::new(), shared: false }
    }

    /// A file from elsewhere: its flags stay as they are.
    pub(crate) fn inherited(fd: OwnedFd) -> Self {
        Self { fd, kind: OnceLock::new(), shared: true }
    }

    /// Whether reading and writing never wait for anybody.
    pub(super) fn is_always_ready(&self) -> bool {
        matches!(self.kind(), Ok(FileKind::Regular | FileKind::BlockDevice | FileKind::Directory))
    }
}

impl From<std::fs::File> for OsFile {
    fn from(file: std::fs::File) -> Self {
        Self::inherited(file.into())
    }
}

impl AsFd for OsFile {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl File for OsFile {
    fn read(&self, buffers: &mut [IoSliceMut<'_>], blocking: Blocking) -> Result<usize> {
        transfer::read(self, buffers, blocking)
    }

    fn write(&self, buffers: &[IoSlice<'_>], blocking: Blocking) -> Result<usize> {
        transfer::write(self, buffers, blocking)
    }

    fn read_at(&self, buffers: &mut [IoSliceMut<'_>], offset: u64) -> Result<usize> {
        transfer::read_at(self, buffers, offset)
    }

    fn write_at(&self, buffers: &[IoSlice<'_>], offset: u64) -> Result<usize> {
        transfer::write_at(self, buffers, offset)
    }

    fn seek(&self, to: SeekFrom) -> Result<u64> {
        let to = match to {
            SeekFrom::Start(offset) if offset > MOST => return Err(ErrorCode::Invalid),
            SeekFrom::Start(offset) => rustix::fs::SeekFrom::Start(offset),
            SeekFrom::Current(offset) => rustix::fs::SeekFrom::Current(offset),
            SeekFrom::End(offset) => rustix::fs::SeekFrom::End(offset),
        };
        Ok(rustix::fs::seek(&self.fd, to)?)
    }

    fn kind(&self) -> Result<FileKind> {
        if let Some(kind) = self.kind.get() {
            return Ok(*kind);
        }
        let stat = rustix::fs::fstat(&self.fd)?;
        Ok(*self.kind.get_or_init(|| stat::kind(FileType::from_raw_mode(stat.st_mode))))
    }

    fn stat(&self) -> Result<Stat> {
        Ok(stat::convert(&rustix::fs::fstat(&self.fd)?))
    }

    fn set_size(&self, size: u64) -> Result<()> {
        if size > MOST {
            return Err(ErrorCode::FileTooBig);
        }
        Ok(retry_on_intr(|| rustix::fs::ftruncate(&self.fd, size))?)
    }

    fn allocate(&self, offset: u64, length: u64) -> Result<()> {
        if length == 0 {
            return Err(ErrorCode::Invalid);
        }
        let end = offset.checked_add(length).filter(|end| *end <= MOST);
        let end = end.ok_or(ErrorCode::FileTooBig)?;
        let flags = FallocateFlags::empty();
        match retry_on_intr(|| rustix::fs::fallocate(&self.fd, flags, offset, length)) {
            // Not every file system can; then the size at least is right.
            Err(Errno::OPNOTSUPP | Errno::NOSYS) if self.stat()?.size < end => self.set_size(end),
            Err(Errno::OPNOTSUPP | Errno::NOSYS) => Ok(()),
            result => Ok(result?),
        }
    }

    fn advise(&self, offset: u64, length: u64, advice: Advice) -> Result<()> {
        use rustix::fs::Advice as Os;
        if offset > MOST || length > MOST {
            return Err(ErrorCode::Invalid);
        }
        let advice = match advice {
            Advice::Normal => Os::Normal,
            Advice::Sequential => Os::Sequential,
            Advice::Random => Os::Random,
            Advice::WillNeed => Os::WillNeed,
            Advice::DontNeed => Os::DontNeed,
            Advice::NoReuse => Os::NoReuse,
        };
        Ok(rustix::fs::fadvise(&self.fd, offset, NonZeroU64::new(length), advice)?)
    }

    fn set_times(&self, accessed: SetTime, modified: SetTime) -> Result<()> {
        Ok(rustix::fs::futimens(&self.fd, &times::timestamps(accessed, modified)?)?)
    }

    fn sync(&self, kind: SyncKind) -> Result<()> {
        Ok(retry_on_intr(|| match kind {
            SyncKind::Data => rustix::fs::fdatasync(&self.fd),
            SyncKind::All => rustix::fs::fsync(&self.fd),
        })?)
    }

    fn set_append(&self, append: bool) -> Result<()> {
        let mut flags = rustix::fs::fcntl_getfl(&self.fd)?;
        if flags.contains(OFlags::APPEND) == append {
            return Ok(());
        }
        flags.set(OFlags::APPEND, append);
        Ok(rustix::fs::fcntl_setfl(&self.fd, flags)?)
    }

    fn available(&self) -> Result<u64> {
        if self.kind()? == FileKind::Regular {
            let position = rustix::fs::tell(&self.fd)?;
            return Ok(self.stat()?.size.saturating_sub(position));
        }
        match rustix::io::ioctl_fionread(&self.fd) {
            Err(Errno::NOTTY | Errno::INVAL) => Err(ErrorCode::NotSupported),
            result => Ok(result?),
        }
    }

    fn readiness(&self, _: Interest) -> Readiness<'_> {
        if self.is_always_ready() { Readiness::Now } else { Readiness::Fd(self.fd.as_fd()) }
    }

    fn permissions(&self) -> Option<u16> {
        stat::permissions(&self.fd)
    }

    fn set_permissions(&self, permissions: u16) -> Result<()> {
        stat::set_permissions(&self.fd, permissions)
    }
}
