//! Making, removing and renaming: what changes a folder's names, and never follows the last one.
//!
//! The system is given names without their trailing slashes, so that none of them can be followed;
//! what the slashes ask for is checked here.

use super::OsDir;
use super::resolve::FolderFd;
use super::stat::stat_name;
use crate::fs::FileKind;
use crate::fs::path::{GuestPath, Last, Place};
use crate::{ErrorCode, Result};
use rustix::fs::{AtFlags, Mode};
use rustix::io::Errno;

/// What the process's umask leaves of it.
const NEW_FOLDER: Mode = Mode::from_bits_retain(0o777);

pub(super) fn create_dir(dir: &OsDir, path: GuestPath<'_>) -> Result<()> {
    let place = dir.parent(&path)?;
    let name = place.ordinary(ErrorCode::Exists)?;
    Ok(rustix::fs::mkdirat(&place.folder, name, NEW_FOLDER)?)
}

pub(super) fn remove_dir(dir: &OsDir, path: GuestPath<'_>) -> Result<()> {
    let place = dir.parent(&path)?;
    let name = match &place.last {
        Last::Name(name) => name,
        Last::Dot => return Err(ErrorCode::Invalid),
        Last::DotDot => return Err(ErrorCode::NotEmpty),
    };
    Ok(rustix::fs::unlinkat(&place.folder, &**name, AtFlags::REMOVEDIR)?)
}

pub(super) fn remove_file(dir: &OsDir, path: GuestPath<'_>) -> Result<()> {
    let place = dir.parent(&path)?;
    let name = place.ordinary(ErrorCode::IsDirectory)?;
    if place.slash {
        return Err(match stat_name(&place.folder, name)?.kind {
            FileKind::Directory => ErrorCode::IsDirectory,
            _ => ErrorCode::NotDirectory,
        });
    }
    match rustix::fs::unlinkat(&place.folder, name, AtFlags::empty()) {
        Ok(()) => Ok(()),
        // Some systems say so of a directory.
        Err(Errno::PERM) if is_directory(&place) => Err(ErrorCode::IsDirectory),
        Err(error) => Err(error.into()),
    }
}

pub(super) fn rename(
    from_dir: &OsDir,
    from: GuestPath<'_>,
    to_dir: &OsDir,
    to: GuestPath<'_>,
) -> Result<()> {
    let from = from_dir.parent(&from)?;
    let to = to_dir.parent(&to)?;
    let old = from.ordinary(ErrorCode::Busy)?;
    let new = to.ordinary(ErrorCode::Busy)?;
    if from.slash || to.slash {
        super::stat::check_slash(stat_name(&from.folder, old)?, true)?;
    }
    Ok(rustix::fs::renameat(&from.folder, old, &to.folder, new)?)
}

/// Where a name can be made that is no directory: a slash behind it is an error.
pub(super) fn new_name<'a, 'b>(place: &'b Place<'a, FolderFd<'a>>) -> Result<&'b [u8]> {
    let name = place.ordinary(ErrorCode::Exists)?;
    if place.slash {
        stat_name(&place.folder, name)?;
        return Err(ErrorCode::Exists);
    }
    Ok(name)
}

fn is_directory(place: &Place<'_, FolderFd<'_>>) -> bool {
    matches!(stat_name(&place.folder, place.name()), Ok(stat) if stat.kind == FileKind::Directory)
}
