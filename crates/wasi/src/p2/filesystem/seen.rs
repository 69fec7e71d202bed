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
    /// When the second half of a question was asked last.
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
        self.is_called(path);
        self.fresh = true;
    }

    /// An entry of a folder, which is not let go of before the next call.
    #[inline]
    pub(super) fn entry(
        &mut self,
        dir: &Arc<dyn Dir>,
        file: FileNumber,
        kind: FileKind,
        name: &str,
    ) {
        self.what = Some(What::Entry { dir: place(dir), file, kind });
        self.is_called(name);
        // Entries without a number have to be asked for.
        self.fresh = file.inode != 0;
    }

    /// The path or the name of what was seen last, whether it may still be told or not.
    #[inline]
    pub(super) fn name(&self) -> &str {
        &self.name
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
        if fresh && same && is_now(&mut self.when, &self.name, path) { Some(stat) } else { None }
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
        (fresh && same && is_now(&mut self.when, &self.name, path)).then_some(file)
    }

    #[inline]
    fn is_called(&mut self, name: &str) {
        self.name.clear();
        self.name.push_str(name);
    }
}

/// Whether a path is the one that was seen, and just now: the clock, which goes on every few
/// milliseconds, shows what it has shown when this was asked `before`. What was seen was seen in between, so
/// that it need not be looked at then as well.
#[inline]
fn is_now(before: &mut u64, seen: &str, path: &str) -> bool {
    let now = OsClock::MonotonicCoarse.now();
    std::mem::replace(before, now) == now && seen == path
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
        seen.entry(dir, file, FileKind::Regular, "a");
    }

    /// Whether something is told in one of several tries: not in the first, before which nothing was
    /// asked, and the clock may go on in the middle of another.
    fn is_told(mut ask: impl FnMut(&mut Seen) -> bool) -> bool {
        let mut seen = Seen::default();
        (0..100).any(|_| ask(&mut seen))
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
