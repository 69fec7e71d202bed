use super::marks;
use crate::Result;
use crate::fs::{Dir, FileKind};
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// How many names of an upper layer are known at most: 5 MB, were they all as long as names can be.
const MOST: usize = 1 << 14;

/// Which names an upper folder may have: it has no others, and so has to be asked for these only.
///
/// That nobody else changes the upper layer makes this possible.
pub(super) struct Known {
    names: Mutex<Names>,
    tree: Arc<Shared>,
}

/// What the folders of one upper layer share.
struct Shared {
    /// How many more names may be known.
    room: AtomicUsize,
    /// Whether the layer tells names apart that differ in case only, once that was tried. What is
    /// known is of no use where it does not.
    exact: OnceLock<bool>,
}

enum Names {
    /// The folder has to be read first.
    Unread,
    These(HashMap<Box<str>, Seen>),
    /// There are too many: the folder has to be asked.
    Any,
}

/// What may be at a name.
#[derive(Clone, Default)]
pub(super) struct Seen {
    /// A folder, which may have these names.
    pub(super) folder: Option<Arc<Known>>,
    /// Anything else.
    pub(super) other: bool,
    /// The mark that hides what the lower layer has there.
    pub(super) mark: bool,
}

impl Seen {
    pub(super) fn is_nothing(&self) -> bool {
        self.folder.is_none() && !self.other && !self.mark
    }
}

impl Known {
    /// Of the top of an upper layer.
    pub(super) fn top() -> Arc<Self> {
        let tree = Shared { room: AtomicUsize::new(MOST), exact: OnceLock::new() };
        Arc::new(Self { names: Mutex::new(Names::Unread), tree: Arc::new(tree) })
    }

    /// What may be at a name; `None` where the folder has to be asked.
    pub(super) fn at(&self, name: &str) -> Option<Seen> {
        match &*self.lock() {
            Names::These(names) if self.is_exact() => {
                Some(names.get(name).cloned().unwrap_or_default())
            }
            _ => None,
        }
    }

    /// Whether the folder has nothing by this name, which may be a mark's.
    pub(super) fn lacks(&self, name: &str) -> bool {
        let names = self.lock();
        let Names::These(names) = &*names else { return false };
        let Some((name, is_mark)) = of(name) else { return false };
        let has =
            |seen: &Seen| if is_mark { seen.mark } else { seen.other || seen.folder.is_some() };
        self.is_exact() && !names.get(name).is_some_and(has)
    }

    /// The names of the folder at `name`.
    pub(super) fn folder(&self, name: &str) -> Arc<Self> {
        if let Some(folder) = self.at(name).and_then(|seen| seen.folder) {
            return folder;
        }
        let folder = self.below(Names::Unread);
        self.set(name, |seen| seen.folder = Some(Arc::clone(&folder)));
        // Where it could not be noted down, others will not find it here.
        if self.at(name).is_some() { folder } else { self.below(Names::Any) }
    }

    /// Reads the folder, if that was not done yet.
    ///
    /// # Errors
    /// What reading it gives.
    pub(super) fn read(&self, dir: &dyn Dir) -> Result<()> {
        if !matches!(*self.lock(), Names::Unread) {
            return Ok(());
        }
        let mut names: HashMap<Box<str>, Seen> = HashMap::new();
        let mut some_name = None;
        let mut entries = dir.entries()?;
        while names.len() <= MOST
            && let Some(entry) = entries.peek()?
        {
            if let Ok(own) = str::from_utf8(entry.name)
                && let Some((name, is_mark)) = of(own)
            {
                let seen = names.entry(name.into()).or_default();
                match entry.kind {
                    _ if is_mark => seen.mark = true,
                    FileKind::Directory => seen.folder = Some(self.below(Names::Unread)),
                    FileKind::Unknown => {
                        (seen.folder, seen.other) = (Some(self.below(Names::Unread)), true);
                    }
                    _ => seen.other = true,
                }
                some_name.get_or_insert_with(|| own.to_owned());
            }
            entries.advance();
        }
        if let Some(name) = some_name {
            self.try_case(dir, &name);
        }
        let mut here = self.lock();
        if matches!(*here, Names::Unread) {
            let room = self.tree.take(names.len());
            *here = if room { Names::These(names) } else { Names::Any };
        }
        Ok(())
    }

    /// A file or symbolic link, or a mark, may be there from now on.
    pub(super) fn add(&self, name: &str) {
        match of(name) {
            Some((name, true)) => self.set(name, |seen| seen.mark = true),
            Some((name, false)) => self.set(name, |seen| seen.other = true),
            None => {}
        }
    }

