use super::entries::MountEntries;
use super::spot::{Spot, Target};
use crate::fs::opening::place_to_open;
use crate::fs::path::{GuestPath, Last, check_link_text};
use crate::fs::walk::Follow;
use crate::fs::{self, Dir, Entries, FileKind, Node, OpenOptions, SetTime, Stat, SyncKind};
use crate::{ErrorCode, Result};
use std::sync::Arc;

/// A folder that has mount points below it.
pub(super) struct MountDir {
    spot: Spot,
}

impl MountDir {
    pub(super) fn new(spot: Spot) -> Self {
        Self { spot }
    }

    /// What is at a path, to look at.
    fn find(&self, path: GuestPath<'_>, follow: bool) -> Result<Target> {
        let follow = if follow || path.slash { Follow::Always } else { Follow::Never };
        let place = self.spot.place(&path, follow)?;
        let slash = place.slash;
        match Spot::target(place)? {
            Target::File(_) if slash => Err(ErrorCode::NotDirectory),
            target => Ok(target),
        }
    }

    /// The folder and name where something is to be made. Where there is a mount point, `taken`.
    pub(super) fn vacancy(&self, path: &str, taken: ErrorCode) -> Result<(Arc<dyn Dir>, String)> {
        let path = GuestPath::parse(path)?;
        match Spot::target(self.spot.place(&path, Follow::Never)?)? {
            Target::Name(dir, name) => Ok((dir, name)),
            Target::Missing => Err(ErrorCode::ReadOnly),
            Target::Own(_) | Target::Point(_) | Target::File(_) => Err(taken),
        }
    }
}

/// A name, and whether a slash behind it wants a folder.
///
/// A folder is never asked for a name with its slash, which would follow a link there: one that was
/// put there since the walk has looked would be followed past the mount points.
fn without_slash(name: &str) -> (&str, bool) {
    name.strip_suffix('/').map_or((name, false), |name| (name, true))
}

fn stat_name(dir: &dyn Dir, name: &str) -> Result<Stat> {
    let (name, slash) = without_slash(name);
    let stat = dir.stat_at(name, false)?;
    if slash && stat.kind != FileKind::Directory {
        return Err(ErrorCode::NotDirectory);
    }
    Ok(stat)
}

fn open_folder(spot: Spot, options: &OpenOptions) -> Result<Node> {
    if options.create && options.exclusive {
        return Err(ErrorCode::Exists);
    }
    if options.create || options.write || options.truncate {
        return Err(ErrorCode::IsDirectory);
    }
    Ok(Node::Dir(spot.into_dir()))
}

impl Dir for MountDir {
    fn open(&self, path: &str, options: &OpenOptions) -> Result<Node> {
        let path = GuestPath::parse(path)?;
        let exclusive = options.create && options.exclusive;
        let place = place_to_open(&path, options, |path, follow| self.spot.place(path, follow))?;
        let slash = place.slash;
        match Spot::target(place)? {
            Target::Own(spot) | Target::Point(spot) => open_folder(spot, options),
            Target::File(_) if slash => Err(ErrorCode::NotDirectory),
            Target::File(_) if exclusive => Err(ErrorCode::Exists),
            Target::File(file) => Ok(Node::File(file.open(options)?)),
            Target::Name(dir, name) => {
                let (name, directory) = without_slash(&name);
                let directory = options.directory || directory;
                dir.open(name, &OpenOptions { follow: false, directory, ..*options })
            }
            Target::Missing if options.create => Err(ErrorCode::ReadOnly),
            Target::Missing => Err(ErrorCode::NoEntry),
        }
    }

    fn stat_at(&self, path: &str, follow: bool) -> Result<Stat> {
        match self.find(GuestPath::parse(path)?, follow)? {
            Target::Own(spot) | Target::Point(spot) => spot.stat(),
            Target::File(file) => file.stat(),
            Target::Name(dir, name) => stat_name(&*dir, &name),
            Target::Missing => Err(ErrorCode::NoEntry),
        }
    }

    fn set_times_at(
        &self,
        path: &str,
        follow: bool,
        accessed: SetTime,
        modified: SetTime,
    ) -> Result<()> {
        match self.find(GuestPath::parse(path)?, follow)? {
            Target::Own(spot) | Target::Point(spot) => spot.set_times(accessed, modified),
            Target::File(file) => file.set_times(accessed, modified),
            Target::Name(dir, name) => {
                stat_name(&*dir, &name)?;
                dir.set_times_at(without_slash(&name).0, false, accessed, modified)
            }
            Target::Missing => Err(ErrorCode::NoEntry),
        }
    }

