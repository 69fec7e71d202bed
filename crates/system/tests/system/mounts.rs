//! Mount points put together under one root.

use crate::support::{
    CREATE, DIRECTORY, FOLLOW, READ, Sandbox, WRITE, contents, each_os, file, folder, kind, list,
    opened, put, read, write_all,
};
use std::sync::{Arc, Mutex};
use wayleave_system::ErrorCode;
use wayleave_system::fs::{
    self, Attempt, Dir, FileKind, Instead, MemoryDir, MountError, Mounts, Node, OpenOptions,
    ReadOnly, SetTime, SingleFile, Watched, Watcher,
};

/// The outer folder as `/`, with `other` as `/b`, and memory as `/deep/down/tmp`.
struct World {
    other: Arc<dyn Dir>,
    memory: Arc<dyn Dir>,
    /// As the guest finds them.
    root: Arc<dyn Dir>,
    b: Arc<dyn Dir>,
    tmp: Arc<dyn Dir>,
}

fn world(outer: &Arc<dyn Dir>) -> World {
    put(&**outer, "top", b"top");
    outer.create_dir("b").unwrap();
    put(&**outer, "b/hidden", b"hidden");
    let other: Arc<dyn Dir> = Arc::new(MemoryDir::new(1 << 20));
    put(&*other, "x", b"in b");
    other.create_dir("sub").unwrap();
    put(&*other, "sub/y", b"in b/sub");
    let memory: Arc<dyn Dir> = Arc::new(MemoryDir::new(1 << 20));
    let mut mounts = Mounts::default();
    mounts.dir("/", Arc::clone(outer)).unwrap();
    mounts.dir("/b", Arc::clone(&other)).unwrap();
    mounts.dir("/deep/down/tmp", Arc::clone(&memory)).unwrap();
    let folders = mounts.folders();
    let names: Vec<_> = folders.iter().map(|(guest, _)| guest.as_str()).collect();
    assert_eq!(names, ["/", "/b", "/deep/down/tmp"]);
    let [root, b, tmp] = [0, 1, 2].map(|at| Arc::clone(&folders[at].1));
    World { other, memory, root, b, tmp }
}

#[test]
fn what_is_not_nested_is_given_as_it_is() {
    let dirs: Vec<Arc<dyn Dir>> = (0..5).map(|_| Arc::new(MemoryDir::new(1)) as _).collect();
    let mut mounts = Mounts::default();
    // Relative paths are a place of their own, and where `..` leads nobody knows.
    let paths = [".", "/tmp", "/tmpfs", "/data/", "../up"];
    for (path, dir) in paths.iter().zip(&dirs) {
        mounts.dir(*path, Arc::clone(dir)).unwrap();
    }
    let folders = mounts.folders();
    assert_eq!(folders.len(), paths.len());
    for ((guest, found), (path, dir)) in folders.iter().zip(paths.iter().zip(&dirs)) {
        assert!(guest == path && Arc::ptr_eq(found, dir), "{path}");
    }
}

#[test]
fn one_path_is_for_one_thing() {
    let dir = || Arc::new(MemoryDir::new(1));
    let sandbox = Sandbox::new();
    let secret = || SingleFile::open_ambient(&sandbox.outside().join("secret"), true).unwrap();
    let mut mounts = Mounts::default();
    mounts.dir("/a", dir()).unwrap();
    mounts.file("/f", secret()).unwrap();
    assert_eq!(mounts.dir("/a", dir()), Err(MountError::Taken));
    assert_eq!(mounts.dir("/./a/", dir()), Err(MountError::Taken));
    assert_eq!(mounts.file("/a", secret()), Err(MountError::Taken));
    assert_eq!(mounts.dir("/f", dir()), Err(MountError::Taken));
    assert_eq!(mounts.dir("/f/g", dir()), Err(MountError::ThroughFile));
    mounts.dir("/c/d", dir()).unwrap();
    assert_eq!(mounts.file("/c", secret()), Err(MountError::ThroughFile));
    for path in ["", "/", ".", "a/", "a/.", "a/..", "../a"] {
        assert_eq!(mounts.file(path, secret()), Err(MountError::NoFilePath), "{path:?}");
    }
}

