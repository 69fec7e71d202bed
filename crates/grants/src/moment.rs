use std::fmt;
use std::str::FromStr;

/// A moment, in nanoseconds since 1970-01-01 UTC: as far as clocks of guests go, to 2554.
///
/// Written as RFC 3339 has it: `2024-02-29T12:00:00Z`, with fractions of a second and an offset
/// from UTC if need be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(
    /// Nanoseconds since 1970-01-01 UTC.
    pub u64,
);

const SECOND: i128 = 1_000_000_000;

impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let nanoseconds = parse(text).ok_or_else(|| {
            format!("{text:?} is no time; write it as 2024-02-29T12:00:00Z (RFC 3339)")
        })?;
        u64::try_from(nanoseconds)
            .map(Self)
            .map_err(|_| format!("{text:?} is not between 1970 and 2554, as clocks of guests are"))
    }
}

fn parse(text: &str) -> Option<i128> {
    let bytes = text.as_bytes();
    let digits = |from: usize, to: usize| -> Option<i64> {
        let part = text.get(from..to)?;
        part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse().ok())?
    };
    let is = |at: usize, which: &[u8]| bytes.get(at).is_some_and(|byte| which.contains(byte));
    let written = is(4, b"-") && is(7, b"-") && is(10, b"Tt ") && is(13, b":") && is(16, b":");
    let (year, month, day) = (digits(0, 4)?, digits(5, 7)?, digits(8, 10)?);
    let (hour, minute, second) = (digits(11, 13)?, digits(14, 16)?, digits(17, 19)?);
    // Clocks of guests know no leap seconds.
    let exists = (1..=12).contains(&month)
        && (1..=days_of(year, month)).contains(&day)
        && (hour, minute, second) < (24, 0, 0)
        && minute < 60
        && second < 60;
    if !written || !exists {
        return None;
    }
    let rest = text.get(19..)?;
    let end = rest.find(|c: char| c != '.' && !c.is_ascii_digit())?;
    let (fraction, zone) = rest.split_at(end);
    let seconds = days_since_1970(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second
        - offset(zone)?;
    Some(i128::from(seconds) * SECOND + i128::from(nanoseconds(fraction)?))
}

/// `""` or `.` and one to nine digits.
fn nanoseconds(fraction: &str) -> Option<u32> {
    let Some(digits) = fraction.strip_prefix('.') else {
        return fraction.is_empty().then_some(0);
    };
    if digits.is_empty() || digits.len() > 9 || digits.contains('.') {
        return None;
    }
    format!("{digits:0<9}").parse().ok()
}

/// Seconds ahead of UTC.
fn offset(zone: &str) -> Option<i64> {
    if zone.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let sign = match zone.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, minutes) = zone.get(1..)?.split_once(':')?;
    let number = |part: &str, most: i64| -> Option<i64> {
        let digits = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| part.parse().ok())?.filter(|number| *number <= most)
    };
    Some(sign * (number(hours, 23)? * 3_600 + number(minutes, 59)? * 60))
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_of(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 to a day of the years 0 to 9999.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    // Leap years from the year 0 up to, and without, this one.
    let leaps = |year: i64| (year + 3) / 4 - (year + 99) / 100 + (year + 399) / 400;
    let years = (year - 1970) * 365 + leaps(year) - leaps(1970);
    years + (1..month).map(|month| days_of(year, month)).sum::<i64>() + day - 1
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, nanoseconds) = (self.0 / 1_000_000_000, self.0 % 1_000_000_000);
        let mut day = i64::try_from(seconds / 86_400).unwrap_or(0);
        let mut year = 1970;
        while day >= 365 + i64::from(is_leap(year)) {
            day -= 365 + i64::from(is_leap(year));
            year += 1;
        }
        let mut month = 1;
        while day >= days_of(year, month) {
            day -= days_of(year, month);
            month += 1;
        }
        let (hour, minute, second) = (seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
        write!(f, "{year:04}-{month:02}-{:02}T{hour:02}:{minute:02}:{second:02}", day + 1)?;
        if nanoseconds > 0 {
            write!(f, ".{}", format!("{nanoseconds:09}").trim_end_matches('0'))?;
        }
        f.write_str("Z")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_moments() {
        for (text, seconds) in [
            ("1970-01-01T00:00:00Z", 0),
            ("1972-03-01T00:00:00Z", 68_256_000),
            ("2000-02-29T23:59:59Z", 951_868_799),
            ("2024-02-29T12:00:00Z", 1_709_208_000),
            ("2024-02-29T12:00:00+05:30", 1_709_208_000 - 19_800),
            ("2024-02-29t12:00:00-00:30", 1_709_208_000 + 1_800),
            ("2100-03-01T00:00:00z", 4_107_542_400),
        ] {
            assert_eq!(text.parse(), Ok(Moment(seconds * 1_000_000_000)), "{text}");
        }
        assert_eq!("1970-01-01T00:00:00.25Z".parse(), Ok(Moment(250_000_000)));
        assert_eq!("1970-01-01T00:00:00.000000001Z".parse(), Ok(Moment(1)));
        assert_eq!(Moment(u64::MAX).to_string(), "2554-07-21T23:34:33.709551615Z");
    }

    #[test]
    fn what_is_no_time() {
        for text in [
            "",
            "2024-02-29",
            "2024-02-29T12:00:00",
            "2024-02-29T12:00Z",
            "2023-02-29T12:00:00Z",
            "1900-02-29T12:00:00Z",
            "2024-13-01T00:00:00Z",
            "2024-00-01T00:00:00Z",
            "2024-01-00T00:00:00Z",
            "2024-01-01T24:00:00Z",
            "2024-01-01T00:60:00Z",
            "2024-01-01T00:00:60Z",
            "2024-01-01T00:00:00.Z",
            "2024-01-01T00:00:00.1.2Z",
            "2024-01-01T00:00:00.1234567890Z",
            "2024-01-01T00:00:00+1:00",
            "2024-01-01T00:00:00+24:00",
            "2024-01-01T00:00:00+01:60",
            "2024-01-01T00:00:00Z ",
            "+024-01-01T00:00:00Z",
            "2024-01-01T00:00:00é",
            "1709208000",
            "1969-12-31T23:59:59Z",
            "2600-01-01T00:00:00Z",
        ] {
            assert!(text.parse::<Moment>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_can_be_read(nanoseconds: u64) {
            let moment = Moment(nanoseconds);
            prop_assert_eq!(moment.to_string().parse(), Ok(moment));
        }

        #[test]
        fn nothing_panics(text in "\\PC{0,40}") {
            let _ = text.parse::<Moment>();
        }
    }
}
