//! Sealed artifacts and the compilation cache: nothing but what was sealed with the user's key is
//! ever loaded, whatever happens to the files.
#![cfg(feature = "wasmtime")]
#![allow(clippy::unwrap_used, reason = "a test that can not go on has failed")]

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, SystemTime};

use tempfile::TempDir;
use wayleave_engine::artifact::{self, Key};
use wayleave_engine::cache::{Cache, DEFAULT_MAX_BYTES, EntryName, Removed};
use wayleave_engine::wasmtime::Wasmtime;
use wayleave_engine::{Config, Context, Engine, Error, Extern, Limits, Value};

fn engine() -> Wasmtime {
    Wasmtime::new(&Config::default()).unwrap()
}

/// A module that gives a number.
fn module(number: i32) -> Vec<u8> {
    let text = format!(r#"(module (func (export "run") (result i32) (i32.const {number})))"#);
    wat::parse_str(text).unwrap()
}

fn run(engine: &Wasmtime, module: &<Wasmtime as Engine>::Module) -> Value {
    let mut store = engine.store((), Limits::default()).unwrap();
    let mut context = Wasmtime::context(&mut store);
    let instance = context.instantiate_with(module, &[]).unwrap();
    let Some(Extern::Func(func)) = context.export(&instance, "run") else { panic!() };
    let mut result = [Value::I32(0)];
    context.call(&func, &[], &mut result).unwrap();
    result[0]
}

struct Fixture {
    dir: TempDir,
    engine: Wasmtime,
    cache: Cache,
}

impl Fixture {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::open(dir.path().join("cache"), DEFAULT_MAX_BYTES).unwrap();
        Self { dir, engine: engine(), cache }
    }

    /// Loads a module that gives `number`; whether it had to be compiled.
    fn load(&self, number: i32) -> bool {
        let mut compiled = false;
        let load = &mut || compiled = true;
        let module = self.cache.load_or_compile(&self.engine, &module(number), load).unwrap();
        assert_eq!(run(&self.engine, &module), Value::I32(number));
        compiled
    }

    fn entry(&self) -> PathBuf {
        let entries = self.cache.entries().unwrap();
        assert_eq!(entries.len(), 1);
        entries[0].path.clone()
    }
}

fn set_age(path: &Path, age: Duration) {
    File::open(path).unwrap().set_modified(SystemTime::now() - age).unwrap();
}

#[test]
fn compiles_once() {
    let fixture = Fixture::new();
    assert!(fixture.load(1));
    assert!(!fixture.load(1));
    assert!(fixture.load(2));
    let stats = fixture.cache.stats().unwrap();
    assert_eq!((stats.entries, stats.max_bytes), (2, DEFAULT_MAX_BYTES));
    assert_eq!(stats.bytes, fixture.cache.entries().unwrap().iter().map(|entry| entry.bytes).sum());
    let again = Cache::open(stats.dir, 0).unwrap();
    again.load_or_compile(&fixture.engine, &module(1), &mut || panic!("compiled")).unwrap();
}

#[test]
fn settings_have_entries_of_their_own() {
    let fixture = Fixture::new();
    fixture.load(1);
    let mut config = Config::default();
    config.fuel = true;
    let other = Wasmtime::new(&config).unwrap();
    let mut compiled = false;
    fixture.cache.load_or_compile(&other, &module(1), &mut || compiled = true).unwrap();
    assert!(compiled && fixture.cache.entries().unwrap().len() == 2);
}

#[test]
fn bad_modules_are_the_callers_error() {
    let fixture = Fixture::new();
    let result = fixture.cache.load_or_compile(&fixture.engine, b"\0asm", &mut || ());
    assert!(matches!(result, Err(Error::Module { .. })));
    assert_eq!(fixture.cache.entries().unwrap(), []);
}

#[test]
#[cfg(feature = "wasmi")]
fn interpreters_need_no_cache() {
    let fixture = Fixture::new();
    let engine = wayleave_engine::wasmi::Wasmi::new(&Config::default()).unwrap();
    let module = fixture.cache.load_or_compile(&engine, &module(1), &mut || ()).unwrap();
    assert_eq!(fixture.cache.entries().unwrap(), []);
    let path = fixture.dir.path().join("x");
    let result = artifact::write(&engine, &module, &path, fixture.cache.key());
    assert!(matches!(result, Err(Error::Artifact { .. })) && !path.exists());
}

