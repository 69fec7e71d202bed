//! What a program is given, as options of the command line: the same for every subcommand that
//! takes them.

pub(crate) mod command;
mod determinism;
mod environment;
mod files;
mod limits;
mod manifest;
mod network;
mod number;
mod overlay;
mod streams;

pub(crate) use determinism::DeterminismArgs;
pub(crate) use environment::EnvironmentArgs;
pub(crate) use files::FileArgs;
pub(crate) use limits::LimitArgs;
pub(crate) use manifest::ManifestArgs;
pub(crate) use network::{HttpArgs, NetworkArgs};
pub(crate) use number::parse_number;
pub(crate) use overlay::OverlayArgs;
pub(crate) use streams::StreamArgs;

use crate::failure::Failure;
use crate::refusals::InUse;
use std::path::Path;
use wayleave::grants::{Error, Settings, StreamGrant};

/// Everything that a program can be given.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct GrantArgs {
    #[command(flatten)]
    manifest: ManifestArgs,
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
    determinism: DeterminismArgs,
    #[command(flatten)]
    limits: LimitArgs,
}

impl GrantArgs {
    /// What they ask for: the manifest, what is left of it, and the options besides. The streams
    /// are the host's where nothing is said of them.
    pub(crate) fn settings(&self, program: Option<&Path>) -> Result<Settings, Failure> {
        let manifest = self.manifest.settings(program)?;
        let options = self.settings_of_options();
        if let Some(reason) = options.allowed_in_vain() {
            return Err(Failure::usage(reason));
        }
        let mut settings = manifest.extended_by(options);
        for stream in [&mut settings.stdin, &mut settings.stdout, &mut settings.stderr] {
            stream.get_or_insert(StreamGrant::Inherit);
        }
        Ok(settings)
    }

    /// What can not be granted: at its place in the manifest, if that is where it is asked for.
    pub(crate) fn not_granted(&self, program: &Path, error: &Error) -> Failure {
        match self.manifest.place(program, error) {
            Some(placed) => Failure::usage(placed),
            None => Failure::usage(error),
        }
    }

    /// The manifest that is asked for.
    pub(crate) fn manifest_in_use(&self, program: &Path) -> Option<InUse> {
        self.manifest.in_use(program)
    }

    /// What the options ask for alone.
    fn settings_of_options(&self) -> Settings {
        let mut settings = Settings::default();
        self.files.ask(&mut settings);
        self.environment.ask(&mut settings);
        self.streams.ask(&mut settings);
        self.http.ask(&mut settings);
        self.network.ask(&mut settings);
        self.determinism.ask(&mut settings);
        self.limits.ask(&mut settings);
        settings
    }
}
