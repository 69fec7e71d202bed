//! Overlays that copy large files up in parts, for those who want to be asked in between.

use crate::support::*;
use std::io::{IoSlice, IoSliceMut};
use std::sync::Arc;
use wayleave_system::ErrorCode;
use wayleave_system::fs::{
    Dir, MemoryDir, OpenOptions, Overlay, Resolver, SetTime, Timestamp, rename,
};
use wayleave_system::wait::in_parts;

const LARGE: u64 = 40 << 20;
const TIME: Timestamp = Timestamp { seconds: 1_000_000, nanoseconds: 7 };

/// A lower folder with a file of nearly only zeros at `large`, and another at `dir/deep/large`.
fn lower() -> Sandbox {
    let sandbox = Sandbox::new();
    let dir = sandbox.open(Resolver::Kernel);
    dir.create_dir("dir").unwrap();
    dir.create_dir("dir/deep").unwrap();
    for path in ["large", "dir/deep/large"] {
        put(&*dir, path, b"begins");
        let large = file(dir.open(path, &WRITE));
        large.set_size(LARGE - 4).unwrap();
        large.write_at(&[IoSlice::new(b"ends")], LARGE - 4).unwrap();
    }
    put(&*dir, "small", b"small");
    sandbox
}

/// How often an operation asks before it is done.
fn parts<T>(mut operation: impl FnMut() -> wayleave_system::Result<T>) -> (T, usize) {
    for asked in 0..1000 {
        match in_parts(&mut operation) {
            Err(ErrorCode::Again) => {}
            done => return (done.unwrap(), asked),
        }
    }
    panic!("never done");
}

fn is_whole(dir: &dyn Dir, path: &str) {
    let file = file(dir.open(path, &READ));
    assert_eq!(file.stat().unwrap().size, LARGE);
    let mut contents = vec![1; usize::try_from(LARGE).unwrap()];
    let mut read = 0;
    while read < contents.len() {
        let buffer = &mut [IoSliceMut::new(&mut contents[read..])];
        read += file.read_at(buffer, read as u64).unwrap();
    }
    assert!(contents.starts_with(b"begins\0\0") && contents.ends_with(b"\0\0ends"));
    assert_eq!(contents.iter().filter(|byte| **byte != 0).count(), 10);
}

/// On either kind of upper layer, which is given, too.
fn each_overlay(test: impl Fn(&Overlay, &Arc<dyn Dir>)) {
    let folder = Sandbox::new();
    let memory: Arc<dyn Dir> = Arc::new(MemoryDir::new(256 << 20));
    for upper in [memory, folder.open(Resolver::Kernel)] {
        let lower = lower();
        let before = snapshot(&lower.inside());
        test(&Overlay::new(lower.open(Resolver::Kernel), Arc::clone(&upper)), &upper);
        assert_eq!(snapshot(&lower.inside()), before);
    }
}

#[test]
fn a_large_file_is_opened_in_parts() {
    each_overlay(|dir, upper| {
        dir.set_times(SetTime::To(TIME), SetTime::To(TIME)).unwrap();
        let open = || in_parts(|| dir.open("large", &WRITE));
        assert_eq!(open().err(), Some(ErrorCode::Again));
        // Nothing of it shows, and others go on meanwhile.
        assert_eq!(dir.stat().unwrap().modified, TIME);
        assert_eq!(list(dir), ["dir", "large", "small"]);
        is_whole(dir, "large");
        assert_eq!(dir.changes().unwrap().len(), 0);
        put(dir, "new", b"new");
        let changed = dir.stat().unwrap().modified;
        assert_ne!(changed, TIME);
        let (opened, asked) = parts(|| dir.open("large", &WRITE));
        assert!((5..20).contains(&asked), "{asked}");
        assert_eq!(dir.stat().unwrap().modified, changed);
        write_all(&*file(Ok(opened)), b"b");
        is_whole(dir, "large");
        assert_eq!(list(&**upper), ["large", "new"]);
        // Once is enough.
        assert_eq!(parts(|| dir.open("large", &WRITE)).1, 0);
        assert_eq!(parts(|| dir.open("small", &WRITE)).1, 0);
    });
}

