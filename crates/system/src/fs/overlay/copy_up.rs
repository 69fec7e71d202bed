//! From the lower to the upper layer: complete under another name first, then renamed, so that
//! nobody ever sees half of a file, and a full upper layer leaves what there was.

use super::dir::Tree;
use super::entries::MergedEntries;
use super::folder::{Folder, Found, Layer};
use super::lower_file::Original;
use super::marks;
use super::spot::Spot;
use super::upper::Upper;
use crate::fs::{Dir, File, FileKind, Node, OpenOptions, SetTime, Stat, Timestamp};
use crate::{ErrorCode, Result};
use std::io::{IoSlice, IoSliceMut};
use std::sync::Arc;

/// How much of a file is in memory at a time.
const PIECE: usize = 256 * 1024;

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
/// `NotSupported` for pipes, sockets and devices; what the upper layer says when it is full.
pub(super) fn copy_up(tree: &Tree, folder: &Arc<Folder>, name: &str) -> Result<Arc<Upper>> {
    let found = folder.look(name)?.ok_or(ErrorCode::NoEntry)?;
    match found.layer {
        Layer::Upper => folder.upper().cloned().ok_or(ErrorCode::NoEntry),
        Layer::Lower => Copying::begin(folder, name, &found, true)?.finish(tree),
    }
}

/// Makes sure that all that is seen below a folder is in the upper layer; gives the folders that
/// have no more use for their lower ones. The names are locked.
pub(super) fn copy_up_tree(tree: &Arc<Tree>, top: &Arc<Folder>) -> Result<Vec<Arc<Spot>>> {
    let mut pending = vec![Arc::clone(&top.spot)];
    let mut done = Vec::new();
    while let Some(spot) = pending.pop() {
        let folder = spot.folder()?;
        let upper = upper_of(&folder)?;
        if let Some(lower) = folder.lower() {
            tree.identities.copied(&upper.stat()?, &lower.stat()?);
        }
        for name in names(tree, &folder)? {
            let Some(found) = folder.look(&name)? else { continue };
            if found.stat.kind == FileKind::Directory {
                if folder.look_lower(&name)?.is_some() {
                    pending.push(folder.spot.below(&name));
                }
            } else if found.layer == Layer::Lower {
                Copying::begin(&folder, &name, &found, true)?.finish(tree)?;
            }
        }
        done.push(spot);
    }
    Ok(done)
}

/// # Errors
/// `Invalid`, as the layers would say, before anything is copied for it.
pub(super) fn check_times(accessed: SetTime, modified: SetTime) -> Result<()> {
    let wrong = |time| matches!(time, SetTime::To(Timestamp { nanoseconds: 1_000_000_000.., .. }));
    if wrong(accessed) || wrong(modified) { Err(ErrorCode::Invalid) } else { Ok(()) }
}

/// A copy that is being made.
pub(super) struct Copying<'a> {
    folder: &'a Arc<Folder>,
    name: &'a str,
    original: Stat,
    upper: Arc<Upper>,
    temporary: String,
    /// When the upper folder was changed for the guest the last time: this is no change to it.
    modified: Timestamp,
}

impl<'a> Copying<'a> {
    /// Copies what was found in the lower layer; a file without its contents if they are not
    /// wanted.
    pub(super) fn begin(
        folder: &'a Arc<Folder>,
        name: &'a str,
        found: &Found,
        contents: bool,
    ) -> Result<Self> {
        let original = found.stat;
        if !matches!(original.kind, FileKind::Regular | FileKind::SymbolicLink) {
            return Err(ErrorCode::NotSupported);
        }
        let lower = folder.layer(Layer::Lower)?;
        let upper = upper_of(folder)?;
        let modified = upper.stat()?.modified;
        let temporary = marks::temporary();
        let copy = Self { folder, name, original, upper, temporary, modified };
        if original.kind == FileKind::SymbolicLink {
            let text = lower.read_link(name)?;
            let text = str::from_utf8(&text).map_err(|_| ErrorCode::IllegalSequence)?;
            copy.fresh(|upper, temporary| upper.symlink(text, temporary))?;
        } else {
            copy.file(&*lower, contents)?;
        }
        let (accessed, modified) = (original.accessed, original.modified);
        let (accessed, modified) = (SetTime::To(accessed), SetTime::To(modified));
        copy.upper.set_times_at(&copy.temporary, false, accessed, modified)?;
        Ok(copy)
    }

