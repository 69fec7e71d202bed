use crate::refusal::LimitWatch;
use crate::{ErrorCode, Result};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// How much of a network one guest may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NetworkLimits {
    /// Connections open at once: TCP that was connected or accepted, and UDP sockets. 65,536 by
    /// default, more than hosts usually allow, and little memory.
    pub connections: usize,
    /// Bytes received by all of them together. `None`, the default, is no limit: what a guest
    /// receives it has asked for, and pays for with its own time.
    pub bytes_in: Option<u64>,
    /// Bytes sent by all of them together. `None`, the default, is no limit.
    pub bytes_out: Option<u64>,
}

impl Default for NetworkLimits {
    fn default() -> Self {
        Self { connections: 65_536, bytes_in: None, bytes_out: None }
    }
}

/// Who is told of what is beyond [`NetworkLimits`].
#[derive(Clone, Debug, Default)]
pub struct NetworkWatch {
    /// Of connections.
    pub connections: LimitWatch,
    /// Of bytes received.
    pub bytes_in: LimitWatch,
    /// Of bytes sent.
    pub bytes_out: LimitWatch,
}

/// What one guest has used of its [`NetworkLimits`]. Everything that lets it reach the network has
/// the same.
#[derive(Debug)]
pub struct Meter {
    connections: usize,
    open: AtomicUsize,
    watch: LimitWatch,
    received: Budget,
    sent: Budget,
}

impl Meter {
    /// Nothing has been used yet.
    #[must_use]
    pub fn new(limits: NetworkLimits) -> Self {
        Self::watched(limits, NetworkWatch::default())
    }

    /// Nothing has been used yet; `watch` is told of what the limits refuse.
    #[must_use]
    pub fn watched(limits: NetworkLimits, watch: NetworkWatch) -> Self {
        Self {
            connections: limits.connections,
            open: AtomicUsize::new(0),
            watch: watch.connections,
            received: Budget::new(limits.bytes_in, watch.bytes_in),
            sent: Budget::new(limits.bytes_out, watch.bytes_out),
        }
    }

    /// One more connection, until the slot is dropped.
    ///
    /// # Errors
    /// [`TooManyOpen`](ErrorCode::TooManyOpen).
    pub fn connection(self: &Arc<Self>) -> Result<Slot> {
        let one_more = |open| (open < self.connections).then_some(open + 1);
        match self.open.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more) {
            Ok(_) => Ok(Slot(self.clone())),
            Err(open) if self.watch.allows(open as u64 + 1) => {
                self.open.fetch_add(1, Ordering::Relaxed);
                Ok(Slot(self.clone()))
            }
            Err(_) => Err(ErrorCode::TooManyOpen),
        }
    }

    /// Of bytes that are received.
    #[must_use]
    pub fn received(&self) -> &Budget {
        &self.received
    }

    /// Of bytes that are sent.
    #[must_use]
    pub fn sent(&self) -> &Budget {
        &self.sent
    }
}

/// The right to one connection.
#[derive(Debug)]
pub struct Slot(Arc<Meter>);

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Bytes that are left, if they are limited.
#[derive(Debug)]
pub struct Budget {
    left: Option<AtomicU64>,
    /// How many there were at first.
    total: AtomicU64,
    watch: LimitWatch,
}

impl Budget {
    fn new(limit: Option<u64>, watch: LimitWatch) -> Self {
        Self { left: limit.map(AtomicU64::new), total: limit.unwrap_or(0).into(), watch }
    }

