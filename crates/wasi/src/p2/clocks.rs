//! `wasi:clocks`.

use super::Host;
use super::bindings::wasi::clocks::wall_clock::Datetime;
use super::bindings::wasi::clocks::{monotonic_clock, timezone, wall_clock};
use super::poll::Pollable;
use wayleave_component::Own;
use wayleave_engine::Stop;

impl monotonic_clock::Host for Host {
    #[inline]
    fn now(&mut self) -> Result<u64, Stop> {
        Ok(self.grants.clocks.monotonic.now())
    }

    fn resolution(&mut self) -> Result<u64, Stop> {
        Ok(self.grants.clocks.monotonic.resolution())
    }

    fn subscribe_instant(&mut self, when: u64) -> Result<Own<Pollable>, Stop> {
        self.pollables.add_or_trap(Pollable::Until(when))
    }

    fn subscribe_duration(&mut self, when: u64) -> Result<Own<Pollable>, Stop> {
        let now = self.grants.clocks.monotonic.now();
        self.pollables.add_or_trap(Pollable::Until(now.saturating_add(when)))
    }
}

impl wall_clock::Host for Host {
    #[inline]
    fn now(&mut self) -> Result<Datetime, Stop> {
        Ok(datetime(self.grants.clocks.realtime.now()))
    }

    fn resolution(&mut self) -> Result<Datetime, Stop> {
        Ok(datetime(self.grants.clocks.realtime.resolution()))
    }
}

/// Guests are told universal time and no place: where the host is, is not theirs to know.
impl timezone::Host for Host {
    fn display(&mut self, _: Datetime) -> Result<timezone::TimezoneDisplay, Stop> {
        let name = "UTC".to_owned();
        Ok(timezone::TimezoneDisplay { utc_offset: 0, name, in_daylight_saving_time: false })
    }

    fn utc_offset(&mut self, _: Datetime) -> Result<i32, Stop> {
        Ok(0)
    }
}

fn datetime(nanoseconds: u64) -> Datetime {
    const SECOND: u64 = 1_000_000_000;
    // Less than a second's nanoseconds are 30 bits.
    let rest = u32::try_from(nanoseconds % SECOND).unwrap_or(0);
    Datetime { seconds: nanoseconds / SECOND, nanoseconds: rest }
}
