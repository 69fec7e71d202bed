use std::any::Any;
use std::sync::Arc;
use wayleave_system::fs::{
    Dir, Entries, Node, OpenOptions, SetTime, Stat, SyncKind, Watched, link, rename,
};
use wayleave_system::{ErrorCode, Result};

/// The current folder and all of the host, as one folder. C libraries give their host `/a` and `a`
/// as the same path below the same folder, so it has to be guessed which one is meant: the one that
/// is there, the current folder's first; and for something new the one whose folder is there.
pub(super) struct Root {
    /// The current folder.
    pub(super) here: Side,
    /// The host's root.
    pub(super) all: Side,
}

/// One of the two.
pub(super) struct Side {
    /// To look whether something is there.
    pub(super) plain: Arc<dyn Dir>,
    /// What the guest uses.
    pub(super) watched: Watched,
}

impl Side {
    fn has(&self, path: &str) -> bool {
        self.plain.stat_at(path, false).is_ok()
    }
}

impl Root {
    /// The folder in which a path is, or will be.
    fn pick(&self, path: &str) -> &Watched {
        let parent = |path: &str| {
            let path = path.trim_end_matches('/');
            path.rsplit_once('/').map(|(parent, _)| parent.to_owned())
        };
        let Self { here, all } = self;
        let side = if here.has(path) {
            here
        } else if all.has(path) {
            all
        } else {
            match parent(path) {
                // New things are not for the host's root itself.
                None => here,
                Some(parent) if here.has(&parent) || !all.has(&parent) => here,
                Some(_) => all,
            }
        };
        &side.watched
    }

    /// The other folder of two, as the first one knows it.
    fn other<'a>(dir: &'a dyn Dir, path: &str) -> &'a dyn Dir {
        match (dir as &dyn Any).downcast_ref::<Self>() {
            Some(root) => root.pick(path),
            None => dir,
        }
    }
}

impl Dir for Root {
    fn open(&self, path: &str, options: &OpenOptions) -> Result<Node> {
        self.pick(path).open(path, options)
    }

    fn stat_at(&self, path: &str, follow: bool) -> Result<Stat> {
        self.pick(path).stat_at(path, follow)
    }

    fn set_times_at(
        &self,
        path: &str,
        follow: bool,
        accessed: SetTime,
        modified: SetTime,
    ) -> Result<()> {
        self.pick(path).set_times_at(path, follow, accessed, modified)
    }

    fn create_dir(&self, path: &str) -> Result<()> {
        self.pick(path).create_dir(path)
    }

    fn remove_dir(&self, path: &str) -> Result<()> {
        self.pick(path).remove_dir(path)
    }

    fn remove_file(&self, path: &str) -> Result<()> {
        self.pick(path).remove_file(path)
    }

    fn symlink(&self, target: &str, path: &str) -> Result<()> {
        self.pick(path).symlink(target, path)
    }

    fn read_link(&self, path: &str) -> Result<Vec<u8>> {
        self.pick(path).read_link(path)
    }

    fn rename_to(&self, path: &str, to_dir: &dyn Dir, to: &str) -> Result<()> {
        rename(self.pick(path), path, Self::other(to_dir, to), to)
    }

    fn link_to(&self, path: &str, follow: bool, to_dir: &dyn Dir, to: &str) -> Result<()> {
        link(self.pick(path), path, follow, Self::other(to_dir, to), to)
    }

    fn stat(&self) -> Result<Stat> {
        self.here.watched.stat()
    }

    fn set_times(&self, _: SetTime, _: SetTime) -> Result<()> {
        Err(ErrorCode::NotPermitted)
    }

    fn sync(&self, kind: SyncKind) -> Result<()> {
        self.here.watched.sync(kind)
    }

    fn entries(&self) -> Result<Box<dyn Entries>> {
        self.here.watched.entries()
    }

    fn is_read_only(&self) -> bool {
        false
    }
}
