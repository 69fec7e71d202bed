use crate::file::{Broken, In, Out};
use crate::tape::{Call, Op, Tape};
use crate::wire::Wire;
use std::sync::Arc;
use wayleave_system::fs::{DirEntry, Entries, FileKind};
use wayleave_system::{ErrorCode, Result};

/// A walk over a folder's entries.
pub(super) struct TapeEntries {
    tape: Arc<Tape>,
    handle: u32,
    folder: String,
    inner: Option<Box<dyn Entries>>,
    /// What is shown.
    entry: Option<Entry>,
}

/// An entry that owns its name.
struct Entry {
    name: Vec<u8>,
    inode: u64,
    kind: FileKind,
    next: u64,
}

impl Entry {
    fn show(&self) -> DirEntry<'_> {
        let Self { name, inode, kind, next } = self;
        DirEntry { name, inode: *inode, kind: *kind, next: *next }
    }
}

impl From<DirEntry<'_>> for Entry {
    fn from(entry: DirEntry<'_>) -> Self {
        let DirEntry { name, inode, kind, next } = entry;
        Self { name: name.to_owned(), inode, kind, next }
    }
}

impl Wire for Entry {
    fn put(&self, out: &mut Out) {
        self.name.put(out);
        ((self.inode, self.kind), self.next).put(out);
    }

    fn take(from: &mut In) -> std::result::Result<Self, Broken> {
        let (name, ((inode, kind), next)) = Wire::take(from)?;
        Ok(Self { name, inode, kind, next })
    }
}

impl TapeEntries {
    pub(super) fn new(tape: &Arc<Tape>, folder: &str, inner: Option<Box<dyn Entries>>) -> Self {
        let (handle, folder) = (tape.new_handle(), folder.to_owned());
        Self { tape: tape.clone(), handle, folder, inner, entry: None }
    }
}

impl Entries for TapeEntries {
    fn seek(&mut self, cookie: u64) -> Result<()> {
        let call = Call::new(Op::EntriesSeek, self.handle, &self.folder).number(cookie);
        let inner = &mut self.inner;
        self.tape.call(call, || inner.as_mut().ok_or(ErrorCode::NotRecoverable)?.seek(cookie))
    }

    fn peek(&mut self) -> Result<Option<DirEntry<'_>>> {
        let call = Call::new(Op::Entry, self.handle, &self.folder);
        let inner = &mut self.inner;
        self.entry = self.tape.call(call, || {
            let inner = inner.as_mut().ok_or(ErrorCode::NotRecoverable)?;
            Ok(inner.peek()?.map(Entry::from))
        })?;
        Ok(self.entry.as_ref().map(Entry::show))
    }

    fn advance(&mut self) {
        if let Some(inner) = &mut self.inner {
            inner.advance();
        }
    }
}
