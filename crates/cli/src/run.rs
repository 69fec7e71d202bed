use crate::calls;
use crate::failure::Failure;
use crate::http;
use crate::invoke;
use crate::record::{self, RecordArgs};
use crate::report;
use crate::runtime::{EngineArgs, with_cache};
use crate::trace;
use clap::ValueEnum;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;
use wayleave::grants::units::{parse_bytes, parse_duration};
use wayleave::grants::{AddressRule, DirGrant, EnvGrant, HttpGrant, NameRule, Stream, StreamGrant};
use wayleave::{Grants, Limits, UnknownImports};

/// Run a program.
///
/// Its exit code is the command's; 134 when it traps, 124 when its time is used up, 2 when the
/// command line is wrong, and 1 when it can not be loaded.
#[derive(clap::Args)]
#[command(override_usage = "wayleave run [GRANTS] FILE [ARGS...]")]
pub(crate) struct Args {
    /// Give a folder, `::ro` to read only; the guest finds it as GUEST, or as HOST
    #[arg(long = "dir", value_name = "HOST[::GUEST][::ro]", help_heading = "Grants")]
    dirs: Vec<DirGrant>,
    /// Set a variable, or inherit one of the host's
    #[arg(long = "env", value_name = "NAME[=VALUE]", help_heading = "Grants")]
    env: Vec<EnvGrant>,
    /// Inherit all variables of the host
    #[arg(long, help_heading = "Grants")]
    inherit_env: bool,
    /// Standard input: inherit, null or file:PATH
    #[arg(long, value_name = "STREAM", default_value = "inherit", help_heading = "Grants")]
    stdin: StreamGrant,
    /// Standard output: inherit, null or file:PATH
    #[arg(long, value_name = "STREAM", default_value = "inherit", help_heading = "Grants")]
    stdout: StreamGrant,
    /// Standard error: inherit, null or file:PATH
    #[arg(long, value_name = "STREAM", default_value = "inherit", help_heading = "Grants")]
    stderr: StreamGrant,
    /// Listen on an address and give the listener, behind the folders (without any, as descriptor 3)
    #[arg(long, value_name = "ADDR:PORT", help_heading = "Grants")]
    tcp_listen: Vec<SocketAddr>,
    /// Let the program send HTTP requests to a host, on the usual ports or this one; `*` is every
    /// host and port
    #[arg(long, value_name = "HOST[:PORT]", help_heading = "Grants")]
    allow_http: Vec<HttpGrant>,
    /// Trust the authorities in a file, too, when requests are sent by TLS
    #[arg(long, value_name = "FILE", requires = "allow_http", help_heading = "Grants")]
    tls_ca: Vec<PathBuf>,
    /// Let it connect and send: tcp://HOST:PORTS or udp://HOST:PORTS. HOST is an address, a block
    /// (10.0.0.0/8, [fd00::/8]), a name or *; PORTS are 443, 80,443, 8000-8100 or *
    #[arg(long = "allow-outbound", value_name = "RULE", help_heading = "Grants")]
    outbound: Vec<AddressRule>,
    /// Let it listen and receive at addresses of this machine, written in the same way
    #[arg(long = "allow-inbound", value_name = "RULE", help_heading = "Grants")]
    inbound: Vec<AddressRule>,
    /// Let it look names up: NAME, *.NAME or *. Names of --allow-outbound need no rule of their own
    #[arg(long = "allow-resolve", value_name = "NAME", help_heading = "Grants")]
    resolve: Vec<NameRule>,

    /// End the program after this time, also when it sleeps or waits (500ms, 10s, 2m)
    #[arg(long, value_name = "TIME", value_parser = parse_duration, help_heading = "Limits")]
    timeout: Option<Duration>,
    /// Most memory of the program (64M, 1G, or bytes)
    #[arg(long, value_name = "SIZE", value_parser = parse_bytes, help_heading = "Limits")]
    max_memory: Option<u64>,
    /// Most fuel, roughly instructions
    #[arg(long, value_name = "UNITS", help_heading = "Limits")]
    fuel: Option<u64>,

    #[command(flatten)]
    trace: calls::TraceArgs,

    #[command(flatten)]
    engine: EngineArgs,
    /// Do not keep compiled code, nor use what was kept
    #[arg(long, help_heading = "Engine")]
    no_cache: bool,
    /// What to do with imports that nothing provides
    #[arg(long, value_name = "POLICY", default_value = "refuse", help_heading = "Engine")]
    unknown_imports: Policy,

