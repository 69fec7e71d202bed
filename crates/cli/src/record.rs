use crate::failure::Failure;
use crate::run::on_file;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use wayleave::{Grants, Outcome, Program, Recorder, UnknownImports};

/// What is recorded of a run.
#[derive(Debug, Default, clap::Args)]
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
    let out = create(to).map_err(|error| about(&error))?;
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

/// A file that only this user can read: it will hold what the program reads. One that was there
/// becomes such a file.
fn create(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    #[cfg(unix)]
    if file.metadata()?.is_file() {
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        file.set_permissions(private)?;
    }
    Ok(file)
}

fn same_file(one: &Path, other: &Path) -> bool {
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_recording_is_private_whatever_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("recording");
        for _ in 0..2 {
            drop(create(&path).unwrap());
            assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
            std::fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).unwrap();
        }
        // What is no file is not changed.
        create(Path::new("/dev/null")).unwrap();
    }
}
