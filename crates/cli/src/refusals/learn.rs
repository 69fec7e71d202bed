//! `--learn`: a manifest of what a run needed.

use super::ask::Asker;
use super::show;
use crate::failure::Failure;
use crate::files::{Place, folder_of};
use clap::ValueEnum;
use std::io::Write as _;
use std::path::Path;
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
    to: Place,
    asker: Option<Asker>,
    network: LearnNetwork,
    record: Record,
    allowed: Mutex<Vec<Grant>>,
}

impl Learner {
    pub(super) fn new(
        learning: Learning,
        file: &Path,
        network: LearnNetwork,
    ) -> Result<Self, Failure> {
        let to = new_place(file)?;
        let asker = match network {
            LearnNetwork::Ask => Asker::terminal().ok(),
            _ => None,
        };
        let (record, allowed) = (Record::new(), Mutex::default());
        Ok(Self { learning, to, asker, network, record, allowed })
    }

    /// What is not files comes here.
    pub(super) fn refused(&self, refusal: Refusal) -> Answer {
        if refusal.grants.iter().any(|grant| !grant.option.starts_with("allow-")) {
            // A limit that was set for this run is not for the network's option to lift.
            self.ended(refusal);
            return Answer::Deny;
        }
        let answer = match (&self.asker, self.network) {
            (Some(asker), _) => asker.ask(&refusal),
            (None, LearnNetwork::Allow) if !refusal.grants.is_empty() => Answer::Allow,
            _ => Answer::Deny,
        };
        let first = self.record.note(refusal.clone());
        let tried = refusal.to_string();
        if let (true, Some(grant)) = (answer.allows(), lasting(&refusal)) {
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
            let helps = self.network == LearnNetwork::Ask && refusal.why.is_none();
            let why = refusal.why.map(|why| format!(": {why}")).unwrap_or_default();
            let hint = if helps { format!("; {hint}") } else { why };
            show::line(&format!("refused to {tried}{hint}"));
        }
        answer
    }

    /// What stays refused in any case.
    pub(super) fn ended(&self, refusal: Refusal) {
        if self.record.note(refusal.clone()) {
            show::line(&format!("refused {}", show::describe(&refusal)));
        }
    }

    /// Writes the manifest.
    pub(super) fn finish(&self, success: bool) -> Result<(), Failure> {
        let allowed = self.allowed.lock().unwrap_or_else(|error| error.into_inner());
        let Learned { settings, left_out } =
            self.learning.learned(&allowed).map_err(Failure::other)?;
        write(&self.to, settings)?;
        let file = self.to.path().display();
        let failed = if success { "" } else { ", as far as the program went" };
        show::line(&format!("{file}: what this run needed{failed}"));
        for what in left_out {
            show::line(&format!("{file}: left out: {what}"));
        }
        Ok(())
    }
}

/// The narrowest grant that allows the same in the next run: of a port that the system has chosen, the
/// one for all ports.
fn lasting(refusal: &Refusal) -> Option<&Grant> {
    let every = |grant: &&Grant| grant.value.ends_with(":*");
    refusal.grants.iter().find(every).or(refusal.grants.first())
}

/// The place of a manifest that is not there yet: what is there may be somebody's work.
pub(super) fn new_place(file: &Path) -> Result<Place, Failure> {
    if file.symlink_metadata().is_ok() {
        let message = format!("{} is there already: remove it, or name another", file.display());
        return Err(Failure::usage(message));
    }
    place(file)
}

pub(super) fn place(file: &Path) -> Result<Place, Failure> {
    let cannot = |error| Failure::usage(format!("{} can not be written: {error}", file.display()));
    Place::new(file).map_err(cannot)
}

/// Writes a new manifest.
pub(super) fn write(to: &Place, settings: Settings) -> Result<(), Failure> {
    let mut settings = rooted_for(to.path(), settings)?;
    for stream in [&mut settings.stdin, &mut settings.stdout, &mut settings.stderr] {
        // That is the default of the command line.
        stream.take_if(|stream| *stream == StreamGrant::Inherit);
    }
    let cannot = |error: &dyn std::fmt::Display| {
        Failure::other(format!("{} can not be written: {error}", to.path().display()))
    };
    let text = settings.to_manifest().map_err(|error| cannot(&error))?;
    // Values of variables are in it.
    to.create_new()
        .and_then(|mut out| out.write_all(text.as_bytes()))
        .map_err(|error| cannot(&error))
}

/// The settings as a manifest at this place has them: relative paths are taken from its folder.
pub(super) fn rooted_for(file: &Path, settings: Settings) -> Result<Settings, Failure> {
    let real = |path: &Path| path.canonicalize().map_err(Failure::other);
    let (here, there) = (real(Path::new("."))?, real(folder_of(file))?);
    Ok(if here == there { settings } else { settings.moved(&here, &there) })
}
