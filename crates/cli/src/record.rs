use crate::failure::Failure;
use crate::files::{self, Readers};
use crate::run::on_file;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use wayleave::grants::DirGrant;
use wayleave::{Grants, Outcome, Program, Recorder, UnknownImports};

/// What is recorded of a run.
#[derive(clap::Args)]
pub(crate) struct RecordArgs {
    /// Record all that reaches the program, for `wayleave replay`. The file then holds what the
    /// program reads
    #[arg(long, value_name = "FILE", conflicts_with = "invoke")]
    pub(crate) record: Option<PathBuf>,
    /// Keep the program in the recording, too
    #[arg(long, requires = "record")]
    pub(crate) record_program: bool,
}

/// Runs a program and records it.
pub(crate) fn run(
    args: &RecordArgs,
    to: &Path,
    file: &Path,
    program: &Program,
    grants: Grants,
    granted: &[DirGrant],
    policy: UnknownImports,
) -> Result<Outcome, Failure> {
    let about =
        |error: &dyn std::fmt::Display| Failure::other(format!("{}: {error}", to.display()));
    let bytes = std::fs::read(file)
        .map_err(|error| Failure::other(format!("can not read {}: {error}", file.display())))?;
    if same_file(to, file) {
        return Err(Failure::usage("the recording would replace the program itself"));
    }
    // Before there is a file.
    Recorder::check(&grants).map_err(Failure::usage)?;
    // Only this user can read it: it will hold what the program reads.
    let out = files::create(to, Readers::Owner, granted).map_err(|error| about(&error))?;
    let mut recorder = Recorder::new(out, &bytes)
        .path(file.to_string_lossy())
        .unknown_imports_trap(policy == UnknownImports::Trap);
    if args.record_program {
        recorder = recorder.with_program(&bytes);
    }
    let recorded = program.record(grants, recorder).map_err(|error| on_file(file, error))?;
    match recorded.kept {
        Ok(kept) => tracing::info!(calls = kept.calls, bytes = kept.bytes, "recorded"),
        // The program has done what it was to do: its exit code stays.
        Err(error) => drop(writeln!(
            std::io::stderr(),
            "wayleave: {}: the recording is cut off: {error}",
            to.display()
        )),
    }
    Ok(recorded.outcome)
}

fn same_file(one: &Path, other: &Path) -> bool {
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}
