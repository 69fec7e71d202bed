use crate::failure::{Failure, print};
use clap::CommandFactory;
use clap_complete::Shell;
use std::process::ExitCode;

/// Print a completion script for a shell.
///
/// For bash: `wayleave completions bash > ~/.local/share/bash-completion/completions/wayleave`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The shell
    shell: Shell,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut crate::Cli::command(), "wayleave", &mut script);
    print(&script)
}
