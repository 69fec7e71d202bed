use crate::units::{format_duration, parse_duration};
use crate::{Clocks, Error, Moment};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;
use wayleave_system::clock::{Clock, Coarse, Fixed, Shifted};

/// What clocks a guest reads, as people write it: `real`, `fixed:TIME`, `offset:DURATION` or
/// `coarse:DURATION`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockGrant {
    /// The host's.
    Real,
    /// It is always this time; other clocks, by which guests wait, go on.
    Fixed(Moment),
    /// The time of day is ahead of the host's by so many nanoseconds, or behind it.
    Offset(i64),
    /// All clocks go in steps of this.
    Coarse(Duration),
}

impl ClockGrant {
    /// The clocks that it means.
    #[must_use]
    pub fn clocks(&self) -> Clocks {
        let Clocks { realtime, monotonic, process_cpu, thread_cpu, .. } = Clocks::default();
        let coarse = |clock: Arc<dyn Clock>| -> Arc<dyn Clock> {
            match self {
                Self::Coarse(step) => {
                    let step = u64::try_from(step.as_nanos()).unwrap_or(u64::MAX);
                    Arc::new(Coarse::new(clock, step))
                }
                _ => clock,
            }
        };
        let realtime = match self {
            Self::Real | Self::Coarse(_) => coarse(realtime),
            Self::Fixed(Moment(time)) => Arc::new(Fixed(*time)),
            Self::Offset(nanoseconds) => Arc::new(Shifted::new(realtime, *nanoseconds)),
        };
        Clocks {
            realtime,
            monotonic: coarse(monotonic),
            process_cpu: coarse(process_cpu),
            thread_cpu: coarse(thread_cpu),
            simulated: None,
        }
    }
}

impl FromStr for ClockGrant {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        parse(text).map_err(|reason| Error::Clock { text: text.to_owned(), reason })
    }
}

fn parse(text: &str) -> Result<ClockGrant, String> {
    if text == "real" {
        return Ok(ClockGrant::Real);
    }
    let (kind, value) = text.split_once(':').ok_or("it is none of these")?;
    match kind {
        "fixed" => value.parse().map(ClockGrant::Fixed),
        "offset" => parse_offset(value).map(ClockGrant::Offset),
        "coarse" => match parse_duration(value)? {
            Duration::ZERO => Err("a step of no time".to_owned()),
            step => Ok(ClockGrant::Coarse(step)),
        },
        _ => Err("it is none of these".to_owned()),
    }
}

fn parse_offset(text: &str) -> Result<i64, String> {
    let (sign, duration) = match text.strip_prefix('-') {
        Some(duration) => (-1, duration),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let nanoseconds = parse_duration(duration)?.as_nanos();
    i64::try_from(nanoseconds).map(|nanoseconds| sign * nanoseconds).map_err(|_| "too long".into())
}

impl fmt::Display for ClockGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Real => f.write_str("real"),
            Self::Fixed(moment) => write!(f, "fixed:{moment}"),
            Self::Offset(nanoseconds) => {
                let sign = if *nanoseconds < 0 { "-" } else { "" };
                let duration = Duration::from_nanos(nanoseconds.unsigned_abs());
                write!(f, "offset:{sign}{}", format_duration(duration))
            }
            Self::Coarse(step) => write!(f, "coarse:{}", format_duration(*step)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_is_written_as_it_is_read() {
        for text in [
            "real",
            "fixed:2024-02-29T12:00:00Z",
            "offset:1h",
            "offset:-90m",
            "coarse:1ms",
            "coarse:100us",
        ] {
            assert_eq!(text.parse::<ClockGrant>().unwrap().to_string(), text);
        }
        assert_eq!("offset:+2s".parse(), Ok(ClockGrant::Offset(2_000_000_000)));
    }

    #[test]
    fn not_understood() {
        for text in [
            "",
            "Real",
            "real:",
            "fixed",
            "fixed:",
            "fixed:now",
            "offset:",
            "offset:--1s",
            "offset:999999999h",
            "coarse:0",
            "coarse:-1s",
            "slow:1s",
        ] {
            let error = text.parse::<ClockGrant>().unwrap_err().to_string();
            assert!(error.contains("real, fixed:TIME") && !error.contains('\n'), "{error}");
        }
    }

    #[test]
    fn what_they_show() {
        let clocks = |text: &str| text.parse::<ClockGrant>().unwrap().clocks();
        let fixed = clocks("fixed:1970-01-01T00:00:01Z");
        assert_eq!((fixed.realtime.now(), fixed.realtime.now()), (1_000_000_000, 1_000_000_000));
        let before = fixed.monotonic.now();
        while fixed.monotonic.now() == before {}
        let host = Clocks::default().realtime.now();
        let ahead = clocks("offset:1h").realtime.now() - host;
        assert!((3_600_000_000_000..3_700_000_000_000).contains(&ahead), "{ahead}");
        let coarse = clocks("coarse:1s");
        for clock in [&coarse.realtime, &coarse.monotonic, &coarse.process_cpu] {
            assert_eq!((clock.now() % 1_000_000_000, clock.resolution()), (0, 1_000_000_000));
        }
    }
}
