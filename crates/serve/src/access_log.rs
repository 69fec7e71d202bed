use serde_json::json;
use std::fmt;
use std::io::Write;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use wayleave::system::stdio::printable_json;

/// How requests are written down, on standard output, a line each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AccessLog {
    /// Not at all.
    #[default]
    Off,
    /// As people read it.
    Text,
    /// As JSON.
    Json,
}

impl FromStr for AccessLog {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "off" => Ok(Self::Off),
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(format!("{text:?} is not a log format: write off, text or json")),
        }
    }
}

impl fmt::Display for AccessLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Off => "off",
            Self::Text => "text",
            Self::Json => "json",
        })
    }
}

/// One request, at its end.
pub(crate) struct Entry<'a> {
    pub(crate) id: &'a str,
    pub(crate) app: &'a str,
    pub(crate) peer: &'a str,
    pub(crate) method: &'a str,
    pub(crate) host: &'a str,
    pub(crate) path: &'a str,
    pub(crate) status: u16,
    pub(crate) bytes: u64,
    pub(crate) time: Duration,
    /// Whether the response was sent to its end.
    pub(crate) complete: bool,
}

impl AccessLog {
    pub(crate) fn write(self, entry: &Entry<'_>) {
        let line = match self {
            Self::Off => return,
            Self::Text => text(entry),
            Self::Json => json(entry),
        };
        // A log that nobody reads any more is no reason to stop.
        let _ = std::io::stdout().lock().write_all(line.as_bytes());
    }
}

fn text(entry: &Entry<'_>) -> String {
    let Entry { id, app, peer, method, host, path, status, bytes, time, complete } = entry;
    let cut = if *complete { "" } else { " incomplete" };
    format!(
        "{} {peer} {app} {method} {}{} {status} {bytes}B {:.3}ms {id}{cut}\n",
        now(),
        host.escape_debug(),
        path.escape_debug(),
        time.as_secs_f64() * 1000.0
    )
}

fn json(entry: &Entry<'_>) -> String {
    let Entry { id, app, peer, method, host, path, status, bytes, time, complete } = entry;
    let line = json!({
        "time": now(),
        "id": id,
        "app": app,
        "peer": peer,
        "method": method,
        "host": host,
        "path": path,
        "status": status,
        "bytes": bytes,
        "ms": (time.as_secs_f64() * 1_000_000.0).round() / 1000.0,
        "complete": complete,
    });
    format!("{}\n", printable_json(&line.to_string()))
}

/// The time as RFC 3339 writes it, in UTC.
fn now() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let (days, rest) = (since.as_secs() / 86_400, since.as_secs() % 86_400);
    let (year, month, day) = date(days);
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    let milliseconds = since.subsec_millis();
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milliseconds:03}Z")
}

/// Year, month and day of a number of days since 1970-01-01. Counted in years that begin in March,
/// so that the leap day is their last.
fn date(days: u64) -> (u64, u64, u64) {
    const FROM_0000_03_01: u64 = 719_468;
    const DAYS_OF_400_YEARS: u64 = 146_097;
    let days = days + FROM_0000_03_01;
    let (era, of_era) = (days / DAYS_OF_400_YEARS, days % DAYS_OF_400_YEARS);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (era * 400 + year + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates() {
        for (days, expected) in [
            (0, (1970, 1, 1)),
            (11_016, (2000, 2, 29)),
            (11_017, (2000, 3, 1)),
            (19_782, (2024, 2, 29)),
            (20_778, (2026, 11, 21)),
            (47_540, (2100, 2, 28)),
            (47_541, (2100, 3, 1)),
        ] {
            assert_eq!(date(days), expected);
        }
    }

    #[test]
    fn what_clients_send_stays_in_its_line() {
        let entry = Entry {
            id: "1",
            app: "a",
            peer: "p",
            method: "GET",
            host: "h\n",
            path: "/\u{1b}[2J\u{202e}\"",
            status: 200,
            bytes: 5,
            time: Duration::from_micros(1500),
            complete: false,
        };
        let line = text(&entry);
        assert_eq!(line.matches(|c: char| c.is_control()).count(), 1, "{line:?}");
        assert!(line.contains(" 200 5B 1.500ms 1 incomplete\n"), "{line:?}");
        let line = json(&entry);
        assert!(line.trim_end().bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{line:?}");
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!((&value["host"], &value["path"]), (&json!(entry.host), &json!(entry.path)));
        assert_eq!(value["ms"], 1.5);
    }
}
