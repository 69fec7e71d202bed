//! Numbers of devices and files that no system has given any.

use std::sync::atomic::{AtomicU64, Ordering};

/// Far from the numbers that systems give, and from those of folders in memory.
const FIRST: u64 = 1 << 62;

/// A number that nothing else in this process has.
pub(super) fn next() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(FIRST);
    NEXT.fetch_add(1, Ordering::Relaxed)
}
