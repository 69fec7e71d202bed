use super::{Only, name_of};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use wayleave::{CallOutcome, HostCall, Tracer};

/// How often each function was called, and how long that took: a table at the end.
pub(super) struct Summary {
    only: Only,
    functions: Mutex<BTreeMap<String, Sum>>,
}

#[derive(Clone, Copy, Default)]
struct Sum {
    calls: u64,
    failed: u64,
    time: Duration,
}

impl Summary {
    pub(super) fn new(only: Only) -> Self {
        Self { only, functions: Mutex::default() }
    }
}

impl Tracer for Summary {
    fn wants(&self, interface: &str, function: &str) -> bool {
        self.only.wants(interface, function)
    }

    fn called(&self, call: &HostCall<'_>) {
        let mut functions = self.functions.lock().unwrap_or_else(PoisonError::into_inner);
        let sum = functions.entry(name_of(call)).or_default();
        sum.calls += 1;
        sum.failed += u64::from(matches!(call.outcome, CallOutcome::Failed(_)));
        sum.time += call.time;
    }
}

/// What took longest comes first.
impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let functions = self.functions.lock().unwrap_or_else(PoisonError::into_inner);
        let mut rows: Vec<_> = functions.iter().collect();
        rows.sort_by_key(|(_, sum)| std::cmp::Reverse(sum.time));
        writeln!(f, "{:>12} {:>10} {:>10} {:>8}  function", "time", "each", "calls", "errors")?;
        let mut all = Sum::default();
        for (name, sum) in rows {
            row(f, *sum, name)?;
            all.calls += sum.calls;
            all.failed += sum.failed;
            all.time += sum.time;
        }
        row(f, all, "all")
    }
}

fn row(f: &mut fmt::Formatter<'_>, sum: Sum, name: &str) -> fmt::Result {
    let each = sum.time.checked_div(u32::try_from(sum.calls).unwrap_or(u32::MAX));
    let (time, each) = (micros(sum.time), micros(each.unwrap_or_default()));
    writeln!(f, "{time:>12} {each:>10} {:>10} {:>8}  {name}", sum.calls, sum.failed)
}

fn micros(time: Duration) -> String {
    format!("{:.1} µs", time.as_secs_f64() * 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums() {
        let summary = Summary::new(Only::default());
        let call = |function, outcome, micros| {
            let (args, time) = (&[][..], Duration::from_micros(micros));
            summary.called(&HostCall { interface: "wasi_unstable", function, args, outcome, time });
        };
        call("a", CallOutcome::Returned(""), 2);
        call("b", CallOutcome::Returned(""), 30);
        call("a", CallOutcome::Failed("x"), 4);
        let text = summary.to_string();
        let rows: Vec<Vec<_>> =
            text.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(rows[1], ["30.0", "µs", "30.0", "µs", "1", "0", "b"]);
        assert_eq!(rows[2], ["6.0", "µs", "3.0", "µs", "2", "1", "a"]);
        assert_eq!(rows[3], ["36.0", "µs", "12.0", "µs", "3", "1", "all"]);
    }
}