    #[command(flatten)]
    record: RecordArgs,
    /// Call a function that a component exports, and print its result: `add(1, 2)`, or
    /// `my:math/ops#add(1, 2)` where several interfaces have one of the name
    #[arg(long, value_name = "CALL")]
    invoke: Option<String>,
    /// The program's own name, instead of its file's
    #[arg(long, value_name = "NAME")]
    argv0: Option<String>,
    /// Tell what happens; twice to tell each system call
    #[arg(short, long, action = clap::ArgAction::Count)]
    verbose: u8,

    /// The program, and its own arguments: a module or component (.wasm), its text (.wat), or what `wayleave
    /// compile` has made
    // One list, so that what follows FILE is the program's even where it looks like ours.
    #[arg(required = true, trailing_var_arg = true, value_name = "FILE")]
    command: Vec<OsString>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Policy {
    /// Do not run the program
    Refuse,
    /// Run it; it traps if it calls one
    Trap,
}

pub(crate) fn run(mut args: Args) -> Result<ExitCode, Failure> {
    trace::start(args.verbose);
    let file = PathBuf::from(args.command.remove(0));
    let grants = grants(&args, &file)?;
    let policy = match args.unknown_imports {
        Policy::Refuse => UnknownImports::Refuse,
        Policy::Trap => UnknownImports::Trap,
    };
    let calls = args.trace.open(args.verbose > 1)?;
    let mut builder = args
        .engine
        .builder()
        .unknown_imports(policy)
        .interruptible(args.timeout.is_some())
        .fuel(args.fuel.is_some());
    if let Some(tracer) = &calls.tracer {
        builder = builder.tracer(tracer.clone());
    }
    // What was compiled before is sealed with the cache's key.
    let compiled = wayleave::is_compiled(&file).map_err(Failure::other)?;
    if compiled && args.record.record.is_some() {
        let line = "compiled code can not be recorded: record what it was made from";
        return Err(Failure::usage(format!("{}: {line}", file.display())));
    }
    let builder = if args.no_cache && !compiled { builder } else { with_cache(builder) };
    let program = args.engine.load(builder, &file)?;
    if let Some(call) = &args.invoke {
        let instance = program.instantiate(grants).map_err(|error| on_file(&file, error))?;
        let code = invoke::run(&file, instance, call, args.timeout);
        calls.end();
        return code;
    }
    let outcome = match &args.record.record {
        Some(to) => record::run(&args.record, to, &file, &program, grants, policy)?,
        None => program.run(grants).map_err(|error| on_file(&file, error))?,
    };
    calls.end();
    Ok(report::outcome(&file, &outcome, args.timeout))
}

/// An error about a program file.
pub(crate) fn on_file(file: &Path, error: wayleave::Error) -> Failure {
    match error {
        wayleave::Error::File { .. } => Failure::other(error),
        _ => Failure::other(format!("{}: {error}", file.display())),
    }
}

fn grants(args: &Args, file: &Path) -> Result<Grants, Failure> {
    let mut own = Vec::with_capacity(args.command.len());
    for arg in &args.command {
        let arg = arg.to_str().ok_or_else(|| {
            Failure::usage(format!("argument {arg:?} is not UTF-8, which programs get"))
        })?;
        own.push(arg);
    }
    let grants = build_grants(args, file, &own).map_err(Failure::usage)?;
    if args.allow_http.is_empty() {
        return Ok(grants);
    }
    let client = http::client(&args.allow_http, &args.tls_ca).map_err(Failure::other)?;
    Ok(grants.http(client))
}

fn build_grants(args: &Args, file: &Path, own: &[&str]) -> Result<Grants, wayleave::grants::Error> {
    let name = file.file_name().unwrap_or(file.as_os_str()).to_string_lossy();
    let mut grants = Grants::new()
        .arg(args.argv0.as_deref().unwrap_or(&name))?
        .args(own.iter().copied())?
        .stream(Stream::Stdin, args.stdin.clone())?
        .stream(Stream::Stdout, args.stdout.clone())?
        .stream(Stream::Stderr, args.stderr.clone())?;
    if args.inherit_env {
        grants = grants.inherit_env()?;
    }
    for variable in &args.env {
        let (name, value) = variable.clone().resolve()?;
        grants = grants.env(name, value)?;
    }
    for dir in &args.dirs {
        grants = grants.dir_grant(dir.clone())?;
    }
    for address in &args.tcp_listen {
        grants = grants.tcp_listen(*address)?;
    }
    for rule in &args.outbound {
        grants = grants.allow_outbound(rule.clone());
    }
    for rule in &args.inbound {
        grants = grants.allow_inbound(rule.clone())?;
    }
    for rule in &args.resolve {
        grants = grants.allow_resolve(rule.clone());
    }
    let mut limits = Limits::default();
    limits.timeout = args.timeout;
    limits.fuel = args.fuel;
    if let Some(bytes) = args.max_memory {
        limits.memory_bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
    }
    Ok(grants.limits(limits))
}