#[test]
fn mount_points_are_listed_and_hide_what_lies_below() {
    each_os(|_, outer| {
        let World { root, .. } = world(&outer);
        assert_eq!(list(&*root), ["b", "deep", "top"]);
        assert_eq!(list(&*folder(root.open("b", &DIRECTORY))), ["sub", "x"]);
        assert_eq!(list(&*folder(root.open("deep", &DIRECTORY))), ["down"]);
        assert_eq!(kind(&*root, "deep/down/tmp"), Ok(FileKind::Directory));
        assert_eq!(root.stat_at("b/hidden", true).unwrap_err(), ErrorCode::NoEntry);
        // A folder on the way to a mount point shows what the host has there, too.
        outer.create_dir("deep").unwrap();
        put(&*outer, "deep/file", b"");
        assert_eq!(list(&*folder(root.open("deep", &DIRECTORY))), ["down", "file"]);
        put(&*root, "deep/new", b"");
        assert!(outer.stat_at("deep/new", false).is_ok());
    });
}

#[test]
fn listings_go_on_at_each_cookie() {
    each_os(|_, outer| {
        let World { root, .. } = world(&outer);
        let mut entries = root.entries().unwrap();
        let mut seen = Vec::new();
        while let Some(entry) = entries.peek().unwrap() {
            seen.push((entry.name.to_vec(), entry.next));
            entries.advance();
        }
        let names: Vec<_> = seen.iter().filter(|(name, _)| name == b"b").collect();
        assert_eq!(names.len(), 1, "{seen:?}");
        for (at, (_, cookie)) in seen.iter().enumerate() {
            entries.seek(*cookie).unwrap();
            let next = entries.peek().unwrap().map(|entry| entry.name.to_vec());
            assert_eq!(next, seen.get(at + 1).map(|(name, _)| name.clone()));
        }
        assert_eq!(entries.seek(u64::MAX), Err(ErrorCode::Invalid));
        entries.seek(0).unwrap();
        assert_eq!(entries.peek().unwrap().unwrap().name, seen[0].0);
    });
}

#[test]
fn folders_made_for_mount_points_have_dots() {
    let outer: Arc<dyn Dir> = Arc::new(MemoryDir::new(1 << 16));
    let World { root, .. } = world(&outer);
    let deep = folder(root.open("deep", &DIRECTORY));
    let mut entries = deep.entries().unwrap();
    for name in [&b"."[..], b"..", b"down"] {
        let entry = entries.peek().unwrap().unwrap();
        assert_eq!((entry.name, entry.kind), (name, FileKind::Directory));
        entries.advance();
    }
    assert_eq!(entries.peek(), Ok(None));
    let numbers = (deep.stat().unwrap().inode, root.stat_at("deep", false).unwrap().inode);
    assert_eq!(numbers.0, numbers.1);
}

#[test]
fn paths_lead_from_one_mount_into_another_and_back() {
    each_os(|_, outer| {
        let World { root, memory, .. } = world(&outer);
        assert_eq!(contents(&*root, "b/x"), b"in b");
        assert_eq!(contents(&*root, "b/sub/../x"), b"in b");
        assert_eq!(contents(&*root, "b/../top"), b"top");
        assert_eq!(contents(&*root, "deep/down/tmp/../../../b/sub/y"), b"in b/sub");
        put(&*root, "deep/down/tmp/new", b"new");
        assert_eq!(contents(&*memory, "new"), b"new");
        for path in ["..", "b/../..", "deep/../../x", "b/sub/../../.."] {
            assert_eq!(opened(root.open(path, &READ)), Err(ErrorCode::NotCapable), "{path}");
        }
        // A handle of a folder is for what is below it.
        let b = folder(root.open("b", &DIRECTORY));
        assert_eq!(opened(b.open("../top", &READ)), Err(ErrorCode::NotCapable));
        let deep = folder(root.open("deep", &DIRECTORY));
        assert_eq!(contents(&*deep, "down/tmp/new"), b"new");
        assert_eq!(opened(deep.open("../top", &READ)), Err(ErrorCode::NotCapable));
        assert_eq!(opened(root.open("b/", &READ)), Ok("folder"));
        assert_eq!(opened(root.open("b/sub/..", &READ)), Ok("folder"));
        assert_eq!(opened(root.open("b/x/", &FOLLOW)), Err(ErrorCode::NotDirectory));
    });
}

