use crate::server::{Shared, load};
use crate::{Error, Settings};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::signal::unix::{SignalKind, signal};

/// How often files are looked at.
const EVERY: Duration = Duration::from_millis(500);

/// Files that the server was made from, as they were then.
pub(crate) struct Watch {
    files: BTreeMap<PathBuf, Option<Stamp>>,
}

type Stamp = (SystemTime, u64);

impl Watch {
    pub(crate) fn new(settings: &Settings) -> Self {
        let mut files = BTreeMap::new();
        let tls = settings.tls.iter().flat_map(|tls| [tls.cert.clone(), tls.key.clone()]);
        let components = settings.apps.iter().map(|app| app.component.clone());
        for path in settings.manifest.iter().cloned().chain(tls).chain(components) {
            let stamp = stamp(&path);
            files.insert(path, stamp);
        }
        Self { files }
    }

    /// Loads again what has changed, or everything on SIGHUP.
    pub(crate) async fn run(mut self, shared: Arc<Shared>) {
        let Ok(mut hangups) = signal(SignalKind::hangup()) else { return };
        let mut pending = false;
        loop {
            let asked = tokio::select! {
                () = tokio::time::sleep(EVERY) => false,
                asked = hangups.recv() => asked.is_some(),
            };
            let changed = self.look();
            // A file that is still being written changes again: wait until it does not.
            if changed && !asked {
                pending = true;
                continue;
            }
            if !(pending || asked) {
                continue;
            }
            pending = false;
            let work = shared.clone();
            let done = tokio::task::spawn_blocking(move || reload(&work)).await;
            match done {
                Ok(Ok(settings)) => {
                    self = Self::new(&settings);
                    tracing::info!("loaded again");
                }
                Ok(Err(error)) => eprintln!("wayleave: what was there stays: {error}"),
                Err(error) => eprintln!("wayleave: what was there stays: {error}"),
            }
        }
    }

    /// Whether a file is another than when it was last looked at.
    fn look(&mut self) -> bool {
        let mut changed = false;
        for (path, known) in &mut self.files {
            let now = stamp(path);
            // One that is gone for the moment is being replaced.
            if now.is_some() && now != *known {
                *known = now;
                changed = true;
            }
        }
        changed
    }
}

fn stamp(path: &PathBuf) -> Option<Stamp> {
    let meta = std::fs::metadata(path).ok()?;
    Some((meta.modified().ok()?, meta.len()))
}

/// All or nothing: requests that are under way stay with what they have begun with.
fn reload(shared: &Shared) -> Result<Settings, Error> {
    let settings = match &shared.settings.manifest {
        Some(path) => Settings::from_manifest(path)?,
        None => shared.settings.clone(),
    };
    let settings = Settings { access_log: shared.settings.access_log, ..settings };
    let router = load(&shared.runtime, &shared.aside, &settings, Some(&shared.router()))?;
    if let Some(tls) = &shared.tls {
        if settings.tls.as_ref() != Some(tls.settings()) {
            tracing::warn!("other certificate files need a restart");
        }
        tls.reload()?;
    }
    shared.set_router(router);
    Ok(settings)
}
