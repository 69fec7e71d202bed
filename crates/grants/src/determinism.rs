//! Guests that do the same each time.

use crate::{ClockGrant, Clocks, Grants, Moment, RandomGrant, Settings};
use std::sync::Arc;
use wayleave_system::clock::Simulated;
use wayleave_system::fs::{File, FileNumbers, Reproducible, ReproducibleFile, Timestamp};
use wayleave_system::stdio::Whole;

/// The same grants, of which nothing differs from run to run but what files and streams contain.
pub(crate) fn deterministic(
    mut grants: Grants,
    clock: Option<ClockGrant>,
    random: Option<RandomGrant>,
) -> Grants {
    let Moment(start) = match clock {
        Some(ClockGrant::Fixed(start)) => start,
        _ => Settings::FIRST_MOMENT,
    };
    grants.network_rules.close("a deterministic run has no network");
    let numbers = Arc::new(FileNumbers::new(timestamp(start)));
    for preopen in &mut grants.preopens {
        preopen.dir = Arc::new(Reproducible::new(preopen.dir.clone(), numbers.clone()));
    }
    let plain = |file: Arc<dyn File>| Arc::new(ReproducibleFile::new(file, numbers.clone()));
    grants.stdin = plain(Whole::wrap(grants.stdin));
    grants.stdout = plain(grants.stdout);
    grants.stderr = plain(grants.stderr);
    grants.clocks(clocks(start)).random(random.unwrap_or(RandomGrant::Seed(0)).source())
}

fn clocks(start: u64) -> Clocks {
    let time = Arc::new(Simulated::default());
    Clocks {
        realtime: time.clock(start),
        monotonic: time.clock(0),
        process_cpu: time.clock(0),
        thread_cpu: time.clock(0),
        simulated: Some(time),
    }
}

fn timestamp(nanoseconds: u64) -> Timestamp {
    let (seconds, rest) = (nanoseconds / 1_000_000_000, nanoseconds % 1_000_000_000);
    Timestamp {
        seconds: i64::try_from(seconds).unwrap_or(i64::MAX),
        nanoseconds: u32::try_from(rest).unwrap_or(0),
    }
}
