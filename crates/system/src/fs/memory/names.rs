use super::inode::Inode;
use super::quota::Charge;
use crate::{ErrorCode, Result};
use std::collections::BTreeMap;
use std::sync::{Arc, Weak};

/// The longest name in bytes, as elsewhere.
const LONGEST: usize = 255;

/// Cookies before this one belong to `.` and `..`.
pub(super) const FIRST_COOKIE: u64 = 2;

/// What a folder holds.
pub(super) struct Names {
    slots: BTreeMap<Arc<[u8]>, Slot>,
    /// The names in the order in which they came: a place in this order stays valid whatever
    /// comes and goes.
    order: BTreeMap<u64, Arc<[u8]>>,
    next: u64,
    parent: Weak<Inode>,
    /// Removed from its parent: nothing can be made in it any more.
    removed: bool,
}

pub(super) struct Slot {
    pub(super) inode: Arc<Inode>,
    cookie: u64,
    charge: Charge,
}

/// # Errors
/// `NameTooLong`.
pub(super) fn check(name: &[u8]) -> Result<()> {
    if name.len() > LONGEST { Err(ErrorCode::NameTooLong) } else { Ok(()) }
}

impl Names {
    pub(super) fn new(parent: Weak<Inode>) -> Self {
        Self {
            slots: BTreeMap::new(),
            order: BTreeMap::new(),
            next: FIRST_COOKIE,
            parent,
            removed: false,
        }
    }

    pub(super) fn len(&self) -> u64 {
        self.slots.len() as u64
    }

    pub(super) fn get(&self, name: &[u8]) -> Option<Arc<Inode>> {
        self.slots.get(name).map(|slot| Arc::clone(&slot.inode))
    }

    /// Whether a new name may be made here.
    ///
    /// # Errors
    /// `NoEntry` when the folder was removed, `Exists`, `NameTooLong`.
    pub(super) fn check_new(&self, name: &[u8]) -> Result<()> {
        check(name)?;
        if self.slots.contains_key(name) {
            return Err(ErrorCode::Exists);
        }
        self.check_alive()
    }

    /// # Errors
    /// `NoEntry` when the folder was removed.
    pub(super) fn check_alive(&self) -> Result<()> {
        if self.removed { Err(ErrorCode::NoEntry) } else { Ok(()) }
    }

    /// Adds a name, in place of what had it.
    pub(super) fn insert(&mut self, name: &[u8], inode: Arc<Inode>, charge: Charge) {
        self.remove(name);
        let name: Arc<[u8]> = name.into();
        let cookie = self.next;
        self.next += 1;
        self.order.insert(cookie, Arc::clone(&name));
        self.slots.insert(name, Slot { inode, cookie, charge });
    }

    /// Takes a name away; gives what it was charged.
    pub(super) fn remove(&mut self, name: &[u8]) -> Option<Charge> {
        let slot = self.slots.remove(name)?;
        self.order.remove(&slot.cookie);
        Some(slot.charge)
    }

    /// The first name at or behind a cookie, with its own.
    pub(super) fn at(&self, cookie: u64) -> Option<(u64, &[u8], &Arc<Inode>)> {
        let (cookie, name) = self.order.range(cookie..).next()?;
        Some((*cookie, name, &self.slots.get(name)?.inode))
    }

    /// The cookie that the next new name will get.
    pub(super) fn end(&self) -> u64 {
        self.next
    }

    pub(super) fn parent(&self) -> Option<Arc<Inode>> {
        self.parent.upgrade()
    }

    pub(super) fn set_parent(&mut self, parent: &Arc<Inode>) {
        self.parent = Arc::downgrade(parent);
    }

    /// Marks the folder as removed.
    ///
    /// # Errors
    /// `NotEmpty`.
    pub(super) fn bury(&mut self) -> Result<()> {
        if !self.slots.is_empty() {
            return Err(ErrorCode::NotEmpty);
        }
        self.removed = true;
        Ok(())
    }

    /// Takes out everything.
    pub(super) fn take_all(&mut self) -> Vec<Arc<Inode>> {
        self.order.clear();
        std::mem::take(&mut self.slots).into_values().map(|slot| slot.inode).collect()
    }
}
