//! Clocks.

mod adjusted;
mod simulated;

pub use adjusted::{Coarse, Fixed, Shifted};
pub use simulated::Simulated;

use rustix::time::{ClockId, Timespec, clock_getres, clock_gettime};

/// Something that tells the time.
pub trait Clock: Send + Sync {
    /// The time in nanoseconds, since a start that the clock defines.
    fn now(&self) -> u64;
    /// The least step of the time, in nanoseconds; at least 1.
    fn resolution(&self) -> u64;
}

/// The clocks of the operating system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OsClock {
    /// Wall-clock time since 1970-01-01 00:00 UTC. It can be set, so it can go back.
    Realtime,
    /// Time since some moment in the past; never goes back.
    Monotonic,
    /// As [`OsClock::Monotonic`], in steps of some milliseconds: the quickest to ask.
    MonotonicCoarse,
    /// CPU time of this process: of the host with all its guests.
    ProcessCpu,
    /// CPU time of the calling thread.
    ThreadCpu,
}

impl OsClock {
    fn id(self) -> ClockId {
        match self {
            Self::Realtime => ClockId::Realtime,
            Self::Monotonic => ClockId::Monotonic,
            #[cfg(any(target_os = "linux", target_os = "android"))]
            Self::MonotonicCoarse => ClockId::MonotonicCoarse,
            #[cfg(not(any(target_os = "linux", target_os = "android")))]
            Self::MonotonicCoarse => ClockId::Monotonic,
            Self::ProcessCpu => ClockId::ProcessCPUTime,
            Self::ThreadCpu => ClockId::ThreadCPUTime,
        }
    }
}

impl Clock for OsClock {
    #[inline]
    fn now(&self) -> u64 {
        nanoseconds(clock_gettime(self.id()))
    }

    fn resolution(&self) -> u64 {
        nanoseconds(clock_getres(self.id())).max(1)
    }
}

/// Clamped to what 64 bits hold: 1970 to 2554.
#[inline]
fn nanoseconds(time: Timespec) -> u64 {
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    let rest = u64::try_from(time.tv_nsec).unwrap_or(0);
    seconds.saturating_mul(1_000_000_000).saturating_add(rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{SystemTime, UNIX_EPOCH};

    #[test]
    fn agrees_with_the_standard_library() {
        let expected = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        assert!((OsClock::Realtime.now() / 1_000_000_000).abs_diff(expected) <= 1);
    }

    #[test]
    fn goes_on() {
        for clock in [OsClock::Monotonic, OsClock::ProcessCpu, OsClock::ThreadCpu] {
            let before = clock.now();
            assert!(clock.now() >= before);
            assert!(clock.resolution() >= 1);
        }
    }

    #[test]
    fn clamps_what_does_not_fit() {
        let at = |tv_sec, tv_nsec| nanoseconds(Timespec { tv_sec, tv_nsec });
        assert_eq!(at(-1, 999_999_999), 999_999_999);
        assert_eq!(at(i64::MAX, 0), u64::MAX);
        assert_eq!(at(2, 3), 2_000_000_003);
    }
}
