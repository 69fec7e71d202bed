//! A folder with limits.

use crate::support::*;
use std::io::{IoSlice, SeekFrom};
use std::sync::Arc;
use wayleave_system::fs::{
    Dir, File, MemoryDir, OpenOptions, Quota, QuotaLimits, Resolver, link, rename,
};
use wayleave_system::wait::Blocking;
use wayleave_system::{ErrorCode, Result};

const NONE: QuotaLimits =
    QuotaLimits { bytes: None, files: None, file_size: None, open_files: None };
const FULL: Result<()> = Err(ErrorCode::Quota);

/// Runs `test` on a folder of 1000 bytes that others have put there.
fn each_limited(limits: QuotaLimits, test: impl Fn(Arc<dyn Dir>)) {
    let sandbox = Sandbox::new();
    for dir in [sandbox.open(Resolver::Kernel) as Arc<dyn Dir>, Arc::new(MemoryDir::new(1 << 30))] {
        put(&*dir, "old", &[0; 1000]);
        test(Arc::new(Quota::new(dir, limits)));
    }
    sandbox.check_outside();
}

fn write(file: &dyn File, length: usize) -> Result<()> {
    file.write(&[IoSlice::new(&vec![1; length])], Blocking::Allowed).map(drop)
}

fn write_at(file: &dyn File, length: usize, offset: u64) -> Result<()> {
    file.write_at(&[IoSlice::new(&vec![1; length])], offset).map(drop)
}

/// How many bytes there are left, found by trying.
fn left(dir: &dyn Dir) -> u64 {
    let file = file(dir.open("probe", &CREATE));
    let (mut fits, mut too_many) = (0, 1 << 20);
    while too_many - fits > 1 {
        let middle = (fits + too_many) / 2;
        match file.set_size(middle) {
            Ok(()) => fits = middle,
            Err(_) => too_many = middle,
        }
    }
    drop(file);
    dir.remove_file("probe").unwrap();
    fits
}

const BYTES: QuotaLimits = QuotaLimits { bytes: Some(100), ..NONE };

#[test]
fn every_way_to_grow() {
    each_limited(BYTES, |dir| {
        let open = file(dir.open("new", &CREATE));
        assert_eq!(write(&*open, 101), FULL);
        assert_eq!(write(&*open, 60), Ok(()));
        assert_eq!(write(&*open, 41), FULL);
        assert_eq!(write_at(&*open, 1, 100), FULL);
        assert_eq!(write_at(&*open, 1, 1 << 40), FULL);
        assert!(write_at(&*open, 10, u64::MAX).is_err());
        assert_eq!(open.set_size(101), FULL);
        assert_eq!(open.set_size(1 << 40), FULL);
        assert_eq!(open.allocate(50, 51), FULL);
        assert_eq!(open.allocate(u64::MAX, 1), Err(ErrorCode::FileTooBig));
        // Far beyond the end, by the position.
        open.seek(SeekFrom::Start(1 << 30)).unwrap();
        assert_eq!(write(&*open, 1), FULL);
        open.seek(SeekFrom::End(40)).unwrap();
        assert_eq!(write(&*open, 1), FULL);
        assert_eq!(open.stat().unwrap().size, 60);
        // At the end, by every handle.
        let appending = file(dir.open("new", &OpenOptions { append: true, ..WRITE }));
        assert_eq!(write(&*appending, 41), FULL);
        assert_eq!(write(&*appending, 10), Ok(()));
        assert_eq!(write_at(&*appending, 31, 0), FULL);
        appending.set_append(false).unwrap();
        assert_eq!(write(&*appending, 31), FULL);
        assert_eq!(write(&*appending, 30), Ok(()));
        assert_eq!(dir.symlink("x", "link"), FULL);
        // Writing over what is there needs nothing.
        open.seek(SeekFrom::Start(0)).unwrap();
        assert_eq!(write(&*open, 100), Ok(()));
        let old = file(dir.open("old", &WRITE));
        assert_eq!(write_at(&*old, 1000, 0), Ok(()));
        assert_eq!(write_at(&*old, 1, 1000), FULL);
        assert_eq!(dir.stat_at("new", false).unwrap().size, 100);
    });
}

