use super::account::{Account, Slot, identity};
use super::file::QuotaFile;
use super::inode::Inode;
use super::{QuotaLimits, QuotaWatch};
use crate::fs::forward::forward_dir;
use crate::fs::{Dir, File, Node, OpenOptions};
use crate::{ErrorCode, Result};
use std::any::Any;
use std::sync::Arc;

/// A folder with limits, shared by everything that is opened through it.
///
/// Reading files costs a call more, and so does writing over what is there, beside the lock of the
/// handle's position; where a file grows, there is another lock and an atomic operation.
pub struct Quota {
    dir: Arc<dyn Dir>,
    account: Arc<Account>,
    /// Of folders below the mount.
    _slot: Option<Slot>,
}

impl Quota {
    /// `dir`, within `limits`.
    #[must_use]
    pub fn new(dir: Arc<dyn Dir>, limits: QuotaLimits) -> Self {
        Self::watched(dir, limits, QuotaWatch::default())
    }

    /// `dir`, within `limits`; `watch` is told of what they refuse.
    #[must_use]
    pub fn watched(dir: Arc<dyn Dir>, limits: QuotaLimits, watch: QuotaWatch) -> Self {
        Self { dir, account: Account::new(limits, watch), _slot: None }
    }

    /// Opens what may have to be made, and says whether it was.
    fn open_or_create(&self, path: &str, options: &OpenOptions) -> Result<(Node, bool)> {
        let follow = options.follow && !options.exclusive;
        let is_new = options.create && self.dir.stat_at(path, follow).is_err();
        let name = if is_new { Some(self.account.new_name()?) } else { None };
        let node = self.dir.open(path, options)?;
        if let Some(name) = name {
            name.keep();
        }
        Ok((node, is_new))
    }

    /// Opens and empties. The bytes are given back, and counted as those of nobody else, while
    /// the file's size is locked.
    fn open_and_empty(&self, path: &str, options: &OpenOptions) -> Result<Node> {
        if !options.write {
            return self.open_to_read_and_empty(path, options);
        }
        let keep = OpenOptions { truncate: false, ..*options };
        let (node, is_new) = self.open_or_create(path, &keep)?;
        if let Node::File(file) = &node
            && !is_new
        {
            match self.account.inode(&file.stat()?) {
                Some(inode) => inode.set_size(0, || file.set_size(0))?,
                // Pipes and devices have no size to set.
                None if file.kind()? == crate::fs::FileKind::Regular => file.set_size(0)?,
                None => {}
            }
        }
        Ok(node)
    }

    /// The same without the right to write, which POSIX leaves open and Linux allows: only opening
    /// itself can do it.
    fn open_to_read_and_empty(&self, path: &str, options: &OpenOptions) -> Result<Node> {
        let before = self.dir.stat_at(path, options.follow).ok();
        let inode = before.and_then(|stat| self.account.inode(&stat));
        let (Some(inode), Some(before)) = (inode, before) else {
            return Ok(self.open_or_create(path, options)?.0);
        };
        let mut opened = Err(ErrorCode::NoEntry);
        let _ = inode.set_size(0, || {
            opened = self.dir.open(path, options);
            match &opened {
                Ok(Node::File(file)) if identity(&file.stat()?) == identity(&before) => Ok(()),
                // Not this file: nothing to give back.
                _ => Err(ErrorCode::NoEntry),
            }
        });
        opened
    }

    fn same_mount<'a>(&self, dir: &'a dyn Dir) -> Result<&'a Self> {
        let dir = (dir as &dyn Any).downcast_ref::<Self>();
        let dir = dir.filter(|dir| Arc::ptr_eq(&dir.account, &self.account));
        dir.ok_or(ErrorCode::CrossDevice)
    }

    fn inode(&self, file: &dyn File) -> Result<Option<Arc<Inode>>> {
        if !self.account.limits.sizes() {
            return Ok(None);
        }
        Ok(self.account.inode(&file.stat()?))
    }

    /// What was opened, within the limits.
    fn handed_out(&self, node: Node, options: &OpenOptions, slot: Slot) -> Result<Node> {
        Ok(match node {
            Node::File(file) => {
                let inode = self.inode(&*file)?;
                Node::File(Arc::new(QuotaFile::new(file, inode, options, slot)))
            }
            Node::Dir(dir) => {
                let account = Arc::clone(&self.account);
                Node::Dir(Arc::new(Self { dir, account, _slot: Some(slot) }))
            }
        })
    }

    /// Makes a name.
    fn make(&self, make: impl FnOnce() -> Result<()>) -> Result<()> {
        let name = self.account.new_name()?;
        make()?;
        name.keep();
        Ok(())
    }
}

