use super::FileNumbers;
use super::room::Held;
use crate::fs::{Dir, DirEntry, Entries, FileKind};
use crate::{ErrorCode, Result};
use std::sync::Arc;

/// The entries of a folder in the order of their names' bytes, `.` and `..` first. They are read all
/// at once, when the walk is at its start. A cookie is the number of entries before it.
pub(super) struct Sorted {
    dir: Arc<dyn Dir>,
    numbers: Arc<FileNumbers>,
    read: Option<List>,
    at: usize,
}

/// Entries that are sorted, and paid for while they are kept.
struct List {
    entries: Vec<Entry>,
    _room: Held,
}

struct Entry {
    name: Box<[u8]>,
    inode: u64,
    kind: FileKind,
}

impl Sorted {
    pub(super) fn new(dir: Arc<dyn Dir>, numbers: Arc<FileNumbers>) -> Self {
        Self { dir, numbers, read: None, at: 0 }
    }

    fn read(&mut self) -> Result<&[Entry]> {
        let list = match self.read.take() {
            Some(list) => list,
            None => self.list()?,
        };
        Ok(&self.read.insert(list).entries)
    }

    fn list(&self) -> Result<List> {
        let device = self.dir.stat()?.device;
        let mut walk = self.dir.entries()?;
        let mut room = Held::new(self.numbers.room());
        let mut entries = Vec::new();
        while let Some(entry) = walk.peek()? {
            room.more(size_of::<Entry>() + entry.name.len())?;
            entries.push(Entry { name: entry.name.into(), inode: entry.inode, kind: entry.kind });
            walk.advance();
        }
        let is_up = |entry: &Entry| matches!(&*entry.name, b"." | b"..");
        entries.sort_by(|a, b| is_up(b).cmp(&is_up(a)).then_with(|| a.name.cmp(&b.name)));
        // Numbered when they are sorted: the guest meets them in this order.
        for entry in &mut entries {
            entry.inode = match &*entry.name {
                // Above the folder is nothing of the guest's.
                b".." => 0,
                _ => self.numbers.number(device, entry.inode),
            };
            if entry.kind == FileKind::Unknown
                && let Ok(name) = std::str::from_utf8(&entry.name)
                && let Ok(found) = self.dir.stat_at(name, false)
            {
                entry.kind = found.kind;
            }
        }
        Ok(List { entries, _room: room })
    }
}

impl Entries for Sorted {
    fn seek(&mut self, cookie: u64) -> Result<()> {
        let at = usize::try_from(cookie).map_err(|_| ErrorCode::Invalid)?;
        if at == self.at {
            return Ok(());
        }
        if at == 0 {
            // From the start on, what has been made since is seen as well.
            self.read = None;
        } else if at > self.read()?.len() {
            return Err(ErrorCode::Invalid);
        }
        self.at = at;
        Ok(())
    }

    fn peek(&mut self) -> Result<Option<DirEntry<'_>>> {
        let at = self.at;
        let Some(Entry { name, inode, kind }) = self.read()?.get(at) else { return Ok(None) };
        Ok(Some(DirEntry { name, inode: *inode, kind: *kind, next: at as u64 + 1 }))
    }

    fn advance(&mut self) {
        let end = self.read.as_ref().map_or(0, |list| list.entries.len());
        self.at = (self.at + 1).min(end);
    }
}