#[test]
fn what_is_given_back() {
    each_limited(BYTES, |dir| {
        let grow = |path: &str, bytes| {
            let options = OpenOptions { append: true, ..CREATE };
            write(&*file(dir.open(path, &options)), bytes).unwrap();
        };
        assert_eq!(left(&*dir), 100);
        grow("a", 40);
        grow("b", 50);
        assert_eq!(left(&*dir), 10);
        // A second name holds the bytes.
        link(&*dir, "a", false, &*dir, "a2").unwrap();
        dir.remove_file("a").unwrap();
        assert_eq!(left(&*dir), 10);
        // So does an open handle.
        let open = file(dir.open("a2", &READ));
        dir.remove_file("a2").unwrap();
        assert_eq!(left(&*dir), 10);
        drop(open);
        assert_eq!(left(&*dir), 50);
        // Renaming over a file removes it; over another name of itself, nothing.
        grow("c", 20);
        link(&*dir, "c", false, &*dir, "c2").unwrap();
        rename(&*dir, "c", &*dir, "c2").unwrap();
        assert_eq!(left(&*dir), 30);
        dir.remove_file("c2").unwrap();
        rename(&*dir, "c", &*dir, "b").unwrap();
        assert_eq!(left(&*dir), 80);
        // Emptying, each way.
        put(&*dir, "b", b"");
        assert_eq!(left(&*dir), 100);
        grow("b", 30);
        drop(dir.open("b", &OpenOptions { truncate: true, ..READ }));
        assert_eq!(left(&*dir), 100);
        grow("b", 30);
        let open = file(dir.open("b", &WRITE));
        drop(dir.open("b", &OpenOptions { truncate: true, ..READ }));
        assert_eq!(left(&*dir), 100);
        open.set_size(100).unwrap();
        open.set_size(1).unwrap();
        assert_eq!(left(&*dir), 99);
        dir.symlink("12345", "link").unwrap();
        assert_eq!(left(&*dir), 94);
        dir.remove_file("link").unwrap();
        assert_eq!(left(&*dir), 99);
        // A replaced file that is open.
        grow("d", 9);
        rename(&*dir, "d", &*dir, "b").unwrap();
        assert_eq!(left(&*dir), 90);
        drop(open);
        assert_eq!(left(&*dir), 91);
        // Failing changes nothing.
        for _ in 0..100 {
            assert!(write(&*file(dir.open("b", &READ)), 10).is_err());
            assert!(file(dir.open("b", &READ)).set_size(50).is_err());
            assert!(dir.symlink("12345", "b").is_err());
            assert!(dir.remove_file("missing").is_err());
            assert!(dir.remove_dir("b").is_err());
        }
        assert_eq!(left(&*dir), 91);
    });
}

/// Removing what others have made is no way to more than the limit.
#[test]
fn nobody_can_save_up() {
    each_limited(BYTES, |dir| {
        drop(dir.open("old", &OpenOptions { truncate: true, ..WRITE }));
        assert_eq!(left(&*dir), 100);
        dir.remove_file("old").unwrap();
        assert_eq!(left(&*dir), 100);
    });
    let files = QuotaLimits { files: Some(2), ..NONE };
    each_limited(files, |dir| {
        dir.remove_file("old").unwrap();
        dir.create_dir("a").unwrap();
        dir.create_dir("b").unwrap();
        assert_eq!(dir.create_dir("c"), FULL);
    });
}

#[test]
fn names() {
    each_limited(QuotaLimits { files: Some(2), ..NONE }, |dir| {
        dir.create_dir("a").unwrap();
        put(&*dir, "b", b"");
        assert_eq!(dir.create_dir("c"), FULL);
        assert_eq!(dir.symlink("a", "c"), FULL);
        assert_eq!(link(&*dir, "b", false, &*dir, "c"), FULL);
        assert_eq!(opened(dir.open("c", &CREATE)).map(drop), FULL);
        // In a folder below, it is the same limit.
        assert_eq!(folder(dir.open("a", &READ)).create_dir("c"), FULL);
        // What is there can be opened, renamed, emptied.
        assert_eq!(opened(dir.open("b", &CREATE)), Ok("file"));
        put(&*dir, "old", b"");
        rename(&*dir, "b", &*dir, "c").unwrap();
        assert_eq!(opened(dir.open("a", &CREATE)), Err(ErrorCode::IsDirectory));
        rename(&*dir, "c", &*dir, "old").unwrap();
        dir.symlink("a", "c").unwrap();
        assert_eq!(dir.create_dir("d"), FULL);
        dir.remove_dir("a").unwrap();
        // Failing costs nothing.
        for _ in 0..10 {
            assert_eq!(dir.create_dir("c"), Err(ErrorCode::Exists));
            assert_eq!(dir.create_dir("missing/c"), Err(ErrorCode::NoEntry));
            assert!(dir.open("missing/c", &CREATE).is_err());
            assert!(dir.open("c", &OpenOptions { exclusive: true, ..CREATE }).is_err());
        }
        dir.create_dir("d").unwrap();
    });
}

#[test]
fn sizes_of_single_files() {
    each_limited(QuotaLimits { file_size: Some(100), ..NONE }, |dir| {
        let too_big = Err(ErrorCode::FileTooBig);
        let open = file(dir.open("new", &CREATE));
        assert_eq!(write(&*open, 101), too_big);
        assert_eq!(write(&*open, 100), Ok(()));
        assert_eq!(write(&*open, 1), too_big);
        assert_eq!(write_at(&*open, 2, 99), too_big);
        assert_eq!(open.set_size(101), too_big);
        assert_eq!(open.allocate(0, 101), too_big);
        assert_eq!(open.allocate(0, 100), Ok(()));
        // One that is larger already does not grow.
        let old = file(dir.open("old", &WRITE));
        assert_eq!(write(&*old, 1000), Ok(()));
        assert_eq!(write(&*old, 1), too_big);
        assert_eq!(old.allocate(0, 1000), Ok(()));
        assert_eq!(old.set_size(500), Ok(()));
        assert_eq!(old.set_size(501), too_big);
        // Others can.
        put(&*dir, "second", &[1; 100]);
    });
}