impl Dir for Quota {
    forward_dir!(dir: stat_at, set_times_at, read_link, stat, set_times, sync, entries, is_read_only);

    fn open(&self, path: &str, options: &OpenOptions) -> Result<Node> {
        let slot = self.account.slot()?;
        let changes = options.create || options.truncate;
        let _changing = changes.then(|| self.account.change());
        let _looking = (!changes).then(|| self.account.look());
        let node = if options.truncate && self.account.limits.sizes() {
            self.open_and_empty(path, options)?
        } else {
            self.open_or_create(path, options)?.0
        };
        self.handed_out(node, options, slot)
    }

    fn open_direct(&self, path: &str, options: &OpenOptions) -> Option<Result<Node>> {
        if options.create || options.truncate {
            return None;
        }
        // Where there is none to be had, the other way asks whether there may be.
        let slot = self.account.free_slot()?;
        let _looking = self.account.look();
        let node = self.dir.open_direct(path, options)?;
        Some(node.and_then(|node| self.handed_out(node, options, slot)))
    }

    fn create_dir(&self, path: &str) -> Result<()> {
        self.make(|| self.dir.create_dir(path))
    }

    fn remove_dir(&self, path: &str) -> Result<()> {
        let _names = self.account.change();
        let before = self.dir.stat_at(path, false);
        self.dir.remove_dir(path)?;
        before.iter().for_each(|stat| self.account.removed(stat));
        Ok(())
    }

    fn remove_file(&self, path: &str) -> Result<()> {
        let _names = self.account.change();
        let before = self.dir.stat_at(path, false);
        self.dir.remove_file(path)?;
        before.iter().for_each(|stat| self.account.removed(stat));
        Ok(())
    }

    fn symlink(&self, target: &str, path: &str) -> Result<()> {
        let bytes = target.len() as u64;
        self.account.grow(bytes)?;
        let made = self.make(|| self.dir.symlink(target, path));
        if made.is_err() {
            self.account.shrink(bytes);
        }
        made
    }

    fn rename_to(&self, path: &str, to_dir: &dyn Dir, to: &str) -> Result<()> {
        let to_dir = self.same_mount(to_dir)?;
        let _names = self.account.change();
        let from = self.dir.stat_at(path, false);
        let replaced = to_dir.dir.stat_at(to, false);
        crate::fs::rename(&*self.dir, path, &*to_dir.dir, to)?;
        if let (Ok(from), Ok(replaced)) = (from, replaced)
            // Two names of one file: both stay.
            && identity(&from) != identity(&replaced)
        {
            self.account.removed(&replaced);
        }
        Ok(())
    }

    fn link_to(&self, path: &str, follow: bool, to_dir: &dyn Dir, to: &str) -> Result<()> {
        let to_dir = self.same_mount(to_dir)?;
        let _names = self.account.change();
        self.make(|| crate::fs::link(&*self.dir, path, follow, &*to_dir.dir, to))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fs::MemoryDir;
    use crate::refusal::{Answer, LimitWatch};
    use std::sync::atomic::{AtomicU32, Ordering};

    /// Whoever opens directly goes on to open the other way, which asks.
    #[test]
    fn a_limit_asks_once_where_it_is_reached() {
        let asked = Arc::new(AtomicU32::new(0));
        let counted = asked.clone();
        let open_files = LimitWatch::new(move |_| {
            counted.fetch_add(1, Ordering::Relaxed);
            Answer::Deny
        });
        let limits = QuotaLimits { open_files: Some(1), ..QuotaLimits::default() };
        let watch = QuotaWatch { open_files, ..QuotaWatch::default() };
        let quota = Quota::watched(Arc::new(MemoryDir::new(1 << 20)), limits, watch);
        let new = OpenOptions { create: true, write: true, ..OpenOptions::default() };
        let old = OpenOptions { read: true, ..OpenOptions::default() };
        drop(quota.open("file", &new).unwrap());
        let open = quota.open_direct("file", &old).unwrap().ok();
        assert!(open.is_some());
        assert!(quota.open_direct("file", &old).is_none());
        assert_eq!(asked.load(Ordering::Relaxed), 0);
        assert_eq!(quota.open("file", &old).err(), Some(ErrorCode::TooManyOpen));
        assert_eq!(asked.load(Ordering::Relaxed), 1);
        drop(open);
        assert!(quota.open_direct("file", &old).unwrap().is_ok());
    }
}
