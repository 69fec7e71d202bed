//! How many guests live side by side: instances of the HTTP hello component, all alive at once.
//!
//! `cargo bench --bench density -- [--runners ordinary,dense,wasmi] [--rounds THOUSANDS]`
//!
//! Each way of giving memory is measured in a process of its own. Making an instance is timed in
//! thousands; that the first thousand and the last take the same is what is to be seen. The results
//! go to `target/bench/density.md`.

mod support;

use std::fs;
use std::process::{Command, Stdio};
use std::time::Instant;
use support::options::Options;
use support::report::{digits, nanoseconds, table};
use support::runners::work_folder;
use support::{Result, median, workspace};
use wayleave::{EngineKind, Grants, Runtime};

/// Tells this program which way it is to measure.
const WAY: &str = "WAYLEAVE_BENCH_DENSITY";
const WAYS: [&str; 3] = ["ordinary", "dense", "wasmi"];
const THOUSANDS: usize = 50;
/// Where making more of them ends, for the machine's sake.
const MOST_RESIDENT: u64 = 8 << 30;

fn main() -> Result<()> {
    let options = Options::from_args()?;
    let thousands = options.rounds.unwrap_or(THOUSANDS);
    if let Ok(way) = std::env::var(WAY) {
        return measure(&way, thousands);
    }
    let work = work_folder(&workspace()?)?;
    let head =
        ["memory", "alive", "first 1,000", "last 1,000", "end", "each", "in 1 GiB", "mappings"];
    let mut rows = Vec::new();
    for way in WAYS {
        if options.runners.as_ref().is_some_and(|wanted| !wanted.iter().any(|w| w == way)) {
            continue;
        }
        let child = Command::new(std::env::current_exe()?)
            .args(["--rounds", &thousands.to_string()])
            .env(WAY, way)
            .stderr(Stdio::inherit())
            .output()?;
        if !child.status.success() {
            return Err(format!("{way}: {}", child.status).into());
        }
        let line = String::from_utf8(child.stdout)?;
        rows.push(line.trim().split('\t').map(str::to_owned).collect());
    }
    let report = table(&head.map(str::to_owned), &rows);
    println!("{report}");
    fs::write(work.join("density.md"), report)?;
    println!("written to {}", work.join("density.md").display());
    Ok(())
}

/// Makes instances until there are enough or no more can be made, and prints the row of the table.
fn measure(way: &str, thousands: usize) -> Result<()> {
    let builder = Runtime::builder().dense(way == "dense");
    let builder = match way {
        "wasmi" => builder.engine("wasmi".parse::<EngineKind>()?),
        _ => builder,
    };
    let guest = workspace()?.join("guests/built/components/http_hello.wasm");
    let program = builder.build()?.load_file(guest)?;
    drop(program.instantiate(Grants::new())?); // what is made once
    let before = resident()?;
    let mut alive = Vec::with_capacity(thousands * 1_000);
    let mut times = Vec::new();
    'all: for _ in 0..thousands {
        let begun = Instant::now();
        for _ in 0..1_000 {
            match program.instantiate(Grants::new()) {
                Ok(instance) => alive.push(instance),
                Err(error) => {
                    eprintln!("{way}: after {}: {error}", alive.len());
                    break 'all;
                }
            }
        }
        times.push(begun.elapsed().as_secs_f64() * 1e9 / 1_000.0);
        if resident()? > MOST_RESIDENT {
            eprintln!("{way}: after {}: that is enough memory", alive.len());
            break;
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "it is shown with three digits")]
    let (each, count) = ((resident()? - before) as f64 / alive.len() as f64, alive.len());
    let mappings = fs::read_to_string("/proc/self/maps")?.lines().count();
    let some = times.len().min(5);
    let begun = Instant::now();
    drop(alive);
    #[expect(clippy::cast_precision_loss, reason = "as above")]
    let end = begun.elapsed().as_secs_f64() * 1e9 / count as f64;
    let time = |times: &[f64]| median(times).map_or_else(|| "?".into(), nanoseconds);
    let row = [
        way.to_owned(),
        count.to_string(),
        time(times.get(..1).unwrap_or_default()),
        time(&times[times.len() - some..]),
        nanoseconds(end),
        format!("{} KiB", digits(each / 1024.0)),
        digits((1_u64 << 30) as f64 / each),
        mappings.to_string(),
    ];
    println!("{}", row.join("\t"));
    Ok(())
}

/// Bytes of this process in RAM.
fn resident() -> Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    let kib: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kib * 1024)
}
