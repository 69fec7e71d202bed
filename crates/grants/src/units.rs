//! Sizes and times as people write them.

use std::net::SocketAddr;
use std::time::Duration;

/// A size in bytes: a number, with K, M, G or T (powers of 1024; `KiB` and `KB` mean the same).
///
/// # Errors
/// What is wrong with it, in a few words.
pub fn parse_bytes(text: &str) -> Result<u64, String> {
    let (number, unit) = split(text)?;
    let shift = match unit.trim_end_matches(['b', 'B']).trim_end_matches('i') {
        "" => 0,
        "k" | "K" => 10,
        "m" | "M" => 20,
        "g" | "G" => 30,
        "t" | "T" => 40,
        _ => return Err(format!("unknown unit {unit:?}; write K, M, G or T")),
    };
    number.checked_mul(1 << shift).ok_or_else(|| "too large".to_owned())
}

/// A time: a number with ns, us, ms, s, m or h; without, seconds.
///
/// # Errors
/// What is wrong with it, in a few words.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let (number, unit) = split(text)?;
    let nanoseconds = match unit {
        "ns" => 1,
        "us" => 1_000,
        "ms" => 1_000_000,
        "" | "s" => 1_000_000_000,
        "m" | "min" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return Err(format!("unknown unit {unit:?}; write ms, s, m or h")),
    };
    let total = u128::from(number) * nanoseconds;
    let seconds = u64::try_from(total / 1_000_000_000).map_err(|_| "too long".to_owned())?;
    let rest = u32::try_from(total % 1_000_000_000).unwrap_or(0);
    Ok(Duration::new(seconds, rest))
}

/// A time after which a program is ended, as [`parse_duration`] reads it.
///
/// # Errors
/// What is wrong with it, in a few words; no time at all is.
pub fn parse_timeout(text: &str) -> Result<Duration, String> {
    match parse_duration(text)? {
        Duration::ZERO => {
            Err("nothing can be done in no time; leave it out for no limit".to_owned())
        }
        time => Ok(time),
    }
}

/// An address of the host with a port.
///
/// # Errors
/// What is wrong with it, in a few words.
pub fn parse_address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| format!("{text:?} is no address; write ADDRESS:PORT (127.0.0.1:8080)"))
}

/// A size as [`parse_bytes`] reads it, in the largest unit that says it exactly.
#[must_use]
pub fn format_bytes(bytes: u64) -> String {
    let units = [(40, "T"), (30, "G"), (20, "M"), (10, "K")];
    let fits = |(shift, _): &(u32, &str)| bytes > 0 && bytes.trailing_zeros() >= *shift;
    match units.into_iter().find(fits) {
        Some((shift, unit)) => format!("{}{unit}", bytes >> shift),
        None => bytes.to_string(),
    }
}

/// A time as [`parse_duration`] reads it, in the largest unit that says it exactly.
#[must_use]
pub fn format_duration(duration: Duration) -> String {
    let nanoseconds = duration.as_nanos();
    let units: [(u128, &str); 6] = [
        (3_600_000_000_000, "h"),
        (60_000_000_000, "m"),
        (1_000_000_000, "s"),
        (1_000_000, "ms"),
        (1_000, "us"),
        (1, "ns"),
    ];
    let fits = |(unit, _): &(u128, &str)| nanoseconds > 0 && nanoseconds.is_multiple_of(*unit);
    match units.into_iter().find(fits) {
        Some((unit, name)) => format!("{}{name}", nanoseconds / unit),
        None => "0s".to_owned(),
    }
}

fn split(text: &str) -> Result<(u64, &str), String> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    if number.is_empty() {
        return Err("it does not start with a whole number".to_owned());
    }
    let number = number.parse().map_err(|_| "the number is too large".to_owned())?;
    Ok((number, unit.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sizes() {
        for (text, bytes) in
            [("0", 0), ("17", 17), ("1K", 1024), ("2MiB", 2 << 20), ("3 GB", 3 << 30)]
        {
            assert_eq!(parse_bytes(text), Ok(bytes), "{text}");
        }
        for text in ["", "M", "-1", "1.5G", "1X", "99999999999999999999", "99999999999T"] {
            assert!(parse_bytes(text).is_err(), "{text}");
        }
    }

    #[test]
    fn times() {
        for (text, ms) in
            [("250ms", 250), ("2", 2_000), ("2s", 2_000), ("3m", 180_000), ("1h", 3_600_000)]
        {
            assert_eq!(parse_duration(text), Ok(Duration::from_millis(ms)), "{text}");
        }
        for text in ["", "s", "-1s", "1d", "18446744073709551615h"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_can_be_read(number: u64, seconds in 0..=u64::MAX / 4, rest in 0u32..1_000_000_000) {
            prop_assert_eq!(parse_bytes(&format_bytes(number)), Ok(number));
            // A time of nanoseconds has to fit the number.
            let duration = if seconds > 1_000_000_000 {
                Duration::from_secs(seconds)
            } else {
                Duration::new(seconds, rest)
            };
            prop_assert_eq!(parse_duration(&format_duration(duration)), Ok(duration));
        }
    }

    #[test]
    fn the_largest_unit_that_is_exact() {
        assert_eq!(format_bytes(64 << 20), "64M");
        assert_eq!((format_bytes(0), format_bytes(1025)), ("0".to_owned(), "1025".to_owned()));
        assert_eq!(format_duration(Duration::from_secs(90)), "90s");
        assert_eq!(format_duration(Duration::from_secs(7200)), "2h");
        assert_eq!(format_duration(Duration::ZERO), "0s");
    }
}
