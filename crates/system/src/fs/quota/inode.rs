use super::account::Account;
use crate::{ErrorCode, Result};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A device and a number there.
pub(super) type Identity = (u64, u64);

/// A regular file that is open, by whichever handles.
pub(super) struct Inode {
    account: Arc<Account>,
    identity: Identity,
    size: Mutex<Size>,
}

/// What an open file counts for. Whoever changes the file's size holds it.
pub(super) struct Size {
    bytes: u64,
    /// Its last name is gone: the bytes go with the last handle.
    unlinked: bool,
}

impl Inode {
    pub(super) fn new(account: Arc<Account>, identity: Identity, bytes: u64) -> Arc<Self> {
        Arc::new(Self { account, identity, size: Mutex::new(Size { bytes, unlinked: false }) })
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Size> {
        self.size.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn unlinked(&self) {
        self.lock().unlinked = true;
    }

    /// Writes, by `write`, `length` bytes at `offset`, or at the end; pays for what the file grows
    /// by.
    ///
    /// # Errors
    /// `FileTooBig` and `Quota`, before anything is written.
    #[inline]
    pub(super) fn write(
        &self,
        offset: Option<u64>,
        length: u64,
        write: impl FnOnce() -> Result<usize>,
    ) -> Result<usize> {
        let mut size = self.lock();
        let offset = offset.unwrap_or(size.bytes);
        let end = offset.saturating_add(length);
        if end <= size.bytes || length == 0 {
            return write();
        }
        self.check(end)?;
        let paid = end - size.bytes;
        self.account.grow(paid)?;
        let written = write();
        let end = match &written {
            Ok(written) if *written > 0 => offset.saturating_add(*written as u64),
            _ => 0,
        };
        let grown = end.saturating_sub(size.bytes);
        size.bytes += grown;
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
        self.resize(&mut self.lock(), to, set)
    }

    /// Makes sure, by `allocate`, that the file has `end` bytes.
    ///
    /// # Errors
    /// As [`Inode::set_size`].
    pub(super) fn allocate(&self, end: u64, allocate: impl FnOnce() -> Result<()>) -> Result<()> {
        let mut size = self.lock();
        let to = end.max(size.bytes);
        self.resize(&mut size, to, allocate)
    }

    fn resize(&self, size: &mut Size, to: u64, set: impl FnOnce() -> Result<()>) -> Result<()> {
        let grown = to.saturating_sub(size.bytes);
        if grown > 0 {
            self.check(to)?;
            self.account.grow(grown)?;
        }
        if let Err(error) = set() {
            self.account.shrink(grown);
            return Err(error);
        }
        self.account.shrink(size.bytes.saturating_sub(to));
        size.bytes = to;
        Ok(())
    }

    fn check(&self, size: u64) -> Result<()> {
        match self.account.limits.file_size {
            Some(limit) if size > limit => Err(ErrorCode::FileTooBig),
            _ => Ok(()),
        }
    }
}

impl Drop for Inode {
    fn drop(&mut self) {
        self.account.closed(self.identity);
        let size = self.size.get_mut().unwrap_or_else(PoisonError::into_inner);
        if size.unlinked {
            self.account.shrink(size.bytes);
        }
    }
}
