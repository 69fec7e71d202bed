use super::dir::Tree;
use super::folder::{Folder, found};
use super::marks;
use crate::fs::{Dir, DirEntry, Entries, FileKind};
use crate::{ErrorCode, Result};
use std::sync::Arc;

/// Set in the cookies of places among the upper folder's entries. The layers have no use for it:
/// systems give positive numbers.
const UPPER: u64 = 1 << 63;

/// A walk over a folder of the merged tree: first what the lower folder has, as far as it is not
/// hidden, then what only the upper folder has.
///
/// In this order, what is copied up during the walk is still seen once. Nothing is kept of what
/// was seen: that it was is asked again of the layers.
pub(super) struct MergedEntries {
    tree: Arc<Tree>,
    folder: Arc<Folder>,
    /// The lower folder as it was when the walk began: what was copied up from it was shown.
    lower: Option<Arc<dyn Dir>>,
    lower_entries: Option<Box<dyn Entries>>,
    upper_entries: Option<Box<dyn Entries>>,
    in_upper: bool,
    /// The upper folder's device.
    device: u64,
    at: u64,
    shown: Option<Shown>,
    /// Of what is shown.
    name: Vec<u8>,
}

#[derive(Clone, Copy)]
struct Shown {
    inode: u64,
    kind: FileKind,
    next: u64,
}

impl MergedEntries {
    /// A walk for those who have locked the names.
    pub(super) fn new(tree: Arc<Tree>, folder: Arc<Folder>) -> Result<Self> {
        let lower = folder.lower();
        let lower_entries = lower.as_ref().map(|lower| lower.entries()).transpose()?;
        Ok(Self {
            tree,
            folder,
            in_upper: lower.is_none(),
            lower,
            lower_entries,
            upper_entries: None,
            device: 0,
            at: 0,
            shown: None,
            name: Vec::new(),
        })
    }

    /// A walk for everybody else.
    pub(super) fn locking(self) -> impl Entries {
        Locking(self)
    }

    /// The next name, of those that are none of the two dots.
    pub(super) fn next_name(&mut self) -> Result<Option<Vec<u8>>> {
        while let Some(entry) = self.peek()? {
            let name = entry.name.to_vec();
            self.advance();
            if !is_dots(&name) {
                return Ok(Some(name));
            }
        }
        Ok(None)
    }

    /// Goes on to the next entry that is to be seen.
    fn show(&mut self) -> Result<Option<Shown>> {
        if self.folder.spot.is_removed() {
            return Ok(None);
        }
        loop {
            if self.in_upper && !self.open_upper()? {
                return Ok(None);
            }
            let entries =
                if self.in_upper { &mut self.upper_entries } else { &mut self.lower_entries };
            let Some(entries) = entries else { return Ok(None) };
            let Some(entry) = entries.peek()? else {
                if self.in_upper {
                    return Ok(None);
                }
                (self.in_upper, self.upper_entries) = (true, None);
                continue;
            };
            self.name.clear();
            self.name.extend(entry.name);
            let DirEntry { inode, kind, next, .. } = entry;
            if next & UPPER != 0 {
                // An overlay of an overlay.
                return Err(ErrorCode::Overflow);
            }
            let next = if self.in_upper { upper_cookie(next) } else { next };
            let shown = Shown { inode, kind, next };
            let seen = if self.in_upper { self.of_upper(shown) } else { self.of_lower(shown) }?;
            if seen.is_some() {
                self.shown = seen;
                return Ok(seen);
            }
            self.step();
        }
    }

    /// An entry of the lower folder, as it is seen.
    fn of_lower(&self, entry: Shown) -> Result<Option<Shown>> {
        if is_dots(&self.name) {
            return Ok(Some(entry));
        }
        if marks::is_mark(&self.name) {
            return Ok(None);
        }
        // Other names can be neither hidden nor changed.
        let (Some(upper), Ok(name)) = (self.folder.upper(), str::from_utf8(&self.name)) else {
            return Ok(Some(entry));
        };
        if marks::hides(&**upper, name)? {
            return Ok(None);
        }
        Ok(Some(match found(upper.stat_at(name, false))? {
            Some(stat) if stat.kind != entry.kind || stat.kind != FileKind::Directory => {
                Shown { inode: self.tree.identities.told(stat).inode, kind: stat.kind, ..entry }
            }
            _ => entry,
        }))
    }

