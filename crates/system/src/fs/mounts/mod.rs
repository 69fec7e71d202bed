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
    /// What they come to.
    folders: Vec<(String, Arc<dyn Dir>)>,
}

/// Makes the folder that one guest has for itself.
pub type MakeDir = Arc<dyn Fn() -> Arc<dyn Dir> + Send + Sync>;

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
    /// How another guest gets one of its own; the others share what is mounted.
    anew: Option<MakeDir>,
}

impl Point {
    fn new(guest: String, mounted: Mounted, anew: Option<MakeDir>) -> Self {
        Self { route: GuestRoute::parse(&guest), guest, mounted, anew }
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
        self.add_dir(guest.into(), dir, None)
    }

    /// Mounts a folder that is the guest's own: for another guest ([`Mounts::for_another_guest`]),
    /// `anew` makes another one.
    ///
    /// # Errors
    /// As [`Mounts::dir`].
    pub fn own_dir(
        &mut self,
        guest: impl Into<String>,
        dir: Arc<dyn Dir>,
        anew: MakeDir,
    ) -> Result<(), MountError> {
        self.add_dir(guest.into(), dir, Some(anew))
    }

    /// Mounts a file. The guest finds a folder that holds it: the one that is mounted there, or one
    /// with nothing but the files, and the mount points, that are mounted in it.
    ///
    /// # Errors
    /// [`MountError::Taken`], [`MountError::NoFilePath`], [`MountError::ThroughFile`].
    pub fn file(&mut self, guest: impl Into<String>, file: SingleFile) -> Result<(), MountError> {
        let guest = guest.into();
        self.paths.file(guest.as_str())?;
        self.add(Point::new(guest, Mounted::File(Arc::new(file)), None));
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
        self.folders.clone()
    }

    /// The same for another guest, with folders of its own where the first one has its own; `None`
    /// when there are none of these.
    #[must_use]
    pub fn for_another_guest(&self) -> Option<Self> {
        if self.points.iter().all(|point| point.anew.is_none()) {
            return None;
        }
        let mut points = self.points.clone();
        for point in &mut points {
            if let Some(anew) = &point.anew {
                point.mounted = Mounted::Dir(anew());
            }
        }
        Some(Self { folders: folders::folders(&points), points, paths: self.paths.clone() })
    }

    fn add_dir(
        &mut self,
        guest: String,
        dir: Arc<dyn Dir>,
        anew: Option<MakeDir>,
    ) -> Result<(), MountError> {
        self.paths.dir(guest.as_str())?;
        self.add(Point::new(guest, Mounted::Dir(dir), anew));
        Ok(())
    }

    fn add(&mut self, point: Point) {
        self.points.push(point);
        self.folders = folders::folders(&self.points);
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
