use super::OsDir;
use super::names::new_name;
use super::stat::{check_slash, stat_name};
use crate::fs::path::{GuestPath, Last, check_link_text};
use crate::{ErrorCode, Result};
use rustix::fs::AtFlags;

pub(super) fn symlink(dir: &OsDir, target: &str, path: GuestPath<'_>) -> Result<()> {
    check_link_text(target)?;
    let place = dir.parent(&path)?;
    let name = new_name(&place)?;
    Ok(rustix::fs::symlinkat(target, &place.folder, name)?)
}

pub(super) fn read_link(dir: &OsDir, path: GuestPath<'_>) -> Result<Vec<u8>> {
    let place = if path.slash { dir.followed(&path) } else { dir.parent(&path) }?;
    if place.slash {
        check_slash(stat_name(&place.folder, place.name())?, true)?;
    }
    let name = place.ordinary(ErrorCode::Invalid)?;
    Ok(rustix::fs::readlinkat(&place.folder, name, Vec::new())?.into_bytes())
}

pub(super) fn link(
    from_dir: &OsDir,
    from: GuestPath<'_>,
    follow: bool,
    to_dir: &OsDir,
    to: GuestPath<'_>,
) -> Result<()> {
    let from =
        if follow || from.slash { from_dir.followed(&from) } else { from_dir.parent(&from) }?;
    // The system looks at the old name before the new one.
    check_slash(stat_name(&from.folder, from.name())?, from.slash)?;
    let to = to_dir.parent(&to)?;
    let new = new_name(&to)?;
    if !matches!(from.last, Last::Name(_)) {
        stat_name(&to.folder, new).map_or(Ok(()), |_| Err(ErrorCode::Exists))?;
        return Err(ErrorCode::NotPermitted);
    }
    // Without AT_SYMLINK_FOLLOW, a link that has come there meanwhile is itself linked.
    Ok(rustix::fs::linkat(&from.folder, from.name(), &to.folder, new, AtFlags::empty())?)
}
