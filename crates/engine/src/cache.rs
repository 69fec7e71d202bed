//! The compilation cache: compiled code on disk, so that a program is compiled once.
//!
//! One folder, private to the user: a secret `key`, and one sealed [`artifact`] per module and
//! engine, named after what it was compiled from. Any number of processes may use it at the same
//! time. A damaged entry is compiled anew; a cache that can not be written is not an error.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::artifact::{self, Key};
use crate::files::{self, io_error};
use crate::{Engine, Error};

/// How much the cache keeps unless told otherwise: 2 GiB, some hundreds of programs.
pub const DEFAULT_MAX_BYTES: u64 = 2 << 30;

/// A folder of compiled code.
#[derive(Clone, Debug)]
pub struct Cache {
    dir: PathBuf,
    key: Key,
    max_bytes: u64,
}

/// How full a cache is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stats {
    /// Its folder.
    pub dir: PathBuf,
    /// How many modules it holds.
    pub entries: usize,
    /// Their size in bytes.
    pub bytes: u64,
    /// The size in bytes to which it is cut back after each new entry.
    pub max_bytes: u64,
}

/// One compiled module in a cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its file.
    pub path: PathBuf,
    /// The file's size in bytes.
    pub bytes: u64,
    /// When it was last used, to the hour.
    pub used: SystemTime,
}

/// What was removed from a cache.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// How many modules.
    pub entries: usize,
    /// Their size in bytes.
    pub bytes: u64,
}

/// How exact the time of the last use is: writing it on each use would cost more than it tells.
const USE_RESOLUTION: Duration = Duration::from_secs(60 * 60);
/// A temporary file of this age has lost its process.
const TEMPORARY_AGE: Duration = Duration::from_secs(60 * 60);
const EXTENSION: &str = "cwasm";

impl Cache {
    /// Opens a cache, and makes its folder and key if needed. `max_bytes` is the size to which it
    /// is cut back; [`DEFAULT_MAX_BYTES`] is a good one.
    ///
    /// # Errors
    /// [`Error::Io`] when there is no key and none can be made, or when others could tamper with
    /// the folder. A program can be run without a cache then.
    pub fn open(dir: PathBuf, max_bytes: u64) -> Result<Self, Error> {
        let key = Key::load_or_create(&dir)?;
        Ok(Self { dir, key, max_bytes })
    }

    /// Where a user's cache is: `$WAYLEAVE_CACHE_DIR`, else `$XDG_CACHE_HOME/wayleave`, else
    /// `$HOME/.cache/wayleave`; `None` when none of these is set.
    pub fn default_dir() -> Option<PathBuf> {
        let set =
            |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        set("WAYLEAVE_CACHE_DIR")
            .or_else(|| Some(set("XDG_CACHE_HOME")?.join("wayleave")))
            .or_else(|| Some(set("HOME")?.join(".cache").join("wayleave")))
    }

    /// The key with which this user's artifacts are sealed, those outside of the cache too.
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// A module's compiled code: from the cache, or compiled now and put there. `on_compile` is
    /// called just before a compilation, which can take seconds.
    ///
    /// # Errors
    /// [`Error::Module`] when the module can not be compiled. The cache's own troubles are logged.
    pub fn load_or_compile<E: Engine>(
        &self,
        engine: &E,
        wasm: &[u8],
        on_compile: &mut dyn FnMut(),
    ) -> Result<E::Module, Error> {
        self.module(engine, &EntryName::of(engine, wasm), wasm, on_compile)
    }

    /// As [`Cache::load_or_compile`], for a module whose entry has a name already: a part of
    /// something whose bytes it is found by.
    ///
    /// # Errors
    /// As [`Cache::load_or_compile`].
    pub fn module<E: Engine>(
        &self,
        engine: &E,
        name: &EntryName,
        wasm: &[u8],
        on_compile: &mut dyn FnMut(),
    ) -> Result<E::Module, Error> {
        let path = self.path(name);
        let found = artifact::open_bound(engine, &path, &self.key, name.0.as_bytes());
        if let Some(module) = self.usable(&path, found) {
            return Ok(module);
        }
        on_compile();
        let module = engine.compile(wasm)?;
        if let Some(code) = engine.serialize(&module)? {
            self.keep(name, &code, &engine.identity());
        }
        Ok(module)
    }

    /// Bytes that are costly to make: from the cache, or made now and put there.
    ///
    /// # Errors
    /// What `make` says. The cache's own troubles are logged.
    pub fn bytes<X>(
        &self,
        name: &EntryName,
        make: impl FnOnce() -> Result<Vec<u8>, X>,
    ) -> Result<Vec<u8>, X> {
        let path = self.path(name);
        let found = File::open(&path).map_err(|error| io_error("opening", &path, error)).and_then(
            |mut file| {
                let binding = name.0.as_bytes();
                artifact::read_sealed(&mut file, &path, &self.key, binding, DATA)
            },
        );
        if let Some(bytes) = self.usable(&path, found) {
            return Ok(bytes);
        }
        let bytes = make()?;
        self.keep(name, &bytes, DATA);
        Ok(bytes)
    }

    fn path(&self, name: &EntryName) -> PathBuf {
        self.dir.join(name.0.to_hex().as_str()).with_extension(EXTENSION)
    }

