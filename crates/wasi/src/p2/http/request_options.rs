//! `request-options`.

use std::time::Duration;

/// What a guest wants of the exchange.
#[derive(Clone, Copy, Default)]
pub(crate) struct RequestOptions(pub(super) wayleave_system::http::Options);

pub(super) fn nanoseconds(time: Option<Duration>) -> Option<u64> {
    // It was given in nanoseconds.
    time.map(|time| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX))
}

pub(super) fn duration(nanoseconds: Option<u64>) -> Option<Duration> {
    nanoseconds.map(Duration::from_nanos)
}
