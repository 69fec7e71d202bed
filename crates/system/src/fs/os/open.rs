//! Opening: one system call for an ordinary name, and one more to learn what a name that was
//! opened for reading is.

use super::{OsDir, OsFile};
use crate::fs::path::{GuestPath, Last};
use crate::fs::{Node, OpenOptions, SyncKind};
use crate::{ErrorCode, Result};
use rustix::fs::{FileType, Mode, OFlags};
use rustix::io::{Errno, retry_on_intr};
use std::os::fd::OwnedFd;
use std::sync::Arc;

/// What the process's umask leaves of it.
const NEW_FILE: Mode = Mode::from_bits_retain(0o666);

pub(super) fn open(dir: &OsDir, path: GuestPath<'_>, options: &OpenOptions) -> Result<Node> {
    let fd = open_fd(dir, &path, options)?;
    node(dir, fd, options, options.directory || path.slash)
}

pub(super) fn open_direct(
    dir: &OsDir,
    path: &GuestPath<'_>,
    options: &OpenOptions,
) -> Option<Result<Node>> {
    let flags = flags(options) | OFlags::NOFOLLOW;
    let opened = match path.as_name() {
        Some(name) => retry_on_intr(|| rustix::fs::openat(dir, name, flags, Mode::empty()))
            .map_err(ErrorCode::from),
        None => dir.open_without_links(path, flags)?,
    };
    match opened {
        Ok(fd) => Some(node(dir, fd, options, options.directory)),
        Err(ErrorCode::Loop) => None,
        Err(error) => Some(Err(error)),
    }
}

fn node(dir: &OsDir, fd: OwnedFd, options: &OpenOptions, is_folder: bool) -> Result<Node> {
    let is_folder = if is_folder {
        true
    } else if options.write || options.create || options.truncate {
        // The system opens no directory for any of these.
        false
    } else {
        is_directory(&fd)?
    };
    Ok(if is_folder {
        Node::Dir(Arc::new(OsDir::new(fd, dir.resolver())))
    } else {
        Node::File(Arc::new(OsFile::own(fd)))
    })
}

/// The flags for these options.
///
/// `O_NONBLOCK` keeps a guest from hanging its host in the opening of a pipe; regular files do not
/// care. Later calls on other files wait by polling.
pub(super) fn flags(options: &OpenOptions) -> OFlags {
    let mut flags = OFlags::CLOEXEC | OFlags::NOCTTY | OFlags::NONBLOCK;
    flags |= match (options.read, options.write) {
        (true, true) => OFlags::RDWR,
        (false, true) => OFlags::WRONLY,
        (_, false) => OFlags::RDONLY,
    };
    flags.set(OFlags::APPEND, options.append);
    flags.set(OFlags::CREATE, options.create);
    flags.set(OFlags::EXCL, options.create && options.exclusive);
    flags.set(OFlags::TRUNC, options.truncate);
    flags.set(OFlags::DIRECTORY, options.directory);
    match options.sync {
        None => {}
        Some(SyncKind::Data) => flags |= OFlags::DSYNC,
        Some(SyncKind::All) => flags |= OFlags::SYNC,
    }
    flags
}

/// The mode to create with; calls that create nothing must not give any.
pub(super) fn mode(options: &OpenOptions) -> Mode {
    if options.create { NEW_FILE } else { Mode::empty() }
}

fn open_fd(dir: &OsDir, path: &GuestPath<'_>, options: &OpenOptions) -> Result<OwnedFd> {
    if options.create && options.directory {
        return Err(ErrorCode::Invalid);
    }
    if options.create && path.slash {
        return Err(refuse_to_create_directory(dir, path, options));
    }
    let mut flags = flags(options);
    flags.set(OFlags::DIRECTORY, options.directory || path.slash);
    let follow = (options.follow || path.slash) && !flags.contains(OFlags::EXCL);

    if let Some(name) = path.as_name() {
        let flags = flags | OFlags::NOFOLLOW;
        match retry_on_intr(|| rustix::fs::openat(dir, name, flags, mode(options))) {
            Ok(fd) => return Ok(fd),
            // Perhaps a symbolic link.
            Err(Errno::LOOP) if follow => {}
            Err(Errno::NOTDIR) if follow && flags.contains(OFlags::DIRECTORY) => {}
            Err(error) => return Err(error.into()),
        }
    }
    dir.open_below(path, flags, mode(options), follow)
}

/// Files are created here, never directories, and a slash asks for one.
fn refuse_to_create_directory(
    dir: &OsDir,
    path: &GuestPath<'_>,
    options: &OpenOptions,
) -> ErrorCode {
    match dir.parent(path) {
        Err(error) => error,
        Ok(place) if options.exclusive && !matches!(place.last, Last::Name(_)) => ErrorCode::Exists,
        Ok(_) => ErrorCode::IsDirectory,
    }
}

/// Reading no bytes tells a directory from anything else for less than `fstat` costs. Where that
/// is refused, `fstat` decides.
fn is_directory(fd: &OwnedFd) -> Result<bool> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    match rustix::io::read(fd, &mut [0_u8; 0][..]) {
        Ok(_) => return Ok(false),
        Err(Errno::ISDIR) => return Ok(true),
        Err(_) => {}
    }
    let stat = rustix::fs::fstat(fd)?;
    Ok(FileType::from_raw_mode(stat.st_mode).is_dir())
}