#[test]
fn the_own_folder_of_a_mount_knows_the_way_out() {
    each_os(|_, outer| {
        let World { root, b, tmp, other, memory } = world(&outer);
        assert_eq!(contents(&*b, "x"), b"in b");
        assert_eq!(contents(&*b, "../top"), b"top");
        assert_eq!(contents(&*b, "sub/../../b/x"), b"in b");
        assert_eq!(contents(&*tmp, "../../../b/sub/y"), b"in b/sub");
        other.symlink("../top", "to_top").unwrap();
        assert_eq!(contents(&*b, "to_top"), b"top");
        put(&*b, "../new", b"new");
        assert_eq!(contents(&*outer, "new"), b"new");
        for path in ["../..", "../../outside/secret", "/top", "/", "../b/../../x"] {
            assert_eq!(opened(b.open(path, &READ)), Err(ErrorCode::NotCapable), "{path}");
            assert_eq!(b.create_dir(path), Err(ErrorCode::NotCapable), "{path}");
        }
        assert_eq!(b.symlink("/etc", "link"), Err(ErrorCode::NotCapable));
        // A folder that was opened through it is for what is below it.
        let sub = folder(b.open("sub", &DIRECTORY));
        assert_eq!(opened(sub.open("../x", &READ)), Err(ErrorCode::NotCapable));
        // Every pair of handles renames within a mount, and none across.
        for (from_dir, from, to_dir, to) in [
            (&b, "x", &b, "1"),
            (&b, "1", &root, "b/2"),
            (&root, "b/2", &b, "3"),
            (&b, "../b/3", &sub, "4"),
            (&sub, "4", &b, "5"),
            (&tmp, "../../../b/5", &b, "6"),
            (&b, "6", &tmp, "../../../b/x"),
            (&b, "../new", &tmp, "../../../newer"),
        ] {
            assert_eq!(fs::rename(&**from_dir, from, &**to_dir, to), Ok(()), "{from} {to}");
        }
        let cross = Err(ErrorCode::CrossDevice);
        assert_eq!(fs::rename(&*b, "x", &*tmp, "x"), cross);
        assert_eq!(fs::rename(&*b, "x", &*root, "x"), cross);
        assert_eq!(fs::link(&*b, "x", false, &*b, "../x"), cross);
        assert_eq!(fs::link(&*root, "top", false, &*tmp, "x"), cross);
        assert_eq!(fs::rename(&*b, "../b", &*b, "../c"), Err(ErrorCode::Busy));
        assert!(list(&*memory).is_empty());
    });
}

#[test]
fn links_stay_below_the_root() {
    each_os(|sandbox, outer| {
        let World { root, other, .. } = world(&outer);
        other.symlink("../top", "to_top").unwrap();
        other.symlink("../../outside/secret", "out").unwrap();
        outer.symlink("b/x", "to_x").unwrap();
        outer.symlink("b/hidden", "to_hidden").unwrap();
        let host = |target: &str, name| {
            std::os::unix::fs::symlink(target, sandbox.inside().join(name)).unwrap();
        };
        host("../outside/secret", "up");
        host(sandbox.outside().join("secret").to_str().unwrap(), "absolute");
        host("../outside", "folder");
        host("loop", "loop");
        assert_eq!(contents(&*root, "b/to_top"), b"top");
        assert_eq!(contents(&*root, "to_x"), b"in b");
        assert_eq!(opened(root.open("to_hidden", &FOLLOW)), Err(ErrorCode::NoEntry));
        assert_eq!(opened(root.open("to_x", &READ)), Err(ErrorCode::Loop));
        assert_eq!(root.read_link("to_x").unwrap(), b"b/x");
        for path in ["up", "absolute", "folder/secret", "folder/", "b/out"] {
            let open = |options| opened(root.open(path, &options));
            let created = OpenOptions { follow: true, truncate: true, ..CREATE };
            assert_eq!(open(FOLLOW), Err(ErrorCode::NotCapable), "{path}");
            assert!(open(created).is_err(), "{path}");
            assert_eq!(root.stat_at(path, true), Err(ErrorCode::NotCapable), "{path}");
        }
        assert_eq!(opened(root.open("loop", &FOLLOW)), Err(ErrorCode::Loop));
    });
}