/// Bytes to damage: all of the ends, and some of what is between.
fn positions(len: usize) -> impl Iterator<Item = usize> {
    (0..len).filter(move |&index| index < 64 || len - index <= 128 || index % 997 == 0)
}

#[test]
fn damage_is_found_and_repaired() {
    let fixture = Fixture::new();
    fixture.load(1);
    let path = fixture.entry();
    let good = fs::read(&path).unwrap();
    for position in positions(good.len()) {
        let mut bad = good.clone();
        bad[position] ^= 0x10;
        fs::write(&path, &bad).unwrap();
        assert!(artifact::open(&fixture.engine, &path, fixture.cache.key()).is_err());
        assert!(fixture.load(1), "byte {position}");
        assert_eq!(fs::read(&path).unwrap().len(), good.len());
    }
}

#[test]
fn truncation_is_found_and_repaired() {
    let fixture = Fixture::new();
    fixture.load(1);
    let path = fixture.entry();
    let good = fs::read(&path).unwrap();
    for len in positions(good.len()) {
        fs::write(&path, &good[..len]).unwrap();
        assert!(fixture.load(1), "{len} bytes");
    }
    fs::write(&path, [good.as_slice(), b"x"].concat()).unwrap();
    assert!(fixture.load(1));
    assert!(!fixture.load(1));
}

#[test]
fn entries_can_not_be_swapped() {
    let fixture = Fixture::new();
    fixture.load(1);
    let one = fixture.entry();
    let kept = fs::read(&one).unwrap();
    fixture.cache.clear().unwrap();
    fixture.load(2);
    fs::write(fixture.entry(), kept).unwrap();
    assert!(fixture.load(2));
}

#[test]
fn another_key_opens_nothing() {
    let fixture = Fixture::new();
    let path = fixture.dir.path().join("program");
    let compiled = fixture.engine.compile(&module(3)).unwrap();
    artifact::write(&fixture.engine, &compiled, &path, fixture.cache.key()).unwrap();
    let other = Key::load_or_create(&fixture.dir.path().join("other")).unwrap();
    let Err(Error::Artifact { reason }) = artifact::open(&fixture.engine, &path, &other) else {
        panic!()
    };
    assert_eq!(reason, "it is damaged, or another user or machine made it");
    let loaded = artifact::open(&fixture.engine, &path, fixture.cache.key()).unwrap();
    assert_eq!(run(&fixture.engine, &loaded), Value::I32(3));
}

#[test]
fn artifacts_can_be_written_again() {
    let fixture = Fixture::new();
    let (first, second) = (fixture.dir.path().join("first"), fixture.dir.path().join("second"));
    let compiled = fixture.engine.compile(&module(3)).unwrap();
    artifact::write(&fixture.engine, &compiled, &first, fixture.cache.key()).unwrap();
    let loaded = artifact::open(&fixture.engine, &first, fixture.cache.key()).unwrap();
    artifact::write(&fixture.engine, &loaded, &second, fixture.cache.key()).unwrap();
    assert_eq!(fs::read(&first).unwrap(), fs::read(&second).unwrap());
    // Nothing else is left beside them.
    assert_eq!(fs::read_dir(fixture.dir.path()).unwrap().count(), 3);
}

#[test]
fn other_settings_and_other_files_are_refused() {
    let fixture = Fixture::new();
    let path = fixture.dir.path().join("program");
    let compiled = fixture.engine.compile(&module(3)).unwrap();
    artifact::write(&fixture.engine, &compiled, &path, fixture.cache.key()).unwrap();
    let mut config = Config::default();
    config.interrupt = true;
    let other = Wasmtime::new(&config).unwrap();
    let reason = artifact::open(&other, &path, fixture.cache.key()).err().unwrap().to_string();
    assert!(reason.contains("other settings"), "{reason}");

    fs::write(&path, module(1)).unwrap();
    let reason = artifact::open(&other, &path, fixture.cache.key()).err().unwrap().to_string();
    assert!(reason.ends_with("it is not a file that Wayleave compiled"), "{reason}");
    let missing = fixture.dir.path().join("missing");
    assert!(matches!(artifact::open(&other, &missing, fixture.cache.key()), Err(Error::Io { .. })));
}

