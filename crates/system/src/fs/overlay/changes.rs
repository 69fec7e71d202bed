use super::compare::is_same;
use super::folder::{Folder, found, open_folder};
use super::marks;
use crate::fs::{Dir, FileKind, Stat};
use crate::{ErrorCode, Result};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A path at which an overlay differs from its lower folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The path from the overlay's top.
    pub path: String,
    /// What happened to it.
    pub change: ChangeKind,
    /// What is there now, or, of what was deleted, was there.
    pub kind: FileKind,
    /// Its size in bytes, of files and symbolic links; 0 for anything else.
    pub size: u64,
}

/// What happened to a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChangeKind {
    /// It is in the lower folder, and no longer to be seen.
    Deleted,
    /// It is there now, and not in the lower folder.
    Added,
    /// Its contents or its time of modification are different.
    Modified,
}

pub(super) fn changes(top: &Folder) -> Result<Vec<Change>> {
    let (Some(upper), Some(lower)) = (top.upper(), top.lower()) else { return Ok(Vec::new()) };
    let mut search =
        Search { upper: upper.dir(), lower: &lower, pending: Vec::new(), found: Vec::new() };
    search.pending.push(Pending::Both { path: String::new(), hidden: false });
    while let Some(pending) = search.pending.pop() {
        search.look(pending)?;
    }
    search.found.sort_by(|a, b| (&a.path, a.change).cmp(&(&b.path, b.change)));
    Ok(search.found)
}

struct Search<'a> {
    upper: &'a Arc<dyn Dir>,
    lower: &'a Arc<dyn Dir>,
    /// Folders, by their paths: open ones could be more than the host lets us have.
    pending: Vec<Pending>,
    found: Vec<Change>,
}

enum Pending {
    /// A folder that both have. Where the lower one is hidden, all of it is deleted that the upper
    /// one does not have again.
    Both { path: String, hidden: bool },
    /// A folder with all that is below it.
    One { path: String, change: ChangeKind },
}

impl Search<'_> {
    fn look(&mut self, pending: Pending) -> Result<()> {
        match pending {
            Pending::Both { path, hidden } => {
                let upper = open_below(self.upper, &path)?;
                let lower = open_below(self.lower, &path)?;
                match (upper, lower) {
                    (Some(upper), Some(lower)) => self.compare(&path, &*upper, &*lower, hidden),
                    _ => Ok(()),
                }
            }
            Pending::One { path, change } => {
                let dir = if change == ChangeKind::Deleted { self.lower } else { self.upper };
                let Some(dir) = open_below(dir, &path)? else { return Ok(()) };
                for name in names(&*dir)? {
                    if let Some(stat) = found(dir.stat_at(&name, false))?
                        && !marks::is_mark(name.as_bytes())
                    {
                        self.note(join(&path, &name), change, &stat);
                    }
                }
                Ok(())
            }
        }
    }

    fn compare(
        &mut self,
        path: &str,
        upper: &dyn Dir,
        lower: &dyn Dir,
        hidden: bool,
    ) -> Result<()> {
        let changed = names(upper)?;
        let marked: BTreeSet<_> =
            changed.iter().filter_map(|name| marks::hidden_name(name.as_bytes())).collect();
        let changed = changed.iter().filter(|name| !marks::is_mark(name.as_bytes()));
        let changed: BTreeSet<_> = changed.map(String::as_str).collect();
        for name in &changed {
            let Some(now) = found(upper.stat_at(name, false))? else { continue };
            let path = join(path, name);
            match found(lower.stat_at(name, false))? {
                None => self.note(path, ChangeKind::Added, &now),
                Some(before) if before.kind != now.kind => {
                    self.note(path.clone(), ChangeKind::Deleted, &before);
                    self.note(path, ChangeKind::Added, &now);
                }
                Some(_) if now.kind == FileKind::Directory => {
                    let hidden = hidden || marked.contains(name);
                    self.pending.push(Pending::Both { path, hidden });
                }
                Some(before) if is_same(name, (upper, &now), (lower, &before))? => {}
                Some(_) => self.note(path, ChangeKind::Modified, &now),
            }
        }
        let all;
        let gone: Vec<&str> = if hidden {
            all = names(lower)?;
            all.iter().map(String::as_str).collect()
        } else {
            marked.into_iter().collect()
        };
        for name in gone {
            if !changed.contains(name)
                && !marks::is_mark(name.as_bytes())
                && let Some(before) = found(lower.stat_at(name, false))?
            {
                self.note(join(path, name), ChangeKind::Deleted, &before);
            }
        }
        Ok(())
    }

    fn note(&mut self, path: String, change: ChangeKind, stat: &Stat) {
        let size = match stat.kind {
            FileKind::Regular | FileKind::SymbolicLink => stat.size,
            _ => 0,
        };
        if stat.kind == FileKind::Directory {
            self.pending.push(Pending::One { path: path.clone(), change });
        }
        self.found.push(Change { path, change, kind: stat.kind, size });
    }
}

/// The folder at a path of folders; `None` if it is gone, or deeper than any path can lead: then
/// at least the folder itself was listed.
fn open_below(top: &Arc<dyn Dir>, path: &str) -> Result<Option<Arc<dyn Dir>>> {
    if path.is_empty() {
        return Ok(Some(Arc::clone(top)));
    }
    match open_folder(&**top, path) {
        Err(ErrorCode::NameTooLong) => Ok(None),
        opened => opened,
    }
}

/// The names in a folder of a layer; others than UTF-8 can have seen no change.
fn names(dir: &dyn Dir) -> Result<Vec<String>> {
    let mut entries = dir.entries()?;
    let mut names = Vec::new();
    while let Some(entry) = entries.peek()? {
        if let Ok(name) = str::from_utf8(entry.name)
            && !matches!(name, "." | "..")
        {
            names.push(name.to_owned());
        }
        entries.advance();
    }
    Ok(names)
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { [path, "/", name].concat() }
}
