//! Requests per second: components behind `wayleave serve`, beside plain hyper and `wasmtime serve`.
//!
//! `cargo bench --bench serve -- [--ops hello,echo,neighbours] [--rounds N] [--runners A,B]`
//!
//! Needs `wrk` for the load, which shares the machine with the servers. All servers run at once and
//! take turns in short rounds; figures are medians over the rounds. `neighbours` is what requests
//! notice of another one whose guest never answers. The results go to `target/bench/serve.md`.

mod neighbours;
#[path = "../support/mod.rs"]
mod support;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use std::convert::Infallible;
use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use support::options::Options;
use support::report::{digits, nanoseconds, table};
use support::runners::work_folder;
use support::{Result, median, workspace};

/// Tells this program to be the server that the others are compared with.
const NATIVE: &str = "WAYLEAVE_BENCH_NATIVE";
const CONNECTIONS: u32 = 32;
const SECONDS: u32 = 3;
const DEFAULT_ROUNDS: usize = 5;
const RUNNERS: [&str; 5] = ["native", "wayleave", "wayleave-reuse", "wayleave-wasmi", "wasmtime"];

/// Name, guest, path, and the body that is sent.
const OPS: [(&str, &str, &str, usize); 2] =
    [("hello", "http_hello", "/hello", 0), ("echo", "http_web", "/echo", 64 << 10)];

fn main() -> Result<()> {
    if let Some(address) = std::env::var_os(NATIVE) {
        return native(address.to_str().ok_or("no address")?.parse()?);
    }
    let options = Options::from_args()?;
    let work = work_folder(&workspace()?)?;
    if Command::new("wrk").arg("-v").stdout(Stdio::null()).spawn().is_err() {
        return Err("wrk is missing: it is in most distributions' packages".into());
    }
    let mut report = format!(
        "{CONNECTIONS} connections, HTTP/1.1, {SECONDS} seconds a round, the load on the same machine.\n\n"
    );
    for (name, guest, path, body) in OPS {
        let wanted = options.ops.as_ref().is_none_or(|ops| ops.iter().any(|op| op == name));
        if wanted {
            let rounds = options.rounds.unwrap_or(DEFAULT_ROUNDS);
            report +=
                &measure(&work, options.runners.as_deref(), (name, guest, path, body), rounds)?;
        }
    }
    if options.ops.as_ref().is_none_or(|ops| ops.iter().any(|op| op == "neighbours")) {
        report += &neighbours::measure(&work, options.rounds.unwrap_or(DEFAULT_ROUNDS))?;
    }
    println!("{report}");
    fs::write(work.join("serve.md"), report)?;
    println!("written to {}", work.join("serve.md").display());
    Ok(())
}

/// A server, and what was seen of it.
struct Runner {
    name: &'static str,
    child: Child,
    address: SocketAddr,
    samples: Vec<Sample>,
}

