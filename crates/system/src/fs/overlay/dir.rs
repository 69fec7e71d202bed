use super::changes::{self, Change};
use super::copy_up::{self, upper_of};
use super::entries::MergedEntries;
use super::folder::{Folder, Found, Layer, text};
use super::identity::Identities;
use super::pending::Pending;
use super::{names, open, rename};
use crate::fs::path::{GuestPath, Last, Place};
use crate::fs::walk::{Follow, walk};
use crate::fs::{Dir, Entries, FileKind, Node, OpenOptions, SetTime, Stat, SyncKind};
use crate::{ErrorCode, Result};
use std::any::Any;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// A folder of which every change goes to an upper folder, while the lower one stays as it is.
///
/// Files of the upper folder are handed out as they are, and the lower one's cost a call more to
/// read: an open file is as fast as without the overlay.
#[derive(Clone)]
pub struct Overlay {
    pub(super) tree: Arc<Tree>,
    pub(super) folder: Arc<Folder>,
}

/// What all handles of an overlay share.
pub(super) struct Tree {
    top: Arc<Folder>,
    names: RwLock<()>,
    pub(super) identities: Identities,
    pub(super) pending: Pending,
}

impl Tree {
    /// To be held while paths are looked up.
    pub(super) fn look(&self) -> RwLockReadGuard<'_, ()> {
        self.names.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// To be held while names change, and while something is copied up.
    pub(super) fn change(&self) -> RwLockWriteGuard<'_, ()> {
        self.names.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The metadata of a folder of which this is what the layers say.
    fn folder_stat(&self, upper: Option<Stat>, lower: Option<Stat>) -> Result<Stat> {
        match (upper, lower) {
            // One link says that the number of folders below is not known.
            (Some(upper), Some(Stat { device, inode, .. })) => {
                Ok(Stat { device, inode, links: 1, ..upper })
            }
            (Some(upper), None) => Ok(self.identities.told(upper)),
            (None, Some(lower)) => Ok(lower),
            (None, None) => Err(ErrorCode::NoEntry),
        }
    }
}

impl Overlay {
    /// `lower` as it is, with the changes that `upper` holds and will hold.
    ///
    /// While it lives, `upper` belongs to this overlay alone: what anybody else does there may be
    /// seen late, or not at all. An upper folder that was an overlay's before brings its changes
    /// with it; what it may take is its own affair (the size of a
    /// [`MemoryDir`](crate::fs::MemoryDir), a [`Quota`](crate::fs::Quota) around it).
    #[must_use]
    pub fn new(lower: Arc<dyn Dir>, upper: Arc<dyn Dir>) -> Self {
        let top = Folder::top(lower, upper);
        let tree = Tree {
            top: Arc::clone(&top),
            names: RwLock::new(()),
            identities: Identities::default(),
            pending: Pending::default(),
        };
        Self { tree: Arc::new(tree), folder: top }
    }

    /// What is different from the lower folder, sorted by path: everything that was added or
    /// deleted, each file below a folder too, and all files with other contents or another time of
    /// modification. Times of folders are not compared.
    ///
    /// # Errors
    /// What reading either folder gives.
    pub fn changes(&self) -> Result<Vec<Change>> {
        let _names = self.tree.look();
        changes::changes(&self.tree.top)
    }

    /// The folder that holds the path's last component; see the walk.
    pub(super) fn place(&self, path: &GuestPath<'_>, follow: Follow) -> Result<OverlayPlace> {
        let place = walk(Arc::clone(&self.folder), path.text(), follow)?;
        Ok(Place { slash: path.slash || follow != Follow::Never && place.slash, ..place })
    }

    /// The place of what the path means.
    fn meant(&self, path: GuestPath<'_>, follow: bool) -> Result<OverlayPlace> {
        let follow = if follow || path.slash { Follow::Always } else { Follow::Never };
        self.place(&path, follow)
    }

    pub(super) fn handle(&self, folder: Arc<Folder>) -> Self {
        Self { tree: Arc::clone(&self.tree), folder }
    }

    fn same_tree<'a>(&self, dir: &'a dyn Dir) -> Result<&'a Self> {
        let dir = (dir as &dyn Any).downcast_ref::<Self>();
        let dir = dir.filter(|dir| Arc::ptr_eq(&dir.tree, &self.tree));
        dir.ok_or(ErrorCode::CrossDevice)
    }

    fn stat_found(&self, folder: &Folder, name: &str, found: &Found) -> Result<Stat> {
        let stat = found.stat;
        match (found.layer, stat.kind) {
            (Layer::Lower, _) => Ok(stat),
            (Layer::Upper, FileKind::Directory) => {
                let lower = folder.look_lower(name)?;
                let lower = lower.filter(|lower| lower.kind == FileKind::Directory);
                self.tree.folder_stat(Some(stat), lower)
            }
            (Layer::Upper, _) => Ok(self.tree.identities.told(stat)),
        }
    }

    fn stat_folder(&self, folder: &Folder) -> Result<Stat> {
        let upper = folder.upper().map(|upper| upper.stat()).transpose()?;
        let lower = folder.lower().map(|lower| lower.stat()).transpose()?;
        let stat = self.tree.folder_stat(upper, lower)?;
        let links = if folder.spot.is_removed() { 0 } else { stat.links };
        Ok(Stat { links, ..stat })
    }
}

