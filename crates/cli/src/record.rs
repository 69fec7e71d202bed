use crate::failure::Failure;
use crate::files::{self, OwnFiles, Readers};
use crate::invoke::{Call, Called};
use crate::run::on_file;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use wayleave::{Builder, EngineKind, Grants, Program, Recorder, UnknownImports};

/// What is recorded of a run.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct RecordArgs {
    /// Record all that reaches the program, for `wayleave replay`. The file then holds what the
    /// program reads
    #[arg(long, value_name = "FILE")]
    pub(crate) record: Option<PathBuf>,
    /// Keep the program in the recording, too
    #[arg(long, requires = "record")]
    pub(crate) record_program: bool,
}

impl RecordArgs {
    /// That a program that was compiled ahead of time can be recorded, and what runs it then.
    pub(crate) fn compiled(&self, file: &Path, builder: Builder) -> Result<Builder, Failure> {
        if self.record_program {
            let line = "compiled code runs from its file alone: leave out --record-program";
            return Err(Failure::usage(format!("{}: {line}", file.display())));
        }
        // A replay has to stop it, and code is compiled with or without that.
        Ok(builder.interruptible(true))
    }

    /// Begins a recording in a file.
    pub(crate) fn begin<'a>(
        &self,
        to: &'a Path,
        file: &'a Path,
        compiled_for: Option<EngineKind>,
        policy: UnknownImports,
        grants: &Grants,
        own: &mut OwnFiles,
    ) -> Result<Recording<'a>, Failure> {
        let bytes = std::fs::read(file)
            .map_err(|error| Failure::other(format!("can not read {}: {error}", file.display())))?;
        // Before there is a file.
        Recorder::check(grants).map_err(Failure::usage)?;
        // Only this user can read it: it will hold what the program reads.
        let out = files::create(to, Readers::Owner, own).map_err(|error| {
            Failure::usage(format!("--record: {} can not be written: {error}", to.display()))
        })?;
        own.using(to, "the recording");
        let mut recorder = Recorder::new(out, &bytes)
            .path(file.to_string_lossy())
            .unknown_imports_trap(policy == UnknownImports::Trap);
        if let Some(engine) = compiled_for {
            recorder = recorder.compiled_for(engine.name());
        }
        if self.record_program {
            recorder = recorder.with_program(&bytes);
        }
        Ok(Recording { to, file, recorder })
    }
}

/// A recording that begins.
pub(crate) struct Recording<'a> {
    to: &'a Path,
    file: &'a Path,
    recorder: Recorder,
}

impl Recording<'_> {
    /// Runs the program, or calls one of its exports, and records it.
    pub(crate) fn run(
        self,
        program: &Program,
        grants: Grants,
        invoke: Option<(&str, Call)>,
    ) -> Result<Called, Failure> {
        let on_file = |error| on_file(self.file, error);
        let (called, kept) = match invoke {
            Some((text, call)) => {
                let recorder = self.recorder.invoked(text);
                let (mut instance, session) =
                    program.record_instance(grants, recorder).map_err(on_file)?;
                let called = call.on(self.file, &mut instance)?;
                let kept = session.finish(&called.recorded());
                (called, kept)
            }
            None => {
                let recorded = program.record(grants, self.recorder).map_err(on_file)?;
                (Called::Ended(recorded.outcome), recorded.kept)
            }
        };
        match kept {
            Ok(kept) => tracing::info!(calls = kept.calls, bytes = kept.bytes, "recorded"),
            // The program has done what it was to do: its exit code stays.
            Err(error) => drop(writeln!(
                std::io::stderr(),
                "wayleave: {}: the recording is cut off: {error}",
                self.to.display()
            )),
        }
        Ok(called)
    }
}
