use crate::fs::forward::forward_dir;
use crate::fs::{self, Dir, Node, OpenOptions, SetTime, Stat};
use crate::{ErrorCode, Result};
use std::sync::Arc;

/// The folder of a mount point, as it is; what leads out of it is looked for from the root that
/// the guest has, too: `..` leads there, and so may symbolic links.
pub(super) struct Rooted {
    pub(super) direct: Arc<dyn Dir>,
    pub(super) root: Arc<dyn Dir>,
    /// From the root to the mount point, with a slash at its end.
    pub(super) way: String,
}

impl Rooted {
    /// Does something with a path in the mount, or else in the root. A path that leads out is
    /// found to do so before anything is changed.
    pub(super) fn either<T>(
        &self,
        path: &str,
        go: impl Fn(&dyn Dir, &str) -> Result<T>,
    ) -> Result<T> {
        match go(&*self.direct, path) {
            // Providers refuse a folder of another one before they see where the path leads.
            Err(ErrorCode::NotCapable | ErrorCode::CrossDevice) if !path.starts_with('/') => {
                go(&*self.root, &format!("{}{path}", self.way))
            }
            done => done,
        }
    }
}

impl Dir for Rooted {
    // Read-only is what the mount alone is: through its own path nothing else is changed either.
    forward_dir!(direct: stat, set_times, sync, entries, is_read_only);

    fn open(&self, path: &str, options: &OpenOptions) -> Result<Node> {
        self.either(path, |dir, path| dir.open(path, options))
    }

    fn stat_at(&self, path: &str, follow: bool) -> Result<Stat> {
        self.either(path, |dir, path| dir.stat_at(path, follow))
    }

    fn set_times_at(
        &self,
        path: &str,
        follow: bool,
        accessed: SetTime,
        modified: SetTime,
    ) -> Result<()> {
        self.either(path, |dir, path| dir.set_times_at(path, follow, accessed, modified))
    }

    fn create_dir(&self, path: &str) -> Result<()> {
        self.either(path, |dir, path| dir.create_dir(path))
    }

    fn remove_dir(&self, path: &str) -> Result<()> {
        self.either(path, |dir, path| dir.remove_dir(path))
    }

    fn remove_file(&self, path: &str) -> Result<()> {
        self.either(path, |dir, path| dir.remove_file(path))
    }

    fn symlink(&self, target: &str, path: &str) -> Result<()> {
        fs::path::check_link_text(target)?;
        self.either(path, |dir, path| dir.symlink(target, path))
    }

    fn read_link(&self, path: &str) -> Result<Vec<u8>> {
        self.either(path, |dir, path| dir.read_link(path))
    }

    fn rename_to(&self, path: &str, to_dir: &dyn Dir, to: &str) -> Result<()> {
        self.either(path, |dir, path| fs::rename(dir, path, to_dir, to))
    }

    fn link_to(&self, path: &str, follow: bool, to_dir: &dyn Dir, to: &str) -> Result<()> {
        self.either(path, |dir, path| fs::link(dir, path, follow, to_dir, to))
    }
}
