use crate::failure::{Failure, print};
use clap::CommandFactory;
use std::process::ExitCode;

/// Print the manual page, of the command or of one of its subcommands.
///
/// To read it: `wayleave man run | man -l -`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The subcommand
    subcommand: Option<String>,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let mut command = crate::Cli::command();
    command.build();
    if let Some(name) = &args.subcommand {
        let found = command.find_subcommand(name).cloned();
        command =
            found.ok_or_else(|| Failure::usage(format!("there is no subcommand {name:?}")))?;
    }
    let mut page = Vec::new();
    clap_mangen::Man::new(command).render(&mut page).map_err(Failure::other)?;
    print(&page)
}