    /// What was found at a path, unless it is missing or can not be used.
    fn usable<V>(&self, path: &Path, found: Result<V, Error>) -> Option<V> {
        match found {
            Ok(value) => {
                mark_used(path);
                Some(value)
            }
            Err(Error::Io { source, .. }) if source.kind() == ErrorKind::NotFound => None,
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "making a cached entry anew");
                let _ = fs::remove_file(path);
                None
            }
        }
    }

    fn keep(&self, name: &EntryName, bytes: &[u8], identity: &str) {
        let path = self.path(name);
        let (bytes, trailer) = artifact::seal(bytes, identity, &self.key, name.0.as_bytes());
        match files::write(&path, &[bytes, &trailer]) {
            Ok(()) => drop(self.prune(self.max_bytes)),
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "an entry is not cached");
            }
        }
    }

    /// How full the cache is.
    ///
    /// # Errors
    /// [`Error::Io`] when the folder can not be read.
    pub fn stats(&self) -> Result<Stats, Error> {
        let entries = self.entries()?;
        Ok(Stats {
            dir: self.dir.clone(),
            entries: entries.len(),
            bytes: entries.iter().map(|entry| entry.bytes).sum(),
            max_bytes: self.max_bytes,
        })
    }

    /// All entries, the least recently used first.
    ///
    /// # Errors
    /// [`Error::Io`] when the folder can not be read.
    pub fn entries(&self) -> Result<Vec<Entry>, Error> {
        let mut entries: Vec<Entry> =
            self.files()?.into_iter().filter(|file| is_entry(&file.path)).collect();
        entries.sort_by(|a, b| (a.used, &a.path).cmp(&(b.used, &b.path)));
        Ok(entries)
    }

    /// Removes the least recently used entries until at most `max_bytes` are left, and what crashed
    /// processes left behind.
    ///
    /// # Errors
    /// [`Error::Io`] when the folder can not be read. An entry that can not be removed stays.
    pub fn prune(&self, max_bytes: u64) -> Result<Removed, Error> {
        self.remove_temporaries(TEMPORARY_AGE)?;
        let entries = self.entries()?;
        let mut left: u64 = entries.iter().map(|entry| entry.bytes).sum();
        let mut removed = Removed::default();
        for entry in entries {
            if left <= max_bytes {
                break;
            }
            // What is gone already was removed by another process: it counts for the rest.
            left -= entry.bytes;
            if fs::remove_file(&entry.path).is_ok() {
                removed.entries += 1;
                removed.bytes += entry.bytes;
            }
        }
        Ok(removed)
    }

    /// Removes all entries. The key stays, and with it artifacts outside of the cache stay valid.
    ///
    /// # Errors
    /// As [`Cache::prune`].
    pub fn clear(&self) -> Result<Removed, Error> {
        self.remove_temporaries(Duration::ZERO)?;
        self.prune(0)
    }

    fn remove_temporaries(&self, age: Duration) -> Result<(), Error> {
        for file in self.files()? {
            let temporary = file_name(&file.path).starts_with(files::TEMPORARY);
            if temporary && file.used.elapsed().is_ok_and(|since| since >= age) {
                let _ = fs::remove_file(&file.path);
            }
        }
        Ok(())
    }

    /// The folder's files. Those that vanish meanwhile are left out.
    fn files(&self) -> Result<Vec<Entry>, Error> {
        let read = || -> std::io::Result<Vec<Entry>> {
            let mut files = Vec::new();
            for entry in fs::read_dir(&self.dir)? {
                let entry = entry?;
                let Ok(metadata) = entry.metadata() else { continue };
                if metadata.is_file() {
                    let used = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                    files.push(Entry { path: entry.path(), bytes: metadata.len(), used });
                }
            }
            Ok(files)
        };
        read().map_err(|error| io_error("reading the cache in", &self.dir, error))
    }
}

/// What entries that are no engine's code are sealed as.
const DATA: &str = "data";

/// The name of an entry: a hash of all that its bytes depend on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryName(blake3::Hash);

impl EntryName {
    /// The name of what an engine makes of some bytes.
    pub fn of<E: Engine>(engine: &E, bytes: &[u8]) -> Self {
        Self::hash(engine.identity().as_bytes(), bytes)
    }

    /// The name of a part of it.
    pub fn part(&self, label: &str) -> Self {
        Self::hash(self.0.as_bytes(), label.as_bytes())
    }

    fn hash(context: &[u8], bytes: &[u8]) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&(context.len() as u64).to_le_bytes()).update(context).update(bytes);
        Self(hasher.finalize())
    }
}

fn is_entry(path: &Path) -> bool {
    let name = file_name(path);
    name.strip_suffix(EXTENSION).and_then(|name| name.strip_suffix('.')).is_some_and(|hash| {
        hash.len() == 2 * blake3::OUT_LEN && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

fn file_name(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
}

fn mark_used(path: &Path) {
    let now = SystemTime::now();
    let used = fs::metadata(path).and_then(|metadata| metadata.modified());
    let is_old = |used: SystemTime| now.duration_since(used).is_ok_and(|age| age >= USE_RESOLUTION);
    if used.is_ok_and(is_old) {
        // A cache that can not be written is still good to read.
        let _ = File::open(path).and_then(|file| file.set_modified(now));
    }
}
