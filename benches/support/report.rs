//! Tables in Markdown, and the conditions under which they were measured.

use std::fmt::Write;
use std::fs;

use super::runners::Runner;

/// A Markdown table. The first column is text, the others are numbers and stand to the right.
pub(crate) fn table(head: &[String], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).chain(head.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0).max(2)
    };
    let line = |cells: &[String]| {
        let mut line = String::from("|");
        for (column, cell) in cells.iter().enumerate() {
            let width = width(column);
            let _ = match column {
                0 => write!(line, " {cell:<width$} |"),
                _ => write!(line, " {cell:>width$} |"),
            };
        }
        line + "\n"
    };
    let rule: Vec<String> = (0..head.len())
        .map(|column| match column {
            0 => "-".repeat(width(column)),
            _ => "-".repeat(width(column) - 1) + ":",
        })
        .collect();
    let body: String = rows.iter().map(|row| line(row)).collect();
    line(head) + &line(&rule) + &body
}

/// Machine and versions, one sentence each.
pub(crate) fn conditions(runners: &[Runner]) -> String {
    let processor = fs::read_to_string("/proc/cpuinfo").ok().and_then(|text| {
        let line = text.lines().find(|line| line.starts_with("model name"))?.to_owned();
        Some(line.split_once(':')?.1.trim().to_owned())
    });
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut versions: Vec<&str> = runners.iter().map(|runner| runner.version.as_str()).collect();
    versions.retain(|version| !version.is_empty());
    versions.dedup();
    format!(
        "{cores} cores ({}), {} {}; {}.\n",
        processor.as_deref().unwrap_or("unknown processor"),
        std::env::consts::OS,
        std::env::consts::ARCH,
        versions.join(", "),
    )
}

/// A time with three digits that matter: `950 ns`, `1.23 µs`.
pub(crate) fn nanoseconds(value: f64) -> String {
    let (value, unit) = match value {
        v if v < 1e3 => (v, "ns"),
        v if v < 1e6 => (v / 1e3, "µs"),
        v if v < 1e9 => (v / 1e6, "ms"),
        v => (v / 1e9, "s"),
    };
    format!("{} {unit}", digits(value))
}

/// A number with three digits that matter.
pub(crate) fn digits(value: f64) -> String {
    match value {
        v if v < 9.995 => format!("{v:.2}"),
        v if v < 99.95 => format!("{v:.1}"),
        v => format!("{v:.0}"),
    }
}