#[test]
fn artifacts_are_told_from_modules() {
    let fixture = Fixture::new();
    let path = fixture.dir.path().join("program");
    for (content, expected) in [(&b""[..], false), (b"short", false), (&module(1), false)] {
        fs::write(&path, content).unwrap();
        assert_eq!(artifact::is_artifact(&path).unwrap(), expected);
        assert_eq!(artifact::is_artifact_bytes(content), expected);
    }
    let compiled = fixture.engine.compile(&module(3)).unwrap();
    artifact::write(&fixture.engine, &compiled, &path, fixture.cache.key()).unwrap();
    assert!(artifact::is_artifact(&path).unwrap());
    assert!(artifact::is_artifact_bytes(&fs::read(&path).unwrap()));
}

#[test]
fn racing_processes_get_one_key() {
    let dir = tempfile::tempdir().unwrap();
    let compiled = engine().compile(&module(3)).unwrap();
    let artifact = dir.path().join("artifact");
    for turn in 0..50 {
        let folder = dir.path().join(format!("{turn}"));
        let barrier = Arc::new(Barrier::new(8));
        let threads: Vec<_> = (0..8)
            .map(|_| {
                let (folder, barrier) = (folder.clone(), barrier.clone());
                thread::spawn(move || {
                    barrier.wait();
                    Key::load_or_create(&folder).unwrap()
                })
            })
            .collect();
        let keys: Vec<Key> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        // Keys do not show: what one sealed, all others open.
        artifact::write(&engine(), &compiled, &artifact, &keys[0]).unwrap();
        for key in &keys {
            artifact::open(&engine(), &artifact, key).unwrap();
        }
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
        assert_eq!(format!("{:?}", keys[0]), "Key(..)");
    }
}

#[test]
fn a_damaged_key_is_replaced() {
    let fixture = Fixture::new();
    fixture.load(1);
    let dir = fixture.cache.stats().unwrap().dir;
    fs::write(dir.join("key"), b"short").unwrap();
    let cache = Cache::open(dir, DEFAULT_MAX_BYTES).unwrap();
    let mut compiled = 0;
    for _ in 0..2 {
        cache.load_or_compile(&fixture.engine, &module(1), &mut || compiled += 1).unwrap();
    }
    assert_eq!(compiled, 1);
}

#[test]
fn many_writers_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let barrier = Arc::new(Barrier::new(8));
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let (dir, barrier) = (dir.path().to_owned(), barrier.clone());
            thread::spawn(move || {
                let engine = engine();
                barrier.wait();
                for turn in 0..20 {
                    // Room for one: they also remove each other's.
                    let cache = Cache::open(dir.clone(), 10_000).unwrap();
                    let number = turn % 3;
                    let load = &mut || ();
                    let module = cache.load_or_compile(&engine, &module(number), load).unwrap();
                    assert_eq!(run(&engine, &module), Value::I32(number));
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    let cache = Cache::open(dir.path().to_owned(), 0).unwrap();
    cache.clear().unwrap();
    let left: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left, ["key"]);
}

#[test]
fn prunes_the_least_recently_used() {
    let fixture = Fixture::new();
    let mut paths = Vec::new();
    for number in 0..4_u32 {
        fixture.load(number.cast_signed());
        let entries = fixture.cache.entries().unwrap();
        let new = entries.iter().find(|entry| !paths.contains(&entry.path)).unwrap().path.clone();
        set_age(&new, Duration::from_secs(3600 * u64::from(10 - number)));
        paths.push(new);
    }
    // A use makes the oldest the newest.
    assert!(!fixture.load(0));
    let order: Vec<PathBuf> =
        fixture.cache.entries().unwrap().into_iter().map(|entry| entry.path).collect();
    assert_eq!(order, [1, 2, 3, 0].map(|index: usize| paths[index].clone()));

    let size = fs::metadata(&paths[0]).unwrap().len();
    let stranger = paths[0].with_file_name("notes.txt");
    fs::write(&stranger, "not the cache's").unwrap();
    let removed = fixture.cache.prune(2 * size).unwrap();
    assert_eq!(removed, Removed { entries: 2, bytes: 2 * size });
    assert_eq!(
        paths.iter().map(|path| path.exists()).collect::<Vec<_>>(),
        [true, false, false, true]
    );
    assert_eq!(fixture.cache.clear().unwrap().entries, 2);
    assert!(stranger.exists());
}

#[test]
fn a_write_prunes_and_temporary_files_go() {
    let fixture = Fixture::new();
    let dir = fixture.cache.stats().unwrap().dir;
    let (old, new) = (dir.join(".wayleave-tmp-1"), dir.join(".wayleave-tmp-2"));
    fs::write(&old, "").unwrap();
    fs::write(&new, "").unwrap();
    set_age(&old, Duration::from_secs(2 * 3600));
    fixture.load(1);
    assert!(!old.exists() && new.exists());

    let small = Cache::open(dir, 1).unwrap();
    small.load_or_compile(&fixture.engine, &module(2), &mut || ()).unwrap();
    assert_eq!(small.entries().unwrap(), []);
}

#[test]
#[cfg(unix)]
fn a_cache_that_can_not_be_written_is_no_error() {
    let fixture = Fixture::new();
    fixture.load(1);
    let dir = fixture.cache.stats().unwrap().dir;
    // A file in place of a folder: not even an administrator can write there.
    let entry = fixture.entry();
    fs::remove_file(&entry).unwrap();
    fs::create_dir_all(entry.join("inside")).unwrap();
    assert!(fixture.load(1));
    assert!(fixture.load(1));
    // And one that is not there any more.
    fs::remove_dir_all(&dir).unwrap();
    assert!(fixture.load(1));
}

#[test]
#[cfg(unix)]
fn files_are_private() {
    use std::os::unix::fs::PermissionsExt;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let fixture = Fixture::new();
    fixture.load(1);
    let dir = fixture.cache.stats().unwrap().dir;
    assert_eq!((mode(&dir), mode(&dir.join("key")), mode(&fixture.entry())), (0o700, 0o600, 0o600));

    fs::set_permissions(dir.join("key"), PermissionsExt::from_mode(0o644)).unwrap();
    let error = Cache::open(dir.clone(), 0).unwrap_err().to_string();
    assert!(error.contains("others can read it"), "{error}");
    fs::remove_file(dir.join("key")).unwrap();
    fs::set_permissions(&dir, PermissionsExt::from_mode(0o777)).unwrap();
    let error = Cache::open(dir, 0).unwrap_err().to_string();
    assert!(error.contains("everybody can write to it"), "{error}");
}

#[test]
fn an_impossible_folder_is_an_error() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let error = Cache::open(file.path().join("cache"), 0).unwrap_err();
    assert!(matches!(error, Error::Io { .. }), "{error}");
}

