//! How long hello world takes as a whole process, and how much memory.
//!
//! `cargo bench --bench startup -- [--rounds N] [--runners A,B]`
//!
//! Runners take turns; compiled code is in each runner's cache, where it has one. The results go to
//! `target/bench/startup.md` and `.svg`.

mod support;

use std::fs;

use support::chart::Chart;
use support::options::Options;
use support::report::{conditions, digits, nanoseconds, table};
use support::runners::{Guest, Runner, work_folder};
use support::{Result, median, process, workspace};

const DEFAULT_ROUNDS: usize = 40;

fn main() -> Result<()> {
    let options = Options::from_args()?;
    let workspace = workspace()?;
    let guest = Guest::prepare(&workspace, "rust/src/bin/hello.rs", "hello")?;
    // What a program does once it runs is not what is measured.
    let but = ["wayleave-0.2-direct", "wasmtime-0.2-direct"];
    let runners = Runner::find(&workspace, options.runners.as_deref(), &but)?;
    let work = work_folder(&workspace)?;

    let mut rows: Vec<Row> = runners.iter().map(|runner| Row::new(runner.name)).collect();
    for runner in &runners {
        sample(runner, &guest)?; // fills its cache
    }
    for _ in 0..options.rounds.unwrap_or(DEFAULT_ROUNDS) {
        for (runner, row) in runners.iter().zip(&mut rows) {
            let (nanoseconds, peak) = sample(runner, &guest)?;
            row.samples.push(nanoseconds);
            row.peak = row.peak.max(peak);
        }
    }

    let report = report(&runners, &rows);
    println!("{report}");
    fs::write(work.join("startup.md"), report)?;
    fs::write(work.join("startup.svg"), chart(&rows))?;
    println!("written to {}", work.join("startup.{md,svg}").display());
    Ok(())
}

struct Row {
    name: &'static str,
    /// Wall time of each run, in nanoseconds.
    samples: Vec<f64>,
    /// The most memory that any run had, in bytes.
    peak: Option<u64>,
}

impl Row {
    fn new(name: &'static str) -> Self {
        Self { name, samples: Vec::new(), peak: None }
    }

    fn median(&self) -> Option<f64> {
        median(&self.samples)
    }
}

/// Wall time in nanoseconds and peak memory in bytes of one run.
fn sample(runner: &Runner, guest: &Guest) -> Result<(f64, Option<u64>)> {
    let finished = process::run(&mut runner.command(guest, None))
        .map_err(|error| format!("{}: {error}", runner.name))?;
    if finished.stdout != "Hello, world!\n" {
        return Err(format!("{} printed {:?}", runner.name, finished.stdout).into());
    }
    Ok((finished.wall.as_secs_f64() * 1e9, finished.peak_bytes))
}

fn report(runners: &[Runner], rows: &[Row]) -> String {
    let head = ["runner", "median", "fastest", "to native", "peak memory"].map(str::to_owned);
    let native = rows.first().and_then(Row::median);
    let cells: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            let fastest = row.samples.iter().copied().reduce(f64::min);
            let ratio = row.median().zip(native).map(|(own, native)| own / native);
            vec![
                row.name.to_owned(),
                or_dash(row.median(), nanoseconds),
                or_dash(fastest, nanoseconds),
                or_dash(ratio, |ratio| format!("{}×", digits(ratio))),
                or_dash(row.peak, |bytes| format!("{} MiB", digits(bytes as f64 / 1_048_576.0))),
            ]
        })
        .collect();
    format!(
        "Hello world as a whole process, compiled code cached where the runner can.\n\n{}\n{}",
        table(&head, &cells),
        conditions(runners),
    )
}

fn or_dash<T>(value: Option<T>, show: impl Fn(T) -> String) -> String {
    value.map_or_else(|| "—".to_owned(), show)
}

fn chart(rows: &[Row]) -> String {
    let groups: Vec<(String, Vec<Option<f64>>)> = rows
        .iter()
        .map(|row| (row.name.to_owned(), vec![row.median().map(|time| time / 1e6)]))
        .collect();
    let title = "Hello world as a process: milliseconds (logarithmic, less is better)";
    let series = ["median wall time".to_owned()];
    Chart { title, series: &series, groups: &groups, unit: " ms", base: 0.1 }.svg()
}
