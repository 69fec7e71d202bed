//! The `wayleave` command. One file per subcommand.

mod cache;
mod calls;
mod compile;
mod completions;
mod componentize;
mod failure;
mod files;
mod grants;
mod http;
mod inspect;
mod invoke;
mod lazy;
mod man;
mod progress;
mod record;
mod refusals;
mod replay;
mod report;
mod run;
mod runtime;
mod serve;
mod trace;
mod wave;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use failure::Failure;
use lazy::Lazy;
use std::ffi::OsString;
use std::process::ExitCode;

/// Runs WebAssembly programs with capabilities as narrow as you like.
///
/// A program is given nothing but what the command line grants: no folder, no variable, no socket.
/// `wayleave FILE` is short for `wayleave run FILE`.
#[derive(Parser)]
#[command(name = "wayleave", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run a program
    Run(Lazy<run::Args>),
    Replay(replay::Args),
    /// Serve HTTP with components
    Serve(Lazy<serve::Args>),
    Compile(compile::Args),
    Inspect(inspect::Args),
    /// Look at what programs would be given
    Grants(Lazy<grants::command::Args>),
    Componentize(componentize::Args),
    Cache(cache::Args),
    Completions(completions::Args),
    Man(man::Args),
}

fn main() -> ExitCode {
    let mut command = Cli::command();
    let args = with_run(&command, std::env::args_os().collect());
    let parsed =
        command.try_get_matches_from_mut(args).and_then(|matches| Cli::from_arg_matches(&matches));
    let result = match parsed {
        Ok(cli) => dispatch(cli.command),
        Err(error) => Err(Failure::from(error)),
    };
    match result {
        Ok(code) => code,
        Err(failure) => failure.report(),
    }
}

fn dispatch(command: Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Run(args) => run::run(*args.0),
        Command::Replay(args) => replay::run(args),
        Command::Serve(args) => serve::run(*args.0),
        Command::Compile(args) => compile::run(&args),
        Command::Inspect(args) => inspect::run(&args),
        Command::Grants(args) => grants::command::run(*args.0),
        Command::Componentize(args) => componentize::run(&args),
        Command::Cache(args) => cache::run(args),
        Command::Completions(args) => completions::run(&args),
        Command::Man(args) => man::run(&args),
    }
}

/// The arguments, with `run` put in front where they begin with no subcommand: `wayleave FILE`.
fn with_run(command: &clap::Command, mut args: Vec<OsString>) -> Vec<OsString> {
    const OWN: [&str; 5] = ["-h", "--help", "-V", "--version", "help"];
    if let Some(first) = args.get(1) {
        let first = first.to_string_lossy();
        if !OWN.contains(&&*first) && command.find_subcommand(&*first).is_none() {
            args.insert(1, "run".into());
        }
    }
    args
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_holds_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn run_may_be_left_out() {
        let with_run = |args: &[&str]| {
            let args = args.iter().map(Into::into).collect();
            with_run(&Cli::command(), args)
                .into_iter()
                .map(|arg| arg.into_string().unwrap())
                .collect::<Vec<_>>()
        };
        assert_eq!(with_run(&["wayleave", "a.wasm"]), ["wayleave", "run", "a.wasm"]);
        assert_eq!(with_run(&["wayleave", "--dir", "."]), ["wayleave", "run", "--dir", "."]);
        assert_eq!(with_run(&["wayleave", "cache"]), ["wayleave", "cache"]);
        assert_eq!(with_run(&["wayleave", "--help"]), ["wayleave", "--help"]);
        assert_eq!(with_run(&["wayleave"]), ["wayleave"]);
    }
}
