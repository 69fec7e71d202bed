//! Folders that show nothing of the host but names and contents.

use std::path::Path;
use std::sync::Arc;
use wayleave_system::ErrorCode;
use wayleave_system::fs::{
    Dir, FileKind, FileNumbers, MemoryDir, OpenOptions, OsDir, Reproducible, SetTime, Stat,
    Timestamp, rename,
};

const START: Timestamp = Timestamp { seconds: 7, nanoseconds: 8 };

fn reproducible(dir: Arc<dyn Dir>) -> Reproducible {
    Reproducible::new(dir, Arc::new(FileNumbers::new(START)))
}

fn host(path: &Path) -> Arc<dyn Dir> {
    Arc::new(OsDir::open_ambient(path).unwrap())
}

/// All that a guest can tell of a folder.
fn seen(dir: &dyn Dir) -> Vec<(String, u64, FileKind, Stat)> {
    let mut walk = dir.entries().unwrap();
    let mut seen = Vec::new();
    while let Some(entry) = walk.peek().unwrap() {
        let name = String::from_utf8(entry.name.to_vec()).unwrap();
        let stat = if name == ".." { dir.stat() } else { dir.stat_at(&name, false) };
        seen.push((name, entry.inode, entry.kind, stat.unwrap()));
        walk.advance();
    }
    seen
}

fn fill(dir: &dyn Dir, names: &[&str]) {
    for name in names {
        match name.strip_suffix('/') {
            Some(name) => dir.create_dir(name).unwrap(),
            None => drop(dir.open(name, &create()).unwrap()),
        }
    }
}

fn create() -> OpenOptions {
    OpenOptions { write: true, create: true, ..OpenOptions::default() }
}

#[test]
fn two_folders_with_the_same_names_look_the_same() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let mut all = Vec::new();
    // Made in another order, so that the host numbers and lists them differently.
    for (folder, names) in
        folders.iter().zip([["b", "a", "d/", "c", "é"], ["é", "d/", "c", "a", "b"]])
    {
        fill(&*host(folder.path()), &names);
        all.push(seen(&reproducible(host(folder.path()))));
    }
    let memory = Arc::new(MemoryDir::new(1 << 20));
    fill(&*memory, &["c", "b", "a", "é", "d/"]);
    all.push(seen(&reproducible(memory)));
    let names: Vec<_> = all[0].iter().map(|(name, ..)| name.as_str()).collect();
    assert_eq!(names, [".", "..", "a", "b", "c", "d", "é"]);
    let numbers: Vec<_> = all[0].iter().map(|(_, number, ..)| *number).collect();
    assert_eq!(numbers, [1, 0, 2, 3, 4, 5, 6]);
    for (name, number, kind, stat) in &all[0] {
        assert_eq!((stat.device, stat.modified, stat.accessed), (1, START, START), "{name}");
        assert_eq!(stat.kind, *kind);
        assert!(*number == stat.inode || name == "..");
    }
    assert_eq!(all[0], all[1]);
    assert_eq!(all[0], all[2]);
}

#[test]
fn files_that_come_and_go_are_numbered_as_they_come() {
    let folder = tempfile::tempdir().unwrap();
    let dir = reproducible(host(folder.path()));
    let number = |name: &str| dir.stat_at(name, false).unwrap().inode;
    fill(&dir, &["a"]);
    assert_eq!(number("a"), 1);
    // Whether the host gives the next file the same number as the last is up to it.
    for expected in 2..20 {
        dir.remove_file("a").unwrap();
        fill(&dir, &["a"]);
        assert_eq!(number("a"), expected);
    }
    fill(&dir, &["b"]);
    assert_eq!(number("b"), 20);
    rename(&dir, "b", &dir, "a").unwrap();
    assert_eq!(number("a"), 20);
    fill(&dir, &["b"]);
    assert_eq!(number("b"), 21);
    rename(&dir, "b", &dir, "b").unwrap();
    assert_eq!(number("b"), 21);
    dir.create_dir("d").unwrap();
    assert_eq!(number("d"), 22);
    dir.remove_dir("d").unwrap();
    dir.create_dir("d").unwrap();
    assert_eq!(number("d"), 23);
}

#[test]
fn a_second_name_is_of_the_same_file() {
    let folder = tempfile::tempdir().unwrap();
    let dir = reproducible(host(folder.path()));
    fill(&dir, &["a"]);
    wayleave_system::fs::link(&dir, "a", false, &dir, "b").unwrap();
    let stat = |name: &str| dir.stat_at(name, false).unwrap();
    assert_eq!((stat("a").inode, stat("a").links), (stat("b").inode, 2));
    let number = stat("a").inode;
    dir.remove_file("a").unwrap();
    assert_eq!((stat("b").inode, stat("b").links), (number, 1));
}

#[test]
fn times_are_those_that_the_guest_has_set() {
    let folder = tempfile::tempdir().unwrap();
    let dir = reproducible(host(folder.path()));
    fill(&dir, &["a"]);
    let time = Timestamp { seconds: 1_000, nanoseconds: 5 };
    dir.set_times_at("a", false, SetTime::Keep, SetTime::To(time)).unwrap();
    let stat = dir.stat_at("a", false).unwrap();
    assert_eq!((stat.accessed, stat.modified), (START, time));
    dir.set_times_at("a", false, SetTime::Keep, SetTime::Now).unwrap();
    assert_eq!(dir.stat_at("a", false).unwrap().modified, START);
    let found = std::fs::metadata(folder.path().join("a")).unwrap().modified().unwrap();
    assert!(found.elapsed().unwrap().as_secs() < 60);
}

#[test]
fn a_walk_can_go_back() {
    let folder = tempfile::tempdir().unwrap();
    let dir = reproducible(host(folder.path()));
    fill(&dir, &["a", "b", "c"]);
    let mut walk = dir.entries().unwrap();
    let name = |walk: &mut dyn wayleave_system::fs::Entries| {
        walk.peek().unwrap().map(|entry| String::from_utf8(entry.name.to_vec()).unwrap())
    };
    walk.seek(3).unwrap();
    assert_eq!(name(&mut *walk).unwrap(), "b");
    walk.advance();
    walk.advance();
    walk.advance();
    assert_eq!(name(&mut *walk), None);
    fill(&dir, &["aa"]);
    walk.seek(2).unwrap();
    assert_eq!(name(&mut *walk).unwrap(), "a");
    assert_eq!(walk.seek(6), Err(ErrorCode::Invalid));
    assert_eq!(walk.seek(u64::MAX), Err(ErrorCode::Invalid));
    walk.seek(0).unwrap();
    walk.seek(3).unwrap();
    assert_eq!(name(&mut *walk).unwrap(), "aa");
}

/// What can not leave a folder can not leave it through this one either.
#[test]
fn it_reaches_no_further() {
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    std::os::unix::fs::symlink("/etc", folder.path().join("out")).unwrap();
    let dir = reproducible(host(folder.path()));
    for path in ["..", "../x", "/etc", "out/passwd"] {
        assert!(dir.stat_at(path, true).is_err(), "{path}");
        assert!(dir.open(path, &create()).is_err(), "{path}");
    }
    fill(&dir, &["a"]);
    // Another provider of the same folder is none to move things to.
    assert_eq!(rename(&dir, "a", &*host(other.path()), "a"), Err(ErrorCode::CrossDevice));
}
