//! What system calls cost a guest, compared with the same program run natively.
//!
//! `cargo bench --bench syscalls -- [--ops A,B] [--rounds N] [--runners A,B]`
//!
//! Each runner executes the program `guests/bench/ops.rs`, which times one operation many times from
//! within, so that start-up does not count. Runners take turns in short rounds, so that a busy
//! moment of the machine hits all of them; the figure is the median over the rounds. The results go
//! to `target/bench/syscalls.md` and `.svg`.

mod support;

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use support::chart::Chart;
use support::options::Options;
use support::report::{conditions, digits, nanoseconds, table};
use support::runners::{Guest, Runner, work_folder};
use support::{Result, median, process, workspace};

/// Each operation, as `ops` calls it, and as the table does.
const OPS: [(&str, &str); 15] = [
    ("clock", "read the clock"),
    ("random16", "16 random bytes"),
    ("read1", "read 1 byte"),
    ("read4k", "read 4 KiB"),
    ("read1m", "read 1 MiB"),
    ("write1", "write 1 byte"),
    ("write4k", "write 4 KiB"),
    ("write1m", "write 1 MiB"),
    ("seek", "seek"),
    ("stat", "stat a path"),
    ("open_close", "open + close"),
    ("create_unlink", "create + unlink"),
    ("rename", "rename"),
    ("list1000", "list 1,000 files"),
    ("pipe", "4 KiB through pipes"),
];
/// How long one run should take: long enough to vanish start-up effects, short enough to take turns.
const RUN: Duration = Duration::from_millis(100);
const DEFAULT_ROUNDS: usize = 5;

fn main() -> Result<()> {
    let options = Options::from_args()?;
    let ops = select(options.ops.as_deref())?;
    let workspace = workspace()?;
    let guest = Guest::prepare(&workspace, "bench/ops.rs", "ops")?;
    // How it is linked matters for starting, not for what it does then.
    let runners = Runner::find(&workspace, options.runners.as_deref(), &["wayleave-static"])?;
    let work = work_folder(&workspace)?;
    let bench = Bench { runners, guest, folder: work.join("files") };
    // Removed first: what an older version of the program left there may not be what it expects.
    let _ = fs::remove_dir_all(&bench.folder);
    fs::create_dir_all(&bench.folder)?;

    let mut results = Vec::new();
    for (op, label) in ops {
        eprintln!("{op} ...");
        let medians = bench.measure(op, options.rounds.unwrap_or(DEFAULT_ROUNDS));
        results.push(Row { label, medians });
    }
    let report = report(&bench.runners, &results);
    println!("{report}");
    fs::write(work.join("syscalls.md"), report)?;
    fs::write(work.join("syscalls.svg"), chart(&bench.runners, &results))?;
    println!("written to {}", work.join("syscalls.{md,svg}").display());
    Ok(())
}

fn select(wanted: Option<&[String]>) -> Result<Vec<(&'static str, &'static str)>> {
    let Some(wanted) = wanted else { return Ok(OPS.to_vec()) };
    wanted
        .iter()
        .map(|name| {
            let found = OPS.iter().find(|(op, _)| op == name).copied();
            found.ok_or_else(|| format!("unknown operation {name}").into())
        })
        .collect()
}

/// An operation's nanoseconds, for each runner that could do it; the first is native.
struct Row {
    label: &'static str,
    medians: Vec<Option<f64>>,
}

impl Row {
    fn ratio(&self, runner: usize) -> Option<f64> {
        Some(self.medians[runner]? / self.medians[0]?)
    }
}

struct Bench {
    runners: Vec<Runner>,
    guest: Guest,
    folder: PathBuf,
}

impl Bench {
    /// The median of `rounds` runs, for each runner that can do `op`.
    fn measure(&self, op: &str, rounds: usize) -> Vec<Option<f64>> {
        let iterations: Vec<Option<u64>> = self
            .runners
            .iter()
            .map(|runner| match self.calibrate(runner, op) {
                Ok(iterations) => Some(iterations),
                Err(error) => {
                    eprintln!("{} can not do {op}: {error}", runner.name);
                    None
                }
            })
            .collect();
        let mut samples = vec![Vec::new(); self.runners.len()];
        for _ in 0..rounds {
            for (number, runner) in self.runners.iter().enumerate() {
                let Some(iterations) = iterations[number] else { continue };
                match self.run(runner, op, iterations) {
                    Ok(nanoseconds) => samples[number].push(nanoseconds),
                    Err(error) => eprintln!("{} failed in {op}: {error}", runner.name),
                }
            }
        }
        samples.iter().map(|samples| median(samples)).collect()
    }

    /// How many iterations make a run of the wanted length.
    fn calibrate(&self, runner: &Runner, op: &str) -> Result<u64> {
        let mut iterations = 2;
        loop {
            let each = self.run(runner, op, iterations)?.max(1.0);
            let each = Duration::from_secs_f64(each / 1e9);
            let wanted = u64::try_from(RUN.as_nanos() / each.as_nanos().max(1))?.max(1);
            // In steps: the first few iterations of anything are slower than the rest.
            if wanted <= iterations * 100 {
                return Ok(wanted);
            }
            iterations *= 100;
        }
    }

    /// Runs `op` once more; nanoseconds for each iteration.
    fn run(&self, runner: &Runner, op: &str, iterations: u64) -> Result<f64> {
        let mut command = runner.command(&self.guest, Some(&self.folder));
        command.args([op, &iterations.to_string()]).arg(runner.guest_folder(&self.folder));
        let printed = if op == "pipe" {
            // One chunk more than is timed: the clock starts with the first.
            process::feed(&mut command, (usize::try_from(iterations)? + 1) * 4096)?
        } else {
            process::run(&mut command)?.stdout
        };
        let number = printed.lines().last().unwrap_or_default();
        Ok(number.trim().parse().map_err(|_| format!("not a number: {printed:?}"))?)
    }
}

fn report(runners: &[Runner], rows: &[Row]) -> String {
    let mut head = vec!["operation".to_owned()];
    head.extend(runners.iter().map(|runner| runner.name.to_owned()));
    let cells: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            let mut cells = vec![row.label.to_owned()];
            cells.extend((0..runners.len()).map(|number| cell(row, number)));
            cells
        })
        .collect();
    format!(
        "Time for each operation, and how many times the native time that is.\n\n{}\n{}",
        table(&head, &cells),
        conditions(runners),
    )
}

fn cell(row: &Row, runner: usize) -> String {
    match (row.medians[runner], row.ratio(runner)) {
        (Some(time), Some(ratio)) if runner > 0 => {
            format!("{} ({}×)", nanoseconds(time), digits(ratio))
        }
        (Some(time), _) => nanoseconds(time),
        (None, _) => "—".to_owned(),
    }
}

fn chart(runners: &[Runner], rows: &[Row]) -> String {
    let series: Vec<String> = runners.iter().skip(1).map(|runner| runner.name.to_owned()).collect();
    let groups: Vec<(String, Vec<Option<f64>>)> = rows
        .iter()
        .map(|row| (row.label.to_owned(), (1..runners.len()).map(|r| row.ratio(r)).collect()))
        .collect();
    let title = "System calls: time compared with native (logarithmic, less is better)";
    Chart { title, series: &series, groups: &groups, unit: "×", base: 1.0 }.svg()
}