    /// Takes as much as there is of what is wanted. Nobody is told when that is nothing: see
    /// [`Budget::extend`].
    ///
    /// # Errors
    /// [`Quota`](ErrorCode::Quota) when nothing is left.
    pub fn take(&self, wanted: usize) -> Result<usize> {
        let Some(left) = &self.left else { return Ok(wanted) };
        let before = left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                Some(left.saturating_sub(wanted as u64))
            })
            .unwrap_or_else(|left| left);
        if before == 0 && wanted > 0 {
            return Err(ErrorCode::Quota);
        }
        Ok(usize::try_from(before).map_or(wanted, |before| before.min(wanted)))
    }

    /// Takes all of what is wanted, or all that is left and fails.
    ///
    /// # Errors
    /// [`Quota`](ErrorCode::Quota) when there is not as much.
    pub fn take_all(&self, wanted: usize) -> Result<()> {
        let taken = self.take(wanted).unwrap_or(0);
        if taken == wanted {
            return Ok(());
        }
        self.extend(wanted - taken)?;
        self.take(wanted - taken).map(drop)
    }

    /// Tells that the guest needs so many more bytes than are left. When it may have them, they are
    /// there.
    ///
    /// # Errors
    /// [`Quota`](ErrorCode::Quota) when it may not.
    #[cold]
    pub fn extend(&self, missing: usize) -> Result<()> {
        let missing = missing as u64;
        let wanted = self.total.load(Ordering::Relaxed).saturating_add(missing);
        let Some(left) = self.left.as_ref().filter(|_| self.watch.allows(wanted)) else {
            return Err(ErrorCode::Quota);
        };
        self.total.fetch_add(missing, Ordering::Relaxed);
        left.fetch_add(missing, Ordering::Relaxed);
        Ok(())
    }

    /// Gives back what was taken and not used.
    pub fn give_back(&self, bytes: usize) {
        if let Some(left) = &self.left {
            left.fetch_add(bytes as u64, Ordering::Relaxed);
        }
    }

    /// Uses up to `wanted` bytes, as many as `work` says. It is told how many it may use.
    pub(super) fn spend(
        &self,
        wanted: usize,
        work: impl FnOnce(usize) -> Result<usize>,
    ) -> Result<usize> {
        if self.left.is_none() {
            return work(wanted);
        }
        let taken = self.take(wanted)?;
        let done = work(taken);
        self.give_back(taken.saturating_sub(*done.as_ref().unwrap_or(&0)));
        done
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_come_and_go() {
        let meter = Arc::new(Meter::new(NetworkLimits { connections: 2, ..Default::default() }));
        let one = meter.connection().unwrap();
        let _two = meter.connection().unwrap();
        assert_eq!(meter.connection().err(), Some(ErrorCode::TooManyOpen));
        drop(one);
        let _three = meter.connection().unwrap();
        assert!(meter.connection().is_err());
    }

    #[test]
    fn bytes_are_used_up() {
        let budget = Budget::new(Some(10), LimitWatch::default());
        assert_eq!(budget.take(4), Ok(4));
        assert_eq!(budget.spend(20, |most| Ok(most - 1)), Ok(5));
        assert_eq!(budget.spend(1, |_| Err(ErrorCode::Again)), Err(ErrorCode::Again));
        assert_eq!(budget.take(20), Ok(1));
        assert_eq!(budget.take(20), Err(ErrorCode::Quota));
        assert_eq!(budget.take(0), Ok(0));
        budget.give_back(3);
        assert_eq!(budget.take_all(4), Err(ErrorCode::Quota));
        let endless = Budget::new(None, LimitWatch::default());
        assert_eq!(endless.take(usize::MAX), Ok(usize::MAX));
        assert_eq!(endless.take_all(usize::MAX), Ok(()));
    }

    #[test]
    fn who_is_told_can_give_more() {
        use crate::refusal::Answer;
        use std::sync::Mutex;
        let told = Arc::new(Mutex::new(Vec::new()));
        let watch = |allowed: u64| {
            let told = told.clone();
            LimitWatch::new(move |wanted| {
                told.lock().unwrap().push(wanted);
                if wanted <= allowed { Answer::Allow } else { Answer::Deny }
            })
        };
        let budget = Budget::new(Some(10), watch(15));
        assert_eq!(budget.take_all(8), Ok(()));
        assert_eq!(budget.take_all(5), Ok(()));
        assert_eq!(budget.extend(3), Err(ErrorCode::Quota));
        assert_eq!(budget.extend(2), Ok(()));
        assert_eq!(budget.take(9), Ok(2));
        let limits = NetworkLimits { connections: 1, ..Default::default() };
        let watch = NetworkWatch { connections: watch(2), ..Default::default() };
        let meter = Arc::new(Meter::watched(limits, watch));
        let _one = meter.connection().unwrap();
        let two = meter.connection().unwrap();
        assert_eq!(meter.connection().err(), Some(ErrorCode::TooManyOpen));
        drop(two);
        drop(meter.connection().unwrap());
        assert_eq!(*told.lock().unwrap(), [13, 16, 15, 2, 3, 2]);
    }
}
