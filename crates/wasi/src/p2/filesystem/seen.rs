use super::{Descriptor, follow};
use crate::p2::bindings::wasi::filesystem::types::PathFlags;
use wayleave_component::Borrow;
use wayleave_system::clock::{Clock, OsClock};
use wayleave_system::fs::{FileKind, Stat};

/// What the call just before has seen at a path. C libraries ask for a file's metadata and for the
/// hash of it, as one question in two calls: the second need not go to the system again. It is
/// answered so once, and only at once.
pub(in crate::p2) struct Seen {
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

impl Seen {
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
