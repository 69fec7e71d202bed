//! Clocks and random numbers that are known beforehand.

use std::sync::Arc;
use wayleave_grants::Clocks;
use wayleave_system::Result;
use wayleave_system::clock::Clock;
use wayleave_system::random::Random;

/// A clock that stands still.
pub(crate) struct FixedClock {
    pub(crate) now: u64,
    pub(crate) resolution: u64,
}

impl Clock for FixedClock {
    fn now(&self) -> u64 {
        self.now
    }

    fn resolution(&self) -> u64 {
        self.resolution
    }
}

/// Clocks that show 101 to 104, in steps of 11 to 14.
pub(crate) fn fixed_clocks() -> Clocks {
    let clock = |n: u64| Arc::new(FixedClock { now: 100 + n, resolution: 10 + n });
    Clocks {
        realtime: clock(1),
        monotonic: clock(2),
        process_cpu: clock(3),
        thread_cpu: clock(4),
        simulated: None,
    }
}

/// Random numbers that all are `!`.
pub(crate) struct Exclaim;

impl Random for Exclaim {
    fn fill(&self, buffer: &mut [u8]) -> Result<()> {
        buffer.fill(b'!');
        Ok(())
    }
}