    fn file(&self, lower: &dyn Dir, contents: bool) -> Result<()> {
        let from = open_file(lower, self.name)?;
        if from.kind()? != FileKind::Regular {
            // The host has changed it meanwhile.
            return Err(ErrorCode::NotSupported);
        }
        let new =
            OpenOptions { write: true, create: true, exclusive: true, ..OpenOptions::default() };
        let to = match self.fresh(|upper, temporary| upper.open(temporary, &new))? {
            Node::File(file) => file,
            Node::Dir(_) => return Err(ErrorCode::IsDirectory),
        };
        // Before there is anything in it: what others could not read they can read at no time.
        if let Some(permissions) = from.permissions() {
            to.set_permissions(permissions)?;
        }
        if contents { copy_contents(&*from, &*to) } else { Ok(()) }
    }

    /// Makes something new under the temporary name.
    fn fresh<T>(&self, make: impl Fn(&dyn Dir, &str) -> Result<T>) -> Result<T> {
        match make(&*self.upper, &self.temporary) {
            Err(ErrorCode::Exists) => {
                // A run that was killed has left it.
                self.upper.remove_file(&self.temporary)?;
                make(&*self.upper, &self.temporary)
            }
            result => result,
        }
    }

    /// Opens the copy.
    pub(super) fn open(&self, options: &OpenOptions) -> Result<Arc<dyn File>> {
        let options = OpenOptions { create: false, exclusive: false, follow: false, ..*options };
        match self.upper.open(&self.temporary, &options)? {
            Node::File(file) => Ok(file),
            Node::Dir(_) => Err(ErrorCode::IsDirectory),
        }
    }

    /// Puts the copy in place; from now on the name means it.
    pub(super) fn finish(self, tree: &Tree) -> Result<Arc<Upper>> {
        let spot = &self.folder.spot;
        let reading: Option<(Arc<Original>, _)> = match spot.held_original(self.name) {
            Some(original) => {
                let options = OpenOptions { read: true, ..OpenOptions::default() };
                Some((original, self.open(&options)?))
            }
            None => None,
        };
        crate::fs::rename(&*self.upper, &self.temporary, &*self.upper, self.name)?;
        tree.identities.copied(&self.upper.stat_at(self.name, false)?, &self.original);
        if let Some((original, copy)) = reading {
            original.copied(copy, &self.original);
            spot.take_original(self.name);
        }
        Ok(Arc::clone(&self.upper))
    }
}

impl Drop for Copying<'_> {
    fn drop(&mut self) {
        // Not there any more when all went well.
        let _ = self.upper.remove_file(&self.temporary);
        let _ = self.upper.set_times(SetTime::Keep, SetTime::To(self.modified));
    }
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

/// Copies everything, and leaves out zeros: where the original had holes, the copy has them.
fn copy_contents(from: &dyn File, to: &dyn File) -> Result<()> {
    let size = usize::try_from(from.stat()?.size).unwrap_or(PIECE);
    let mut piece = vec![0; size.clamp(1, PIECE)];
    let (mut offset, mut written) = (0, 0);
    loop {
        let read = from.read_at(&mut [IoSliceMut::new(&mut piece)], offset)?;
        if read == 0 {
            break;
        }
        let end = offset + read as u64;
        if piece[..read].iter().any(|byte| *byte != 0) {
            write_all(to, &piece[..read], offset)?;
            written = end;
        }
        offset = end;
    }
    if written < offset { to.set_size(offset) } else { Ok(()) }
}

fn write_all(to: &dyn File, mut bytes: &[u8], mut offset: u64) -> Result<()> {
    while !bytes.is_empty() {
        let written = to.write_at(&[IoSlice::new(bytes)], offset)?;
        if written == 0 {
            return Err(ErrorCode::NoSpace);
        }
        bytes = &bytes[written..];
        offset += written as u64;
    }
    Ok(())
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
