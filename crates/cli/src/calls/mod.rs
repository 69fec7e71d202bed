//! `--trace`: what a guest asks of the host, call by call or in sums.

mod lines;
mod summary;

use crate::failure::Failure;
use crate::files::{self, OwnFiles, Readers};
use clap::ValueEnum;
use lines::Lines;
use std::io::{Write, stderr};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use summary::Summary;
use wayleave::system::stdio::printable;
use wayleave::{HostCall, Tracer};

/// Options that `run` has for it.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct TraceArgs {
    /// Tell each call of the host, on standard error or in FILE; `summary` counts and times them
    #[arg(
        long,
        value_name = "FILE|summary",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "-",
        help_heading = "Trace"
    )]
    trace: Option<PathBuf>,
    /// Of what calls: functions or interfaces, `*` stands for any text (`path_*`, `wasi:io/*`)
    #[arg(
        long,
        value_name = "NAME",
        requires = "trace",
        value_delimiter = ',',
        help_heading = "Trace"
    )]
    trace_only: Vec<String>,
    /// How calls are written
    #[arg(
        long,
        value_enum,
        value_name = "FORMAT",
        requires = "trace",
        default_value_t,
        help_heading = "Trace"
    )]
    trace_format: Format,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A line for people
    #[default]
    Text,
    /// A JSON object on a line
    Json,
}

/// What tells of the calls, and what is to be said at the end.
#[derive(Default)]
pub(crate) struct Calls {
    pub(crate) tracer: Option<Arc<dyn Tracer>>,
    only: Only,
    summary: Option<Arc<Summary>>,
}

impl TraceArgs {
    /// Opens what is to be written to. With `all`, calls are told even if no option asks for it.
    pub(crate) fn open(&self, all: bool, own: &mut OwnFiles) -> Result<Calls, Failure> {
        let only = Only::new(&self.trace_only);
        let Some(place) = self.trace.clone().or_else(|| all.then(|| "-".into())) else {
            return Ok(Calls::default());
        };
        if place.as_os_str() == "summary" {
            let summary = Arc::new(Summary::new(only.clone()));
            return Ok(Calls { tracer: Some(summary.clone()), only, summary: Some(summary) });
        }
        let to: Box<dyn Write + Send> = match place.as_os_str() == "-" {
            true => Box::new(stderr()),
            false => {
                let opened = files::create(&place, Readers::Usual, own).map_err(|error| {
                    let place = place.display();
                    Failure::usage(format!("--trace: {place} can not be written: {error}"))
                });
                own.using(&place, "what --trace writes");
                Box::new(opened?)
            }
        };
        let lines = Lines::new(to, only.clone(), self.trace_format == Format::Json);
        Ok(Calls { tracer: Some(Arc::new(lines)), only, summary: None })
    }
}

impl Calls {
    /// Says what there is to say when the program has ended.
    pub(crate) fn end(&self) {
        if let Some(summary) = &self.summary {
            let _ = write!(stderr(), "{summary}");
        }
        for pattern in self.only.unmet() {
            let line =
                format!("wayleave: --trace-only {pattern}: the program imports no such function\n");
            let _ = stderr().write_all(printable(&line).as_bytes());
        }
    }
}

/// Which functions are wanted; all where there is no pattern.
#[derive(Clone, Default)]
struct Only(Arc<[Pattern]>);

struct Pattern {
    text: String,
    /// Whether anything was asked about that it means.
    met: AtomicBool,
}

impl Only {
    fn new(patterns: &[String]) -> Self {
        let pattern = |text: &String| Pattern { text: text.clone(), met: AtomicBool::new(false) };
        Self(patterns.iter().map(pattern).collect())
    }

    fn wants(&self, interface: &str, function: &str) -> bool {
        let interface = unversioned(interface);
        let meant = self.0.iter().filter(|pattern| pattern.means(interface, function));
        // Each of them is met.
        let met = meant.map(|pattern| pattern.met.store(true, Ordering::Relaxed)).count();
        self.0.is_empty() || met > 0
    }

    /// The patterns that meant nothing that was asked about.
    fn unmet(&self) -> impl Iterator<Item = &str> {
        let unmet = self.0.iter().filter(|pattern| !pattern.met.load(Ordering::Relaxed));
        unmet.map(|pattern| pattern.text.as_str())
    }
}

impl Pattern {
    fn means(&self, interface: &str, function: &str) -> bool {
        matches(&self.text, interface)
            || matches(&self.text, function)
            || matches(&self.text, &format!("{interface}#{function}"))
    }
}

/// What a call is called: a function of 0.1 by its name alone, others with their interface.
pub(crate) fn name_of(call: &HostCall<'_>) -> String {
    match call.interface.contains(':') {
        true => format!("{} {}", unversioned(call.interface), call.function),
        false => call.function.to_owned(),
    }
}

/// Tells two tracers, each of the calls that it wants.
pub(crate) struct Both(pub(crate) Arc<dyn Tracer>, pub(crate) Arc<dyn Tracer>);

impl Tracer for Both {
    fn wants(&self, interface: &str, function: &str) -> bool {
        // Both are asked: they remember what they were asked about.
        self.0.wants(interface, function) | self.1.wants(interface, function)
    }

    fn called(&self, call: &HostCall<'_>) {
        for tracer in [&self.0, &self.1] {
            if tracer.wants(call.interface, call.function) {
                tracer.called(call);
            }
        }
    }
}

/// An interface's name without its version.
fn unversioned(interface: &str) -> &str {
    interface.split_once('@').map_or(interface, |(name, _)| name)
}

/// Whether a pattern is a text: `*` in it stands for any part.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((before, after)) = pattern.split_once('*') else { return pattern == text };
    let Some(rest) = text.strip_prefix(before) else { return false };
    (0..=rest.len()).filter_map(|at| rest.get(at..)).any(|rest| matches(after, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, text) in [
            ("fd_read", "fd_read"),
            ("fd_*", "fd_read"),
            ("*", ""),
            ("*read*", "fd_pread"),
            ("wasi:io/*", "wasi:io/streams"),
            ("a*b*c", "abbc"),
        ] {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("fd", "fd_read"), ("fd_*", "sock_fd_"), ("a*b", "abc"), ("", "a")]
        {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn versions_do_not_matter() {
        let only = Only::new(&["wasi:io/streams", "now", "wasi:cli/*#get-*"].map(str::to_owned));
        assert!(only.wants("wasi:io/streams@0.2.3", "[method]input-stream.read"));
        assert!(only.wants("wasi:clocks/monotonic-clock@0.2.0", "now"));
        assert!(only.wants("wasi:cli/stdout@0.2.0", "get-stdout"));
        assert!(!only.wants("wasi:cli/exit@0.2.0", "exit"));
        assert!(Only::default().wants("a", "b"));
    }

    #[test]
    fn patterns_that_mean_nothing_are_known() {
        let only = Only::new(&["a", "b*", "*", "c"].map(str::to_owned));
        assert!(only.wants("x", "a") && only.wants("x", "bb"));
        assert_eq!(only.unmet().collect::<Vec<_>>(), ["c"]);
        assert_eq!(Only::default().unmet().count(), 0);
    }
}