#[test]
fn all_that_copies_a_large_file_does_so_in_parts() {
    each_overlay(|dir, _| {
        let set = || dir.set_times_at("large", false, SetTime::To(TIME), SetTime::To(TIME));
        assert!(parts(set).1 > 5);
        is_whole(dir, "large");
        let open = file(dir.open("dir/deep/large", &READ));
        assert!(parts(|| open.set_times(SetTime::Keep, SetTime::To(TIME))).1 > 5);
        is_whole(dir, "dir/deep/large");
    });
    each_overlay(|dir, _| {
        assert!(parts(|| rename(dir, "large", dir, "renamed")).1 > 5);
        is_whole(dir, "renamed");
        assert_eq!(list(dir), ["dir", "renamed", "small"]);
        assert!(parts(|| rename(dir, "dir", dir, "moved")).1 > 5);
        is_whole(dir, "moved/deep/large");
        assert_eq!(list(dir), ["moved", "renamed", "small"]);
    });
    // One that no one wants in parts is done at once.
    each_overlay(|dir, _| {
        rename(dir, "dir", dir, "moved").unwrap();
        is_whole(dir, "moved/deep/large");
        drop(dir.open("large", &WRITE).unwrap());
    });
}

#[test]
fn folders_with_many_names_are_renamed_in_parts() {
    let sandbox = Sandbox::new();
    let dir = sandbox.open(Resolver::Kernel);
    dir.create_dir("many").unwrap();
    for number in 0..3000 {
        put(&*dir, &format!("many/{number}"), b"");
    }
    let overlay = Overlay::new(dir, Arc::new(MemoryDir::new(16 << 20)));
    let (_, asked) = parts(|| rename(&overlay, "many", &overlay, "moved"));
    assert!((2..10).contains(&asked), "{asked}");
    assert_eq!(list(&*folder(overlay.open("moved", &READ))).len(), 3000);
}

#[test]
fn a_copy_that_is_given_up_leaves_nothing() {
    each_overlay(|dir, _| {
        for operation in [
            &(|| dir.open("large", &WRITE).map(drop)) as &dyn Fn() -> wayleave_system::Result<()>,
            &|| rename(dir, "dir", dir, "moved"),
        ] {
            assert_eq!(in_parts(operation), Err(ErrorCode::Again));
        }
        // To be emptied it needs no copy.
        let truncate = OpenOptions { truncate: true, ..WRITE };
        assert_eq!(parts(|| dir.open("large", &truncate)).1, 0);
        assert_eq!(dir.stat_at("large", false).unwrap().size, 0);
        assert_eq!(list(dir), ["dir", "large", "small"]);
    });
    let folder = Sandbox::new();
    let lower = lower();
    let overlay = Overlay::new(lower.open(Resolver::Kernel), folder.open(Resolver::Kernel));
    assert!(in_parts(|| overlay.open("large", &WRITE)).is_err());
    assert_eq!(std::fs::read_dir(folder.inside()).unwrap().count(), 1);
    drop(overlay);
    assert_eq!(std::fs::read_dir(folder.inside()).unwrap().count(), 0);
}

/// The host has changed it meanwhile.
#[test]
fn a_copy_of_what_is_no_longer_there_is_not_used() {
    let lower = lower();
    let dir = lower.open(Resolver::Kernel);
    let overlay = Overlay::new(dir.clone(), Arc::new(MemoryDir::new(256 << 20)));
    assert!(in_parts(|| overlay.open("large", &WRITE)).is_err());
    dir.remove_file("large").unwrap();
    put(&*dir, "large", b"another");
    let (opened, asked) = parts(|| overlay.open("large", &WRITE));
    assert_eq!(asked, 0);
    drop(opened);
    assert_eq!(contents(&overlay, "large"), b"another");
}
