use crate::server::{Shared, load};
use crate::{Error, Settings};
use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::signal::unix::{SignalKind, signal};

/// How often files are looked at.
const EVERY: Duration = Duration::from_millis(500);

/// Files that the server was made from, as they were then.
pub(crate) struct Watch {
    files: BTreeMap<PathBuf, Option<Stamp>>,
    /// What the manifest says but for the apps, which is what needs a restart.
    kept: Option<Settings>,
}

/// When it was last changed, its size, and which file it is: builds that are the same each time have
/// the same time as well.
type Stamp = (SystemTime, u64, u64, (i64, i64));

impl Watch {
    pub(crate) fn new(settings: &Settings) -> Self {
        let mut files = BTreeMap::new();
        let tls = settings.tls.iter().flat_map(|tls| [tls.cert.clone(), tls.key.clone()]);
        let components = settings.apps.iter().map(|app| app.component.clone());
        for path in settings.manifest.iter().cloned().chain(tls).chain(components) {
            let stamp = stamp(&path);
            files.insert(path, stamp);
        }
        Self { files, kept: None }
    }

    /// The manifest as the server was started with it, or as it is a moment later.
    pub(crate) fn read_manifest(&mut self, settings: &Settings) {
        let manifest = settings.manifest.as_ref();
        self.kept = manifest.and_then(|path| Settings::from_manifest(path).ok()).map(without_apps);
    }

    /// Loads again what has changed, where that is wanted, and everything on SIGHUP.
    pub(crate) async fn run(mut self, shared: Arc<Shared>) {
        let Ok(mut hangups) = signal(SignalKind::hangup()) else { return };
        let mut pending = false;
        loop {
            let asked = tokio::select! {
                () = tokio::time::sleep(EVERY), if shared.settings.reload => false,
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
            let (work, kept) = (shared.clone(), self.kept.clone());
            match tokio::task::spawn_blocking(move || reload(&work, kept)).await {
                Ok((watch, result)) => {
                    // Also of what could not be loaded: it may be put right.
                    self = watch.unwrap_or(self);
                    match result {
                        Ok(()) => tracing::info!("loaded again"),
                        Err(error) => eprintln!("wayleave: what was there stays: {error}"),
                    }
                }
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
    Some((meta.modified().ok()?, meta.len(), meta.ino(), (meta.ctime(), meta.ctime_nsec())))
}

/// All or nothing: requests that are under way stay with what they have begun with. And what is to
/// be watched from now on, as it was before it was read: what changes meanwhile has changed.
fn reload(shared: &Shared, kept: Option<Settings>) -> (Option<Watch>, Result<(), Error>) {
    let manifest = shared.settings.manifest.as_ref();
    let before = manifest.map(|path| (path.clone(), stamp(path)));
    let settings = match manifest.map(Settings::from_manifest).transpose() {
        Ok(settings) => settings.unwrap_or_else(|| shared.settings.clone()),
        Err(error) => return (None, Err(error)),
    };
    let says = manifest.map(|_| without_apps(settings.clone()));
    if kept.is_some() && says != kept {
        eprintln!("wayleave: [serve] has changed: only a restart makes a difference of that");
    }
    let settings = Settings { access_log: shared.settings.access_log, ..settings };
    // Other certificates need a restart.
    let watched = Settings { tls: shared.settings.tls.clone(), ..settings.clone() };
    let mut watch = Watch::new(&watched);
    watch.files.extend(before);
    watch.kept = says;
    (Some(watch), replace(shared, &settings))
}

fn without_apps(settings: Settings) -> Settings {
    Settings { apps: Vec::new(), ..settings }
}

fn replace(shared: &Shared, settings: &Settings) -> Result<(), Error> {
    let router = load(&shared.common, settings, Some(&shared.router()))?;
    if let Some(tls) = &shared.tls {
        tls.reload()?;
    }
    shared.set_router(router);
    Ok(())
}