#[test]
fn mount_points_stay() {
    each_os(|_, outer| {
        let World { root, .. } = world(&outer);
        root.create_dir("dir").unwrap();
        for point in ["b", "deep", "deep/down", "deep/down/tmp", "b/", "b/../b"] {
            assert_eq!(root.remove_dir(point), Err(ErrorCode::Busy), "{point}");
            assert_eq!(root.remove_file(point), Err(ErrorCode::IsDirectory), "{point}");
            assert_eq!(root.create_dir(point), Err(ErrorCode::Exists), "{point}");
            assert_eq!(root.symlink("x", point), Err(ErrorCode::Exists), "{point}");
            assert_eq!(fs::rename(&*root, point, &*root, "new"), Err(ErrorCode::Busy), "{point}");
            assert_eq!(fs::rename(&*root, "dir", &*root, point), Err(ErrorCode::Busy), "{point}");
            assert_eq!(fs::rename(&*root, point, &*root, point), Err(ErrorCode::Busy), "{point}");
            assert_eq!(
                fs::link(&*root, point, false, &*root, "new"),
                Err(ErrorCode::NotPermitted),
                "{point}"
            );
            let taken = fs::link(&*root, "top", false, &*root, point);
            assert_eq!(taken, Err(ErrorCode::Exists), "{point}");
            assert!(opened(root.open(point, &CREATE)).is_err(), "{point}");
            assert_eq!(opened(root.open(point, &WRITE)), Err(ErrorCode::IsDirectory), "{point}");
        }
        // Nothing can be made in a folder that is not there.
        assert_eq!(root.create_dir("deep/new"), Err(ErrorCode::ReadOnly));
        assert_eq!(opened(root.open("deep/new", &CREATE)), Err(ErrorCode::ReadOnly));
        assert_eq!(opened(root.open("deep/new", &READ)), Err(ErrorCode::NoEntry));
        let moved = fs::rename(&*root, "top", &*root, "deep/top");
        assert_eq!(moved, Err(ErrorCode::ReadOnly));
        assert_eq!(contents(&*outer, "b/hidden"), b"hidden");
    });
}

#[test]
fn nothing_is_renamed_or_linked_across_mounts() {
    each_os(|_, outer| {
        let World { root, other, .. } = world(&outer);
        let rename = |from, to| fs::rename(&*root, from, &*root, to);
        let link = |from, to| fs::link(&*root, from, false, &*root, to);
        assert_eq!(rename("top", "b/top"), Err(ErrorCode::CrossDevice));
        assert_eq!(rename("b/x", "x"), Err(ErrorCode::CrossDevice));
        assert_eq!(rename("b/x", "deep/down/tmp/x"), Err(ErrorCode::CrossDevice));
        assert_eq!(link("top", "b/top"), Err(ErrorCode::CrossDevice));
        assert_eq!(link("b/x", "x"), Err(ErrorCode::CrossDevice));
        // Within one, they are, whichever handles are used.
        rename("b/x", "b/z").unwrap();
        fs::rename(&*root, "b/z", &*other, "sub/z").unwrap();
        fs::rename(&*other, "sub/z", &*root, "b/x").unwrap();
        fs::link(&*other, "x", false, &*root, "b/second").unwrap();
        assert_eq!(contents(&*other, "second"), b"in b");
        rename("top", "top2").unwrap();
        link("top2", "top").unwrap();
        assert_eq!(contents(&*outer, "top"), b"top");
        root.set_times_at("b/x", true, SetTime::Keep, SetTime::Now).unwrap();
    });
}