    /// An entry of the upper folder, if it was not seen among the lower one's.
    fn of_upper(&self, entry: Shown) -> Result<Option<Shown>> {
        if marks::is_mark(&self.name) || self.lower.is_some() && is_dots(&self.name) {
            return Ok(None);
        }
        if let (Some(lower), Some(upper), Ok(name)) =
            (&self.lower, self.folder.upper(), str::from_utf8(&self.name))
            && found(lower.stat_at(name, false))?.is_some()
            && !marks::hides(&**upper, name)?
        {
            return Ok(None);
        }
        let original = self.tree.identities.original((self.device, entry.inode));
        let inode = original.map_or(entry.inode, |(_, inode)| inode);
        Ok(Some(Shown { inode, ..entry }))
    }

    /// Begins with the upper folder's entries, if there is one and that was not done.
    fn open_upper(&mut self) -> Result<bool> {
        if self.upper_entries.is_none() {
            let Some(upper) = self.folder.upper() else { return Ok(false) };
            self.device = upper.stat()?.device;
            self.upper_entries = Some(upper.entries()?);
        }
        Ok(true)
    }

    /// Moves on in the layer's entries.
    fn step(&mut self) {
        let entries = if self.in_upper { &mut self.upper_entries } else { &mut self.lower_entries };
        if let Some(entries) = entries {
            entries.advance();
        }
    }

    fn seek_in(&mut self, cookie: u64) -> Result<()> {
        if cookie & UPPER != 0 {
            let cookie = layer_cookie(cookie)?;
            if !self.open_upper()? {
                return Err(ErrorCode::Invalid);
            }
            self.in_upper = true;
            return self.upper_entries.as_mut().map_or(Ok(()), |entries| entries.seek(cookie));
        }
        self.in_upper = false;
        match &mut self.lower_entries {
            Some(entries) => entries.seek(cookie),
            None if cookie == 0 => {
                self.in_upper = true;
                self.upper_entries.as_mut().map_or(Ok(()), |entries| entries.seek(0))
            }
            None => Err(ErrorCode::Invalid),
        }
    }
}

impl Entries for MergedEntries {
    fn seek(&mut self, cookie: u64) -> Result<()> {
        if cookie == self.at && cookie != 0 && self.shown.is_some() {
            return Ok(());
        }
        self.seek_in(cookie)?;
        self.at = cookie;
        self.shown = None;
        Ok(())
    }

    fn peek(&mut self) -> Result<Option<DirEntry<'_>>> {
        let shown = match self.shown {
            Some(shown) => Some(shown),
            None => self.show()?,
        };
        let Some(Shown { inode, kind, next }) = shown else { return Ok(None) };
        Ok(Some(DirEntry { name: &self.name, inode, kind, next }))
    }

    fn advance(&mut self) {
        if let Ok(Some(entry)) = self.peek() {
            self.at = entry.next;
            self.shown = None;
            self.step();
        }
    }
}

/// A walk that locks the names while it looks.
struct Locking(MergedEntries);

impl Entries for Locking {
    fn seek(&mut self, cookie: u64) -> Result<()> {
        let tree = Arc::clone(&self.0.tree);
        let _names = tree.look();
        self.0.seek(cookie)
    }

    fn peek(&mut self) -> Result<Option<DirEntry<'_>>> {
        let tree = Arc::clone(&self.0.tree);
        let _names = tree.look();
        self.0.peek()
    }

    fn advance(&mut self) {
        let tree = Arc::clone(&self.0.tree);
        let _names = tree.look();
        self.0.advance();
    }
}

/// The cookie of a place among the upper folder's entries.
///
/// One further than the layer's own: file systems give the end the greatest number that there is,
/// and nobody has a cookie that looks like -1.
fn upper_cookie(next: u64) -> u64 {
    UPPER | next.wrapping_add(1) & !UPPER
}

/// What the layer calls the place.
///
/// # Errors
/// `Invalid` for -1.
fn layer_cookie(cookie: u64) -> Result<u64> {
    if cookie == u64::MAX {
        return Err(ErrorCode::Invalid);
    }
    Ok((cookie & !UPPER).wrapping_sub(1) & !UPPER)
}

fn is_dots(name: &[u8]) -> bool {
    matches!(name, b"." | b"..")
}
