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
    /// Whether it may be told yet.
    fresh: bool,
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
        self.fresh = false;
    }

    /// A file at a path.
    #[inline]
    pub(super) fn path(
        &mut self,
        asked: Asked,
        dir: Borrow<Descriptor>,
        flags: PathFlags,
        path: &str,
        stat: &Stat,
    ) {
        self.what = Some(What::Path { asked, dir: dir.rep(), flags, stat: *stat });
        self.name.clear();
        self.name.push_str(path);
        self.now();
    }

    /// An entry of a folder, which is not let go of before the next call. How it is called is said
    /// by [`Seen::entry_is_called`].
    #[inline]
    pub(super) fn entry(&mut self, dir: &Arc<dyn Dir>, file: FileNumber, kind: FileKind) {
        self.what = Some(What::Entry { dir: place(dir), file, kind });
    }

    /// Room for a name, empty.
    #[inline]
    pub(super) fn take_room(&mut self) -> String {
        let mut room = std::mem::take(&mut self.name);
        room.clear();
        room
    }

    /// The name of the entry, in the room that was taken.
    #[inline]
    pub(super) fn entry_is_called(&mut self, name: String) {
        self.name = name;
        // Entries without a number would have to be asked for.
        if matches!(&self.what, Some(What::Entry { file, .. }) if file.inode != 0) {
            self.now();
        }
    }

    /// The metadata of a file at a path, if this is the other half of the question.
    #[inline]
    pub(super) fn stat(
        &mut self,
        asked: Asked,
        dir: Borrow<Descriptor>,
        flags: PathFlags,
        path: &str,
    ) -> Option<&Stat> {
        let fresh = std::mem::take(&mut self.fresh);
        let Some(What::Path { asked: before, dir: of, flags: with, stat }) = &self.what else {
            return None;
        };
        // What is no link is the same whether links are followed or not.
        let same_file = *with == flags || !follow(*with) && stat.kind != FileKind::SymbolicLink;
        let same = *before != asked && *of == dir.rep() && same_file;
        (fresh && same && self.is_now(path)).then_some(stat)
    }

    /// The number of an entry's file, if this is the entry. What is no entry stays as it was.
    #[inline]
    pub(super) fn entry_file(
        &mut self,
        dir: &Arc<dyn Dir>,
        flags: PathFlags,
        path: &str,
    ) -> Option<FileNumber> {
        let Some(What::Entry { dir: of, file, kind }) = self.what else { return None };
        let fresh = std::mem::take(&mut self.fresh);
        let itself = !follow(flags) || kind == FileKind::Regular;
        let same = itself && of == place(dir);
        (fresh && same && self.is_now(path)).then_some(file)
    }

    fn now(&mut self) {
        self.when = OsClock::MonotonicCoarse.now();
        self.fresh = true;
    }

    /// Whether a path is the one that was seen, and just now.
    #[inline]
    fn is_now(&self, path: &str) -> bool {
        self.name == path && self.when == OsClock::MonotonicCoarse.now()
    }
}

/// What tells a folder from all others that are open.
fn place(dir: &Arc<dyn Dir>) -> usize {
    Arc::as_ptr(dir).addr()
}

#[cfg(test)]
mod tests {
    use super::*;
    use wayleave_system::fs::MemoryDir;

    const FILE: FileNumber = FileNumber { device: 1, inode: 2 };
    const ITSELF: PathFlags = PathFlags::empty();

    fn folder() -> Arc<dyn Dir> {
        Arc::new(MemoryDir::new(1 << 20))
    }

    fn entry(seen: &mut Seen, dir: &Arc<dyn Dir>, file: FileNumber) {
        seen.forget();
        seen.entry(dir, file, FileKind::Regular);
        let mut name = seen.take_room();
        name.push('a');
        seen.entry_is_called(name);
    }

    /// Whether something is told in one of several tries: the clock may go on in the middle of one.
    fn is_told(mut ask: impl FnMut(&mut Seen) -> bool) -> bool {
        (0..100).any(|_| ask(&mut Seen::default()))
    }

    #[test]
    fn an_entry_is_told_once_and_as_itself() {
        let (dir, other) = (folder(), folder());
        assert!(is_told(|seen| {
            entry(seen, &dir, FILE);
            let told = seen.entry_file(&dir, ITSELF, "a") == Some(FILE);
            assert!(seen.entry_file(&dir, ITSELF, "a").is_none(), "it was told already");
            told
        }));
        assert!(!is_told(|seen| {
            entry(seen, &dir, FILE);
            seen.entry_file(&dir, ITSELF, "b").is_some()
        }));
        assert!(!is_told(|seen| {
            entry(seen, &dir, FILE);
            seen.entry_file(&other, ITSELF, "a").is_some()
        }));
        assert!(!is_told(|seen| {
            entry(seen, &dir, FILE);
            seen.forget();
            seen.entry_file(&dir, ITSELF, "a").is_some()
        }));
        assert!(!is_told(|seen| {
            entry(seen, &dir, FileNumber { inode: 0, ..FILE });
            seen.entry_file(&dir, ITSELF, "a").is_some()
        }));
    }

    #[test]
    fn metadata_is_told_to_the_other_question_only() {
        let found = folder().stat().unwrap();
        let dir = Borrow::new(1);
        for (first, second) in [(Asked::Hash, Asked::Stat), (Asked::Stat, Asked::Hash)] {
            assert!(is_told(|seen| {
                seen.path(first, dir, ITSELF, "a", &found);
                let told = seen.stat(second, dir, ITSELF, "a").is_some();
                assert!(seen.stat(second, dir, ITSELF, "a").is_none(), "it was told already");
                told
            }));
        }
        for (asked, of, path) in
            [(Asked::Hash, 1, "a"), (Asked::Stat, 2, "a"), (Asked::Stat, 1, "b")]
        {
            assert!(!is_told(|seen| {
                seen.path(Asked::Hash, dir, ITSELF, "a", &found);
                seen.stat(asked, Borrow::new(of), ITSELF, path).is_some()
            }));
        }
    }
}
