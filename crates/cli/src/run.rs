use crate::calls;
use crate::failure::Failure;
use crate::files::OwnFiles;
use crate::grants::{GrantArgs, OverlayArgs};
use crate::invoke::{Call, Called};
use crate::record::RecordArgs;
use crate::refusals::RefusalArgs;
use crate::runtime::{EngineArgs, with_cache};
use crate::trace;
use clap::ValueEnum;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use wayleave::UnknownImports;
use wayleave::grants::Settings;

/// Run a program.
///
/// Its exit code is the command's; 134 when it traps, 124 when its time is used up, 2 when the
/// command line is wrong, and 1 when it can not be loaded.
#[derive(Debug, Default, clap::Args)]
#[command(override_usage = "wayleave run [GRANTS] FILE [ARGS...]")]
pub(crate) struct Args {
    #[command(flatten)]
    grants: GrantArgs,
    #[command(flatten)]
    overlay: OverlayArgs,
    #[command(flatten)]
    refusals: RefusalArgs,
    #[command(flatten)]
    trace: calls::TraceArgs,

    #[command(flatten)]
    engine: EngineArgs,
    /// Do not keep compiled code, nor use what was kept
    #[arg(long, help_heading = "Engine")]
    no_cache: bool,
    /// What to do with imports that nothing provides
    #[arg(long, value_enum, value_name = "POLICY", default_value_t, help_heading = "Engine")]
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

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Policy {
    /// Do not run the program
    #[default]
    Refuse,
    /// Run it; it traps if it calls one
    Trap,
}

impl Args {
    /// What `wayleave [run] FILE [ARGS...]` asks for, given without any option: then none has to be
    /// defined, which would take longer than a small program runs. `None` for other command lines.
    pub(crate) fn without_options(args: &[OsString]) -> Option<Self> {
        let command = match args.get(1)?.as_encoded_bytes() {
            b"run" => args.get(2..)?,
            // What has a dot is the name of no subcommand.
            first if first.contains(&b'.') => args.get(1..)?,
            _ => return None,
        };
        let is_option = command.first()?.as_encoded_bytes().starts_with(b"-");
        (!is_option).then(|| Self { command: command.to_vec(), ..Self::default() })
    }

