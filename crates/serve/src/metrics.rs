use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What is counted of one app.
#[derive(Default)]
pub(crate) struct Metrics {
    /// By the first digit of the status.
    responses: [AtomicU64; 6],
    pub(crate) in_flight: AtomicU64,
    pub(crate) queued: AtomicU64,
    pub(crate) traps: AtomicU64,
    pub(crate) timeouts: AtomicU64,
    pub(crate) rejected: AtomicU64,
    pub(crate) cancelled: AtomicU64,
    buckets: [AtomicU64; BOUNDS.len() + 1],
    microseconds: AtomicU64,
}

/// Upper bounds of the times that are counted together.
const BOUNDS: [(u64, &str); 11] = [
    (500, "0.0005"),
    (1_000, "0.001"),
    (2_500, "0.0025"),
    (5_000, "0.005"),
    (10_000, "0.01"),
    (25_000, "0.025"),
    (100_000, "0.1"),
    (500_000, "0.5"),
    (1_000_000, "1"),
    (5_000_000, "5"),
    (30_000_000, "30"),
];

impl Metrics {
    /// A response was sent, all of it, or as much as there will be.
    pub(crate) fn response(&self, status: u16, time: Duration) {
        if let Some(class) = self.responses.get(usize::from(status / 100)) {
            add(class);
        }
        let time = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let bucket = BOUNDS.iter().position(|(bound, _)| time <= *bound).unwrap_or(BOUNDS.len());
        if let Some(bucket) = self.buckets.get(bucket) {
            add(bucket);
        }
        self.microseconds.fetch_add(time, Ordering::Relaxed);
    }
}

/// One more.
pub(crate) fn add(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// One of a number that goes down again when this is dropped.
pub(crate) struct Gauge<'a>(&'a AtomicU64);

impl<'a> Gauge<'a> {
    pub(crate) fn new(counter: &'a AtomicU64) -> Self {
        add(counter);
        Self(counter)
    }

    pub(crate) fn value(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Drop for Gauge<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// All of it as Prometheus reads it.
pub(crate) fn render<'a>(apps: impl Iterator<Item = (&'a str, &'a Metrics)>) -> String {
    let apps: Vec<_> = apps.map(|(name, metrics)| (label(name), metrics)).collect();
    let mut text = String::new();
    let mut family =
        |name: &str, kind: &str, help: &str, lines: &dyn Fn(&str, &Metrics) -> String| {
            let _ = writeln!(text, "# HELP wayleave_{name} {help}\n# TYPE wayleave_{name} {kind}");
            for (app, metrics) in &apps {
                text.push_str(&lines(app, metrics));
            }
        };
    let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    family("responses_total", "counter", "Responses by class of status.", &|app, metrics| {
        let mut lines = String::new();
        for (class, count) in metrics.responses.iter().enumerate().skip(1) {
            let count = get(count);
            let _ = writeln!(
                lines,
                "wayleave_responses_total{{app=\"{app}\",status=\"{class}xx\"}} {count}"
            );
        }
        lines
    });
    type Of = fn(&Metrics) -> &AtomicU64;
    let simple: [(&str, &str, &str, Of); 6] = [
        ("requests_in_flight", "gauge", "Requests under way.", |m| &m.in_flight),
        ("requests_queued", "gauge", "Requests that wait for others to end.", |m| &m.queued),
        ("traps_total", "counter", "Guests that trapped.", |m| &m.traps),
        ("timeouts_total", "counter", "Requests whose time was used up.", |m| &m.timeouts),
        ("rejected_total", "counter", "Requests refused for want of room.", |m| &m.rejected),
        ("cancelled_total", "counter", "Requests whose client went away.", |m| &m.cancelled),
    ];
    for (name, kind, help, of) in simple {
        family(name, kind, help, &|app, metrics| {
            format!("wayleave_{name}{{app=\"{app}\"}} {}\n", get(of(metrics)))
        });
    }
    family(
        "request_seconds",
        "histogram",
        "Time from head to the response's end.",
        &|app, metrics| {
            let mut lines = String::new();
            let mut sum = 0;
            let bounds = BOUNDS.iter().map(|(_, text)| *text).chain(["+Inf"]);
            for (bucket, bound) in metrics.buckets.iter().zip(bounds) {
                sum += get(bucket);
                let _ = writeln!(
                    lines,
                    "wayleave_request_seconds_bucket{{app=\"{app}\",le=\"{bound}\"}} {sum}"
                );
            }
            let seconds = Duration::from_micros(get(&metrics.microseconds)).as_secs_f64();
            let _ = writeln!(lines, "wayleave_request_seconds_sum{{app=\"{app}\"}} {seconds}");
            let _ = writeln!(lines, "wayleave_request_seconds_count{{app=\"{app}\"}} {sum}");
            lines
        },
    );
    text
}

fn label(name: &str) -> String {
    name.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_adds_up() {
        let metrics = Metrics::default();
        for (status, time) in [(200, 400), (204, 900), (500, 40_000_000)] {
            metrics.response(status, Duration::from_micros(time));
        }
        let text = render([("a\"b", &metrics)].into_iter());
        for line in [
            "wayleave_responses_total{app=\"a\\\"b\",status=\"2xx\"} 2",
            "wayleave_responses_total{app=\"a\\\"b\",status=\"5xx\"} 1",
            "wayleave_request_seconds_bucket{app=\"a\\\"b\",le=\"0.0005\"} 1",
            "wayleave_request_seconds_bucket{app=\"a\\\"b\",le=\"30\"} 2",
            "wayleave_request_seconds_bucket{app=\"a\\\"b\",le=\"+Inf\"} 3",
            "wayleave_request_seconds_count{app=\"a\\\"b\"} 3",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
    }
}
