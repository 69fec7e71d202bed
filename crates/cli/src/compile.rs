use crate::caught::caught;
use crate::failure::Failure;
use crate::progress::Progress;
use crate::run::on_file;
use crate::runtime::{EngineArgs, open_cache};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

/// Compile a program ahead of time, for `wayleave run`.
///
/// The compiled program runs on this machine, for this user: it is sealed with a key that lies in
/// the cache folder, so that nobody else's machine code is ever run.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    engine: EngineArgs,
    /// Compile so that `--timeout` can be used
    #[arg(long)]
    interruptible: bool,
    /// Compile so that `--fuel` can be used
    #[arg(long)]
    fuel: bool,
    /// Compile so that `--deterministic` can be used
    #[arg(long)]
    deterministic: bool,
    /// The compiled program; FILE with the ending .cwasm if not given
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// The program: a module or component (.wasm), or its text (.wat)
    file: PathBuf,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let output = args.output.clone().unwrap_or_else(|| args.file.with_extension("cwasm"));
    let progress = Arc::new(Progress::new(&args.file));
    let runtime = args
        .engine
        .builder()
        .interruptible(args.interruptible)
        .fuel(args.fuel)
        .canonical_nans(args.deterministic)
        .cache(open_cache().map_err(Failure::other)?)
        .on_compile({
            let progress = progress.clone();
            move || progress.start()
        })
        .build()
        .map_err(Failure::other)?;
    let compiled = caught(|| runtime.compile_file(&args.file, output));
    progress.finish();
    let compiled = compiled.map_err(|error| Failure::other(error).of(args.file.display()))?;
    compiled.map_err(|error| on_file(&args.file, error))?;
    Ok(ExitCode::SUCCESS)
}
