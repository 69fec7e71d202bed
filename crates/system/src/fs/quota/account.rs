use super::inode::{Identity, Inode};
use super::{QuotaLimits, QuotaWatch};
use crate::fs::{FileKind, Stat};
use crate::refusal::LimitWatch;
use crate::{ErrorCode, Result};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, Weak,
};

/// What was taken of one mount's limits.
pub(super) struct Account {
    pub(super) limits: QuotaLimits,
    pub(super) watch: QuotaWatch,
    bytes: AtomicU64,
    files: AtomicU64,
    open: AtomicU64,
    names: RwLock<()>,
    /// Regular files that are open.
    inodes: Mutex<HashMap<Identity, Weak<Inode>>>,
}

/// A name that was paid for, and is given back unless it is kept.
pub(super) struct NewName<'a>(&'a Account);

/// An open file or folder.
pub(super) struct Slot(Arc<Account>);

impl Account {
    pub(super) fn new(limits: QuotaLimits, watch: QuotaWatch) -> Arc<Self> {
        Arc::new(Self {
            limits,
            watch,
            bytes: AtomicU64::new(0),
            files: AtomicU64::new(0),
            open: AtomicU64::new(0),
            names: RwLock::new(()),
            inodes: Mutex::new(HashMap::new()),
        })
    }

    /// To be held while a name becomes an open file: nobody removes it meanwhile.
    pub(super) fn look(&self) -> RwLockReadGuard<'_, ()> {
        self.names.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// To be held while names come and go, so that what is counted is what happens.
    pub(super) fn change(&self) -> RwLockWriteGuard<'_, ()> {
        self.names.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// # Errors
    /// `Quota`.
    pub(super) fn grow(&self, bytes: u64) -> Result<()> {
        let taken = take(&self.bytes, bytes, self.limits.bytes, &self.watch.bytes);
        taken.ok_or(ErrorCode::Quota)
    }

    /// Takes what was used already.
    pub(super) fn grow_beyond(&self, bytes: u64) {
        let add = |used: u64| Some(used.saturating_add(bytes));
        let _ = self.bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
    }

    pub(super) fn shrink(&self, bytes: u64) {
        give_back(&self.bytes, bytes);
    }

    /// # Errors
    /// `Quota`.
    pub(super) fn new_name(&self) -> Result<NewName<'_>> {
        let taken = take(&self.files, 1, self.limits.files, &self.watch.files);
        taken.ok_or(ErrorCode::Quota)?;
        Ok(NewName(self))
    }

    /// # Errors
    /// `TooManyOpen`.
    pub(super) fn slot(self: &Arc<Self>) -> Result<Slot> {
        let taken = take(&self.open, 1, self.limits.open_files, &self.watch.open_files);
        taken.ok_or(ErrorCode::TooManyOpen)?;
        Ok(Slot(Arc::clone(self)))
    }

    /// The same, where the limit leaves one: nobody is told of it where not.
    pub(super) fn free_slot(self: &Arc<Self>) -> Option<Slot> {
        take(&self.open, 1, self.limits.open_files, &LimitWatch::default())?;
        Some(Slot(Arc::clone(self)))
    }

    /// A name is gone. `stat` is from before.
    pub(super) fn removed(&self, stat: &Stat) {
        give_back(&self.files, 1);
        if self.limits.bytes.is_none() || stat.links > 1 {
            return;
        }
        match stat.kind {
            FileKind::Regular => {
                let open = self.inodes().get(&identity(stat)).and_then(Weak::upgrade);
                match open {
                    Some(inode) => inode.unlinked(),
                    None => self.shrink(stat.size),
                }
            }
            FileKind::SymbolicLink => self.shrink(stat.size),
            _ => {}
        }
    }

    /// What is known of an open file; `None` where nothing has to be.
    pub(super) fn inode(self: &Arc<Self>, stat: &Stat) -> Option<Arc<Inode>> {
        if stat.kind != FileKind::Regular || !self.limits.sizes() {
            return None;
        }
        let mut inodes = self.inodes();
        if let Some(inode) = inodes.get(&identity(stat)).and_then(Weak::upgrade) {
            return Some(inode);
        }
        let inode = Inode::new(Arc::clone(self), identity(stat), stat.size);
        inodes.insert(identity(stat), Arc::downgrade(&inode));
        Some(inode)
    }

    /// Nobody has the file open any more.
    pub(super) fn closed(&self, identity: Identity) {
        let mut inodes = self.inodes();
        if inodes.get(&identity).is_some_and(|inode| inode.strong_count() == 0) {
            inodes.remove(&identity);
        }
    }

    fn inodes(&self) -> MutexGuard<'_, HashMap<Identity, Weak<Inode>>> {
        self.inodes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl NewName<'_> {
    /// The name was made.
    pub(super) fn keep(self) {
        std::mem::forget(self);
    }
}

impl Drop for NewName<'_> {
    fn drop(&mut self) {
        give_back(&self.0.files, 1);
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        give_back(&self.0.open, 1);
    }
}

pub(super) fn identity(stat: &Stat) -> Identity {
    (stat.device, stat.inode)
}

/// `None` where the limit is reached, and who is told lets nobody beyond it.
fn take(counter: &AtomicU64, amount: u64, limit: Option<u64>, watch: &LimitWatch) -> Option<()> {
    let Some(limit) = limit else { return Some(()) };
    let add = |used: u64| used.checked_add(amount).filter(|sum| *sum <= limit);
    let Err(used) = counter.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add) else {
        return Some(());
    };
    let wanted = used.checked_add(amount)?;
    watch.allows(wanted).then(|| {
        counter.fetch_add(amount, Ordering::Relaxed);
    })
}

/// More than was taken is forgotten; see the module.
fn give_back(counter: &AtomicU64, amount: u64) {
    let subtract = |used: u64| Some(used.saturating_sub(amount));
    let _ = counter.fetch_update(Ordering::Relaxed, Ordering::Relaxed, subtract);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_to_the_limit_and_back_to_nothing() {
        let account = Account::new(
            QuotaLimits { bytes: Some(10), ..QuotaLimits::default() },
            QuotaWatch::default(),
        );
        assert_eq!(account.grow(10), Ok(()));
        assert_eq!(account.grow(1), Err(ErrorCode::Quota));
        assert_eq!(account.grow(u64::MAX), Err(ErrorCode::Quota));
        account.shrink(1000);
        assert_eq!(account.grow(11), Err(ErrorCode::Quota));
        assert_eq!(account.grow(10), Ok(()));
    }

    #[test]
    fn who_is_told_can_let_it_go_beyond() {
        use crate::refusal::Answer;
        let watch =
            LimitWatch::new(|wanted| if wanted == 12 { Answer::Allow } else { Answer::Deny });
        let account = Account::new(
            QuotaLimits { bytes: Some(10), files: Some(0), ..QuotaLimits::default() },
            QuotaWatch { bytes: watch, ..QuotaWatch::default() },
        );
        assert_eq!(account.grow(11), Err(ErrorCode::Quota));
        assert_eq!(account.grow(12), Ok(()));
        assert_eq!(account.grow(1), Err(ErrorCode::Quota));
        account.shrink(12);
        assert_eq!(account.grow(11), Err(ErrorCode::Quota));
        assert!(account.new_name().is_err());
    }
}
