use super::entries::MemoryEntries;
use super::inode::{Body, Inode};
use super::volume::Volume;
use super::{open, rename};
use crate::fs::path::{GuestPath, Last, Place, check_link_text};
use crate::fs::walk::{Follow, walk};
use crate::fs::{Dir, Entries, FileKind, Node, OpenOptions, SetTime, Stat, SyncKind};
use crate::refusal::LimitWatch;
use crate::{ErrorCode, Result};
use std::any::Any;
use std::sync::{Arc, Weak};

/// A folder in memory.
///
/// The time of the last read is kept as it was set; reading does not change it.
#[derive(Clone)]
pub struct MemoryDir {
    pub(super) volume: Arc<Volume>,
    pub(super) inode: Arc<Inode>,
}

impl MemoryDir {
    /// An empty folder for `max_bytes` of files. Each name below it costs 256 bytes and its length
    /// as well, so that many empty files are not free.
    #[must_use]
    pub fn new(max_bytes: u64) -> Self {
        Self::watched(max_bytes, LimitWatch::default())
    }

    /// The same; `watch` is told when more bytes are wanted.
    #[must_use]
    pub fn watched(max_bytes: u64, watch: LimitWatch) -> Self {
        let volume = Volume::new(max_bytes, watch);
        let inode = volume.folder(Weak::new());
        Self { volume: Arc::new(volume), inode }
    }

    /// The folder that holds the path's last component; see the walk.
    pub(super) fn place(&self, path: &GuestPath<'_>, follow: Follow) -> Result<MemoryPlace> {
        let place = walk(Arc::clone(&self.inode), path.text(), follow)?;
        Ok(Place { slash: path.slash || follow != Follow::Never && place.slash, ..place })
    }

    /// What is at the path.
    fn find(&self, path: GuestPath<'_>, follow: bool) -> Result<Arc<Inode>> {
        let follow = if follow || path.slash { Follow::Always } else { Follow::Never };
        find_at(&self.place(&path, follow)?)
    }

    fn same_volume<'a>(&self, dir: &'a dyn Dir) -> Result<&'a Self> {
        let dir = (dir as &dyn Any).downcast_ref::<Self>();
        let dir = dir.filter(|dir| Arc::ptr_eq(&dir.volume, &self.volume));
        dir.ok_or(ErrorCode::CrossDevice)
    }
}

pub(super) type MemoryPlace = Place<'static, Arc<Inode>>;

/// What is at a place.
///
/// # Errors
/// `NoEntry`, and `NotDirectory` where a slash wants one.
pub(super) fn find_at(place: &MemoryPlace) -> Result<Arc<Inode>> {
    let inode = match &place.last {
        Last::Dot | Last::DotDot => Arc::clone(&place.folder),
        Last::Name(name) => place.folder.child(name)?.ok_or(ErrorCode::NoEntry)?,
    };
    if place.slash && inode.kind != FileKind::Directory {
        return Err(ErrorCode::NotDirectory);
    }
    Ok(inode)
}

/// The name at a place where something is to be made that is no directory.
pub(super) fn new_name(place: &MemoryPlace) -> Result<&[u8]> {
    let name = place.ordinary(ErrorCode::Exists)?;
    match place.folder.child(name)? {
        Some(_) => Err(ErrorCode::Exists),
        None if place.slash => Err(ErrorCode::NoEntry),
        None => Ok(name),
    }
}

impl Dir for MemoryDir {
    fn open(&self, path: &str, options: &OpenOptions) -> Result<Node> {
        open::open(self, &GuestPath::parse(path)?, options)
    }

    fn open_direct(&self, path: &str, options: &OpenOptions) -> Option<Result<Node>> {
        open::open_direct(self, &GuestPath::parse(path).ok()?, options)
    }

    fn stat_at(&self, path: &str, follow: bool) -> Result<Stat> {
        Ok(self.find(GuestPath::parse(path)?, follow)?.stat())
    }

    fn set_times_at(
        &self,
        path: &str,
        follow: bool,
        accessed: SetTime,
        modified: SetTime,
    ) -> Result<()> {
        self.find(GuestPath::parse(path)?, follow)?.set_times(accessed, modified)
    }

