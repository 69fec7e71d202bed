use super::OsDir;
use crate::fs::path::GuestPath;
use crate::fs::{FileKind, Stat, Timestamp};
use crate::{ErrorCode, Result};
use rustix::fs::{AtFlags, FileType};
use std::os::fd::AsFd;

pub(super) fn stat_at(dir: &OsDir, path: GuestPath<'_>, follow: bool) -> Result<Stat> {
    let follow = follow || path.slash;
    if let Some(name) = path.as_name() {
        let stat = stat_name(dir, name.as_bytes())?;
        if !(follow && stat.kind == FileKind::SymbolicLink) {
            return check_slash(stat, path.slash);
        }
    }
    if !follow {
        let place = dir.parent(&path)?;
        return stat_name(&place.folder, place.name());
    }
    stat_followed(dir, &path)
}

/// Metadata of a name in a folder, following nothing.
pub(super) fn stat_name(folder: impl AsFd, name: &[u8]) -> Result<Stat> {
    Ok(convert(&rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)?))
}

/// What a slash at the end asks for.
pub(super) fn check_slash(stat: Stat, slash: bool) -> Result<Stat> {
    if slash && stat.kind != FileKind::Directory {
        return Err(ErrorCode::NotDirectory);
    }
    Ok(stat)
}

fn stat_followed(dir: &OsDir, path: &GuestPath<'_>) -> Result<Stat> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    if dir.resolver() == super::Resolver::Kernel {
        use rustix::fs::{Mode, OFlags};
        let mut flags = OFlags::PATH | OFlags::CLOEXEC;
        flags.set(OFlags::DIRECTORY, path.slash);
        let fd = dir.open_below(path, flags, Mode::empty(), true)?;
        return Ok(convert(&rustix::fs::fstat(fd)?));
    }
    let place = dir.followed(path)?;
    let stat = stat_name(&place.folder, place.name())?;
    if stat.kind == FileKind::SymbolicLink {
        // It became one just now.
        return Err(ErrorCode::Loop);
    }
    check_slash(stat, place.slash)
}

/// The nine bits of the mode: what makes a program run as somebody else is not handed on.
const PERMISSIONS: u16 = 0o777;

#[allow(clippy::unnecessary_cast, reason = "the system's types differ from one to the next")]
pub(super) fn permissions(fd: impl AsFd) -> Option<u16> {
    let mode = rustix::fs::fstat(fd).ok()?.st_mode as u32;
    u16::try_from(mode & u32::from(PERMISSIONS)).ok()
}

pub(super) fn set_permissions(fd: impl AsFd, permissions: u16) -> Result<()> {
    let mode = rustix::fs::Mode::from_bits_truncate((permissions & PERMISSIONS).into());
    Ok(rustix::fs::fchmod(fd, mode)?)
}

#[allow(
    clippy::unnecessary_cast,
    clippy::cast_lossless,
    clippy::cast_sign_loss,
    clippy::cast_possible_truncation,
    reason = "the system's types differ from one to the next; none holds more than ours"
)]
pub(super) fn convert(stat: &rustix::fs::Stat) -> Stat {
    Stat {
        device: stat.st_dev as u64,
        inode: stat.st_ino as u64,
        kind: kind(FileType::from_raw_mode(stat.st_mode)),
        links: stat.st_nlink as u64,
        size: stat.st_size as u64,
        accessed: Timestamp {
            seconds: stat.st_atime as i64,
            nanoseconds: stat.st_atime_nsec as u32,
        },
        modified: Timestamp {
            seconds: stat.st_mtime as i64,
            nanoseconds: stat.st_mtime_nsec as u32,
        },
        changed: Timestamp {
            seconds: stat.st_ctime as i64,
            nanoseconds: stat.st_ctime_nsec as u32,
        },
    }
}

pub(super) fn kind(kind: FileType) -> FileKind {
    match kind {
        FileType::RegularFile => FileKind::Regular,
        FileType::Directory => FileKind::Directory,
        FileType::Symlink => FileKind::SymbolicLink,
        FileType::Fifo => FileKind::Fifo,
        FileType::Socket => FileKind::Socket,
        FileType::CharacterDevice => FileKind::CharacterDevice,
        FileType::BlockDevice => FileKind::BlockDevice,
        FileType::Unknown => FileKind::Unknown,
    }
}
