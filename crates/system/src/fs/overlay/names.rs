//! Making and removing. The names are locked by the caller.

use super::copy_up::{copy_up, upper_of};
use super::dir::{OverlayPlace, Target, Tree, find_at};
use super::entries::MergedEntries;
use super::folder::{Folder, Found, Layer, text};
use super::marks;
use crate::fs::path::Last;
use crate::fs::{Dir, FileKind};
use crate::{ErrorCode, Result};
use std::sync::Arc;

pub(super) fn create_dir(place: &OverlayPlace) -> Result<()> {
    let name = text(place.ordinary(ErrorCode::Exists)?)?;
    marks::check(name)?;
    if place.folder.look(name)?.is_some() {
        return Err(ErrorCode::Exists);
    }
    // A mark that is there stays: what the lower folder has must not come back with it.
    upper_of(&place.folder)?.create_dir(name)
}

pub(super) fn symlink(target: &str, place: &OverlayPlace) -> Result<()> {
    let name = new_name(place)?;
    upper_of(&place.folder)?.symlink(target, name)
}

/// `to` finds the place of the new name: it is looked at after the old one.
pub(super) fn link(
    tree: &Tree,
    from: &OverlayPlace,
    to: impl FnOnce() -> Result<OverlayPlace>,
) -> Result<()> {
    let target = find_at(from)?;
    let to = to()?;
    let new = new_name(&to)?;
    let old = match target {
        Target::Name(name, found) if found.stat.kind != FileKind::Directory => name,
        _ => return Err(ErrorCode::NotPermitted),
    };
    let from = copy_up(tree, &from.folder, old)?;
    crate::fs::link(&*from, old, false, &*upper_of(&to.folder)?, new)
}

pub(super) fn remove_file(tree: &Tree, place: &OverlayPlace) -> Result<()> {
    let name = text(place.ordinary(ErrorCode::IsDirectory)?)?;
    let found = place.folder.look(name)?.ok_or(ErrorCode::NoEntry)?;
    if found.stat.kind == FileKind::Directory {
        return Err(ErrorCode::IsDirectory);
    }
    if place.slash {
        return Err(ErrorCode::NotDirectory);
    }
    hide(&place.folder, name)?;
    if found.layer == Layer::Upper {
        place.folder.layer(Layer::Upper)?.remove_file(name)?;
    }
    forget(tree, &place.folder, name, &found);
    Ok(())
}

pub(super) fn remove_dir(tree: &Arc<Tree>, place: &OverlayPlace) -> Result<()> {
    let name = match &place.last {
        Last::Name(name) => text(name)?,
        Last::Dot => return Err(ErrorCode::Invalid),
        Last::DotDot => return Err(ErrorCode::NotEmpty),
    };
    let found = place.folder.look(name)?.ok_or(ErrorCode::NoEntry)?;
    if found.stat.kind != FileKind::Directory {
        return Err(ErrorCode::NotDirectory);
    }
    let child = place.folder.child(name)?;
    if !is_empty(tree, &child)? {
        return Err(ErrorCode::NotEmpty);
    }
    hide(&place.folder, name)?;
    remove_upper_dir(&place.folder, name, &child)?;
    forget(tree, &place.folder, name, &found);
    Ok(())
}

/// Hides what the lower folder has at a name, if anything of that is to be seen, or would be
/// without what the upper folder has there. Says whether that has made a difference.
pub(super) fn hide(folder: &Arc<Folder>, name: &str) -> Result<bool> {
    if folder.look_lower(name)?.is_none() {
        return Ok(false);
    }
    marks::make(&*upper_of(folder)?, name)?;
    Ok(true)
}

/// Removes the upper folder of one that is seen as empty, if there is one.
pub(super) fn remove_upper_dir(folder: &Folder, name: &str, child: &Folder) -> Result<()> {
    let Some(upper) = child.upper() else { return Ok(()) };
    marks::clear(&**upper)?;
    folder.layer(Layer::Upper)?.remove_dir(name)
}

/// What was found is no longer at the name.
pub(super) fn forget(tree: &Tree, folder: &Folder, name: &str, found: &Found) {
    if found.layer == Layer::Upper {
        tree.identities.forget(&found.stat);
    }
    if found.stat.kind == FileKind::Directory {
        folder.spot.remove(name);
    } else if let Some(original) = folder.spot.take_original(name) {
        original.unlinked();
    }
}

pub(super) fn is_empty(tree: &Arc<Tree>, folder: &Arc<Folder>) -> Result<bool> {
    let mut entries = MergedEntries::new(Arc::clone(tree), Arc::clone(folder))?;
    Ok(entries.next_name()?.is_none())
}

/// The name at a place where something is to be made that is no directory.
pub(super) fn new_name(place: &OverlayPlace) -> Result<&str> {
    let name = text(place.ordinary(ErrorCode::Exists)?)?;
    marks::check(name)?;
    match place.folder.look(name)? {
        Some(_) => Err(ErrorCode::Exists),
        None if place.slash => Err(ErrorCode::NoEntry),
        None => Ok(name),
    }
}
