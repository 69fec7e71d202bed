//! How a path is taken to a file: by the kernel in one call, or by us step by step.
//!
//! Both never leave the folder. One ordinary name in the folder itself needs neither: the callers
//! use it with `O_NOFOLLOW`, which is one system call.

use super::OsDir;
use crate::fs::path::{GuestPath, Last, Place};
use crate::fs::walk::{Folder, Follow, Step, walk};
use crate::{ErrorCode, Result};
use rustix::fs::{Mode, OFlags};
use rustix::io::{Errno, retry_on_intr};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// Who resolves paths of more than one component, and symbolic links.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Resolver {
    /// The kernel: Linux' `openat2`.
    Kernel,
    /// A walk over the components without following any. Works everywhere, and costs a system
    /// call or two for each component.
    Walk,
}

/// A folder on the way.
pub(super) enum FolderFd<'a> {
    Top(BorrowedFd<'a>),
    Below(OwnedFd),
}

impl Resolver {
    /// [`Resolver::Kernel`] where the system has it.
    pub(super) fn best() -> Self {
        if kernel::works() { Self::Kernel } else { Self::Walk }
    }
}

impl AsFd for FolderFd<'_> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Top(fd) => fd.as_fd(),
            Self::Below(fd) => fd.as_fd(),
        }
    }
}

impl OsDir {
    /// The folder that holds the path's last component. That component is not looked at; slashes
    /// behind it follow nothing.
    pub(super) fn parent<'a>(&'a self, path: &GuestPath<'a>) -> Result<Place<'a, FolderFd<'a>>> {
        let (before, last) = path.split();
        // For dots, the folder in question is the one that the whole path means.
        let way = if matches!(last, Last::Name(_)) { before } else { path.text() };
        if way.is_empty() || way == "." {
            return Ok(Place { folder: FolderFd::Top(self.as_fd()), last, slash: path.slash });
        }
        if self.resolver() == Resolver::Kernel {
            let opened = kernel::open(self.as_fd(), way, FOLDER, Mode::empty());
            if let Some(opened) = opened {
                return Ok(Place { folder: FolderFd::Below(opened?), last, slash: path.slash });
            }
        }
        let place = walk(FolderFd::Top(self.as_fd()), path.text(), Follow::Never)?;
        Ok(Place { folder: place.folder, last, slash: path.slash })
    }

    /// The place of what the path means when its last symbolic links are followed. The component
    /// there is no link; should it become one, `O_NOFOLLOW` and its like keep that harmless.
    pub(super) fn followed<'a>(&'a self, path: &GuestPath<'a>) -> Result<Place<'a, FolderFd<'a>>> {
        let place = walk(FolderFd::Top(self.as_fd()), path.text(), Follow::Always)?;
        Ok(Place { slash: place.slash || path.slash, ..place })
    }

    /// Opens what is there if it takes no symbolic link; `None` where only a walk could tell.
    pub(super) fn open_without_links(
        &self,
        path: &GuestPath<'_>,
        flags: OFlags,
    ) -> Option<Result<OwnedFd>> {
        match self.resolver() {
            Resolver::Kernel => kernel::open_without_links(self.as_fd(), path.text(), flags),
            Resolver::Walk => None,
        }
    }

    /// Opens what the path means.
    pub(super) fn open_below(
        &self,
        path: &GuestPath<'_>,
        flags: OFlags,
        mode: Mode,
        follow: bool,
    ) -> Result<OwnedFd> {
        if self.resolver() == Resolver::Kernel {
            let no_follow = if follow { OFlags::empty() } else { OFlags::NOFOLLOW };
            let opened = kernel::open(self.as_fd(), path.text(), flags | no_follow, mode);
            if let Some(opened) = opened {
                return opened;
            }
        }
        let follow = match follow {
            false => Follow::Never,
            true if flags.contains(OFlags::CREATE) => Follow::UnlessSlash,
            true => Follow::Always,
        };
        let place = walk(FolderFd::Top(self.as_fd()), path.text(), follow)?;
        let mut flags = flags | OFlags::NOFOLLOW;
        if place.slash {
            // A link's text ended in a slash.
            if flags.contains(OFlags::CREATE) {
                return Err(ErrorCode::IsDirectory);
            }
            flags |= OFlags::DIRECTORY;
        }
        let open = || rustix::fs::openat(&place.folder, place.name(), flags, mode);
        Ok(retry_on_intr(open)?)
    }
}

