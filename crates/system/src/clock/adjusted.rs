//! Clocks that show another clock's time differently.

use super::Clock;
use std::sync::Arc;

/// A clock that always shows one time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fixed(
    /// The time that it shows, in nanoseconds.
    pub u64,
);

impl Clock for Fixed {
    fn now(&self) -> u64 {
        self.0
    }

    fn resolution(&self) -> u64 {
        1
    }
}

/// A clock that is ahead of another, or behind it.
#[derive(Clone)]
pub struct Shifted {
    clock: Arc<dyn Clock>,
    nanoseconds: i64,
}

impl Shifted {
    /// `clock`, ahead by so many nanoseconds. Times that 64 bits do not hold become the nearest
    /// that they do.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, nanoseconds: i64) -> Self {
        Self { clock, nanoseconds }
    }
}

impl Clock for Shifted {
    fn now(&self) -> u64 {
        self.clock.now().saturating_add_signed(self.nanoseconds)
    }

    fn resolution(&self) -> u64 {
        self.clock.resolution()
    }
}

/// A clock that goes in steps: guests that measure short times, as attacks on caches do, learn
/// less.
#[derive(Clone)]
pub struct Coarse {
    clock: Arc<dyn Clock>,
    step: u64,
}

impl Coarse {
    /// `clock`, in steps of so many nanoseconds.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, step: u64) -> Self {
        Self { clock, step: step.max(1) }
    }
}

impl Clock for Coarse {
    fn now(&self) -> u64 {
        let now = self.clock.now();
        now - now % self.step
    }

    fn resolution(&self) -> u64 {
        self.clock.resolution().max(self.step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shifted_both_ways_and_never_around() {
        let at = |time, by| Shifted::new(Arc::new(Fixed(time)), by).now();
        assert_eq!((at(10, 5), at(10, -5)), (15, 5));
        assert_eq!((at(3, i64::MIN), at(u64::MAX, 1)), (0, u64::MAX));
    }

    #[test]
    fn coarse_never_shows_what_is_to_come() {
        let at = |time, step| Coarse::new(Arc::new(Fixed(time)), step).now();
        assert_eq!((at(1_999, 1_000), at(2_000, 1_000), at(7, 0)), (1_000, 2_000, 7));
        assert_eq!(Coarse::new(Arc::new(Fixed(0)), 1_000).resolution(), 1_000);
        assert_eq!(at(u64::MAX, u64::MAX), u64::MAX);
    }
}