pub(super) type OverlayPlace = Place<'static, Arc<Folder>>;

/// What a path means.
pub(super) enum Target<'a> {
    /// The folder that the walk has ended in.
    Folder(&'a Arc<Folder>),
    /// What is seen at a name there.
    Name(&'a str, Found),
}

/// What is at a place.
///
/// # Errors
/// `NoEntry`, and `NotDirectory` where a slash wants one.
pub(super) fn find_at(place: &OverlayPlace) -> Result<Target<'_>> {
    let Last::Name(name) = &place.last else { return Ok(Target::Folder(&place.folder)) };
    let name = text(name)?;
    let found = place.folder.look(name)?.ok_or(ErrorCode::NoEntry)?;
    if place.slash && found.stat.kind != FileKind::Directory {
        return Err(ErrorCode::NotDirectory);
    }
    Ok(Target::Name(name, found))
}

impl Dir for Overlay {
    fn open(&self, path: &str, options: &OpenOptions) -> Result<Node> {
        open::open(self, &GuestPath::parse(path)?, options)
    }

    fn stat_at(&self, path: &str, follow: bool) -> Result<Stat> {
        let path = GuestPath::parse(path)?;
        let _names = self.tree.look();
        let place = self.meant(path, follow)?;
        match find_at(&place)? {
            Target::Folder(folder) => self.stat_folder(folder),
            Target::Name(name, found) => self.stat_found(&place.folder, name, &found),
        }
    }

    fn set_times_at(
        &self,
        path: &str,
        follow: bool,
        accessed: SetTime,
        modified: SetTime,
    ) -> Result<()> {
        copy_up::check_times(accessed, modified)?;
        let path = GuestPath::parse(path)?;
        let _names = self.tree.change();
        let place = self.meant(path, follow)?;
        match find_at(&place)? {
            Target::Folder(folder) => upper_of(folder)?.set_times(accessed, modified),
            Target::Name(name, found) if found.stat.kind == FileKind::Directory => {
                upper_of(&place.folder.child(name)?)?.set_times(accessed, modified)
            }
            Target::Name(name, _) => copy_up::copy_up(&self.tree, &place.folder, name)?
                .set_times_at(name, false, accessed, modified),
        }
    }

    fn create_dir(&self, path: &str) -> Result<()> {
        let path = GuestPath::parse(path)?;
        let _names = self.tree.change();
        names::create_dir(&self.place(&path, Follow::Never)?)
    }

    fn remove_dir(&self, path: &str) -> Result<()> {
        let path = GuestPath::parse(path)?;
        let _names = self.tree.change();
        names::remove_dir(&self.tree, &self.place(&path, Follow::Never)?)
    }

    fn remove_file(&self, path: &str) -> Result<()> {
        let path = GuestPath::parse(path)?;
        let _names = self.tree.change();
        names::remove_file(&self.tree, &self.place(&path, Follow::Never)?)
    }

    fn symlink(&self, target: &str, path: &str) -> Result<()> {
        let path = GuestPath::parse(path)?;
        crate::fs::path::check_link_text(target)?;
        let _names = self.tree.change();
        names::symlink(target, &self.place(&path, Follow::Never)?)
    }

    fn read_link(&self, path: &str) -> Result<Vec<u8>> {
        let path = GuestPath::parse(path)?;
        let _names = self.tree.look();
        let place = self.meant(path, false)?;
        match find_at(&place)? {
            Target::Name(name, found) if found.stat.kind == FileKind::SymbolicLink => {
                place.folder.read_link(name, &found)
            }
            _ => Err(ErrorCode::Invalid),
        }
    }

    fn rename_to(&self, path: &str, to_dir: &dyn Dir, to: &str) -> Result<()> {
        let to_dir = self.same_tree(to_dir)?;
        let (path, to) = (GuestPath::parse(path)?, GuestPath::parse(to)?);
        let _names = self.tree.change();
        let from = self.place(&path, Follow::Never)?;
        let to = to_dir.place(&to, Follow::Never)?;
        rename::rename(&self.tree, &from, &to)
    }

    fn link_to(&self, path: &str, follow: bool, to_dir: &dyn Dir, to: &str) -> Result<()> {
        let to_dir = self.same_tree(to_dir)?;
        let (path, to) = (GuestPath::parse(path)?, GuestPath::parse(to)?);
        let _names = self.tree.change();
        let from = self.meant(path, follow)?;
        names::link(&self.tree, &from, || to_dir.place(&to, Follow::Never))
    }

    fn stat(&self) -> Result<Stat> {
        let _names = self.tree.look();
        self.stat_folder(&self.folder)
    }

    fn set_times(&self, accessed: SetTime, modified: SetTime) -> Result<()> {
        copy_up::check_times(accessed, modified)?;
        let _names = self.tree.change();
        upper_of(&self.folder)?.set_times(accessed, modified)
    }

    fn sync(&self, kind: SyncKind) -> Result<()> {
        self.folder.upper().map_or(Ok(()), |upper| upper.sync(kind))
    }

    fn entries(&self) -> Result<Box<dyn Entries>> {
        let entries = MergedEntries::new(Arc::clone(&self.tree), Arc::clone(&self.folder))?;
        Ok(Box::new(entries.locking()))
    }

    fn is_read_only(&self) -> bool {
        self.tree.top.upper().is_none_or(|upper| upper.is_read_only())
    }
}
