//! One file or symbolic link on its way from the lower to the upper layer: complete under another name
//! first, then renamed, so that nobody ever sees half of a file, and a full upper layer leaves what
//! there was.

use super::copy_up::{open_file, upper_of};
use super::dir::Tree;
use super::folder::{Folder, Found, Layer};
use super::lower_file::Original;
use super::marks;
use super::spot::Spot;
use super::upper::Upper;
use crate::fs::{Dir, File, FileKind, Node, OpenOptions, SetTime, Stat, Timestamp};
use crate::wait::parts;
use crate::{ErrorCode, Result};
use std::io::{IoSlice, IoSliceMut};
use std::sync::Arc;

/// How much of a file is in memory at a time.
const PIECE: usize = 256 * 1024;

/// How much is copied before whoever wants that is asked whether to go on, in bytes: it takes some
/// milliseconds, in which nobody else can use the overlay's names.
pub(super) const PART: u64 = 4 << 20;

/// A copy that is being made.
pub(super) struct Copying {
    folder: Arc<Folder>,
    name: Box<str>,
    original: Stat,
    upper: Arc<Upper>,
    temporary: String,
    /// When the upper folder was changed for the guest the last time: this is no change to it.
    modified: Timestamp,
    /// What is left to be copied of a file.
    contents: Option<Contents>,
    /// It is between two parts.
    paused: bool,
}

impl Copying {
    /// Copies what was found in the lower layer; a file without its contents if they are not
    /// wanted.
    ///
    /// # Errors
    /// As of [`copy_up`].
    pub(super) fn make(
        tree: &Tree,
        folder: &Arc<Folder>,
        name: &str,
        found: &Found,
        contents: bool,
    ) -> Result<Self> {
        let begun = tree.pending.take_file(&folder.spot, name);
        let mut copy = match begun.filter(|copy| contents && copy.is_of(&found.stat)) {
            Some(mut copy) => {
                copy.resume()?;
                copy
            }
            None => Self::begin(folder, name, found, contents)?,
        };
        loop {
            if copy.go_on()? {
                return Ok(copy);
            }
            if parts::are_wanted() {
                copy.pause()?;
                tree.pending.keep_file(copy);
                return Err(ErrorCode::Again);
            }
        }
    }

    fn begin(folder: &Arc<Folder>, name: &str, found: &Found, contents: bool) -> Result<Self> {
        let original = found.stat;
        if !matches!(original.kind, FileKind::Regular | FileKind::SymbolicLink) {
            return Err(ErrorCode::NotSupported);
        }
        let lower = folder.layer(Layer::Lower)?;
        let upper = upper_of(folder)?;
        let modified = upper.stat()?.modified;
        let (folder, temporary) = (Arc::clone(folder), marks::temporary());
        let name = name.into();
        let mut copy = Self {
            folder,
            name,
            original,
            upper,
            temporary,
            modified,
            contents: None,
            paused: false,
        };
        if original.kind == FileKind::SymbolicLink {
            let text = lower.read_link(&copy.name)?;
            let text = str::from_utf8(&text).map_err(|_| ErrorCode::IllegalSequence)?;
            copy.fresh(|upper, temporary| upper.symlink(text, temporary))?;
        } else {
            let (from, to) = copy.file(&*lower)?;
            copy.contents = contents.then(|| Contents::new(from, to));
        }
        Ok(copy)
    }

    /// Copies a part; whether it was the last.
    fn go_on(&mut self) -> Result<bool> {
        if let Some(contents) = &mut self.contents
            && !contents.copy_part()?
        {
            return Ok(false);
        }
        self.contents = None;
        let (accessed, modified) = (self.original.accessed, self.original.modified);
        let (accessed, modified) = (SetTime::To(accessed), SetTime::To(modified));
        self.upper.set_times_at(&self.temporary, false, accessed, modified)?;
        Ok(true)
    }

    /// Leaves the upper folder as if nothing were in it that was not there before.
    fn pause(&mut self) -> Result<()> {
        self.paused = true;
        self.restore()
    }

    /// The guest may have changed something else in the folder meanwhile.
    fn resume(&mut self) -> Result<()> {
        self.modified = self.upper.stat()?.modified;
        self.paused = false;
        Ok(())
    }

    fn restore(&self) -> Result<()> {
        self.upper.set_times(SetTime::Keep, SetTime::To(self.modified))
    }

    pub(super) fn is_at(&self, spot: &Arc<Spot>, name: &str) -> bool {
        Arc::ptr_eq(&self.folder.spot, spot) && *self.name == *name
    }

    /// Whether it is a copy of this, as it still is.
    fn is_of(&self, found: &Stat) -> bool {
        let about = |stat: &Stat| (stat.device, stat.inode, stat.size, stat.modified);
        about(&self.original) == about(found)
    }

    fn file(&self, lower: &dyn Dir) -> Result<(Arc<dyn File>, Arc<dyn File>)> {
        let from = open_file(lower, &self.name)?;
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
        Ok((from, to))
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
        let reading: Option<(Arc<Original>, _)> = match spot.held_original(&self.name) {
            Some(original) => {
                let options = OpenOptions { read: true, ..OpenOptions::default() };
                Some((original, self.open(&options)?))
            }
            None => None,
        };
        crate::fs::rename(&*self.upper, &self.temporary, &*self.upper, &self.name)?;
        tree.identities.copied(&self.upper.stat_at(&self.name, false)?, &self.original);
        if let Some((original, copy)) = reading {
            original.copied(copy, &self.original);
            spot.take_original(&self.name);
        }
        Ok(Arc::clone(&self.upper))
    }
}

impl Drop for Copying {
    fn drop(&mut self) {
        if self.paused {
            let _ = self.resume();
        }
        // Not there any more when all went well.
        let _ = self.upper.remove_file(&self.temporary);
        let _ = self.restore();
    }
}

/// A file on its way. Zeros are left out: where the original had holes, the copy has them.
struct Contents {
    from: Arc<dyn File>,
    to: Arc<dyn File>,
    /// How far it has been read.
    offset: u64,
    /// Where what was written ends.
    written: u64,
}

impl Contents {
    fn new(from: Arc<dyn File>, to: Arc<dyn File>) -> Self {
        Self { from, to, offset: 0, written: 0 }
    }

    /// Whether that was the last part.
    fn copy_part(&mut self) -> Result<bool> {
        let size = usize::try_from(self.from.stat()?.size).unwrap_or(PIECE);
        let mut piece = vec![0; size.clamp(1, PIECE)];
        let end = self.offset.saturating_add(PART);
        while self.offset < end {
            let read = self.from.read_at(&mut [IoSliceMut::new(&mut piece)], self.offset)?;
            let Some(bytes) = piece.get(..read).filter(|bytes| !bytes.is_empty()) else {
                if self.written < self.offset {
                    self.to.set_size(self.offset)?;
                }
                return Ok(true);
            };
            let next = self.offset + read as u64;
            if bytes.iter().any(|byte| *byte != 0) {
                write_all(&*self.to, bytes, self.offset)?;
                self.written = next;
            }
            self.offset = next;
        }
        Ok(false)
    }
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