    fn create_dir(&self, path: &str) -> Result<()> {
        let (dir, name) = self.vacancy(path, ErrorCode::Exists)?;
        dir.create_dir(&name)
    }

    fn remove_dir(&self, path: &str) -> Result<()> {
        let path = GuestPath::parse(path)?;
        let place = self.spot.place(&path, Follow::Never)?;
        match &place.last {
            Last::Name(_) => {}
            Last::Dot => return Err(ErrorCode::Invalid),
            Last::DotDot => return Err(ErrorCode::NotEmpty),
        }
        match Spot::target(place)? {
            Target::Name(dir, name) => dir.remove_dir(&name),
            Target::File(_) => Err(ErrorCode::NotDirectory),
            Target::Own(_) | Target::Point(_) => Err(ErrorCode::Busy),
            Target::Missing => Err(ErrorCode::NoEntry),
        }
    }

    fn remove_file(&self, path: &str) -> Result<()> {
        let path = GuestPath::parse(path)?;
        match Spot::target(self.spot.place(&path, Follow::Never)?)? {
            Target::Name(dir, name) => dir.remove_file(&name),
            Target::File(_) if path.slash => Err(ErrorCode::NotDirectory),
            Target::File(_) => Err(ErrorCode::Busy),
            Target::Own(_) | Target::Point(_) => Err(ErrorCode::IsDirectory),
            Target::Missing => Err(ErrorCode::NoEntry),
        }
    }

    fn symlink(&self, target: &str, path: &str) -> Result<()> {
        GuestPath::parse(path)?;
        check_link_text(target)?;
        let (dir, name) = self.vacancy(path, ErrorCode::Exists)?;
        dir.symlink(target, &name)
    }

    fn read_link(&self, path: &str) -> Result<Vec<u8>> {
        match self.find(GuestPath::parse(path)?, false)? {
            Target::Name(dir, name) => dir.read_link(&name),
            Target::Missing => Err(ErrorCode::NoEntry),
            _ => Err(ErrorCode::Invalid),
        }
    }

    fn rename_to(&self, path: &str, to_dir: &dyn Dir, to: &str) -> Result<()> {
        let path = GuestPath::parse(path)?;
        GuestPath::parse(to)?;
        match Spot::target(self.spot.place(&path, Follow::Never)?)? {
            Target::Name(dir, name) => fs::rename(&*dir, &name, to_dir, to),
            // An error in any case; which one, `to` may decide.
            Target::Own(Spot { dir: Some(dir), .. }) => fs::rename(&*dir, ".", to_dir, to),
            Target::Missing => Err(ErrorCode::NoEntry),
            _ => Err(ErrorCode::Busy),
        }
    }

    fn link_to(&self, path: &str, follow: bool, to_dir: &dyn Dir, to: &str) -> Result<()> {
        let path = GuestPath::parse(path)?;
        GuestPath::parse(to)?;
        match self.find(path, follow)? {
            Target::Name(dir, name) => {
                // Systems look at the old name before the new one.
                dir.stat_at(&name, false)?;
                fs::link(&*dir, &name, false, to_dir, to)
            }
            Target::Own(Spot { dir: Some(dir), .. }) => fs::link(&*dir, ".", false, to_dir, to),
            Target::File(_) => Err(ErrorCode::CrossDevice),
            Target::Missing => Err(ErrorCode::NoEntry),
            Target::Own(_) | Target::Point(_) => Err(ErrorCode::NotPermitted),
        }
    }

    fn stat(&self) -> Result<Stat> {
        self.spot.stat()
    }

    fn set_times(&self, accessed: SetTime, modified: SetTime) -> Result<()> {
        self.spot.set_times(accessed, modified)
    }

    fn sync(&self, kind: SyncKind) -> Result<()> {
        self.spot.dir.as_ref().map_or(Ok(()), |dir| dir.sync(kind))
    }

    fn entries(&self) -> Result<Box<dyn Entries>> {
        Ok(Box::new(MountEntries::new(&self.spot)?))
    }

    /// Only where everything below is, too: a guest is told once, for the whole tree.
    fn is_read_only(&self) -> bool {
        let below = self.spot.node.as_ref().is_some_and(|node| node.writable_below);
        let here = self.spot.dir.as_ref().is_some_and(|dir| !dir.is_read_only());
        !below && !here
    }
    fn permissions(&self) -> Option<u16> {
        self.spot.dir.as_ref()?.permissions()
    }
}
