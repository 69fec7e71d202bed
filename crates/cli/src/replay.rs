use crate::failure::Failure;
use crate::report;
use crate::run::on_file;
use crate::runtime::{EngineArgs, with_cache};
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use wayleave::recording::Error as Broken;
use wayleave::system::stdio;
use wayleave::{Recording, UnknownImports};

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
            _ => "",
        };
        Failure::other(format!("{}: {error}{hint}", args.recording.display()))
    };
    let open = if args.partial { Recording::open_cut_off } else { Recording::open };
    let mut recording = open(args.recording.clone()).map_err(about)?;
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
    // The guest is stopped where there are no more answers.
    let builder = args.engine.builder().unknown_imports(policy).interruptible(true);
    let builder = builder.canonical_nans(true);
    let builder = if args.no_cache { builder } else { with_cache(builder) };
    let program = args.engine.load_by(builder, &file, |runtime| runtime.load(&bytes))?;
    let outcome = program.replay(recording, stdio::stdout(), stdio::stderr());
    let outcome = outcome.map_err(|error| match error {
        wayleave::Error::Recording(error) => about(error),
        error => on_file(&file, error),
    })?;
    Ok(report::outcome(&file, &outcome, timeout, None))
}

/// A recording may name anything, and devices have no end.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    if !path.metadata()?.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    std::fs::read(path)
}
