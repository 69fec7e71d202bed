use super::guest_path::GuestPath;
use super::paths::{Paths, Place};
use super::verb::Verb;
use super::{ROOT, ask};
use std::sync::Arc;
use wayleave_system::ErrorCode;
use wayleave_system::fs::{Action, Attempt, Instead, Watcher};
use wayleave_system::refusal::{Refusal, Refusals};

/// Tells of paths that were refused.
pub(super) struct FileRefusals {
    paths: Arc<Paths>,
    refusals: Arc<dyn Refusals>,
}

impl FileRefusals {
    pub(super) fn new(paths: Arc<Paths>, refusals: Arc<dyn Refusals>) -> Self {
        Self { paths, refusals }
    }

    fn refused(&self, attempt: &Attempt<'_>, error: ErrorCode) -> Option<Instead> {
        // Below the folder that stands for everything, only a relative path begins like this.
        let relative = attempt.path.starts_with("..") && self.paths.mount(attempt.folder).is_none();
        let folder = if relative && attempt.folder == ROOT { "." } else { attempt.folder };
        let path = GuestPath::new(folder).join(attempt.path);
        let verb = Verb::of(attempt.what);
        let inside = matches!(self.paths.place(&path), Place::Inside(..));
        if inside && attempt.what == Action::Symlink && error == ErrorCode::NotCapable {
            // Absolute links are made for nobody.
            self.refusals.refused(Refusal::new(verb.words(), path.to_string(), []));
            return None;
        }
        if let Some(mount) = self.paths.mount(attempt.folder)
            && path.below(&mount.guest).is_none()
            && !path.leads_up()
        {
            // No library looks elsewhere for what it has found a folder for.
            let object = format!("{}/{}", attempt.folder, attempt.path);
            self.refusals.refused(Refusal::new(verb.words(), object, []));
            return None;
        }
        if !self.refusals.may_allow() {
            self.refusals.refused(self.paths.refusal(verb, &path));
            return None;
        }
        // What is shown is what is then used, whatever has become of the path meanwhile.
        let found = self.paths.look(verb, &path)?;
        let answer = self.refusals.refused(found.refusal(verb));
        if answer.allows() { ask::instead(&found, verb).ok() } else { None }
    }
}

impl Watcher for FileRefusals {
    fn failed(&self, attempt: &Attempt<'_>, error: ErrorCode) -> Option<Instead> {
        match error {
            // Missing is missing, where there is a folder to say so.
            ErrorCode::NoEntry if self.paths.mount(attempt.folder).is_some() => None,
            ErrorCode::NoEntry | ErrorCode::ReadOnly | ErrorCode::NotCapable => {
                self.refused(attempt, error)
            }
            _ => None,
        }
    }
}
