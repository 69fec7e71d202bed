use super::forward::forward_dir;
use super::path::LONGEST;
use super::{Dir, Entries, Node, OpenOptions, SetTime, Stat};
use crate::{ErrorCode, Result};
use std::any::Any;
use std::sync::Arc;

/// A folder of which somebody is told what is done with paths below it. Files that are opened
/// through it are the folder's own: reading and writing them costs nothing more.
pub struct Watched {
    dir: Arc<dyn Dir>,
    /// Where the guest finds it.
    place: Arc<str>,
    watcher: Arc<dyn Watcher>,
}

/// Who is told what a guest does with paths.
pub trait Watcher: Send + Sync {
    /// Something was done.
    fn done(&self, attempt: &Attempt<'_>) {
        let _ = attempt;
    }

    /// Something has failed. What this returns is where it is then tried instead, and nobody is
    /// told how that goes.
    fn failed(&self, attempt: &Attempt<'_>, error: ErrorCode) -> Option<Instead>;
}

/// What a guest did, or tried to do.
#[derive(Clone, Copy, Debug)]
pub struct Attempt<'a> {
    /// What it did.
    pub what: Action,
    /// The guest's name of the folder that it used: a preopened one, or one that was opened below
    /// such a one.
    pub folder: &'a str,
    /// The path below that, as the guest gave it; `.` is the folder itself.
    pub path: &'a str,
}

/// What can be done with a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Opening like this.
    Open(OpenOptions),
    /// Asking for metadata, also of a link.
    Stat,
    /// Reading a link's text.
    ReadLink,
    /// Listing a folder.
    List,
    /// Setting timestamps.
    SetTimes,
    /// Making a folder.
    CreateDir,
    /// Removing a folder.
    RemoveDir,
    /// Removing a file.
    RemoveFile,
    /// Making a symbolic link.
    Symlink,
    /// Renaming: told of the old name and of the new one.
    Rename,
    /// Making a second name: told of both.
    Link,
}

impl Action {
    /// Whether it changes what is there, or prepares to.
    #[must_use]
    pub fn writes(self) -> bool {
        match self {
            Self::Open(how) => how.write || how.append || how.create || how.truncate,
            Self::Stat | Self::ReadLink | Self::List => false,
            _ => true,
        }
    }
}

/// Where something that has failed is done instead.
pub struct Instead {
    /// The folder.
    pub dir: Arc<dyn Dir>,
    /// The path below it.
    pub path: String,
}

impl Watched {
    /// `dir`, which the guest finds at `place`.
    pub fn new(dir: Arc<dyn Dir>, place: impl Into<Arc<str>>, watcher: Arc<dyn Watcher>) -> Self {
        Self { dir, place: place.into(), watcher }
    }

    /// The folder as one that may explain why it refuses something.
    #[must_use]
    pub fn of(dir: &dyn Dir) -> Option<&Self> {
        (dir as &dyn Any).downcast_ref()
    }

    /// Tells that something was refused before the folder was asked.
    pub fn refused(&self, what: Action, path: &str, error: ErrorCode) {
        drop(self.failed(what, path, error));
    }

    /// Nobody is told of what can not be a path: a guest could make whoever keeps it hold any amount
    /// of memory, for nothing.
    fn failed(&self, what: Action, path: &str, error: ErrorCode) -> Option<Instead> {
        if path.len() > LONGEST {
            return None;
        }
        self.watcher.failed(&self.attempt(what, path), error)
    }

    fn attempt<'a>(&'a self, what: Action, path: &'a str) -> Attempt<'a> {
        Attempt { what, folder: &self.place, path }
    }

    #[inline]
    fn watch<T>(
        &self,
        what: Action,
        path: &str,
        result: Result<T>,
        again: impl FnOnce(&dyn Dir, &str) -> Result<T>,
    ) -> Result<T> {
        match &result {
            Ok(_) => self.watcher.done(&self.attempt(what, path)),
            // It is not done yet.
            Err(ErrorCode::Again) => {}
            Err(error) => {
                if let Some(instead) = self.failed(what, path, *error) {
                    return again(&*instead.dir, &instead.path);
                }
            }
        }
        result
    }

