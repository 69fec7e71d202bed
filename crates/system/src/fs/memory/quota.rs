use crate::refusal::LimitWatch;
use crate::{ErrorCode, Result};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How many bytes a volume may hold.
pub(super) struct Quota {
    limit: u64,
    used: AtomicU64,
    watch: LimitWatch,
}

/// A part of the quota, given back when dropped.
pub(super) struct Charge {
    quota: Arc<Quota>,
    bytes: u64,
}

impl Quota {
    /// `watch` is told of what the limit refuses.
    pub(super) fn new(limit: u64, watch: LimitWatch) -> Self {
        Self { limit, used: AtomicU64::new(0), watch }
    }

    /// # Errors
    /// `NoSpace`.
    pub(super) fn charge(self: &Arc<Self>, bytes: u64) -> Result<Charge> {
        self.take(bytes)?;
        Ok(Charge { quota: Arc::clone(self), bytes })
    }

    fn take(&self, bytes: u64) -> Result<()> {
        let add = |used: u64| used.checked_add(bytes).filter(|sum| *sum <= self.limit);
        let Err(used) = self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add) else {
            return Ok(());
        };
        let wanted = used.checked_add(bytes).ok_or(ErrorCode::NoSpace)?;
        if !self.watch.allows(wanted) {
            return Err(ErrorCode::NoSpace);
        }
        self.used.fetch_add(bytes, Ordering::Relaxed);
        Ok(())
    }

    fn give_back(&self, bytes: u64) {
        self.used.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl Charge {
    /// # Errors
    /// `NoSpace`; then nothing has changed.
    pub(super) fn resize(&mut self, bytes: u64) -> Result<()> {
        match bytes.checked_sub(self.bytes) {
            Some(more) => self.quota.take(more)?,
            None => self.quota.give_back(self.bytes - bytes),
        }
        self.bytes = bytes;
        Ok(())
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.quota.give_back(self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_to_the_limit_and_back() {
        let quota = Arc::new(Quota::new(10, LimitWatch::default()));
        let mut one = quota.charge(6).unwrap();
        assert!(quota.charge(5).is_err());
        let two = quota.charge(4).unwrap();
        assert!(one.resize(7).is_err());
        drop(two);
        one.resize(10).unwrap();
        one.resize(0).unwrap();
        assert!(quota.charge(u64::MAX).is_err());
        assert!(quota.charge(10).is_ok());
    }
}
