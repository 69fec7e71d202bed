use crate::failure::Failure;
use crate::refusals::InUse;
use std::path::{Path, PathBuf};
use wayleave::grants::manifest::{Manifest, ManifestError, Without};
use wayleave::grants::{Error, Settings};

#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Grants")]
pub(crate) struct ManifestArgs {
    /// Grant what a manifest (wayleave.toml) says; other options extend it
    #[arg(long, value_name = "FILE")]
    manifest: Option<PathBuf>,
    /// Use the manifest `wayleave.toml` that lies beside the program. Nothing uses it unasked
    #[arg(long, conflicts_with = "manifest")]
    beside: bool,
    /// Grant what a profile of the manifest says, besides
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// Do without what the manifest says for a word (`env`), or one of its entries (`env=HOME`,
    /// `dir=/data`)
    #[arg(long, value_name = "WORD[=ENTRY]")]
    without: Vec<Without>,
}

/// The name that manifests have.
const NAME: &str = "wayleave.toml";

impl ManifestArgs {
    /// What the manifest asks for; nothing where none is named.
    pub(crate) fn settings(&self, program: Option<&Path>) -> Result<Settings, Failure> {
        let Some(path) = self.named(program) else {
            if self.is_narrowed() {
                let option = if self.profile.is_some() { "--profile" } else { "--without" };
                let message = format!("{option} is for a manifest; name it with --manifest FILE");
                return Err(Failure::usage(message));
            }
            return Ok(Settings::default());
        };
        let manifest = Manifest::read(&path).map_err(Failure::usage)?;
        let settings = manifest.settings(self.profile.as_deref()).map_err(Failure::usage)?;
        self.without.iter().try_fold(settings, |settings, what| {
            settings
                .without(what)
                .map_err(|reason| Failure::usage(format!("{}: {reason}", path.display())))
        })
    }

    /// Where the manifest asks for what can not be granted.
    pub(super) fn place(&self, program: &Path, error: &Error) -> Option<ManifestError> {
        let manifest = Manifest::read(self.named(Some(program))?).ok()?;
        manifest.place(self.profile.as_deref(), error)
    }

    fn named(&self, program: Option<&Path>) -> Option<PathBuf> {
        let beside = program.filter(|_| self.beside).map(|program| program.with_file_name(NAME));
        self.manifest.clone().or(beside)
    }

    /// The manifest that is named, and its profile.
    pub(super) fn in_use(&self, program: &Path) -> Option<InUse> {
        let path = self.named(Some(program))?;
        Some(InUse { path, profile: self.profile.clone() })
    }

    /// Whether there has to be a manifest.
    pub(crate) fn is_narrowed(&self) -> bool {
        self.profile.is_some() || !self.without.is_empty()
    }

    /// The manifest that is named.
    pub(crate) fn path(&self) -> Option<&Path> {
        self.manifest.as_deref()
    }

    /// Names one, where none is.
    pub(crate) fn name(&mut self, path: PathBuf) {
        self.manifest.get_or_insert(path);
    }
}