    /// Something that needs another folder, too.
    fn watch_both(
        &self,
        what: Action,
        path: &str,
        to_dir: &dyn Dir,
        to: &str,
        act: impl FnOnce(&dyn Dir) -> Result<()>,
    ) -> Result<()> {
        let other = Self::of(to_dir);
        let result = act(other.map_or(to_dir, |other| &*other.dir));
        for (side, path) in [(Some(self), path), (other, to)] {
            let Some(side) = side else { continue };
            match &result {
                Ok(()) => side.watcher.done(&side.attempt(what, path)),
                Err(ErrorCode::Again) => {}
                // Which of the two it was, the error does not tell; it is the path's that leaves.
                Err(error) => drop(side.failed(what, path, *error)),
            }
        }
        result
    }

    fn below(&self, path: &str, node: Node) -> Node {
        match node {
            Node::File(_) => node,
            Node::Dir(dir) => {
                let place = match path.trim_end_matches('/') {
                    "." => self.place.clone(),
                    path => format!("{}/{path}", self.place.trim_end_matches('/')).into(),
                };
                Node::Dir(Arc::new(Self::new(dir, place, self.watcher.clone())))
            }
        }
    }
}

impl Dir for Watched {
    forward_dir!(dir: stat, sync, is_read_only);

    fn open(&self, path: &str, options: &OpenOptions) -> Result<Node> {
        let opened = self.dir.open(path, options);
        let again = |dir: &dyn Dir, path: &str| dir.open(path, options);
        let node = self.watch(Action::Open(*options), path, opened, again)?;
        Ok(self.below(path, node))
    }

    fn stat_at(&self, path: &str, follow: bool) -> Result<Stat> {
        let found = self.dir.stat_at(path, follow);
        self.watch(Action::Stat, path, found, |dir, path| dir.stat_at(path, follow))
    }

    fn set_times_at(
        &self,
        path: &str,
        follow: bool,
        accessed: SetTime,
        modified: SetTime,
    ) -> Result<()> {
        let set = |dir: &dyn Dir, path: &str| dir.set_times_at(path, follow, accessed, modified);
        self.watch(Action::SetTimes, path, set(&*self.dir, path), set)
    }

    fn create_dir(&self, path: &str) -> Result<()> {
        let create = |dir: &dyn Dir, path: &str| dir.create_dir(path);
        self.watch(Action::CreateDir, path, create(&*self.dir, path), create)
    }

    fn remove_dir(&self, path: &str) -> Result<()> {
        let remove = |dir: &dyn Dir, path: &str| dir.remove_dir(path);
        self.watch(Action::RemoveDir, path, remove(&*self.dir, path), remove)
    }

    fn remove_file(&self, path: &str) -> Result<()> {
        let remove = |dir: &dyn Dir, path: &str| dir.remove_file(path);
        self.watch(Action::RemoveFile, path, remove(&*self.dir, path), remove)
    }

    fn symlink(&self, target: &str, path: &str) -> Result<()> {
        let create = |dir: &dyn Dir, path: &str| dir.symlink(target, path);
        self.watch(Action::Symlink, path, create(&*self.dir, path), create)
    }

    fn read_link(&self, path: &str) -> Result<Vec<u8>> {
        let read = |dir: &dyn Dir, path: &str| dir.read_link(path);
        self.watch(Action::ReadLink, path, read(&*self.dir, path), read)
    }

    fn rename_to(&self, path: &str, to_dir: &dyn Dir, to: &str) -> Result<()> {
        let act = |to_dir: &dyn Dir| super::rename(&*self.dir, path, to_dir, to);
        self.watch_both(Action::Rename, path, to_dir, to, act)
    }

    fn link_to(&self, path: &str, follow: bool, to_dir: &dyn Dir, to: &str) -> Result<()> {
        let act = |to_dir: &dyn Dir| super::link(&*self.dir, path, follow, to_dir, to);
        self.watch_both(Action::Link, path, to_dir, to, act)
    }

    fn set_times(&self, accessed: SetTime, modified: SetTime) -> Result<()> {
        let set = self.dir.set_times(accessed, modified);
        let again = |dir: &dyn Dir, path: &str| dir.set_times_at(path, true, accessed, modified);
        self.watch(Action::SetTimes, ".", set, again)
    }