    /// A folder was made, and so is empty.
    pub(super) fn add_folder(&self, name: &str) {
        let folder = Some(self.below(Names::These(HashMap::new())));
        self.set(name, |seen| *seen = Seen { folder, other: false, mark: seen.mark });
    }

    /// Nothing is there any more.
    pub(super) fn remove(&self, name: &str) {
        // What was below may be much; it goes when nothing is locked any more.
        drop(self.take(name));
    }

    /// What was at `name` is now at `new` of another folder.
    pub(super) fn rename(&self, name: &str, to: &Self, new: &str) {
        let moved = match of(name) {
            // Marks stay where they are, and what is not complete has no name.
            None | Some((_, true)) => Seen::default(),
            Some((name, false)) => self.at(name).unwrap_or_else(|| Seen {
                folder: Some(self.below(Names::Any)),
                other: true,
                mark: false,
            }),
        };
        self.remove(name);
        let other = moved.other || moved.folder.is_none();
        to.set(new, |seen| *seen = Seen { other, folder: moved.folder, mark: seen.mark });
    }

    /// Finds out with something that is there whether the layer tells cases apart.
    pub(super) fn try_case(&self, dir: &dyn Dir, name: &str) {
        if self.tree.exact.get().is_some() || !name.bytes().any(|b| b.is_ascii_alphabetic()) {
            return;
        }
        let swap = |c: char| match c.is_ascii_lowercase() {
            true => c.to_ascii_uppercase(),
            false => c.to_ascii_lowercase(),
        };
        let swapped: String = name.chars().map(swap).collect();
        let same = match (dir.stat_at(name, false), dir.stat_at(&swapped, false)) {
            (Ok(one), Ok(two)) => (one.device, one.inode) == (two.device, two.inode),
            _ => false,
        };
        let _ = self.tree.exact.set(!same);
    }

    fn take(&self, name: &str) -> Option<Seen> {
        let (name, is_mark) = of(name)?;
        let mut names = self.lock();
        let Names::These(names) = &mut *names else { return None };
        let seen = names.get_mut(name)?;
        let left = match is_mark {
            true => Seen { mark: false, ..seen.clone() },
            false => Seen { mark: seen.mark, ..Seen::default() },
        };
        let before = std::mem::replace(seen, left);
        if seen.is_nothing() {
            names.remove(name);
            self.tree.give(1);
        }
        Some(before)
    }

    fn is_exact(&self) -> bool {
        self.tree.exact.get() != Some(&false)
    }

    fn below(&self, names: Names) -> Arc<Self> {
        Arc::new(Self { names: Mutex::new(names), tree: Arc::clone(&self.tree) })
    }

    fn set(&self, name: &str, set: impl FnOnce(&mut Seen)) {
        let mut here = self.lock();
        let Names::These(names) = &mut *here else { return };
        if let Some(seen) = names.get_mut(name) {
            set(seen);
        } else if self.tree.take(1) {
            set(names.entry(name.into()).or_default());
        } else {
            let names = std::mem::replace(&mut *here, Names::Any);
            drop(here);
            self.tree.forget(names);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Names> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    fn take(&self, names: usize) -> bool {
        let less = |room: usize| room.checked_sub(names);
        self.room.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok()
    }

    fn give(&self, names: usize) {
        self.room.fetch_add(names, Ordering::Relaxed);
    }

    /// Takes names apart level by level: a guest's tree may be deeper than the host's stack.
    fn forget(&self, names: Names) {
        let mut pending = vec![names];
        while let Some(names) = pending.pop() {
            let Names::These(names) = names else { continue };
            self.give(names.len());
            let below = names.into_values().filter_map(|seen| seen.folder);
            let below = below.filter_map(Arc::into_inner);
            pending.extend(below.map(|mut below| below.take_names()));
        }
    }
}

impl Known {
    fn take_names(&mut self) -> Names {
        let names = self.names.get_mut().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(names, Names::Any)
    }
}

impl Drop for Known {
    fn drop(&mut self) {
        let names = self.take_names();
        self.tree.forget(names);
    }
}

/// The name that a name of the upper folder is about, and whether it is the mark there. `None` for
/// what is none of the guest's names: what is not complete yet, and paths.
fn of(own: &str) -> Option<(&str, bool)> {
    if matches!(own, "." | "..") || own.contains('/') {
        return None;
    }
    match marks::hidden_name(own.as_bytes()) {
        Some(hidden) => Some((hidden, true)),
        None if marks::is_mark(own.as_bytes()) => None,
        None => Some((own, false)),
    }
}
