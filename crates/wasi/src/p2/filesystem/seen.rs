use super::convert::FileNumber;
use super::{Descriptor, follow};
use crate::p2::bindings::wasi::filesystem::types::PathFlags;
use std::sync::Arc;
use wayleave_component::Borrow;
use wayleave_system::clock::{Clock, OsClock};
use wayleave_system::fs::{Dir, FileKind, Stat};

/// What the call just before has seen, and the next one need not ask the system again: it is answered
/// so once, and only at once.
pub(in crate::p2) enum Seen {
    Path(AtPath),
    Entry(Entry),
}

/// A file at a path. C libraries ask for a file's metadata and for the hash of it, as one question in
/// two calls.
pub(in crate::p2) struct AtPath {
    asked: Asked,
    dir: u32,
    flags: PathFlags,
    path: String,
    stat: Stat,
    when: u64,
}

/// Which half of the question.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    Stat,
    Hash,
}

/// An entry of a folder. C libraries list with the files' numbers, and ask for the hash of each
/// entry instead.
pub(in crate::p2) struct Entry {
    pub(super) dir: Arc<dyn Dir>,
    pub(super) name: String,
    pub(super) file: FileNumber,
    pub(super) kind: FileKind,
    when: u64,
}

impl Entry {
    pub(super) fn new(dir: Arc<dyn Dir>, name: String, file: FileNumber, kind: FileKind) -> Self {
        Self { dir, name, file, kind, when: OsClock::MonotonicCoarse.now() }
    }

    /// The file's number, if this is the entry.
    pub(super) fn at(self, dir: &Arc<dyn Dir>, flags: PathFlags, path: &str) -> Option<FileNumber> {
        let itself = !follow(flags) || self.kind == FileKind::Regular;
        let same = itself && self.name == path && Arc::ptr_eq(&self.dir, dir);
        (same && self.when == OsClock::MonotonicCoarse.now()).then_some(self.file)
    }
}

impl AtPath {
    pub(super) fn new(
        asked: Asked,
        dir: Borrow<Descriptor>,
        flags: PathFlags,
        path: &str,
        stat: Stat,
    ) -> Self {
        let when = OsClock::MonotonicCoarse.now();
        Self { asked, dir: dir.rep(), flags, path: path.to_owned(), stat, when }
    }

    /// What was seen, if this is the other half of the question.
    pub(super) fn at(
        self,
        asked: Asked,
        dir: Borrow<Descriptor>,
        flags: PathFlags,
        path: &str,
    ) -> Option<Stat> {
        // What is no link is the same whether links are followed or not.
        let same_file =
            self.flags == flags || !follow(self.flags) && self.stat.kind != FileKind::SymbolicLink;
        let same = self.asked != asked && self.dir == dir.rep() && same_file && self.path == path;
        (same && self.when == OsClock::MonotonicCoarse.now()).then_some(self.stat)
    }
}