    fn entries(&self) -> Result<Box<dyn Entries>> {
        let again = |dir: &dyn Dir, path: &str| {
            let folder = OpenOptions { read: true, directory: true, ..OpenOptions::default() };
            match dir.open(path, &folder)? {
                Node::Dir(dir) => dir.entries(),
                Node::File(_) => Err(ErrorCode::NotDirectory),
            }
        };
        self.watch(Action::List, ".", self.dir.entries(), again)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fs::{MemoryDir, ReadOnly, rename};
    use std::sync::Mutex;

    /// Writes down what it is told; what has failed is done in `instead`.
    #[derive(Default)]
    struct Notes {
        lines: Mutex<Vec<String>>,
        instead: Option<Arc<dyn Dir>>,
    }

    impl Notes {
        fn note(&self, attempt: &Attempt<'_>, end: &str) {
            let Attempt { what, folder, path } = attempt;
            let what = match what {
                Action::Open(_) => "Open".to_owned(),
                what => format!("{what:?}"),
            };
            self.lines.lock().unwrap().push(format!("{what} {folder} {path}: {end}"));
        }

        fn take(&self) -> Vec<String> {
            std::mem::take(&mut self.lines.lock().unwrap())
        }
    }

    impl Watcher for Notes {
        fn done(&self, attempt: &Attempt<'_>) {
            self.note(attempt, "done");
        }

        fn failed(&self, attempt: &Attempt<'_>, error: ErrorCode) -> Option<Instead> {
            self.note(attempt, &format!("{error:?}"));
            let dir = self.instead.clone()?;
            Some(Instead { dir, path: attempt.path.to_owned() })
        }
    }

    const FOLDER: OpenOptions = OpenOptions {
        read: true,
        directory: true,
        write: false,
        append: false,
        create: false,
        exclusive: false,
        truncate: false,
        follow: true,
        sync: None,
    };

    fn memory() -> Arc<dyn Dir> {
        Arc::new(MemoryDir::new(1 << 20))
    }

    #[test]
    fn folders_below_are_watched_by_their_whole_name() {
        let notes = Arc::new(Notes::default());
        let dir = Watched::new(memory(), "/data", notes.clone());
        dir.create_dir("a").unwrap();
        let Node::Dir(a) = dir.open("a/", &FOLDER).unwrap() else { panic!("a folder") };
        a.create_dir("b").unwrap();
        let Node::Dir(same) = a.open(".", &FOLDER).unwrap() else { panic!("a folder") };
        same.stat_at("x", true).unwrap_err();
        drop(same.entries().unwrap());
        assert_eq!(
            notes.take(),
            [
                "CreateDir /data a: done",
                "Open /data a/: done",
                "CreateDir /data/a b: done",
                "Open /data/a .: done",
                "Stat /data/a x: NoEntry",
                "List /data/a .: done",
            ]
        );
    }

    #[test]
    fn what_is_refused_may_be_done_elsewhere() {
        let wide = memory();
        let notes = Arc::new(Notes { instead: Some(wide.clone()), ..Notes::default() });
        let dir = Watched::new(Arc::new(ReadOnly::new(memory())), "/d", notes.clone());
        dir.create_dir("new").unwrap();
        wide.stat_at("new", true).unwrap();
        assert_eq!(notes.take(), ["CreateDir /d new: ReadOnly"]);
        assert!(dir.is_read_only());
    }

    #[test]
    fn nobody_is_told_of_paths_that_are_too_long() {
        let notes = Arc::new(Notes { instead: Some(memory()), ..Notes::default() });
        let dir = Watched::new(Arc::new(ReadOnly::new(memory())), "/d", notes.clone());
        let long = format!("/{}", "a/".repeat(1 << 20));
        assert_eq!(dir.create_dir(&long), Err(ErrorCode::ReadOnly));
        assert_eq!(dir.stat_at(&long, true).unwrap_err(), ErrorCode::NotCapable);
        assert_eq!(rename(&dir, &long, &dir, &long), Err(ErrorCode::ReadOnly));
        assert!(notes.take().is_empty());
    }

    #[test]
    fn renaming_is_told_of_both_sides_and_never_done_elsewhere() {
        let base = memory();
        base.create_dir("x").unwrap();
        let notes = Arc::new(Notes { instead: Some(memory()), ..Notes::default() });
        let from: Arc<dyn Dir> = Arc::new(Watched::new(base.clone(), "/w", notes.clone()));
        rename(&*from, "x", &*from, "y").unwrap();
        assert_eq!(notes.take(), ["Rename /w x: done", "Rename /w y: done"]);
        let ro = Watched::new(Arc::new(ReadOnly::new(base)), "/r", notes.clone());
        assert_eq!(rename(&*from, "y", &ro, "z"), Err(ErrorCode::ReadOnly));
        assert_eq!(notes.take(), ["Rename /r z: ReadOnly"]);
        assert_eq!(rename(&ro, "y", &*from, "z"), Err(ErrorCode::ReadOnly));
        assert_eq!(notes.take(), ["Rename /r y: ReadOnly"]);
        from.stat_at("y", true).unwrap();
    }
}
