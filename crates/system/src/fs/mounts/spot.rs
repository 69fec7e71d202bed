use super::Mounted;
use super::dir::MountDir;
use super::tree::Node;
use crate::fs::path::{GuestPath, Last, Place};
use crate::fs::walk::{Folder, Follow, Step, walk};
use crate::fs::{self, Dir, FileKind, OpenOptions, SetTime, SingleFile, Stat, Timestamp};
use crate::{ErrorCode, Result};
use std::sync::Arc;

/// The device of folders that are there only because mount points lie below them.
const DEVICE: u64 = 1 << 61;

const FOLDER: OpenOptions = OpenOptions {
    read: true,
    write: false,
    append: false,
    create: false,
    exclusive: false,
    truncate: false,
    directory: true,
    follow: false,
    sync: None,
};

/// A folder on the way: a place among the mount points, in a folder that is mounted, or both.
#[derive(Clone)]
pub(super) struct Spot {
    /// Mount points are below it.
    pub(super) node: Option<Arc<Node>>,
    /// What is there beside them. Never missing together with `node`.
    pub(super) dir: Option<Arc<dyn Dir>>,
}

/// What a path comes to.
pub(super) enum Target {
    /// The folder that a path ending in `.` or `..` means.
    Own(Spot),
    /// A mount point, or a folder on the way to one.
    Point(Spot),
    /// A file that is mounted.
    File(Arc<SingleFile>),
    /// A name in a folder that is mounted, with its slash.
    Name(Arc<dyn Dir>, String),
    /// A name in a folder that has only mount points.
    Missing,
}

impl Spot {
    /// The spot of a node, in a folder of what is mounted above it, if there is such a folder.
    /// `None` for a file.
    pub(super) fn of(node: &Arc<Node>, above: Option<Arc<dyn Dir>>) -> Option<Self> {
        let dir = match &node.mounted {
            Some(Mounted::Dir(dir)) => Some(Arc::clone(dir)),
            Some(Mounted::File(_)) => return None,
            None => above,
        };
        // Below the last mount point nothing has to be known of mount points any more.
        let ended = node.children.is_empty() && dir.is_some();
        Some(Self { node: (!ended).then(|| Arc::clone(node)), dir })
    }

    pub(super) fn into_dir(self) -> Arc<dyn Dir> {
        match self {
            Self { node: None, dir: Some(dir) } => dir,
            spot => Arc::new(MountDir::new(spot)),
        }
    }

    pub(super) fn child(&self, name: &str) -> Option<&Arc<Node>> {
        self.node.as_ref()?.children.get(name)
    }

    pub(super) fn stat(&self) -> Result<Stat> {
        match (&self.dir, &self.node) {
            (Some(dir), _) => dir.stat(),
            (None, Some(node)) => Ok(made_folder(node)),
            (None, None) => Err(ErrorCode::NoEntry),
        }
    }

    pub(super) fn set_times(&self, accessed: SetTime, modified: SetTime) -> Result<()> {
        let dir = self.dir.as_ref().ok_or(ErrorCode::ReadOnly)?;
        dir.set_times(accessed, modified)
    }

    /// The place to which a path leads; see the walk.
    pub(super) fn place(
        &self,
        path: &GuestPath<'_>,
        follow: Follow,
    ) -> Result<Place<'static, Self>> {
        let place = walk(self.clone(), path.text(), follow)?;
        Ok(Place { slash: path.slash || follow != Follow::Never && place.slash, ..place })
    }

    /// What is there.
    pub(super) fn target(place: Place<'static, Self>) -> Result<Target> {
        let Place { folder, last, slash } = place;
        let Last::Name(name) = last else { return Ok(Target::Own(folder)) };
        let name = text(&name)?;
        if let Some(child) = folder.child(name) {
            if let Some(Mounted::File(file)) = &child.mounted {
                return Ok(Target::File(Arc::clone(file)));
            }
            let above = folder.below(name);
            return Ok(Spot::of(child, above).map_or(Target::Missing, Target::Point));
        }
        Ok(match folder.dir {
            Some(dir) => {
                Target::Name(dir, if slash { format!("{name}/") } else { name.to_owned() })
            }
            None => Target::Missing,
        })
    }

    /// The folder `name` of what is mounted here. Where there is none, what lies below is hidden
    /// all the same: it must not depend on the folder what a guest path means.
    fn below(&self, name: &str) -> Option<Arc<dyn Dir>> {
        match self.dir.as_ref()?.open(name, &FOLDER) {
            Ok(fs::Node::Dir(dir)) => Some(dir),
            _ => None,
        }
    }
}

impl Folder for Spot {
    fn enter(&self, name: &[u8]) -> Result<Step<Self>> {
        let name = text(name)?;
        if let Some(child) = self.child(name) {
            let spot = Self::of(child, self.below(name)).ok_or(ErrorCode::NotDirectory)?;
            return Ok(Step::Folder(spot));
        }
        let dir = self.dir.as_ref().ok_or(ErrorCode::NoEntry)?;
        match dir.open(name, &FOLDER) {
            Ok(fs::Node::Dir(dir)) => Ok(Step::Folder(Self { node: None, dir: Some(dir) })),
            Ok(fs::Node::File(_)) => Err(ErrorCode::NotDirectory),
            Err(error @ (ErrorCode::NotDirectory | ErrorCode::Loop)) => {
                self.link_text(name.as_bytes())?.map(Step::Link).ok_or(error)
            }
            Err(error) => Err(error),
        }
    }

    fn link_text(&self, name: &[u8]) -> Result<Option<Vec<u8>>> {
        let name = text(name)?;
        let Some(dir) = &self.dir else { return Ok(None) };
        if self.child(name).is_some() {
            return Ok(None);
        }
        match dir.read_link(name) {
            Ok(text) => Ok(Some(text)),
            Err(ErrorCode::Invalid | ErrorCode::NoEntry) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// A folder that is there for the mount points below it.
fn made_folder(node: &Node) -> Stat {
    Stat {
        device: DEVICE,
        inode: node.number,
        kind: FileKind::Directory,
        links: 2,
        size: node.children.len() as u64,
        accessed: Timestamp::default(),
        modified: Timestamp::default(),
        changed: Timestamp::default(),
    }
}

/// Paths are text; the texts of the host's symbolic links need not be.
fn text(name: &[u8]) -> Result<&str> {
    std::str::from_utf8(name).map_err(|_| ErrorCode::IllegalSequence)
}
