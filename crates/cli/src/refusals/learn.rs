//! `--learn` and `--remember`: manifests of what a run needed, or was allowed.

use super::ask::Asker;
use super::show;
use crate::failure::Failure;
use clap::ValueEnum;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use wayleave::grants::{Learned, Learning, Record, Settings, StreamGrant};
use wayleave::system::refusal::{Answer, Grant, Refusal};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum LearnNetwork {
    /// Ask on the terminal
    #[default]
    Ask,
    /// Allow everything, and tell of it
    Allow,
    /// Allow nothing but what options allow
    Deny,
}

/// A run that is to write down what it needs.
pub(super) struct Learner {
    learning: Learning,
    file: PathBuf,
    asker: Option<Asker>,
    network: LearnNetwork,
    record: Record,
    allowed: Mutex<Vec<Grant>>,
}

impl Learner {
    pub(super) fn new(
        learning: Learning,
        file: PathBuf,
        network: LearnNetwork,
    ) -> Result<Self, Failure> {
        refuse_to_replace(&file)?;
        let asker = match network {
            LearnNetwork::Ask => Asker::terminal().ok(),
            _ => None,
        };
        let (record, allowed) = (Record::new(), Mutex::default());
        Ok(Self { learning, file, asker, network, record, allowed })
    }

    /// What is not files comes here.
    pub(super) fn refused(&self, refusal: Refusal) -> Answer {
        let answer = match (&self.asker, self.network) {
            (Some(asker), _) => asker.ask(&refusal),
            (None, LearnNetwork::Allow) if !refusal.grants.is_empty() => Answer::Allow,
            _ => Answer::Deny,
        };
        let first = self.record.note(refusal.clone());
        if let (true, Some(grant)) = (answer.allows(), refusal.grants.first()) {
            if first && self.asker.is_none() {
                show::line(&format!("allowed to {refusal}"));
            }
            let mut allowed = self.allowed.lock().unwrap_or_else(|error| error.into_inner());
            if !allowed.contains(grant) {
                allowed.push(grant.clone());
            }
        }
        if first && !answer.allows() && self.asker.is_none() {
            let hint = "without a terminal to ask on, --learn-network allow lets it";
            let hint = if self.network == LearnNetwork::Ask { hint } else { "" };
            show::line(format!("refused to {refusal}; {hint}").trim_end_matches("; "));
        }
        answer
    }

    /// Writes the manifest.
    pub(super) fn finish(&self, success: bool) -> Result<(), Failure> {
        let allowed = self.allowed.lock().unwrap_or_else(|error| error.into_inner());
        let Learned { settings, left_out } =
            self.learning.learned(&allowed).map_err(Failure::other)?;
        write(&self.file, settings)?;
        let failed = if success { "" } else { ", as far as the program went" };
        show::line(&format!("{}: what this run needed{failed}", self.file.display()));
        for what in left_out {
            show::line(&format!("{}: left out: {what}", self.file.display()));
        }
        Ok(())
    }
}

/// Writes what a program was given, and what it was allowed besides.
pub(super) fn remember(file: &Path, given: &Settings, allowed: &[Grant]) -> Result<(), Failure> {
    let mut settings = given.clone();
    settings.args.clear();
    for grant in allowed {
        settings.allow(grant).map_err(Failure::other)?;
    }
    write(file, settings)?;
    let (number, s) = (allowed.len(), if allowed.len() == 1 { "" } else { "s" });
    show::line(&format!("{}: with {number} grant{s} that you allowed", file.display()));
    Ok(())
}

/// What is there may be somebody's work.
pub(super) fn refuse_to_replace(file: &Path) -> Result<(), Failure> {
    if file.symlink_metadata().is_ok() {
        let message = format!("{} is there already: remove it, or name another", file.display());
        return Err(Failure::usage(message));
    }
    Ok(())
}

/// A new file that only this user can read, as values of variables are in it. It was not there when
/// the program began; should the program have put something there, a link even, that stays.
fn create(file: &Path) -> std::io::Result<File> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file)
}

fn write(file: &Path, mut settings: Settings) -> Result<(), Failure> {
    for stream in [&mut settings.stdin, &mut settings.stdout, &mut settings.stderr] {
        // That is the default of the command line.
        stream.take_if(|stream| *stream == StreamGrant::Inherit);
    }
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let real = |path: &Path| path.canonicalize().ok();
    if let Some(folder) = folder
        && real(folder) != real(Path::new("."))
    {
        // In a manifest, relative paths are taken from where it is.
        let here = std::env::current_dir().map_err(Failure::other)?;
        settings = settings.rooted(&here);
    }
    let cannot = |error: &dyn std::fmt::Display| {
        Failure::other(format!("{} can not be written: {error}", file.display()))
    };
    let text = settings.to_manifest().map_err(|error| cannot(&error))?;
    create(file).and_then(|mut out| out.write_all(text.as_bytes())).map_err(|error| cannot(&error))
}