impl Drop for Runner {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Sample {
    per_second: f64,
    /// In nanoseconds.
    half: f64,
    most: f64,
}

fn measure(
    work: &Path,
    wanted: Option<&[String]>,
    (name, guest, path, body): (&str, &str, &str, usize),
    rounds: usize,
) -> Result<String> {
    let script = work.join("serve.lua");
    fs::write(&script, format!("wrk.method = \"POST\"\nwrk.body = string.rep(\"x\", {body})\n"))?;
    let script = (body > 0).then_some(script);
    let mut runners = Vec::new();
    for runner in RUNNERS {
        let wanted =
            runner == "native" || wanted.is_none_or(|list| list.iter().any(|w| w == runner));
        if wanted && let Some(runner) = start(runner, guest, work)? {
            runners.push(runner);
        }
    }
    for round in 0..=rounds {
        for runner in &mut runners {
            let sample = load(runner.address, path, script.as_ref())
                .map_err(|error| format!("{}: {error}", runner.name))?;
            // The first warms up.
            if round > 0 {
                runner.samples.push(sample);
            }
        }
        eprintln!("{name}: round {round} of {rounds}");
    }
    let of = |runner: &Runner, value: fn(&Sample) -> f64| {
        median(&runner.samples.iter().map(value).collect::<Vec<_>>()).unwrap_or(f64::NAN)
    };
    let best = runners.first().map_or(f64::NAN, |native| of(native, |sample| sample.per_second));
    let head = ["server", "requests/s", "of native", "p50", "p99", "memory"].map(str::to_owned);
    let rows: Vec<Vec<String>> = runners
        .iter()
        .map(|runner| {
            let per_second = of(runner, |sample| sample.per_second);
            vec![
                runner.name.to_owned(),
                format!("{per_second:.0}"),
                digits(per_second / best),
                nanoseconds(of(runner, |sample| sample.half)),
                nanoseconds(of(runner, |sample| sample.most)),
                memory(runner.child.id()),
            ]
        })
        .collect();
    Ok(format!("### {name}\n\n{}\n", table(&head, &rows)))
}

fn start(name: &'static str, guest: &str, work: &Path) -> Result<Option<Runner>> {
    let free = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let component = workspace()?.join("guests/built/components").join(guest).with_extension("wasm");
    let mut command = match name {
        "native" => Command::new(std::env::current_exe()?),
        "wasmtime" => Command::new("wasmtime"),
        _ => Command::new(env!("CARGO_BIN_EXE_wayleave")),
    };
    let address = free.to_string();
    match name {
        "native" => command.env(NATIVE, &address),
        "wasmtime" => command.args(["serve", "-S", "cli", "--addr", &address]).arg(component),
        _ => {
            command.args(["serve", "--addr", &address]).arg(component);
            command.env("WAYLEAVE_CACHE_DIR", work.join("wayleave-cache"));
            match name {
                "wayleave-reuse" => command.args(["--reuse", "1000"]),
                "wayleave-wasmi" => command.args(["--engine", "wasmi"]),
                "wayleave-limited" => command.args(neighbours::limit()),
                _ => &mut command,
            }
        }
    };
    let log = fs::File::create(work.join(format!("serve-{name}.log")))?;
    let child = match command.stdout(Stdio::null()).stderr(log).spawn() {
        Ok(child) => child,
        Err(error) => {
            eprintln!("{name} can not be started: {error}: left out");
            return Ok(None);
        }
    };
    let runner = Runner { name, child, address: free, samples: Vec::new() };
    let begun = Instant::now();
    while TcpStream::connect(free).is_err() {
        if begun.elapsed() > Duration::from_secs(60) {
            return Err(format!("{name} does not listen").into());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(Some(runner))
}

fn load(address: SocketAddr, path: &str, script: Option<&PathBuf>) -> Result<Sample> {
    let mut command = Command::new("wrk");
    command.args(["-t1", &format!("-c{CONNECTIONS}"), &format!("-d{SECONDS}s"), "--latency"]);
    if let Some(script) = script {
        command.arg("-s").arg(script);
    }
    let output = command.arg(format!("http://{address}{path}")).output()?;
    let text = String::from_utf8(output.stdout)?;
    let field = |name: &str| {
        let line = text.lines().find_map(|line| line.trim().strip_prefix(name));
        line.map(str::trim).ok_or_else(|| format!("no {name} in what wrk says:\n{text}"))
    };
    if text.contains("Non-2xx") || text.contains("Socket errors") {
        return Err(text.into());
    }
    Ok(Sample {
        per_second: field("Requests/sec:")?.parse()?,
        half: time(field("50%")?)?,
        most: time(field("99%")?)?,
    })
}

/// A time as wrk writes it, in nanoseconds.
fn time(text: &str) -> Result<f64> {
    let end = text.find(|c: char| c.is_alphabetic()).ok_or("no unit")?;
    let (number, unit) = text.split_at(end);
    let unit = match unit {
        "us" => 1e3,
        "ms" => 1e6,
        "s" => 1e9,
        _ => return Err(format!("an unknown unit: {text}").into()),
    };
    Ok(number.parse::<f64>()? * unit)
}

/// What a process has in RAM.
fn memory(process: u32) -> String {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse::<f64>().ok())
        .map_or_else(|| "?".into(), |kib| format!("{} MiB", digits(kib / 1024.0)))
}

/// The same answers without any guest.
fn native(address: SocketAddr) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(address).await?;
        loop {
            let (stream, _) = listener.accept().await?;
            let _ = stream.set_nodelay(true);
            tokio::spawn(async move {
                let builder = Builder::new(TokioExecutor::new());
                let _ = builder.serve_connection(TokioIo::new(stream), service_fn(answer)).await;
            });
        }
    })
}

async fn answer(
    request: Request<Incoming>,
) -> std::result::Result<
    Response<http_body_util::combinators::BoxBody<Bytes, hyper::Error>>,
    Infallible,
> {
    if request.uri().path() == "/echo" {
        return Ok(Response::new(request.into_body().boxed()));
    }
    let words = Full::new(Bytes::from_static(b"Hello, world!\n"));
    Ok(Response::new(words.map_err(|never| match never {}).boxed()))
}
