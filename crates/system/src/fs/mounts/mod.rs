//! Mount points: folders and files of any provider, put together under the paths of a guest.
//!
//! A mount that neither lies in another nor holds one is given as it is, and its paths cost what
//! they cost without any of this. Others are put together: [`tree`] has the names of the mount
//! points and of the folders on the way to them; a [`spot::Spot`] is a place in that tree and in
//! the folder that is mounted there; [`dir::MountDir`] is the handle of a folder that has mount
//! points below. Whatever lies below the last mount point is again given as it is. A mount in
//! another is given on its own, too, by a handle that knows the way out ([`rooted::Rooted`]).

mod dir;
mod entries;
mod folders;
mod paths;
mod rooted;
mod spot;
mod tree;

use super::{Dir, SingleFile};
use crate::{ErrorCode, Result as SystemResult};
use dir::MountDir;
pub use paths::MountPaths;
use rooted::Rooted;
use std::any::Any;
use std::sync::Arc;
use tree::GuestRoute;

/// What a guest is given of files: folders and single files, each under a guest path.
#[derive(Clone, Default)]
pub struct Mounts {
    points: Vec<Point>,
    paths: MountPaths,
}

/// Why something can not be mounted under a guest path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MountError {
    /// Something else is mounted there.
    #[error("the guest path is taken")]
    Taken,
    /// A file needs a path with a name at its end, and without `..`.
    #[error("the guest path is no file's: it is empty, ends in a slash or contains `..`")]
    NoFilePath,
    /// The path leads through a file that is mounted, or a file is to be mounted above others.
    #[error("the guest path leads through a file")]
    ThroughFile,
}

/// A folder or a file under a guest path.
#[derive(Clone)]
struct Point {
    /// As it was given.
    guest: String,
    /// `None` with `..` in it: where that lies, nobody can say.
    route: Option<GuestRoute>,
    mounted: Mounted,
}

impl Point {
    fn new(guest: String, mounted: Mounted) -> Self {
        Self { route: GuestRoute::parse(&guest), guest, mounted }
    }
}

#[derive(Clone)]
enum Mounted {
    Dir(Arc<dyn Dir>),
    File(Arc<SingleFile>),
}

impl Mounts {
    /// Mounts a folder.
    ///
    /// # Errors
    /// [`MountError::Taken`], [`MountError::ThroughFile`].
    pub fn dir(&mut self, guest: impl Into<String>, dir: Arc<dyn Dir>) -> Result<(), MountError> {
        let guest = guest.into();
        self.paths.dir(guest.as_str())?;
        self.points.push(Point::new(guest, Mounted::Dir(dir)));
        Ok(())
    }

    /// Mounts a file. The guest finds a folder that holds it: the one that is mounted there, or one
    /// with nothing but the files, and the mount points, that are mounted in it.
    ///
    /// # Errors
    /// [`MountError::Taken`], [`MountError::NoFilePath`], [`MountError::ThroughFile`].
    pub fn file(&mut self, guest: impl Into<String>, file: SingleFile) -> Result<(), MountError> {
        let guest = guest.into();
        self.paths.file(guest.as_str())?;
        self.points.push(Point::new(guest, Mounted::File(Arc::new(file))));
        Ok(())
    }

    /// The folders that the guest finds open, with their paths, in the order in which they were
    /// mounted.
    ///
    /// Each mounted folder is there under its own path, also where it lies in another, so that a
    /// guest that picks the longest path that fits goes straight to it. The folder of a single
    /// file that lies in no other is where that file was mounted.
    #[must_use]
    pub fn folders(&self) -> Vec<(String, Arc<dyn Dir>)> {
        folders::folders(&self.points)
    }
}

/// Makes something new at `to`, by `go`, in the folder that really holds it: other folders know
/// nothing of mount points.
///
/// # Errors
/// `taken` where there is a mount point already, `ReadOnly` where the folder is.
pub(super) fn in_holder(
    from: &dyn Dir,
    to_dir: &dyn Dir,
    to: &str,
    taken: ErrorCode,
    go: &dyn Fn(&dyn Dir, &str) -> SystemResult<()>,
) -> SystemResult<()> {
    if let Some(rooted) = (to_dir as &dyn Any).downcast_ref::<Rooted>() {
        return rooted.either(to, |to_dir, to| in_holder(from, to_dir, to, taken, go));
    }
    if from.is_read_only() || to_dir.is_read_only() {
        return Err(ErrorCode::ReadOnly);
    }
    let from: &dyn Any = from;
    match (to_dir as &dyn Any).downcast_ref::<MountDir>() {
        // These come back with what they have found of their own side.
        _ if from.is::<MountDir>() || from.is::<Rooted>() => go(to_dir, to),
        None => go(to_dir, to),
        Some(to_dir) => {
            let (holder, name) = to_dir.vacancy(to, taken)?;
            if holder.is_read_only() {
                return Err(ErrorCode::ReadOnly);
            }
            go(&*holder, &name)
        }
    }
}
