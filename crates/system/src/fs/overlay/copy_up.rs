//! From the lower to the upper layer: files, and folders with all that is below them.

use super::copying::{Copying, PART};
use super::dir::Tree;
use super::entries::MergedEntries;
use super::folder::{Folder, Layer};
use super::spot::Spot;
use super::upper::Upper;
use crate::fs::{Dir, File, FileKind, Node, OpenOptions, SetTime, Timestamp};
use crate::wait::parts;
use crate::{ErrorCode, Result};
use std::sync::Arc;

/// What it takes to look at a name, in bytes that could be copied meanwhile.
const NAME: u64 = 4 << 10;

/// The upper folder, made, with those above it, if it is not there yet.
pub(super) fn upper_of(folder: &Arc<Folder>) -> Result<Arc<Upper>> {
    if folder.spot.is_removed() {
        return Err(ErrorCode::NoEntry);
    }
    // Of those on the way only the names are held: there may be more than the host's descriptors.
    let mut missing = Vec::new();
    let mut spot = Arc::clone(&folder.spot);
    let mut here = loop {
        if let Some(held) = spot.held()
            && held.upper().is_some()
        {
            break held;
        }
        let (above, name) = spot.above().ok_or(ErrorCode::NoEntry)?;
        missing.push(name);
        spot = above;
    };
    while let Some(name) = missing.pop() {
        let below = here.child(&name)?;
        if let Some(upper) = here.upper()
            && below.upper().is_none()
        {
            copy_up_folder(upper, &below, &name)?;
        }
        here = below;
    }
    here.upper().cloned().ok_or(ErrorCode::NoEntry)
}

/// Makes sure that a file or symbolic link is in the upper layer, and gives the folder there. The
/// names are locked.
///
/// # Errors
/// `Again` where it is wanted in parts, and this was not the last; `NotSupported` for pipes, sockets and devices; what the upper layer says when it is full.
pub(super) fn copy_up(tree: &Tree, folder: &Arc<Folder>, name: &str) -> Result<Arc<Upper>> {
    let found = folder.look(name)?.ok_or(ErrorCode::NoEntry)?;
    match found.layer {
        Layer::Upper => folder.upper().cloned().ok_or(ErrorCode::NoEntry),
        Layer::Lower => Copying::make(tree, folder, name, &found, true)?.finish(tree),
    }
}

/// Makes sure that all that is seen below a folder is in the upper layer; gives the folders that
/// have no more use for their lower ones. The names are locked.
///
/// # Errors
/// As of [`copy_up`].
pub(super) fn copy_up_tree(tree: &Arc<Tree>, top: &Arc<Folder>) -> Result<Vec<Arc<Spot>>> {
    let mut walk = tree.pending.take_folder(&top.spot).unwrap_or_else(|| Walk::new(&top.spot));
    match walk.go_on(tree) {
        Ok(()) => Ok(walk.done),
        Err(error) => {
            if error == ErrorCode::Again {
                tree.pending.keep_folder(walk);
            }
            Err(error)
        }
    }
}

/// The way through all that is below a folder.
pub(super) struct Walk {
    top: Arc<Spot>,
    /// Folders that are still to be gone through.
    ahead: Vec<Arc<Spot>>,
    /// The one that is being gone through, and its names that are left.
    here: Option<(Arc<Folder>, Vec<String>)>,
    done: Vec<Arc<Spot>>,
}

impl Walk {
    fn new(top: &Arc<Spot>) -> Self {
        let (top, ahead) = (Arc::clone(top), vec![Arc::clone(top)]);
        Self { top, ahead, here: None, done: Vec::new() }
    }

    pub(super) fn is_below(&self, top: &Arc<Spot>) -> bool {
        Arc::ptr_eq(&self.top, top)
    }

    fn go_on(&mut self, tree: &Arc<Tree>) -> Result<()> {
        let mut copied = 0;
        loop {
            if copied >= PART && parts::are_wanted() {
                return Err(ErrorCode::Again);
            }
            let Some((folder, names)) = &mut self.here else {
                let Some(spot) = self.ahead.pop() else { return Ok(()) };
                self.here = Some(enter(tree, &spot)?);
                self.done.push(spot);
                continue;
            };
            let Some(name) = names.last() else {
                self.here = None;
                continue;
            };
            copied += NAME;
            if let Some(found) = folder.look(name)? {
                if found.stat.kind == FileKind::Directory {
                    if folder.look_lower(name)?.is_some() {
                        self.ahead.push(folder.spot.below(name));
                    }
                } else if found.layer == Layer::Lower {
                    copied += found.stat.size;
                    Copying::make(tree, folder, name, &found, true)?.finish(tree)?;
                }
            }
            names.pop();
        }
    }
}

/// A folder of which there is an upper one now, and the names in it.
fn enter(tree: &Arc<Tree>, spot: &Arc<Spot>) -> Result<(Arc<Folder>, Vec<String>)> {
    let folder = spot.folder()?;
    let upper = upper_of(&folder)?;
    if let Some(lower) = folder.lower() {
        tree.identities.copied(&upper.stat()?, &lower.stat()?);
    }
    let names = names(tree, &folder)?;
    Ok((folder, names))
}

/// # Errors
/// `Invalid`, as the layers would say, before anything is copied for it.
pub(super) fn check_times(accessed: SetTime, modified: SetTime) -> Result<()> {
    let wrong = |time| matches!(time, SetTime::To(Timestamp { nanoseconds: 1_000_000_000.., .. }));
    if wrong(accessed) || wrong(modified) { Err(ErrorCode::Invalid) } else { Ok(()) }
}

fn copy_up_folder(above: &Upper, folder: &Folder, name: &str) -> Result<()> {
    let lower = folder.lower().ok_or(ErrorCode::NoEntry)?;
    let modified = above.stat()?.modified;
    above.create_dir(name)?;
    let upper = above.folder(name)?.ok_or(ErrorCode::NoEntry)?;
    above.set_times(SetTime::Keep, SetTime::To(modified))?;
    if let Some(permissions) = lower.permissions() {
        upper.set_permissions(permissions)?;
    }
    let stat = lower.stat()?;
    upper.set_times(SetTime::To(stat.accessed), SetTime::To(stat.modified))?;
    folder.set_upper(upper);
    Ok(())
}

/// Opens a file of a layer for reading.
pub(super) fn open_file(dir: &dyn Dir, name: &str) -> Result<Arc<dyn File>> {
    match dir.open(name, &OpenOptions { read: true, ..OpenOptions::default() })? {
        Node::File(file) => Ok(file),
        Node::Dir(_) => Err(ErrorCode::IsDirectory),
    }
}

/// The names that are seen in a folder.
///
/// # Errors
/// `IllegalSequence` where one is not UTF-8.
fn names(tree: &Arc<Tree>, folder: &Arc<Folder>) -> Result<Vec<String>> {
    let mut entries = MergedEntries::new(Arc::clone(tree), Arc::clone(folder))?;
    let mut names = Vec::new();
    while let Some(name) = entries.next_name()? {
        names.push(String::from_utf8(name).map_err(|_| ErrorCode::IllegalSequence)?);
    }
    Ok(names)
}