#[test]
fn a_mount_is_as_writable_as_it_was_given() {
    each_os(|_, outer| {
        put(&*outer, "file", b"abc");
        outer.create_dir("sub").unwrap();
        put(&*outer, "sub/file", b"abc");
        let inner: Arc<dyn Dir> = Arc::new(MemoryDir::new(1 << 16));
        put(&*inner, "file", b"def");
        let read_only = |dir: &Arc<dyn Dir>| Arc::new(ReadOnly::new(Arc::clone(dir)));
        let root = |outer: Arc<dyn Dir>, inner: Arc<dyn Dir>| {
            let mut mounts = Mounts::default();
            mounts.dir("/", outer).unwrap();
            mounts.dir("/sub/inner", inner).unwrap();
            Arc::clone(&mounts.folders()[0].1)
        };
        let refused = |root: &dyn Dir, folder: &str| {
            let path = |name: &str| format!("{folder}{name}");
            for options in [WRITE, CREATE, OpenOptions { truncate: true, ..READ }] {
                let answer = opened(root.open(&path("file"), &options));
                assert!(answer.is_err(), "{folder} {options:?}");
            }
            assert_eq!(root.create_dir(&path("new")), Err(ErrorCode::ReadOnly));
            assert_eq!(root.remove_file(&path("file")), Err(ErrorCode::ReadOnly));
            assert_eq!(root.symlink("x", &path("new")), Err(ErrorCode::ReadOnly));
        };
        // What is read-only in a writable one.
        let mixed = root(Arc::clone(&outer), read_only(&inner));
        assert!(!mixed.is_read_only());
        refused(&*mixed, "sub/inner/");
        let handle = folder(mixed.open("sub/inner", &DIRECTORY));
        refused(&*handle, "");
        put(&*mixed, "sub/new", b"");
        let own = {
            let mut mounts = Mounts::default();
            mounts.dir("/", Arc::clone(&outer)).unwrap();
            mounts.dir("/sub/inner", read_only(&inner)).unwrap();
            mounts.folders().remove(1).1
        };
        assert!(own.is_read_only());
        refused(&*own, "");
        for (from_dir, from, to_dir, to) in [
            (&own, "file", &mixed, "stolen"),
            (&own, "file", &own, "../stolen"),
            (&own, "../new", &own, "x"),
            (&mixed, "file", &own, "x"),
        ] {
            let (from_dir, to_dir) = (&**from_dir, &**to_dir);
            assert_eq!(fs::rename(from_dir, from, to_dir, to), Err(ErrorCode::ReadOnly));
            assert_eq!(fs::link(from_dir, from, true, to_dir, to), Err(ErrorCode::ReadOnly));
        }
        for (from, to) in [("sub/inner/file", "stolen"), ("file", "sub/inner/x")] {
            assert_eq!(fs::rename(&*mixed, from, &*mixed, to), Err(ErrorCode::ReadOnly));
            assert_eq!(fs::link(&*mixed, from, true, &*mixed, to), Err(ErrorCode::ReadOnly));
        }
        // What is writable in a read-only one.
        let mixed = root(read_only(&outer), Arc::clone(&inner));
        assert!(!mixed.is_read_only());
        refused(&*mixed, "");
        refused(&*folder(mixed.open("sub", &DIRECTORY)), "");
        put(&*mixed, "sub/inner/new", b"");
        let moved = fs::rename(&*mixed, "file", &*mixed, "sub/inner/x");
        assert_eq!(moved, Err(ErrorCode::ReadOnly));
        assert!(root(read_only(&outer), read_only(&inner)).is_read_only());
    });
}

/// A folder with `a` (read-only) and `b` of the host.
fn files(sandbox: &Sandbox) -> Arc<dyn Dir> {
    let at = |name: &str| sandbox.inside().join(name);
    std::fs::write(at("a"), "one").unwrap();
    std::fs::write(at("b"), "two").unwrap();
    std::fs::write(at("c"), "not granted").unwrap();
    let mut mounts = Mounts::default();
    mounts.file("/etc/a", SingleFile::open_ambient(&at("a"), true).unwrap()).unwrap();
    mounts.file("/etc/b", SingleFile::open_ambient(&at("b"), false).unwrap()).unwrap();
    let mut folders = mounts.folders();
    assert_eq!(folders.len(), 1);
    let (guest, dir) = folders.remove(0);
    assert_eq!(guest, "/etc");
    dir
}

