//! Time that passes only as far as a guest can see.

use super::Clock;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Time of a guest's own. It goes on by a fixed step each time that it is read, and by as much as
/// the guest waits: nobody really does. What a guest reads then depends on nothing but what it has
/// done before.
#[derive(Debug, Default)]
pub struct Simulated {
    elapsed: AtomicU64,
}

/// By how much a reading puts the time forward: 1 µs, as if the guest had computed for so long.
/// Loops that wait for a time to come do come to their end.
const STEP: u64 = 1_000;

impl Simulated {
    /// The guest waits. Nothing else does: this returns at once.
    pub fn pass(&self, time: Duration) {
        let nanoseconds = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.advance(nanoseconds);
    }

    /// A clock that shows `start` (in nanoseconds) at the guest's beginning. All clocks of one
    /// guest's time go on together, whichever is read.
    pub fn clock(self: &Arc<Self>, start: u64) -> Arc<dyn Clock> {
        Arc::new(SimulatedClock { time: self.clone(), start })
    }

    fn advance(&self, nanoseconds: u64) -> u64 {
        let add = |elapsed: u64| Some(elapsed.saturating_add(nanoseconds));
        let before = self.elapsed.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
        before.unwrap_or(u64::MAX)
    }
}

struct SimulatedClock {
    time: Arc<Simulated>,
    start: u64,
}

impl Clock for SimulatedClock {
    fn now(&self) -> u64 {
        self.start.saturating_add(self.time.advance(STEP))
    }

    fn resolution(&self) -> u64 {
        STEP
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readings_and_waits_put_it_forward() {
        let time = Arc::new(Simulated::default());
        let (wall, monotonic) = (time.clock(5_000_000), time.clock(0));
        assert_eq!(
            (wall.now(), monotonic.now(), wall.now()),
            (5_000_000, STEP, 5_000_000 + 2 * STEP)
        );
        time.pass(Duration::from_secs(1));
        assert_eq!(monotonic.now(), 1_000_000_000 + 3 * STEP);
        assert_eq!(monotonic.resolution(), STEP);
    }

    #[test]
    fn it_stands_still_at_its_end() {
        let time = Arc::new(Simulated::default());
        time.pass(Duration::MAX);
        assert_eq!((time.clock(0).now(), time.clock(7).now()), (u64::MAX, u64::MAX));
    }
}
