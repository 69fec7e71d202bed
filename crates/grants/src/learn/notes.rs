use super::smallest::Used;
use crate::refusal::GuestPath;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use wayleave_system::ErrorCode;
use wayleave_system::fs::{Action, Attempt, Dir, Instead, Watcher};

/// Notes what is done with paths below one folder.
pub(super) struct Notes {
    /// The guest's name of the folder.
    guest: GuestPath,
    /// The folder on the host.
    host: PathBuf,
    used: Mutex<BTreeMap<Vec<String>, Used>>,
    /// All of the host, to follow links that lead out of the folder; where that starts.
    all: Arc<dyn Dir>,
}

/// Most paths that are noted.
const MOST: usize = 200_000;

impl Notes {
    pub(super) fn new(guest: &str, host: PathBuf, all: Arc<dyn Dir>) -> Self {
        Self { guest: GuestPath::new(guest), host, used: Mutex::default(), all }
    }

    /// What was done, by path below the folder.
    pub(super) fn used(&self) -> BTreeMap<Vec<String>, Used> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn path(&self, attempt: &Attempt<'_>) -> Option<Vec<String>> {
        let path = GuestPath::new(attempt.folder).join(attempt.path);
        path.below(&self.guest).map(<[String]>::to_vec)
    }
}

impl Watcher for Notes {
    fn done(&self, attempt: &Attempt<'_>) {
        let Some(path) = self.path(attempt) else { return };
        let mut all = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() < MOST || all.contains_key(&path) {
            let used = all.entry(path).or_default();
            *used = *used | used_by(attempt.what);
        }
    }

    /// A link that leads out of the folder is followed all the same, and what it leads to is granted
    /// in its place.
    fn failed(&self, attempt: &Attempt<'_>, error: ErrorCode) -> Option<Instead> {
        if error != ErrorCode::NotCapable || attempt.what == Action::Symlink {
            return None;
        }
        let path = self.path(attempt)?;
        let real = self.host.join(path.join("/")).canonicalize().ok()?;
        let path = real.strip_prefix("/").ok()?.to_str()?.to_owned();
        self.done(attempt);
        Some(Instead { dir: self.all.clone(), path })
    }
}

fn used_by(what: Action) -> Used {
    let nothing = Used::default();
    match what {
        Action::Open(how) => Used {
            read: how.read,
            written: how.write || how.append || how.truncate,
            created: how.create,
            seen: true,
            ..nothing
        },
        Action::Stat | Action::ReadLink => Used { seen: true, ..nothing },
        Action::List => Used { listed: true, ..nothing },
        Action::SetTimes => Used { written: true, ..nothing },
        _ => Used { named: true, ..nothing },
    }
}