#[test]
fn single_files_and_nothing_else() {
    let sandbox = Sandbox::new();
    let dir = files(&sandbox);
    assert_eq!(list(&*dir), ["a", "b"]);
    assert_eq!((contents(&*dir, "a"), contents(&*dir, "b")), (b"one".into(), b"two".into()));
    assert_eq!(opened(dir.open("c", &READ)), Err(ErrorCode::NoEntry));
    assert_eq!(opened(dir.open("c", &CREATE)), Err(ErrorCode::ReadOnly));
    assert_eq!(opened(dir.open("a/", &READ)), Err(ErrorCode::NotDirectory));
    assert_eq!(opened(dir.open("a/x", &READ)), Err(ErrorCode::NotDirectory));
    assert_eq!(
        opened(dir.open("b", &OpenOptions { exclusive: true, ..CREATE })),
        Err(ErrorCode::Exists)
    );
    for (options, writable) in [
        (WRITE, true),
        (OpenOptions { append: true, ..WRITE }, true),
        (OpenOptions { truncate: true, ..WRITE }, true),
        (OpenOptions { truncate: true, ..READ }, true),
    ] {
        assert_eq!(opened(dir.open("a", &options)), Err(ErrorCode::ReadOnly), "{options:?}");
        assert_eq!(opened(dir.open("b", &options)).is_ok(), writable, "{options:?}");
    }
    for name in ["a", "b"] {
        assert_eq!(dir.remove_file(name), Err(ErrorCode::Busy));
        assert_eq!(dir.remove_dir(name), Err(ErrorCode::NotDirectory));
        assert_eq!(dir.create_dir(name), Err(ErrorCode::Exists));
        assert_eq!(fs::rename(&*dir, name, &*dir, "c"), Err(ErrorCode::Busy));
        assert_eq!(fs::link(&*dir, name, true, &*dir, "c"), Err(ErrorCode::CrossDevice));
    }
    let now = SetTime::Now;
    assert_eq!(dir.set_times_at("a", true, now, now), Err(ErrorCode::ReadOnly));
    assert_eq!(dir.set_times_at("b", true, now, now), Ok(()));
    let a = file(dir.open("a", &READ));
    assert_eq!(a.set_times(now, now), Err(ErrorCode::ReadOnly));
    assert_eq!(a.set_size(0), Err(ErrorCode::ReadOnly));
    assert_eq!(std::fs::read(sandbox.inside().join("a")).unwrap(), b"one");
}

#[test]
fn each_handle_of_a_single_file_has_its_own_position() {
    let sandbox = Sandbox::new();
    let dir = files(&sandbox);
    let (one, two) = (file(dir.open("b", &READ)), file(dir.open("b", &READ)));
    assert_eq!(
        (read(&*one, 2), read(&*two, 1), read(&*one, 9)),
        (b"tw".into(), b"t".into(), b"o".into())
    );
    put(&*dir, "b", b"new");
    write_all(&*file(dir.open("b", &OpenOptions { append: true, ..WRITE })), b" end");
    assert_eq!(std::fs::read(sandbox.inside().join("b")).unwrap(), b"new end");
}

#[test]
fn a_single_file_is_the_one_that_was_granted() {
    let sandbox = Sandbox::new();
    let dir = files(&sandbox);
    let at = |name: &str| sandbox.inside().join(name);
    // Renamed, replaced, and replaced by a link to what nobody may read.
    std::fs::rename(at("a"), at("moved")).unwrap();
    std::fs::write(at("a"), "another").unwrap();
    std::fs::remove_file(at("b")).unwrap();
    std::os::unix::fs::symlink(sandbox.outside().join("secret"), at("b")).unwrap();
    assert_eq!(contents(&*dir, "a"), b"one");
    assert_eq!(contents(&*dir, "b"), b"two");
    put(&*dir, "b", b"written");
    assert_eq!(contents(&*dir, "b"), b"written");
    assert_eq!(dir.stat_at("b", true).unwrap().links, 0);
    sandbox.check_outside();
}

#[test]
fn what_is_no_file_is_not_granted_as_one() {
    let sandbox = Sandbox::new();
    let open = |path: &std::path::Path| SingleFile::open_ambient(path, true).map(|_| ());
    assert_eq!(open(&sandbox.inside()), Err(ErrorCode::IsDirectory));
    assert_eq!(open(&sandbox.inside().join("missing")), Err(ErrorCode::NoEntry));
}