    /// What to do where compiled code can not be used: compile it for what it is run with now.
    fn compile_again(&self, settings: &Settings) -> String {
        if self.engine.kind().is_some_and(|engine| engine.name() == "wasmi") {
            return "wasmi runs no compiled code: run the .wasm that it was made of".to_owned();
        }
        let recorded = self.record.record.is_some();
        let stops = settings.limits.timeout.is_some() || self.refusals.interrupts();
        let mut command = "compile it again with `wayleave compile".to_owned();
        for (wanted, option) in [
            (stops || recorded, " --interruptible"),
            (settings.limits.fuel.is_some(), " --fuel"),
            (settings.deterministic || recorded, " --deterministic"),
        ] {
            command.push_str(if wanted { option } else { "" });
        }
        command.push('`');
        command
    }
}

pub(crate) fn run(mut args: Args) -> Result<ExitCode, Failure> {
    trace::start(args.verbose);
    let file = PathBuf::from(args.command.remove(0));
    let settings = settings(&args, &file)?;
    let limits = &settings.limits;
    let (refusals, grants) =
        args.refusals.watch(&settings, args.grants.manifest_in_use(&file), |error| {
            args.grants.not_granted(&file, &error)
        })?;
    let policy = match args.unknown_imports {
        Policy::Refuse => UnknownImports::Refuse,
        Policy::Trap => UnknownImports::Trap,
    };
    let mut own = args.refusals.own_files(OwnFiles::new(&file, &settings));
    if let Some(in_use) = args.grants.manifest_in_use(&file) {
        own.using(&in_use.path, "the manifest");
    }
    let calls = args.trace.open(args.verbose > 1, &mut own)?;
    let overlay_diff = args.overlay.open(&settings.dirs, &mut own)?;
    let mut builder = args
        .engine
        .builder()
        .unknown_imports(policy)
        .interruptible(limits.timeout.is_some() || args.refusals.interrupts())
        .fuel(limits.fuel.is_some())
        .canonical_nans(settings.deterministic || args.record.record.is_some());
    if let Some(tracer) = refusals.tracer(calls.tracer.clone()) {
        builder = builder.tracer(tracer);
    }
    // What was compiled before is sealed with the cache's key.
    let compiled = wayleave::is_compiled(&file).map_err(Failure::other)?;
    if compiled && args.record.record.is_some() {
        builder = args.record.compiled(&file, builder)?;
    }
    let builder = if args.no_cache && !compiled { builder } else { with_cache(builder) };
    let mut unusable = false;
    let loaded = args.engine.load_by(builder, &file, |runtime| {
        runtime.load_file(&file).inspect_err(|error| unusable = error.is_compiled_code())
    });
    let program = loaded.map_err(|failure| match unusable {
        true => failure.hint(&args.compile_again(&settings)),
        false => failure,
    })?;
    let on_file = |error| on_file(&file, error);
    let grants = refusals.may_end(&program, grants).map_err(on_file)?;
    let overlays = grants.overlays.clone();
    // Before there is a recording: a call that can not be made leaves none.
    let invoke = match args.invoke.as_deref() {
        Some(text) => Some((text, Call::parse(&file, &program, text)?)),
        None => None,
    };
    let called = match &args.record.record {
        Some(to) => {
            let engine = compiled.then(|| args.engine.kind());
            let recording =
                args.record.begin(to, &file, engine.flatten(), policy, &grants, &mut own);
            recording.and_then(|recording| recording.run(&program, grants, invoke))
        }
        None => match invoke {
            Some((_, call)) => {
                let instance = program.instantiate(grants).map_err(on_file);
                instance.and_then(|mut instance| call.on(&file, &mut instance))
            }
            None => program.run(grants).map(Called::Ended).map_err(on_file),
        },
    };
    let code = called.and_then(|called| called.report(&file, limits.timeout, refusals.ending()));
    // Nothing in it has to be put away, and the system forgets it faster than it takes itself apart.
    std::mem::forget(program);
    calls.end();
    if code.is_ok() {
        overlay_diff.report(&overlays)?;
    }
    refusals.finish(matches!(code, Ok(ExitCode::SUCCESS)))?;
    code
}

/// An error about a program file.
pub(crate) fn on_file(file: &Path, error: wayleave::Error) -> Failure {
    match error {
        wayleave::Error::File { .. } => Failure::other(error),
        _ => Failure::other(format!("{}: {error}", file.display())),
    }
}

/// What the program is given: what the options ask for, and what is its own.
fn settings(args: &Args, file: &Path) -> Result<Settings, Failure> {
    let mut settings = args.grants.settings(Some(file))?;
    let name = file.file_name().unwrap_or(file.as_os_str()).to_string_lossy();
    settings.argv0 = Some(args.argv0.clone().unwrap_or_else(|| name.into_owned()));
    for arg in &args.command {
        let arg = arg.to_str().ok_or_else(|| {
            Failure::usage(format!("argument {arg:?} is not UTF-8, which programs get"))
        })?;
        settings.args.push(arg.to_owned());
    }
    Ok(settings)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{FromArgMatches, Parser};

    /// What the definitions of all options make of a command line that begins with `run`.
    fn parsed(args: &[OsString]) -> Args {
        #[derive(Parser)]
        struct Run {
            #[command(flatten)]
            args: Args,
        }
        let mut matches = <Run as clap::CommandFactory>::command().get_matches_from(&args[1..]);
        Run::from_arg_matches_mut(&mut matches).unwrap().args
    }

    fn args(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn without_options_is_what_their_definitions_make_of_it() {
        for line in [
            "wayleave run a.wasm",
            "wayleave run a",
            "wayleave run run",
            "wayleave run a.wasm -- --dir . -x",
            "wayleave run a.wasm --dir . --help -V",
            "wayleave run a.wasm - run",
            "wayleave run ./-a b",
        ] {
            let args = args(line);
            let quick = Args::without_options(&args).unwrap();
            assert_eq!(format!("{quick:?}"), format!("{:?}", parsed(&args)), "{line}");
        }
        let quick = |line| Args::without_options(&args(line)).map(|args| args.command);
        assert_eq!(quick("wayleave a.wasm --dir ."), Some(args("a.wasm --dir .")));
    }

    #[test]
    fn what_may_be_an_option_or_a_subcommand_is_left_to_their_definitions() {
        for line in [
            "wayleave",
            "wayleave run",
            "wayleave --help",
            "wayleave help",
            "wayleave cache",
            "wayleave run --dir . a.wasm",
            "wayleave run -",
            "wayleave run -- a.wasm",
            "wayleave --dir=. a.wasm",
            "wayleave -v.wasm",
        ] {
            assert!(Args::without_options(&args(line)).is_none(), "{line}");
        }
    }
}
