use super::dir::{MemoryPlace, find_at};
use super::inode::Inode;
use super::names;
use super::volume::Volume;
use crate::fs::FileKind;
use crate::{ErrorCode, Result};
use std::sync::Arc;

pub(super) fn rename(volume: &Volume, from: &MemoryPlace, to: &MemoryPlace) -> Result<()> {
    let old_name = from.ordinary(ErrorCode::Busy)?;
    let new_name = to.ordinary(ErrorCode::Busy)?;
    let _lock = volume.lock_names();
    let old = find_at(from)?;
    names::check(new_name)?;
    let replaced = to.folder.child(new_name)?;
    let is_folder = old.kind == FileKind::Directory;
    if to.slash && !is_folder {
        return Err(ErrorCode::NotDirectory);
    }
    if is_folder && is_at_or_below(&to.folder, &old) {
        return Err(ErrorCode::Invalid);
    }
    if let Some(replaced) = &replaced {
        if Arc::ptr_eq(&old, replaced) {
            return Ok(());
        }
        check_replaceable(&old, replaced, &from.folder)?;
    }
    to.folder.lock().names()?.check_alive()?;
    // Paid for before anything changes.
    let charge = volume.charge_name(new_name)?;

    if let Some(replaced) = replaced {
        if is_folder {
            replaced.lock().names()?.bury()?;
        }
        unname(&to.folder, new_name)?;
    }
    take_name(&from.folder, old_name, is_folder)?;
    let mut state = to.folder.lock();
    state.names()?.insert(new_name, Arc::clone(&old), charge);
    state.links += u64::from(is_folder);
    state.touch();
    drop(state);
    let mut state = old.lock();
    if is_folder {
        state.names()?.set_parent(&to.folder);
    }
    state.touch_metadata();
    Ok(())
}

/// Takes a name away for good. The volume's names are locked.
pub(super) fn unname(folder: &Inode, name: &[u8]) -> Result<()> {
    let Some(inode) = folder.child(name)? else { return Err(ErrorCode::NoEntry) };
    let is_folder = inode.kind == FileKind::Directory;
    take_name(folder, name, is_folder)?;
    let mut state = inode.lock();
    // A folder has no other name; its own `.` goes with it.
    state.links = if is_folder { 0 } else { state.links.saturating_sub(1) };
    state.touch_metadata();
    Ok(())
}

fn take_name(folder: &Inode, name: &[u8], is_folder: bool) -> Result<()> {
    let mut state = folder.lock();
    state.names()?.remove(name);
    state.links = state.links.saturating_sub(u64::from(is_folder));
    state.touch();
    Ok(())
}

fn check_replaceable(old: &Inode, replaced: &Arc<Inode>, old_folder: &Arc<Inode>) -> Result<()> {
    let is_folder = |inode: &Inode| inode.kind == FileKind::Directory;
    match (is_folder(old), is_folder(replaced)) {
        _ if is_folder(replaced) && is_at_or_below(old_folder, replaced) => {
            Err(ErrorCode::NotEmpty)
        }
        (true, false) => Err(ErrorCode::NotDirectory),
        (false, true) => Err(ErrorCode::IsDirectory),
        (true, true) if replaced.lock().names()?.len() > 0 => Err(ErrorCode::NotEmpty),
        _ => Ok(()),
    }
}

fn is_at_or_below(folder: &Arc<Inode>, above: &Arc<Inode>) -> bool {
    let mut here = Some(Arc::clone(folder));
    while let Some(inode) = here {
        if Arc::ptr_eq(&inode, above) {
            return true;
        }
        here = inode.lock().names().ok().and_then(|names| names.parent());
    }
    false
}