#[test]
fn where_single_files_are_found() {
    let sandbox = Sandbox::new();
    let secret = || SingleFile::open_ambient(&sandbox.outside().join("secret"), true).unwrap();
    // Paths of folders, paths of files, and the folders that the guest finds with what is in them.
    type Case = (&'static [&'static str], &'static [&'static str], Found);
    type Found = &'static [(&'static str, &'static [&'static str])];
    let cases: &[Case] = &[
        (&[], &["f"], &[("/", &["f"])]),
        (&[], &["/f", "etc/g"], &[("/", &["etc", "f"])]),
        (&[], &["/etc/f", "etc/g"], &[("/etc", &["f", "g"])]),
        (&[], &["/a/f", "/b/g"], &[("/a", &["f"]), ("/b", &["g"])]),
        (&["/"], &["/f"], &[("/", &["f"])]),
        (&["/"], &["f"], &[("/", &["f"])]),
        (&["."], &["f"], &[(".", &["f"])]),
        (&["."], &["/f"], &[(".", &["f"])]),
        (&["."], &["/etc/f"], &[(".", &[]), ("/etc", &["f"])]),
        (&["/etc"], &["etc/f"], &[("/etc", &["f"])]),
        (&["/etc/x"], &["/etc/f"], &[("/etc/x", &[]), ("/etc", &["f", "x"])]),
        (&["../up"], &["/f"], &[("../up", &[]), ("/", &["f"])]),
    ];
    for (dirs, paths, expected) in cases {
        let mut mounts = Mounts::default();
        for dir in *dirs {
            mounts.dir(*dir, Arc::new(MemoryDir::new(1 << 10))).unwrap();
        }
        for path in *paths {
            mounts.file(*path, secret()).unwrap();
        }
        let found: Vec<_> =
            mounts.folders().into_iter().map(|(guest, dir)| (guest, list(&*dir))).collect();
        let expected: Vec<(String, Vec<String>)> = expected
            .iter()
            .map(|(guest, names)| {
                ((*guest).to_owned(), names.iter().map(|name| (*name).to_owned()).collect())
            })
            .collect();
        assert_eq!(found, expected, "{dirs:?} {paths:?}");
    }
}

/// Who is asked for a name with a slash follows a link there, past the mount points.
#[test]
fn no_folder_is_asked_to_follow_a_link() {
    #[derive(Default)]
    struct Asked(Mutex<Vec<String>>);

    impl Watcher for Asked {
        fn done(&self, attempt: &Attempt<'_>) {
            self.0.lock().unwrap().push(attempt.path.to_owned());
        }

        fn failed(&self, attempt: &Attempt<'_>, _: ErrorCode) -> Option<Instead> {
            self.done(attempt);
            None
        }
    }

    let asked = Arc::new(Asked::default());
    let outer = MemoryDir::new(1 << 20);
    outer.create_dir("folder").unwrap();
    outer.open("file", &CREATE).map(drop).unwrap();
    outer.symlink("folder", "link").unwrap();
    let mut mounts = Mounts::default();
    mounts.dir("/", Arc::new(Watched::new(Arc::new(outer), "/", asked.clone()))).unwrap();
    mounts.dir("/mount", Arc::new(MemoryDir::new(1))).unwrap();
    let root = mounts.folders().remove(0).1;
    let (keep, now) = (SetTime::Keep, SetTime::Now);
    for path in ["folder/", "link/", "mount/../folder//"] {
        assert!(matches!(root.open(path, &READ), Ok(Node::Dir(_))), "{path}");
        assert_eq!(root.stat_at(path, false).unwrap().kind, FileKind::Directory);
        root.set_times_at(path, false, keep, now).unwrap();
    }
    for result in [
        root.open("file/", &READ).map(drop),
        root.stat_at("file/", true).map(drop),
        root.set_times_at("file/", true, keep, now),
    ] {
        assert_eq!(result, Err(ErrorCode::NotDirectory));
    }
    let asked = asked.0.lock().unwrap();
    assert!(asked.len() > 9 && !asked.iter().any(|path| path.ends_with('/')), "{asked:?}");
}
