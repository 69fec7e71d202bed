use crate::caught::caught;
use crate::failure::Failure;
use crate::grants::{EnvironmentArgs, FileArgs, HttpArgs, LimitArgs, NetworkArgs, parse_number};
use crate::trace;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use wayleave::EngineKind;
use wayleave::grants;
use wayleave::grants::units::{parse_bytes, parse_duration};
use wayleave_serve::{AccessLog, Address, AppSettings, Error, Server, Settings, TlsSettings};

/// Serve HTTP with components.
///
/// Serves one component (FILE), or several by host and path (--manifest), until SIGTERM or SIGINT;
/// then finishes what is under way. SIGHUP loads everything again.
///
/// Grants and limits are those of each request's guest. Unless it is said otherwise, a guest has 30
/// seconds and 256 MiB.
///
/// Exits with 2 when the command line or the manifest is wrong, and 1 when something else keeps it
/// from serving.
#[derive(clap::Args)]
#[command(override_usage = "wayleave serve [GRANTS] FILE\n       wayleave serve --manifest FILE")]
pub(crate) struct Args {
    /// The component: it exports wasi:http/incoming-handler
    #[arg(value_name = "FILE", required_unless_present = "manifest")]
    component: Option<PathBuf>,
    /// Apps, their hosts, paths, grants and limits (wayleave.toml)
    #[arg(long, value_name = "FILE", conflicts_with = "component")]
    manifest: Option<PathBuf>,

    /// Where to listen: `127.0.0.1:8080` (the default), `[::1]:8080`, `unix:PATH`; several times
    #[arg(long, value_name = "ADDR", help_heading = "Server")]
    addr: Vec<Address>,
    /// Where /healthz, /readyz and /metrics are
    #[arg(long, value_name = "ADDR", help_heading = "Server")]
    admin: Option<Address>,
    /// The certificate and those that vouch for it, in PEM: serves HTTPS
    #[arg(long, value_name = "FILE", requires = "tls_key", help_heading = "Server")]
    tls_cert: Option<PathBuf>,
    /// The certificate's private key, in PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert", help_heading = "Server")]
    tls_key: Option<PathBuf>,
    /// Write down each request on standard output: off, text or json
    #[arg(long, value_name = "FORMAT", help_heading = "Server")]
    access_log: Option<AccessLog>,
    /// Threads that serve; as many as there are processors by default
    #[arg(long, value_name = "NUMBER", value_parser = parse_number::<usize>, help_heading = "Server")]
    threads: Option<usize>,
    /// Most connections at once; more wait [default: 10000]
    #[arg(long, value_name = "NUMBER", value_parser = parse_number::<usize>, help_heading = "Server")]
    max_connections: Option<usize>,
    /// How long requests under way may take when it stops [default: 30s]
    #[arg(long, value_name = "TIME", value_parser = parse_duration, help_heading = "Server")]
    drain: Option<Duration>,
    /// Load the component and certificates again on SIGHUP alone, not when their files change
    #[arg(long, help_heading = "Server")]
    no_reload: bool,

    #[command(flatten)]
    files: FileArgs,
    #[command(flatten)]
    environment: EnvironmentArgs,
    #[command(flatten)]
    http: HttpArgs,
    #[command(flatten)]
    network: NetworkArgs,
    #[command(flatten)]
    guest_limits: LimitArgs,

    /// Requests that one instance answers, one after the other [default: 1]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..), help_heading = "Limits", conflicts_with = "manifest")]
    reuse: Option<u32>,
    /// Most bytes of a request's body: 413 for more [default: 16M]
    #[arg(long, value_name = "SIZE", value_parser = parse_bytes, help_heading = "Limits", conflicts_with = "manifest")]
    max_body: Option<u64>,
    /// Most requests under way at once [default: 1000]
    #[arg(long, value_name = "NUMBER", value_parser = parse_number::<usize>, help_heading = "Limits", conflicts_with = "manifest")]
    concurrency: Option<usize>,
    /// Most requests that wait for others to end: 503 for more [default: 1000]
    #[arg(long, value_name = "NUMBER", value_parser = parse_number::<usize>, help_heading = "Limits", conflicts_with = "manifest")]
    queue: Option<usize>,

