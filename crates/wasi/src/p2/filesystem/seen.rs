use super::convert::FileNumber;
use super::{Descriptor, follow};
use crate::p2::bindings::wasi::filesystem::types::PathFlags;
use std::sync::Arc;
use wayleave_component::Borrow;
use wayleave_system::clock::{Clock, OsClock};
use wayleave_system::fs::{Dir, FileKind, Stat};

/// What the call just before has seen, and the next one need not ask the system again: it is answered
/// so once, and only at once.
#[derive(Default)]
pub(in crate::p2) struct Seen {
    what: Option<What>,
    /// The path, or the entry's name, in room that is used again and again.
    name: String,
    when: u64,
}

enum What {
    /// A file at a path. C libraries ask for a file's metadata and for the hash of it, as one
    /// question in two calls.
    Path { asked: Asked, dir: u32, flags: PathFlags, stat: Stat },
    /// An entry of a folder. C libraries list with the files' numbers, and ask for the hash of each
    /// entry instead.
    Entry { dir: usize, file: FileNumber, kind: FileKind },
}

/// Which half of the question.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    Stat,
    Hash,
}

impl Seen {
    /// Another call came between, or one that may have changed what was seen.
    #[inline]
    pub(in crate::p2) fn forget(&mut self) {
        self.what = None;
    }

    /// A file at a path.
    pub(super) fn path(
        &mut self,
        asked: Asked,
        dir: Borrow<Descriptor>,
        flags: PathFlags,
        path: &str,
        stat: Stat,
    ) {
        self.put(What::Path { asked, dir: dir.rep(), flags, stat }, path);
    }

    /// An entry of a folder, which is not let go of before the next call.
    pub(super) fn entry(
        &mut self,
        dir: &Arc<dyn Dir>,
        name: &str,
        file: FileNumber,
        kind: FileKind,
    ) {
        self.put(What::Entry { dir: place(dir), file, kind }, name);
    }

    /// The metadata of a file at a path, if this is the other half of the question.
    pub(super) fn take_stat(
        &mut self,
        asked: Asked,
        dir: Borrow<Descriptor>,
        flags: PathFlags,
        path: &str,
    ) -> Option<Stat> {
        let found = match &self.what {
            Some(What::Path { asked: before, dir: of, flags: with, stat }) => {
                // What is no link is the same whether links are followed or not.
                let same_file =
                    *with == flags || !follow(*with) && stat.kind != FileKind::SymbolicLink;
                let same = *before != asked && *of == dir.rep() && same_file;
                (same && self.is_now(path)).then_some(*stat)
            }
            _ => None,
        };
        self.what = None;
        found
    }

    /// The number of an entry's file, if this is the entry.
    pub(super) fn take_entry(
        &mut self,
        dir: &Arc<dyn Dir>,
        flags: PathFlags,
        path: &str,
    ) -> Option<FileNumber> {
        let Some(What::Entry { dir: of, file, kind }) = self.what else { return None };
        self.what = None;
        let itself = !follow(flags) || kind == FileKind::Regular;
        (itself && of == place(dir) && self.is_now(path)).then_some(file)
    }

    fn put(&mut self, what: What, name: &str) {
        self.what = Some(what);
        self.name.clear();
        self.name.push_str(name);
        self.when = OsClock::MonotonicCoarse.now();
    }

    fn is_now(&self, name: &str) -> bool {
        self.name == name && self.when == OsClock::MonotonicCoarse.now()
    }
}

/// What tells a folder from all others that are open.
fn place(dir: &Arc<dyn Dir>) -> usize {
    Arc::as_ptr(dir).addr()
}
