//! Refusals of files, explained: which grant would have allowed what a guest tried.

mod ask;
mod guest_path;
mod host;
mod limited;
mod mounts;
mod nothing;
mod paths;
mod record;
mod verb;
mod watch;

pub(crate) use guest_path::{GuestPath, is_top};
pub use limited::{Limited, MountRefusals};
pub(crate) use mounts::quota_watch;
pub use paths::Paths;
pub use record::{Group, Record, group};

use crate::{Grants, Preopen};
use nothing::Nothing;
use std::sync::Arc;
use watch::FileRefusals;
use wayleave_system::fs::Watched;
use wayleave_system::refusal::Refusals;

/// The guest path of everything.
const ROOT: &str = "/";

impl Grants {
    /// Tells `refusals` of what the guest is refused, and which grant would have allowed it;
    /// `paths` says what was granted of the host's files.
    ///
    /// Paths below no granted folder never reach a host: the guest's own library finds no folder for
    /// them. So that they are seen, a guest that asks which folders it has ([`Grants::elsewhere`])
    /// finds one more, `/`, behind all others: in it nothing is, and nothing can be made. It is left
    /// out where something is granted there already, or where listeners are, which follow the
    /// folders.
    pub fn explain(mut self, paths: Arc<Paths>, refusals: Arc<dyn Refusals>) -> Self {
        let watcher = Arc::new(FileRefusals::new(paths, refusals.clone()));
        // C libraries take all of these for the same folder, and use the last of them.
        let taken = |preopen: &Preopen| is_top(&preopen.guest);
        if !self.preopens.iter().any(taken) && self.listeners.is_empty() {
            let dir = Arc::new(Watched::new(Arc::new(Nothing), ROOT, watcher.clone()));
            self.elsewhere = Some(Preopen { guest: ROOT.to_owned(), dir });
        }
        for preopen in &mut self.preopens {
            let dir = preopen.dir.clone();
            preopen.dir = Arc::new(Watched::new(dir, &*preopen.guest, watcher.clone()));
        }
        self.refusals(refusals)
    }
}