    /// The engine: wasmtime (compiles) or wasmi (interprets)
    #[arg(long, value_name = "NAME", help_heading = "Engine")]
    engine: Option<EngineKind>,
    /// Pack guests closely, so that tens of thousands can wait at once; they compute up to a third
    /// slower
    #[arg(long, help_heading = "Engine")]
    dense: bool,
    /// Do not keep compiled code, nor use what was kept
    #[arg(long, help_heading = "Engine")]
    no_cache: bool,
    /// Tell what happens
    #[arg(short, long, action = clap::ArgAction::Count)]
    verbose: u8,
}

pub(crate) fn run(args: Args) -> Result<ExitCode, Failure> {
    trace::start(args.verbose);
    let settings = settings(args)?;
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    if let Some(threads) = settings.threads {
        builder.worker_threads(threads.max(1));
    }
    let runtime = builder.enable_all().build();
    let runtime = runtime.map_err(|error| Failure::other(format!("no threads: {error}")))?;
    let drained = runtime.block_on(serve(settings))?;
    runtime.shutdown_background();
    if drained {
        return Ok(ExitCode::SUCCESS);
    }
    Err(Failure::other("requests were still under way when the time to finish them was up"))
}

async fn serve(settings: Settings) -> Result<bool, Failure> {
    let unable = |error| Failure::other(format!("signals can not be received: {error}"));
    let mut terminate = signal(SignalKind::terminate()).map_err(unable)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(unable)?;
    let scheme = if settings.tls.is_some() { "https" } else { "http" };
    let server = caught(|| Server::start(settings)).map_err(Failure::other)?.map_err(failure)?;
    for address in server.addresses() {
        match address {
            Address::Tcp(address) => eprintln!("wayleave: serving {scheme}://{address}/"),
            unix => eprintln!("wayleave: serving {unix}"),
        }
    }
    if let Some(address) = server.admin_address() {
        eprintln!("wayleave: health and metrics at {address}");
    }
    let stopper = server.stopper();
    let told = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        stopper.stop();
        // Whoever asks a second time does not want to wait.
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    tokio::select! {
        drained = server.run() => Ok(drained),
        () = told => Ok(false),
    }
}

fn failure(error: Error) -> Failure {
    if error.is_asked_for() { Failure::usage(error) } else { Failure::other(error) }
}

fn settings(args: Args) -> Result<Settings, Failure> {
    if args.manifest.is_some() && grants(&args) != grants::Settings::default() {
        let advice = "grants and limits are those of the manifest; write them there";
        return Err(Failure::usage(advice));
    }
    let mut settings = match &args.manifest {
        Some(path) => Settings::from_manifest(path).map_err(failure)?,
        None => Settings::default(),
    };
    if let Some(component) = &args.component {
        settings.apps.push(app(component.clone(), &args));
    }
    // What the command line says wins over the manifest.
    if !args.addr.is_empty() {
        settings.addresses = args.addr;
    }
    settings.admin = args.admin.or(settings.admin);
    if let (Some(cert), Some(key)) = (args.tls_cert, args.tls_key) {
        settings.tls = Some(TlsSettings { cert, key });
    }
    settings.access_log = args.access_log.unwrap_or(settings.access_log);
    settings.threads = args.threads.or(settings.threads);
    settings.dense |= args.dense;
    settings.max_connections = args.max_connections.unwrap_or(settings.max_connections);
    settings.drain = args.drain.unwrap_or(settings.drain);
    settings.engine = args.engine.or(settings.engine);
    settings.reload &= !args.no_reload;
    settings.cache &= !args.no_cache;
    Ok(settings)
}

fn app(component: PathBuf, args: &Args) -> AppSettings {
    let name = component.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let mut app = AppSettings::new(name, component);
    app.reuse = args.reuse.unwrap_or(1);
    app.grants = app.grants.extended_by(grants(args));
    let limits = &mut app.limits;
    limits.body = args.max_body.unwrap_or(limits.body);
    limits.concurrency = args.concurrency.unwrap_or(limits.concurrency);
    limits.queue = args.queue.unwrap_or(limits.queue);
    app
}

/// What the options give the guests of the one app.
fn grants(args: &Args) -> grants::Settings {
    let mut settings = grants::Settings::default();
    args.files.ask(&mut settings);
    args.environment.ask(&mut settings);
    args.http.ask(&mut settings);
    args.network.ask(&mut settings);
    args.guest_limits.ask(&mut settings);
    settings
}