    fn create_dir(&self, path: &str) -> Result<()> {
        let place = self.place(&GuestPath::parse(path)?, Follow::Never)?;
        let name = place.ordinary(ErrorCode::Exists)?;
        let _lock = self.volume.lock_names();
        let folder = self.volume.folder(Arc::downgrade(&place.folder));
        open::add(&self.volume, &place.folder, name, folder)
    }

    fn remove_dir(&self, path: &str) -> Result<()> {
        let place = self.place(&GuestPath::parse(path)?, Follow::Never)?;
        let name = match &place.last {
            Last::Name(name) => name,
            Last::Dot => return Err(ErrorCode::Invalid),
            Last::DotDot => return Err(ErrorCode::NotEmpty),
        };
        let _lock = self.volume.lock_names();
        let inode = place.folder.child(name)?.ok_or(ErrorCode::NoEntry)?;
        inode.lock().names()?.bury()?;
        rename::unname(&place.folder, name)
    }

    fn remove_file(&self, path: &str) -> Result<()> {
        let place = self.place(&GuestPath::parse(path)?, Follow::Never)?;
        let name = place.ordinary(ErrorCode::IsDirectory)?;
        let _lock = self.volume.lock_names();
        let inode = place.folder.child(name)?.ok_or(ErrorCode::NoEntry)?;
        if inode.kind == FileKind::Directory {
            return Err(ErrorCode::IsDirectory);
        }
        if place.slash {
            return Err(ErrorCode::NotDirectory);
        }
        rename::unname(&place.folder, name)
    }

    fn symlink(&self, target: &str, path: &str) -> Result<()> {
        let path = GuestPath::parse(path)?;
        check_link_text(target)?;
        let place = self.place(&path, Follow::Never)?;
        let _lock = self.volume.lock_names();
        let name = new_name(&place)?;
        open::add(&self.volume, &place.folder, name, self.volume.link(target)?)
    }

    fn read_link(&self, path: &str) -> Result<Vec<u8>> {
        match &self.find(GuestPath::parse(path)?, false)?.lock().body {
            Body::Link(text) => Ok(text.bytes.clone()),
            _ => Err(ErrorCode::Invalid),
        }
    }

    fn rename_to(&self, path: &str, to_dir: &dyn Dir, to: &str) -> Result<()> {
        let to_dir = self.same_volume(to_dir)?;
        let (path, to) = (GuestPath::parse(path)?, GuestPath::parse(to)?);
        let from = self.place(&path, Follow::Never)?;
        let to = to_dir.place(&to, Follow::Never)?;
        rename::rename(&self.volume, &from, &to)
    }

    fn link_to(&self, path: &str, follow: bool, to_dir: &dyn Dir, to: &str) -> Result<()> {
        let to_dir = self.same_volume(to_dir)?;
        let (path, to) = (GuestPath::parse(path)?, GuestPath::parse(to)?);
        let inode = self.find(path, follow)?;
        let to = to_dir.place(&to, Follow::Never)?;
        let _lock = self.volume.lock_names();
        let name = new_name(&to)?;
        if inode.kind == FileKind::Directory {
            return Err(ErrorCode::NotPermitted);
        }
        if inode.lock().links == 0 {
            return Err(ErrorCode::NoEntry);
        }
        open::add(&self.volume, &to.folder, name, Arc::clone(&inode))?;
        let mut state = inode.lock();
        state.links += 1;
        state.touch_metadata();
        Ok(())
    }

    fn stat(&self) -> Result<Stat> {
        Ok(self.inode.stat())
    }

    fn set_times(&self, accessed: SetTime, modified: SetTime) -> Result<()> {
        self.inode.set_times(accessed, modified)
    }

    fn sync(&self, _: SyncKind) -> Result<()> {
        Ok(())
    }

    fn entries(&self) -> Result<Box<dyn Entries>> {
        Ok(Box::new(MemoryEntries::new(Arc::clone(&self.inode))))
    }

    fn is_read_only(&self) -> bool {
        false
    }
}
