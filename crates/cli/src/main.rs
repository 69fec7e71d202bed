//! The `wayleave` command. One file per subcommand.

mod cache;
mod calls;
mod caught;
mod compile;
mod completions;
mod componentize;
#[cfg(test)]
mod damaged;
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
    /// Run a recorded program again, from its recording alone
    Replay(Lazy<replay::Args>),
    /// Serve HTTP with components
    Serve(Lazy<serve::Args>),
    /// Compile a program ahead of time, for `wayleave run`
    Compile(Lazy<compile::Args>),
    /// Show what a program is: its WASI version, what it imports and exports, and what it may need
    Inspect(Lazy<inspect::Args>),
    /// Look at what programs would be given
    Grants(Lazy<grants::command::Args>),
    /// Turn a module (WASI 0.1) into a component (WASI 0.2), with the standard adapter
    Componentize(Lazy<componentize::Args>),
    // Not lazy: `help` would complete none of its own subcommands.
    Cache(cache::Args),
    /// Print a completion script for a shell
    Completions(Lazy<completions::Args>),
    /// Print the manual page, of the command or of one of its subcommands
    Man(Lazy<man::Args>),
}

fn main() -> ExitCode {
    let args: Vec<OsString> = std::env::args_os().collect();
    let result = match run::Args::without_options(&args) {
        Some(args) => run::run(args),
        None => parse(args).and_then(dispatch),
    };
    match result {
        Ok(code) => code,
        Err(failure) => failure.report(),
    }
}

fn parse(args: Vec<OsString>) -> Result<Command, Failure> {
    let mut command = Cli::command();
    let args = with_run(&command, args);
    let mut matches = command.try_get_matches_from_mut(args)?;
    let cli = Cli::from_arg_matches_mut(&mut matches)?;
    // To take the definitions apart takes longer than to leave them to the end of the process.
    std::mem::forget(command);
    Ok(cli.command)
}

fn dispatch(command: Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Run(args) => run::run(*args.0),
        Command::Replay(args) => replay::run(*args.0),
        Command::Serve(args) => serve::run(*args.0),
        Command::Compile(args) => compile::run(&args.0),
        Command::Inspect(args) => inspect::run(&args.0),
        Command::Grants(args) => grants::command::run(*args.0),
        Command::Componentize(args) => componentize::run(&args.0),
        Command::Cache(args) => cache::run(args),
        Command::Completions(args) => completions::run(&args.0),
        Command::Man(args) => man::run(&args.0),
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
