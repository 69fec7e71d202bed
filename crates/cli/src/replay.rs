use crate::failure::Failure;
use crate::invoke::{Call, Called};
use crate::run::on_file;
use crate::runtime::{EngineArgs, with_cache};
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;
use wayleave::grants::units::parse_timeout;
use wayleave::recording::Error as Broken;
use wayleave::system::stdio;
use wayleave::{EngineKind, Recording, UnknownImports};

/// Run a recorded program again, from its recording alone.
///
/// It gets the same answers in the same order, does the same, prints the same and ends in the same
/// way, on any engine; it reaches nothing. What it writes to standard output and error is written
/// there, and nothing else is written.
///
/// The exit code is the program's, as with `run`; 1 when the recording can not be replayed or the
/// program does not do the same again.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Replay a recording that is cut off, up to where it ends
    #[arg(long)]
    partial: bool,
    /// End it after this time (500ms, 10s, 2m)
    #[arg(long, value_name = "TIME", value_parser = parse_timeout)]
    timeout: Option<Duration>,
    /// Let the program use as much memory and handles as it was let, where that is more than
    /// programs usually get: for recordings of people whom you trust
    #[arg(long)]
    recorded_limits: bool,
    #[command(flatten)]
    engine: EngineArgs,
    /// Do not keep compiled code, nor use what was kept
    #[arg(long, help_heading = "Engine")]
    no_cache: bool,

    /// What `run --record` has written
    #[arg(value_name = "RECORDING")]
    recording: PathBuf,
    /// The program, if it is not where it was, nor in the recording
    #[arg(value_name = "FILE")]
    program: Option<PathBuf>,
}

pub(crate) fn run(args: Args) -> Result<ExitCode, Failure> {
    let about = |error: Broken| {
        let hint = match error {
            Broken::CutOff { .. } if !args.partial => "; --partial replays it up to there",
            Broken::Limits { .. } => "; --recorded-limits lets it",
            _ => "",
        };
        Failure::other(format!("{}: {error}{hint}", args.recording.display()))
    };
    let open = if args.partial { Recording::open_cut_off } else { Recording::open };
    let recording = open(args.recording.clone()).map_err(about)?;
    let mut recording = recording.trust_limits(args.recorded_limits).timeout(args.timeout);
    let kept = recording.take_program();
    let head = recording.head();
    let timeout = head.limits.timeout;
    let path = args.program.clone().or_else(|| head.program.path.as_ref().map(PathBuf::from));
    let Some(file) = path else {
        let line = "the recording does not say where its program is: name it";
        return Err(Failure::usage(line));
    };
    let bytes = match (kept, &args.program) {
        (Some(bytes), None) => bytes,
        _ => read(&file).map_err(|error| {
            Failure::other(format!("can not read the program {}: {error}", file.display()))
        })?,
    };
    head.program.check(&bytes).map_err(|error| {
        Failure::other(format!("{}: {}: {error}", args.recording.display(), file.display()))
    })?;
    let policy = match head.program.unknown_imports_trap {
        true => UnknownImports::Trap,
        false => UnknownImports::Refuse,
    };
    let compiled_for = head.program.compiled_for.as_deref();
    let engine = match compiled_for {
        Some(name) => on_engine(args.engine, name)
            .map_err(|line| Failure::other(format!("{}: {line}", args.recording.display())))?,
        None => args.engine,
    };
    // The guest is stopped where there are no more answers.
    let builder = engine.builder().unknown_imports(policy).interruptible(true);
    let builder = builder.canonical_nans(true);
    let program = match compiled_for {
        // What was compiled is loaded from its file: with a seal that only this user's key makes.
        Some(_) => engine.load(with_cache(builder.fuel(head.limits.fuel.is_some())), &file)?,
        None => {
            let builder = if args.no_cache { builder } else { with_cache(builder) };
            engine.load_by(builder, &file, |runtime| runtime.load(&bytes))?
        }
    };
    let invoked = head.program.invoked.clone();
    let (stdout, stderr) = (stdio::stdout(), stdio::stderr());
    let on_file = |error| match error {
        wayleave::Error::Recording(error) => about(error),
        error => on_file(&file, error),
    };
    let called = match invoked {
        Some(call) => {
            let recorded = |failure: Failure| failure.of(args.recording.display());
            let call = Call::parse(&file, &program, &call).map_err(recorded)?;
            let (mut instance, replay) =
                program.replay_instance(recording, stdout, stderr).map_err(on_file)?;
            let called = call.on(&file, &mut instance).map_err(recorded)?;
            let ended = replay.finish(called.recorded()).map_err(about)?;
            called.into_recorded(&ended)
        }
        None => Called::Ended(program.replay(recording, stdout, stderr).map_err(on_file)?),
    };
    called.report(&file, timeout, None)
}

/// The engine that a program was compiled for.
fn on_engine(asked: EngineArgs, name: &str) -> Result<EngineArgs, String> {
    let what = format!("the recorded program was compiled for {name}");
    let engine: EngineKind = name.parse().map_err(|error| format!("{what}: {error}"))?;
    let asked = asked.or(engine);
    match asked.kind() {
        Some(kind) if kind == engine => Ok(asked),
        _ => Err(format!("{what}, and no other engine runs it: leave out --engine")),
    }
}

/// A recording may name anything, and devices have no end.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    if !path.metadata()?.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    std::fs::read(path)
}
