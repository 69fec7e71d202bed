use super::contents::Contents;
use super::inode::{Body, Inode, Text};
use super::names::Names;
use super::quota::{Charge, Quota};
use crate::Result;
use crate::refusal::LimitWatch;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// What a name costs of the quota, beside its length: about what it takes, with an empty file.
const NAME: u64 = 256;

/// Everything below one [`MemoryDir`](super::MemoryDir).
pub(super) struct Volume {
    device: u64,
    quota: Arc<Quota>,
    next: AtomicU64,
    names: Mutex<()>,
}

impl Volume {
    pub(super) fn new(max_bytes: u64, watch: LimitWatch) -> Self {
        // Far from the numbers that systems give to devices.
        static NEXT: AtomicU64 = AtomicU64::new(1 << 63);
        Self {
            device: NEXT.fetch_add(1, Ordering::Relaxed),
            quota: Arc::new(Quota::new(max_bytes, watch)),
            next: AtomicU64::new(1),
            names: Mutex::new(()),
        }
    }

    /// To be held while names change. Inodes are locked one at a time, within this.
    pub(super) fn lock_names(&self) -> MutexGuard<'_, ()> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// # Errors
    /// `NoSpace`.
    pub(super) fn charge_name(&self, name: &[u8]) -> Result<Charge> {
        self.quota.charge(NAME + name.len() as u64)
    }

    pub(super) fn folder(&self, parent: Weak<Inode>) -> Arc<Inode> {
        self.inode(Body::Folder(Names::new(parent)))
    }

    /// # Errors
    /// `NoSpace`.
    pub(super) fn file(&self) -> Result<Arc<Inode>> {
        Ok(self.inode(Body::File(Contents::new(self.quota.charge(0)?))))
    }

    /// # Errors
    /// `NoSpace`.
    pub(super) fn link(&self, text: &str) -> Result<Arc<Inode>> {
        let charge = self.quota.charge(text.len() as u64)?;
        Ok(self.inode(Body::Link(Text { bytes: text.as_bytes().to_vec(), _charge: charge })))
    }

    fn inode(&self, body: Body) -> Arc<Inode> {
        Inode::new(self.device, self.next.fetch_add(1, Ordering::Relaxed), body)
    }
}
