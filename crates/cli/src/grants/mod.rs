//! What a program is given, as options of the command line: the same for every subcommand that
//! takes them.

mod environment;
mod files;
mod limits;
mod network;
mod streams;

pub(crate) use environment::EnvironmentArgs;
pub(crate) use files::FileArgs;
pub(crate) use limits::LimitArgs;
pub(crate) use network::{HttpArgs, NetworkArgs};
pub(crate) use streams::StreamArgs;

use wayleave::grants::Settings;

/// Everything that a program can be given.
#[derive(clap::Args)]
pub(crate) struct GrantArgs {
    #[command(flatten)]
    files: FileArgs,
    #[command(flatten)]
    environment: EnvironmentArgs,
    #[command(flatten)]
    streams: StreamArgs,
    #[command(flatten)]
    http: HttpArgs,
    #[command(flatten)]
    network: NetworkArgs,
    #[command(flatten)]
    limits: LimitArgs,
}

impl GrantArgs {
    /// What they ask for.
    pub(crate) fn settings(&self) -> Settings {
        let mut settings = Settings::default();
        self.files.ask(&mut settings);
        self.environment.ask(&mut settings);
        self.streams.ask(&mut settings);
        self.http.ask(&mut settings);
        self.network.ask(&mut settings);
        self.limits.ask(&mut settings);
        settings
    }
}