/// A folder opened only to start from there.
#[cfg(any(target_os = "linux", target_os = "android"))]
const FOLDER: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

impl Folder for FolderFd<'_> {
    fn enter(&self, name: &[u8]) -> Result<Step<Self>> {
        match rustix::fs::openat(self, name, FOLDER | OFlags::NOFOLLOW, Mode::empty()) {
            Ok(fd) => Ok(Step::Folder(Self::Below(fd))),
            // A symbolic link is one or the other, depending on the system.
            Err(error @ (Errno::NOTDIR | Errno::LOOP)) => match self.link_text(name)? {
                Some(text) => Ok(Step::Link(text)),
                None => Err(error.into()),
            },
            Err(error) => Err(error.into()),
        }
    }

    fn link_text(&self, name: &[u8]) -> Result<Option<Vec<u8>>> {
        match rustix::fs::readlinkat(self, name, Vec::new()) {
            Ok(text) => Ok(Some(text.into_bytes())),
            Err(Errno::INVAL | Errno::NOENT) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
mod kernel {
    use crate::{ErrorCode, Result};
    use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, openat2};
    use rustix::io::Errno;
    use std::os::fd::{BorrowedFd, OwnedFd};
    use std::sync::OnceLock;

    /// The kernel gives up when something was renamed while it went through `..`.
    const TRIES: u32 = 4;

    /// Opens a path below a folder; `None` if the kernel can not say, and we have to.
    pub(super) fn open(
        folder: BorrowedFd<'_>,
        path: &str,
        flags: OFlags,
        mode: Mode,
    ) -> Option<Result<OwnedFd>> {
        let below = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
        for _ in 0..TRIES {
            return Some(match openat2(folder, path, flags, mode, below) {
                Ok(fd) => Ok(fd),
                Err(Errno::AGAIN | Errno::INTR) => continue,
                Err(Errno::XDEV) => Err(ErrorCode::NotCapable),
                Err(error) => Err(error.into()),
            });
        }
        None
    }

    /// Opens a path below a folder that takes no symbolic link; `None` if the kernel can not say.
    pub(super) fn open_without_links(
        folder: BorrowedFd<'_>,
        path: &str,
        flags: OFlags,
    ) -> Option<Result<OwnedFd>> {
        let below = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
        match openat2(folder, path, flags, Mode::empty(), below) {
            Err(Errno::AGAIN | Errno::INTR) => None,
            opened => Some(opened.map_err(ErrorCode::from)),
        }
    }

    /// Whether `openat2` is there: old kernels lack it, some sandboxes forbid it.
    pub(super) fn works() -> bool {
        static WORKS: OnceLock<bool> = OnceLock::new();
        *WORKS.get_or_init(|| {
            let flags = OFlags::PATH | OFlags::CLOEXEC;
            let opened = openat2(CWD, ".", flags, Mode::empty(), ResolveFlags::BENEATH);
            !matches!(opened, Err(Errno::NOSYS | Errno::PERM))
        })
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod kernel {
    use crate::Result;
    use rustix::fs::{Mode, OFlags};
    use std::os::fd::{BorrowedFd, OwnedFd};

    pub(super) fn open(_: BorrowedFd<'_>, _: &str, _: OFlags, _: Mode) -> Option<Result<OwnedFd>> {
        None
    }

    pub(super) fn open_without_links(
        _: BorrowedFd<'_>,
        _: &str,
        _: OFlags,
    ) -> Option<Result<OwnedFd>> {
        None
    }

    pub(super) fn works() -> bool {
        false
    }
}
