use super::copy_up::{copy_up, copy_up_tree, upper_of};
use super::dir::{OverlayPlace, Target, Tree, find_at};
use super::folder::{Found, Layer, text};
use super::{identity, marks, names};
use crate::fs::FileKind;
use crate::{ErrorCode, Result};
use std::sync::Arc;

/// Renames. The names are locked.
///
/// A folder that the lower layer has a part in is copied up with all that is below it. When the
/// upper layer is full on the way, nothing is renamed, and the copies that were made stay, as they
/// show the same as before.
pub(super) fn rename(tree: &Arc<Tree>, from: &OverlayPlace, to: &OverlayPlace) -> Result<()> {
    let old = text(from.ordinary(ErrorCode::Busy)?)?;
    let new = text(to.ordinary(ErrorCode::Busy)?)?;
    let Target::Name(_, found) = find_at(from)? else { return Err(ErrorCode::Busy) };
    marks::check(new)?;
    let replaced = to.folder.look(new)?;
    let is_folder = found.stat.kind == FileKind::Directory;
    if to.slash && !is_folder {
        return Err(ErrorCode::NotDirectory);
    }
    if is_folder && is_at_or_below(to, from, old) {
        return Err(ErrorCode::Invalid);
    }
    if let Some(replaced) = &replaced {
        let same_name = Arc::ptr_eq(&from.folder, &to.folder) && old == new;
        if same_name || !is_folder && is_same_file(&found, replaced) {
            return Ok(());
        }
        check_replaceable(tree, (from, is_folder), to, new, replaced)?;
    }
    // Before anything is copied.
    let to_upper = upper_of(&to.folder)?;

    let spots = match is_folder {
        true => {
            let folder = from.folder.child(old)?;
            if folder.lower().is_some() { copy_up_tree(tree, &folder)? } else { Vec::new() }
        }
        false => {
            copy_up(tree, &from.folder, old)?;
            Vec::new()
        }
    };
    let from_upper = from.folder.layer(Layer::Upper)?;
    // The copy is seen until it is renamed, and nothing after that.
    names::hide(&from.folder, old)?;
    // Two folders must not become one; a file is seen alone anyway.
    let hidden = is_folder && names::hide(&to.folder, new)?;
    let upper_is_replaced = replaced.is_some_and(|replaced| replaced.layer == Layer::Upper);
    if is_folder && upper_is_replaced {
        names::remove_upper_dir(&to.folder, new, &*to.folder.child(new)?)?;
    }
    if let Err(error) = crate::fs::rename(&*from_upper, old, &*to_upper, new) {
        if hidden && !upper_is_replaced {
            let _ = marks::remove(&*to_upper, new);
        }
        return Err(error);
    }

    if let Some(replaced) = &replaced {
        names::forget(tree, &to.folder, new, replaced);
    }
    for folder in spots.iter().filter_map(|spot| spot.held()) {
        folder.forget_lower();
    }
    if is_folder {
        from.folder.spot.rename(old, &to.folder.spot, new);
    }
    Ok(())
}

fn check_replaceable(
    tree: &Arc<Tree>,
    (from, is_folder): (&OverlayPlace, bool),
    to: &OverlayPlace,
    new: &str,
    replaced: &Found,
) -> Result<()> {
    let replaces_folder = replaced.stat.kind == FileKind::Directory;
    match (is_folder, replaces_folder) {
        _ if replaces_folder && is_at_or_below(from, to, new) => Err(ErrorCode::NotEmpty),
        (true, false) => Err(ErrorCode::NotDirectory),
        (false, true) => Err(ErrorCode::IsDirectory),
        (true, true) if !names::is_empty(tree, &to.folder.child(new)?)? => Err(ErrorCode::NotEmpty),
        _ => Ok(()),
    }
}

/// Whether a place is in the folder `name` of another, or below that. A folder that nobody holds
/// has no place in it.
fn is_at_or_below(place: &OverlayPlace, other: &OverlayPlace, name: &str) -> bool {
    let folder = other.folder.spot.held_below(name);
    folder.is_some_and(|folder| place.folder.spot.is_at_or_below(&folder))
}

/// Whether these are two names of one file.
fn is_same_file(one: &Found, other: &Found) -> bool {
    one.layer == other.layer && identity::of(&one.stat) == identity::of(&other.stat)
}
