//! Learning what a program needs: it runs with everything there is, nothing of the host is changed
//! meanwhile, and what it used is then said in grants.

mod host;
mod notes;
mod root;
mod smallest;

use crate::refusal::{GuestPath, is_top};
use crate::{
    Access, DirGrant, Error, FileGrant, Grants, Limited, MemoryGrant, MountLimits, Settings,
};
use host::HostFolder;
use notes::Notes;
use root::{Root, Side};
use smallest::{Host, Kind, Used, Wanted, What, smallest};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use wayleave_system::fs::{Dir, MemoryDir, Node, OpenOptions, OsDir, Overlay, Watched};
use wayleave_system::refusal::Grant;
use wayleave_system::{ErrorCode, Result as Answer};

/// A run that is watched.
pub struct Learning {
    /// What was asked for and stays as it is.
    kept: Settings,
    places: Vec<Place>,
}

/// What a run needed.
#[derive(Clone, Debug, Default)]
pub struct Learned {
    /// The smallest settings that allow all of it.
    pub settings: Settings,
    /// What was used and is not granted all the same, for people to read.
    pub left_out: Vec<String>,
}

/// A folder that is watched.
struct Place {
    guest: GuestPath,
    host: HostFolder,
    notes: Arc<Notes>,
}

/// Most bytes that a program can write while it is watched: they are kept in memory.
const WRITTEN: u64 = 1 << 30;

const ROOT: &str = "/";
const HERE: &str = ".";

impl Learning {
    /// Begins. The program is given what `asked` says, and besides all files of the host that this
    /// process can read, at `/`, and those of the current folder at `.`. What it writes is kept in
    /// memory, and is gone afterwards.
    ///
    /// Folders that were asked for plainly, to read or to write, are watched, too: what was used of
    /// them is what is granted. Overlays, and folders with limits, stay as they were asked for.
    ///
    /// # Errors
    /// As [`Settings::open`].
    pub fn start(asked: &Settings) -> Result<(Self, Grants), Error> {
        let mut kept = asked.clone();
        let plain = |dir: &DirGrant| {
            matches!(dir.access, Access::ReadOnly | Access::ReadWrite) && dir.limits.is_empty()
        };
        let (watched, rest) = kept.dirs.into_iter().partition(plain);
        kept.dirs = rest;
        let mut learning = Self { kept, places: Vec::new() };
        let grants = learning.kept.open()?;
        let grants = learning.watch(watched, grants)?;
        Ok((learning, grants))
    }

    fn watch(&mut self, asked: Vec<DirGrant>, mut grants: Grants) -> Result<Grants, Error> {
        let cannot = |path: &Path| {
            let path = path.to_owned();
            move |code| Error::OpenDir { path, code }
        };
        let lower = OsDir::open_ambient(Path::new(ROOT)).map_err(cannot(Path::new(ROOT)))?;
        let upper = Arc::new(MemoryDir::new(WRITTEN));
        let all: Arc<dyn Dir> = Arc::new(Overlay::new(Arc::new(lower), upper));
        let mut here = None;
        for grant in asked {
            let side = self.side(&grant.host, &grant.guest, &all).map_err(cannot(&grant.host))?;
            if is_top(&grant.guest) {
                here = Some((side, grant.guest));
            } else {
                grants = grants.preopen(Arc::new(side.watched), grant.guest)?;
            }
        }
        let taken = grants.preopens.iter().any(|preopen| is_top(&preopen.guest));
        if taken || !grants.listeners.is_empty() {
            return Ok(grants);
        }
        let (here, guest) = match here {
            Some(here) => here,
            None => {
                let side = self.side(Path::new(HERE), HERE, &all);
                (side.map_err(cannot(Path::new(HERE)))?, ROOT.to_owned())
            }
        };
        let all = self.side(Path::new(ROOT), ROOT, &all).map_err(cannot(Path::new(ROOT)))?;
        grants.preopen(Arc::new(Root { here, all }), guest)
    }

    /// A folder of the host, without changing it, watched.
    fn side(&mut self, host: &Path, guest: &str, all: &Arc<dyn Dir>) -> Answer<Side> {
        let real = host.canonicalize().map_err(ErrorCode::from)?;
        let below = real.strip_prefix(ROOT).ok().and_then(Path::to_str);
        let plain = match below.ok_or(ErrorCode::IllegalSequence)? {
            "" => all.clone(),
            below => open_folder(all, below)?,
        };
        let notes = Arc::new(Notes::new(guest, real, all.clone()));
        let watched = Watched::new(plain.clone(), guest, notes.clone());
        let host = HostFolder::new(host, guest);
        self.places.push(Place { guest: GuestPath::new(guest), host, notes });
        Ok(Side { plain, watched })
    }

    /// What the program has needed so far; `allowed` are grants that it was let have besides.
    ///
    /// # Errors
    /// When one of these can not be understood.
    pub fn learned(&self, allowed: &[Grant]) -> Result<Learned, Error> {
        let settings = Settings { args: Vec::new(), ..self.kept.clone() };
        let mut learned = Learned { settings, left_out: Vec::new() };
        for place in &self.places {
            place.learned(&mut learned);
        }
        for grant in allowed {
            learned.settings.allow(grant)?;
        }
        learned.settings.forget_implied_names();
        Ok(learned)
    }
}