#[test]
fn open_files_and_folders() {
    each_limited(QuotaLimits { open_files: Some(2), ..NONE }, |dir| {
        let too_many = Err(ErrorCode::TooManyOpen);
        let one = file(dir.open("old", &READ));
        let two = folder(dir.open(".", &READ));
        assert_eq!(opened(dir.open("old", &READ)), too_many);
        assert_eq!(opened(two.open("old", &READ)), too_many);
        assert_eq!(opened(dir.open("new", &CREATE)), too_many);
        assert!(kind(&*dir, "new").is_err());
        drop(two);
        for _ in 0..10 {
            assert!(dir.open("missing", &READ).is_err());
        }
        assert_eq!(opened(dir.open("old", &READ)), Ok("file"));
        drop(one);
        let _both = [dir.open("old", &READ), dir.open("old", &READ)].map(file);
        assert_eq!(opened(dir.open("old", &READ)), too_many);
    });
}

#[test]
fn one_mount_one_account() {
    let memory: Arc<dyn Dir> = Arc::new(MemoryDir::new(1 << 20));
    let one = Quota::new(Arc::clone(&memory), BYTES);
    let two = Quota::new(Arc::clone(&memory), BYTES);
    put(&one, "file", &[1; 100]);
    assert_eq!(rename(&one, "file", &two, "x"), Err(ErrorCode::CrossDevice));
    assert_eq!(link(&one, "file", false, &*memory, "x"), Err(ErrorCode::CrossDevice));
    assert_eq!(rename(&*memory, "file", &one, "x"), Err(ErrorCode::CrossDevice));
    assert_eq!(left(&two), 100);
    one.create_dir("dir").unwrap();
    let below = folder(one.open("dir", &READ));
    assert_eq!(write(&*file(below.open("x", &CREATE)), 1), FULL);
    rename(&one, "file", &*below, "moved").unwrap();
    below.remove_file("moved").unwrap();
    assert_eq!(left(&one), 100);
}

/// What is read-only stays so.
#[test]
fn limits_give_no_rights() {
    let memory: Arc<dyn Dir> = Arc::new(MemoryDir::new(1 << 20));
    put(&*memory, "file", b"contents");
    let only = Arc::new(wayleave_system::fs::ReadOnly::new(Arc::clone(&memory)));
    let dir = Quota::new(only, BYTES);
    assert!(dir.is_read_only());
    let refused = Err(ErrorCode::ReadOnly);
    assert_eq!(rename(&dir, "file", &dir, "x"), refused);
    assert_eq!(link(&dir, "file", false, &dir, "x"), refused);
    assert_eq!(dir.rename_to("file", &dir, "x"), refused);
    assert_eq!(dir.link_to("file", false, &dir, "x"), refused);
    assert_eq!(dir.remove_file("file"), refused);
    assert_eq!(
        opened(dir.open("file", &OpenOptions { truncate: true, ..READ })).map(drop),
        refused
    );
    let file = file(dir.open("file", &READ));
    assert_eq!(file.set_size(0), refused);
    assert_eq!(file.allocate(0, 100), refused);
    assert_eq!(
        file.set_times(wayleave_system::fs::SetTime::Now, wayleave_system::fs::SetTime::Now),
        refused
    );
    assert_eq!(contents(&*memory, "file"), b"contents");
}

/// Many threads on one file: what is counted is what is there.
#[test]
fn threads() {
    let sandbox = Sandbox::new();
    let limits = QuotaLimits { bytes: Some(1000), ..NONE };
    let dir = Quota::new(sandbox.open(Resolver::Kernel), limits);
    let shared = file(dir.open("shared", &CREATE));
    std::thread::scope(|scope| {
        for thread in 0..4_u64 {
            let (dir, shared, sandbox) = (&dir, &shared, &sandbox);
            scope.spawn(move || {
                for round in 0..300_u64 {
                    let _ = shared.seek(SeekFrom::Start(round * thread));
                    let _ = write(&**shared, 50);
                    let _ = shared.set_size((round * 7 + thread) % 600);
                    let path = format!("file-{}", (round + thread) % 3);
                    if let Ok(wayleave_system::fs::Node::File(own)) = dir.open(&path, &CREATE) {
                        let _ = write(&*own, 90);
                        let _ = dir.remove_file(&path);
                    }
                    let sizes = std::fs::read_dir(sandbox.inside()).unwrap();
                    let sizes = sizes.filter_map(|entry| entry.ok()?.metadata().ok());
                    let total: u64 = sizes.map(|data| data.len()).sum();
                    // Looked at one after the other, they can seem to be more.
                    assert!(total <= 2000, "{total}");
                }
            });
        }
    });
    drop(shared);
    for path in ["shared", "file-0", "file-1", "file-2"] {
        let _ = dir.remove_file(path);
    }
    assert_eq!(left(&dir), 1000);
}