#[test]
fn bytes_are_made_once() {
    let Fixture { engine, cache, .. } = &Fixture::new();
    let name = EntryName::of(engine, b"something").part("plan");
    let make = |cache: &Cache, bytes: &[u8]| cache.bytes(&name, || Ok::<_, Error>(bytes.to_vec()));
    assert_eq!(make(cache, b"first").unwrap(), b"first");
    assert_eq!(make(cache, b"second").unwrap(), b"first");
    let entry = cache.entries().unwrap().remove(0).path;
    let mut damaged = fs::read(&entry).unwrap();
    damaged[0] ^= 1;
    fs::write(&entry, damaged).unwrap();
    assert_eq!(make(cache, b"third").unwrap(), b"third");
    assert_ne!(EntryName::of(engine, b"something").part("1"), name);
}

#[test]
fn bundles_come_back() {
    let Fixture { dir, engine, cache } = &Fixture::new();
    let path = dir.path().join("bundle");
    let modules: Vec<_> = [1, 2].map(|number| engine.compile(&module(number)).unwrap()).into();
    artifact::write_bundle(engine, b"about", &modules, &path, cache.key()).unwrap();
    let bundle = artifact::open_bundle(engine, &path, cache.key()).unwrap().unwrap();
    assert_eq!(bundle.about, b"about");
    let results: Vec<_> = bundle.modules.iter().map(|module| run(engine, module)).collect();
    assert_eq!(results, [Value::I32(1), Value::I32(2)]);
    // Of each, the other kind of file is none.
    assert!(artifact::open(engine, &path, cache.key()).is_err());
    let single = dir.path().join("single");
    artifact::write(engine, &modules[0], &single, cache.key()).unwrap();
    assert!(artifact::open_bundle(engine, &single, cache.key()).unwrap().is_none());
    let mut bytes = fs::read(&path).unwrap();
    for at in [0, 16, 40, bytes.len() / 2, bytes.len() - 1] {
        bytes[at] ^= 1;
        fs::write(&path, &bytes).unwrap();
        let opened = artifact::open_bundle(engine, &path, cache.key());
        assert!(!matches!(opened, Ok(Some(_))), "byte {at}");
        bytes[at] ^= 1;
    }
}
