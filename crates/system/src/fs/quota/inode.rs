use super::account::Account;
use crate::fs::File;
use crate::{ErrorCode, Result};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A device and a number there.
pub(super) type Identity = (u64, u64);

/// A regular file that is open, by whichever handles.
pub(super) struct Inode {
    account: Arc<Account>,
    identity: Identity,
    /// What it counts for.
    bytes: AtomicU64,
    /// Held by whoever changes the size. Says whether the last name is gone: then the bytes go
    /// with the last handle.
    unlinked: Mutex<bool>,
}

impl Inode {
    pub(super) fn new(account: Arc<Account>, identity: Identity, bytes: u64) -> Arc<Self> {
        let (bytes, unlinked) = (AtomicU64::new(bytes), Mutex::new(false));
        Arc::new(Self { account, identity, bytes, unlinked })
    }

    fn lock(&self) -> MutexGuard<'_, bool> {
        self.unlinked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn unlinked(&self) {
        *self.lock() = true;
    }

    /// Writes, by `write`, `length` bytes at `offset` or, without one, at the end; pays for what
    /// the file grows by.
    ///
    /// # Errors
    /// `FileTooBig` and `Quota`, before anything is written.
    #[inline]
    pub(super) fn write(
        &self,
        file: &dyn File,
        offset: Option<u64>,
        length: u64,
        write: impl FnOnce() -> Result<usize>,
    ) -> Result<usize> {
        // Writing over what is there needs no lock.
        if let Some(offset) = offset {
            let end = offset.saturating_add(length);
            if end <= self.bytes.load(Ordering::SeqCst) {
                let written = write()?;
                if end > self.bytes.load(Ordering::SeqCst) {
                    self.count_again(file)?;
                }
                return Ok(written);
            }
        }
        self.write_beyond(offset, length, write)
    }

    /// Somebody has made the file smaller while it was written to, so that it may have grown after
    /// all, and nobody has paid.
    #[cold]
    fn count_again(&self, file: &dyn File) -> Result<()> {
        let _changing = self.lock();
        let size = file.stat()?.size;
        let counted = self.bytes.load(Ordering::SeqCst);
        if size > counted {
            self.account.grow_beyond(size - counted);
            self.bytes.store(size, Ordering::SeqCst);
        }
        Ok(())
    }

    fn write_beyond(
        &self,
        offset: Option<u64>,
        length: u64,
        write: impl FnOnce() -> Result<usize>,
    ) -> Result<usize> {
        let _changing = self.lock();
        let before = self.bytes.load(Ordering::SeqCst);
        let offset = offset.unwrap_or(before);
        let end = offset.saturating_add(length);
        if end <= before || length == 0 {
            return write();
        }
        self.check(end)?;
        let paid = end - before;
        self.account.grow(paid)?;
        let written = write();
        let end = match &written {
            Ok(written) if *written > 0 => offset.saturating_add(*written as u64),
            _ => 0,
        };
        let grown = end.saturating_sub(before);
        self.bytes.store(before + grown, Ordering::SeqCst);
        if grown < paid {
            self.account.shrink(paid - grown);
        }
        written
    }

    /// Gives the file, by `set`, the size `to`.
    ///
    /// # Errors
    /// `FileTooBig` and `Quota`, before anything is changed.
    pub(super) fn set_size(&self, to: u64, set: impl FnOnce() -> Result<()>) -> Result<()> {
        let _changing = self.lock();
        self.resize(to, set)
    }

    /// Makes sure, by `allocate`, that the file has `end` bytes.
    ///
    /// # Errors
    /// As [`Inode::set_size`].
    pub(super) fn allocate(&self, end: u64, allocate: impl FnOnce() -> Result<()>) -> Result<()> {
        let _changing = self.lock();
        self.resize(end.max(self.bytes.load(Ordering::SeqCst)), allocate)
    }

    fn resize(&self, to: u64, set: impl FnOnce() -> Result<()>) -> Result<()> {
        let before = self.bytes.load(Ordering::SeqCst);
        let grown = to.saturating_sub(before);
        if grown > 0 {
            self.check(to)?;
            self.account.grow(grown)?;
        }
        // Before it is so: who writes without a lock must see it afterwards.
        self.bytes.store(to.min(before), Ordering::SeqCst);
        if let Err(error) = set() {
            self.bytes.store(before, Ordering::SeqCst);
            self.account.shrink(grown);
            return Err(error);
        }
        self.bytes.store(to, Ordering::SeqCst);
        self.account.shrink(before.saturating_sub(to));
        Ok(())
    }

    fn check(&self, size: u64) -> Result<()> {
        match self.account.limits.file_size {
            Some(limit) if size > limit && !self.account.watch.file_size.allows(size) => {
                Err(ErrorCode::FileTooBig)
            }
            _ => Ok(()),
        }
    }
}

impl Drop for Inode {
    fn drop(&mut self) {
        self.account.closed(self.identity);
        let unlinked = self.unlinked.get_mut().unwrap_or_else(PoisonError::into_inner);
        if *unlinked {
            self.account.shrink(*self.bytes.get_mut());
        }
    }
}