impl Place {
    fn learned(&self, learned: &mut Learned) {
        let used = self.notes.used();
        let wanted = smallest(&used, &self.host);
        for (path, used) in &used {
            if used.listed && self.host.kind(path) == Kind::Folder && !covered(&wanted, path) {
                let path = self.host.path(path);
                learned.left_out.push(format!("listing {}", path.display()));
            }
        }
        for wanted in &wanted {
            let host = self.host.path(&wanted.path);
            self.grant(&wanted.path, host, wanted.what, wanted.writable, learned);
        }
        for (path, real) in self.led_out(&used, &wanted) {
            let what = if real.is_dir() { What::Folder } else { What::File };
            self.grant(path, real, what, used[path].written, learned);
        }
    }

    /// What is used in a granted folder, and lies elsewhere because of a link.
    fn led_out<'a>(
        &self,
        used: &'a BTreeMap<Vec<String>, Used>,
        wanted: &[Wanted],
    ) -> Vec<(&'a Vec<String>, PathBuf)> {
        let mut found = Vec::new();
        for path in used.keys() {
            let around = wanted.iter().filter(|wanted| wanted.what == What::Folder);
            let around = around.filter(|wanted| path.starts_with(&wanted.path));
            let Some(around) = around.max_by_key(|wanted| wanted.path.len()) else { continue };
            let exact = |wanted: &Wanted| wanted.path == *path;
            if self.host.kind(path) == Kind::Missing || wanted.iter().any(exact) {
                continue;
            }
            let real = |path: &[String]| self.host.path(path).canonicalize().ok();
            if let (Some(real), Some(top)) = (real(path), real(&around.path))
                && !real.starts_with(top)
            {
                found.push((path, real));
            }
        }
        found
    }

    fn grant(&self, path: &[String], host: PathBuf, what: What, writable: bool, to: &mut Learned) {
        let guest = self.guest.clone().join(&path.join("/")).to_string();
        let plain =
            |path: &str| !path.contains("::") && !path.starts_with(':') && !path.ends_with(':');
        if !host.to_str().is_some_and(plain) || !plain(&guest) {
            to.left_out.push(format!("{}: such a path can not be written", host.display()));
            return;
        }
        to.settings.allow_path(host, guest, what, writable);
    }
}

fn covered(wanted: &[Wanted], path: &[String]) -> bool {
    wanted.iter().any(|wanted| wanted.what == What::Folder && path.starts_with(&wanted.path))
}

fn open_folder(dir: &Arc<dyn Dir>, path: &str) -> Answer<Arc<dyn Dir>> {
    let folder = OpenOptions { read: true, directory: true, ..OpenOptions::default() };
    match dir.open(path, &folder)? {
        Node::Dir(dir) => Ok(dir),
        Node::File(_) => Err(ErrorCode::NotDirectory),
    }
}

impl Settings {
    /// Adds a grant that is written as on the command line. A mount takes the place of another one
    /// under the same guest path; a limit is never lowered.
    ///
    /// # Errors
    /// When it is none of those that refusals name.
    pub fn allow(&mut self, grant: &Grant) -> Result<(), Error> {
        if let Some((what, to)) = Limited::of(grant) {
            self.limits.raise(what, to);
            return Ok(());
        }
        let mut more = Self::default();
        match grant.option {
            "dir" => more.dirs.push(grant.value.parse()?),
            "file" => more.files.push(grant.value.parse()?),
            "mem" => more.memories.push(grant.value.parse()?),
            "allow-outbound" => more.outbound.push(grant.value.parse()?),
            "allow-inbound" => more.inbound.push(grant.value.parse()?),
            "allow-resolve" => more.resolve.push(grant.value.parse()?),
            #[cfg(feature = "http")]
            "allow-http" => more.http.push(grant.value.parse()?),
            _ => {
                let (text, reason) = (grant.to_string(), "it can not be remembered".to_owned());
                return Err(Error::Dir { text, reason });
            }
        }
        *self = std::mem::take(self).extended_by(more);
        Ok(())
    }

    /// Adds a file or folder of the host.
    fn allow_path(&mut self, host: PathBuf, guest: String, what: What, writable: bool) {
        let access = if writable { Access::ReadWrite } else { Access::ReadOnly };
        match what {
            What::Folder => add(&mut self.dirs, DirGrant::new(host, guest, access)),
            What::File => add(&mut self.files, FileGrant { host, guest, read_only: !writable }),
            What::Empty => {
                let limits = MountLimits { bytes: Some(0), ..MountLimits::default() };
                add(&mut self.memories, MemoryGrant { guest, limits });
            }
        }
    }

    /// Names that rules for addresses have need no rules of their own.
    fn forget_implied_names(&mut self) {
        let outbound = &self.outbound;
        self.resolve.retain(|name| {
            let host = name.to_string();
            !outbound.iter().any(|rule| rule.to_string().contains(&format!("://{host}:")))
        });
    }
}

fn add<T: PartialEq>(list: &mut Vec<T>, value: T) {
    if !list.contains(&value) {
        list.push(value);
    }
}
