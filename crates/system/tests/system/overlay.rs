//! Overlays: what they are for, and what users of overlays expect.

use crate::support::*;
use std::io::{IoSlice, IoSliceMut, SeekFrom};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::sync::Arc;
use wayleave_system::ErrorCode;
use wayleave_system::fs::{
    Change, ChangeKind, Dir, FileKind, MemoryDir, OpenOptions, Overlay, Resolver, SetTime,
    Timestamp, link, rename,
};
use wayleave_system::wait::Blocking;

const TIME: Timestamp = Timestamp { seconds: 1_000_000, nanoseconds: 7 };

/// A lower folder with something of everything.
fn lower() -> Sandbox {
    let sandbox = Sandbox::new();
    let dir = sandbox.open(Resolver::Kernel);
    put(&*dir, "file", b"contents");
    put(&*dir, "other", b"other");
    dir.create_dir("dir").unwrap();
    put(&*dir, "dir/below", b"below");
    dir.create_dir("dir/deep").unwrap();
    put(&*dir, "dir/deep/deeper", b"deeper");
    dir.create_dir("empty").unwrap();
    dir.symlink("file", "link").unwrap();
    dir.symlink("dir", "to-dir").unwrap();
    for path in ["file", "dir/below", "dir"] {
        dir.set_times_at(path, false, SetTime::To(TIME), SetTime::To(TIME)).unwrap();
    }
    sandbox
}

fn memory() -> Arc<dyn Dir> {
    Arc::new(MemoryDir::new(1 << 20))
}

/// Runs `test` on an overlay with either kind of upper layer; the lower one stays as it was. A test
/// can begin anew, as the next run would.
fn each_overlay(test: impl Fn(&dyn Fn() -> Overlay)) {
    let folder = Sandbox::new();
    for upper in [memory(), folder.open(Resolver::Kernel)] {
        let lower = lower();
        let before = snapshot(&lower.inside());
        let make = || Overlay::new(lower.open(Resolver::Kernel), Arc::clone(&upper));
        test(&make);
        assert_eq!(snapshot(&lower.inside()), before);
        lower.check_outside();
        folder.check_outside();
    }
}

fn changed(overlay: &Overlay) -> Vec<String> {
    let line = |change: Change| {
        let letter = match change.change {
            ChangeKind::Added => 'A',
            ChangeKind::Modified => 'M',
            ChangeKind::Deleted => 'D',
        };
        format!("{letter} {} {}", change.path, change.size)
    };
    overlay.changes().unwrap().into_iter().map(line).collect()
}

#[test]
fn writing_changes_the_copy() {
    each_overlay(|make| {
        let dir = make();
        assert_eq!(list(&dir), ["dir", "empty", "file", "link", "other", "to-dir"]);
        assert_eq!(contents(&dir, "link"), b"contents");
        write_all(&*file(dir.open("link", &OpenOptions { follow: true, ..WRITE })), b"C");
        assert_eq!(contents(&dir, "file"), b"Contents");
        put(&dir, "to-dir/below", b"new");
        put(&dir, "dir/deep/added", b"more");
        assert_eq!(changed(&dir), ["M dir/below 3", "A dir/deep/added 4", "M file 8"]);
        assert_eq!(list(&*folder(dir.open("dir/deep", &READ))), ["added", "deeper"]);
        // The next run goes on from here.
        let dir = make();
        assert_eq!(contents(&dir, "file"), b"Contents");
        assert_eq!(contents(&dir, "dir/below"), b"new");
        assert_eq!(contents(&dir, "dir/deep/deeper"), b"deeper");
    });
}

#[test]
fn what_is_removed_stays_removed() {
    each_overlay(|make| {
        let dir = make();
        assert_eq!(dir.remove_dir("dir"), Err(ErrorCode::NotEmpty));
        dir.remove_file("dir/deep/deeper").unwrap();
        dir.remove_dir("dir/deep").unwrap();
        dir.remove_file("dir/below").unwrap();
        dir.remove_dir("dir").unwrap();
        dir.remove_file("file").unwrap();
        dir.remove_file("link").unwrap();
        dir.remove_dir("empty").unwrap();
        let gone = ["D dir 0", "D dir/below 5", "D dir/deep 0", "D dir/deep/deeper 6", "D empty 0"];
        let gone = [&gone[..], &["D file 8", "D link 4"]].concat();
        for dir in [dir, make()] {
            assert_eq!(list(&dir), ["other", "to-dir"]);
            for path in ["file", "dir", "dir/below", "to-dir/", "link", "dir/deep/deeper"] {
                assert_eq!(kind(&dir, path), Err(ErrorCode::NoEntry), "{path}");
                assert_eq!(opened(dir.open(path, &READ)), Err(ErrorCode::NoEntry), "{path}");
            }
            assert_eq!(changed(&dir), gone);
        }
        // Made again, with nothing of what was in it.
        let dir = make();
        dir.create_dir("dir").unwrap();
        put(&dir, "file", b"");
        for dir in [dir, make()] {
            assert_eq!(list(&*folder(dir.open("dir", &READ))), [""; 0]);
            assert_eq!(contents(&dir, "file"), b"");
            let changes = changed(&dir);
            assert!(changes.contains(&"D dir/below 5".to_owned()), "{changes:?}");
            assert!(changes.contains(&"M file 0".to_owned()), "{changes:?}");
            assert!(!changes.contains(&"D dir 0".to_owned()), "{changes:?}");
        }
    });
}

#[test]
fn folders_are_renamed_with_all_that_is_in_them() {
    each_overlay(|make| {
        let dir = make();
        let held = folder(dir.open("dir/deep", &DIRECTORY));
        let reader = file(dir.open("dir/deep/deeper", &READ));
        dir.remove_file("dir/below").unwrap();
        rename(&dir, "dir", &dir, "empty").unwrap();
        assert_eq!(kind(&dir, "dir"), Err(ErrorCode::NoEntry));
        // What was held is the same folder and the same file.
        put(&*held, "new", b"new");
        put(&dir, "empty/deep/deeper", b"changed");
        assert_eq!(read(&*reader, 100), b"changed");
        for dir in [dir, make()] {
            assert_eq!(list(&*folder(dir.open("empty", &READ))), ["deep"]);
            assert_eq!(contents(&dir, "empty/deep/new"), b"new");
            assert_eq!(list(&dir), ["empty", "file", "link", "other", "to-dir"]);
        }
        // The way back: nothing of what is below shows through.
        let dir = make();
        rename(&dir, "empty", &dir, "dir").unwrap();
        for dir in [dir, make()] {
            assert_eq!(list(&*folder(dir.open("dir", &READ))), ["deep"]);
            let now = ["D dir/below 5", "M dir/deep/deeper 7", "A dir/deep/new 3", "D empty 0"];
            assert_eq!(changed(&dir), now);
        }
    });
}

#[test]
fn marks_are_not_for_guests() {
    each_overlay(|make| {
        let dir = make();
        dir.remove_file("file").unwrap();
        for name in [".wh.file", ".wh.other", ".wh.", ".wh..wh.0", ".wh..wh..opq"] {
            assert_eq!(kind(&dir, name), Err(ErrorCode::NoEntry), "{name}");
            assert_eq!(opened(dir.open(name, &READ)), Err(ErrorCode::NoEntry));
            assert_eq!(dir.remove_file(name), Err(ErrorCode::NoEntry));
            assert_eq!(rename(&dir, name, &dir, "x"), Err(ErrorCode::NoEntry));
            let refused = Err(ErrorCode::NotPermitted);
            assert_eq!(opened(dir.open(name, &CREATE)).map(drop), refused);
            assert_eq!(dir.create_dir(name), refused);
            assert_eq!(dir.symlink("x", name), refused);
            assert_eq!(rename(&dir, "other", &dir, name), refused);
            assert_eq!(link(&dir, "other", false, &dir, name), refused);
        }
        // Links do not lead there either.
        dir.symlink(".wh.file", "way").unwrap();
        assert_eq!(opened(dir.open("way", &FOLLOW)), Err(ErrorCode::NoEntry));
        let create = OpenOptions { follow: true, ..CREATE };
        assert_eq!(opened(dir.open("way", &create)), Err(ErrorCode::NotPermitted));
        assert_eq!(kind(&dir, "file"), Err(ErrorCode::NoEntry));
        assert_eq!(list(&dir), ["dir", "empty", "link", "other", "to-dir", "way"]);
    });
}

#[test]
fn times_permissions_and_numbers_survive_the_copy() {
    let (lower, upper) = (lower(), Sandbox::new());
    for (path, mode) in [("file", 0o640), ("dir", 0o750), ("other", 0o4711)] {
        let path = lower.inside().join(path);
        std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
    }
    let dir = Overlay::new(lower.open(Resolver::Kernel), upper.open(Resolver::Kernel));
    let stat = |path| dir.stat_at(path, false).unwrap();
    let before = [stat("file"), stat("dir/below"), stat("dir")];
    let writer = file(dir.open("file", &WRITE));
    rename(&dir, "dir/below", &dir, "dir/moved").unwrap();
    file(dir.open("other", &WRITE));
    let after = [stat("file"), stat("dir/moved"), stat("dir")];
    for (before, after) in before.iter().zip(&after) {
        assert_eq!((before.device, before.inode), (after.device, after.inode));
    }
    assert_eq!(after[0].modified, TIME);
    assert_eq!(after[1].modified, TIME);
    let open = writer.stat().unwrap();
    assert_eq!((open.device, open.inode), (before[0].device, before[0].inode));
    let mut entries = dir.entries().unwrap();
    let mut found = 0;
    while let Some(entry) = entries.peek().unwrap() {
        if let Some(at) = [&b"file"[..], b"", b"dir"].iter().position(|name| *name == entry.name) {
            assert_eq!(entry.inode, after[at].inode);
            found += 1;
        }
        entries.advance();
    }
    assert_eq!(found, 2);
    let mode = |path| std::fs::metadata(upper.inside().join(path)).unwrap().mode() & 0o7777;
    assert_eq!((mode("file"), mode("dir")), (0o640, 0o750));
    // Nobody runs as the owner because of a copy.
    assert_eq!(mode("other"), 0o711);
    // Holding a file for writing is no change yet.
    assert_eq!(changed(&dir), ["D dir/below 5", "A dir/moved 5"]);
}

#[test]
fn copying_up_does_not_touch_the_folder_around() {
    each_overlay(|make| {
        let dir = make();
        put(&dir, "dir/deep/deeper", b"x");
        drop(file(dir.open("dir/below", &WRITE)));
        assert_eq!(dir.stat_at("dir", false).unwrap().modified, TIME);
        dir.remove_file("dir/below").unwrap();
        assert_ne!(dir.stat_at("dir", false).unwrap().modified, TIME);
    });
}

#[test]
fn an_open_file_shows_what_others_write() {
    each_overlay(|make| {
        let dir = make();
        let reader = file(dir.open("file", &READ));
        assert_eq!(read(&*reader, 3), b"con");
        let number = reader.stat().unwrap().inode;
        let writer = file(dir.open("file", &WRITE));
        writer.write_at(&[IoSlice::new(b"TENTS, and more")], 3).unwrap();
        assert_eq!(reader.available(), Ok(15));
        assert_eq!(read(&*reader, 5), b"TENTS");
        assert_eq!(reader.seek(SeekFrom::End(-4)), Ok(14));
        assert_eq!(read(&*reader, 100), b"more");
        assert_eq!(reader.stat().unwrap().inode, number);
        assert_eq!(reader.stat().unwrap().size, 18);
        // And goes on to when the name is gone.
        rename(&dir, "file", &dir, "moved").unwrap();
        dir.remove_file("moved").unwrap();
        writer.set_size(1).unwrap();
        let mut bytes = [0; 10];
        assert_eq!(reader.read_at(&mut [IoSliceMut::new(&mut bytes)], 0), Ok(1));

        // One that was removed before anybody wrote.
        let reader = file(dir.open("other", &READ));
        dir.remove_file("other").unwrap();
        put(&dir, "other", b"new");
        assert_eq!(read(&*reader, 100), b"other");
        assert_eq!(reader.stat().unwrap().links, 0);
        assert_eq!(reader.set_times(SetTime::Now, SetTime::Now), Err(ErrorCode::ReadOnly));
    });
}

#[test]
fn handles_for_reading_change_nothing() {
    each_overlay(|make| {
        let dir = make();
        let reader = file(dir.open("file", &READ));
        let write = [IoSlice::new(b"x")];
        assert!(reader.write(&write, Blocking::Allowed).is_err());
        assert!(reader.write_at(&write, 0).is_err());
        assert!(reader.set_size(0).is_err());
        assert!(reader.allocate(0, 100).is_err());
        assert_eq!(changed(&dir), [""; 0]);
        // Times can be set with any handle, of the copy.
        reader.set_times(SetTime::Now, SetTime::To(Timestamp::default())).unwrap();
        assert_eq!(dir.stat_at("file", false).unwrap().modified, Timestamp::default());
        assert_eq!(changed(&dir), ["M file 8"]);
        // Emptying without writing does it too.
        drop(file(dir.open("other", &OpenOptions { truncate: true, ..READ })));
        assert_eq!(changed(&dir), ["M file 8", "M other 0"]);
    });
}

#[test]
fn a_full_upper_layer_leaves_what_there_was() {
    let lower = lower();
    put(&*lower.open(Resolver::Kernel), "large", &[7; 10_000]);
    let before = snapshot(&lower.inside());
    let dir = Overlay::new(lower.open(Resolver::Kernel), Arc::new(MemoryDir::new(1500)));
    let full = Err(ErrorCode::NoSpace);
    for _ in 0..20 {
        assert_eq!(opened(dir.open("large", &WRITE)).map(drop), full);
        assert_eq!(rename(&dir, "large", &dir, "dir/large"), full);
        assert_eq!(link(&dir, "large", false, &dir, "second"), full);
        assert_eq!(dir.set_times_at("large", true, SetTime::Now, SetTime::Now), full);
    }
    assert_eq!(contents(&dir, "large"), [7; 10_000]);
    assert_eq!(changed(&dir), [""; 0]);
    // What was tried has left nothing behind.
    put(&dir, "file", &[1; 600]);
    let mut number = 0;
    while dir.create_dir(&format!("new-{number}")).is_ok() {
        number += 1;
    }
    for removed in ["large", "other", "link"] {
        assert_eq!(dir.remove_file(removed), full);
        assert!(kind(&dir, removed).is_ok());
    }
    assert_eq!(rename(&dir, "dir", &dir, "moved"), full);
    assert_eq!(contents(&dir, "dir/deep/deeper"), b"deeper");
    // Emptying needs no room for what is there.
    let truncate = OpenOptions { truncate: true, ..WRITE };
    dir.remove_dir("new-0").unwrap();
    dir.remove_file("file").unwrap();
    assert_eq!(opened(dir.open("large", &truncate)), Ok("file"));
    assert_eq!(contents(&dir, "large"), b"");
    assert_eq!(snapshot(&lower.inside()), before);
}

#[test]
fn large_files_and_holes() {
    let (lower, upper) = (Sandbox::new(), Sandbox::new());
    let large = std::fs::File::create(lower.inside().join("large")).unwrap();
    large.set_len(1 << 26).unwrap();
    std::os::unix::fs::FileExt::write_at(&large, b"middle", 1 << 25).unwrap();
    let dir = Overlay::new(lower.open(Resolver::Kernel), upper.open(Resolver::Kernel));
    let file = file(dir.open("large", &WRITE));
    let mut bytes = [0; 8];
    file.read_at(&mut [IoSliceMut::new(&mut bytes)], (1 << 25) - 1).unwrap();
    assert_eq!(&bytes, b"\0middle\0");
    assert_eq!(file.stat().unwrap().size, 1 << 26);
    let copy = std::fs::metadata(upper.inside().join("large")).unwrap();
    assert!(copy.blocks() * 512 < 1 << 20, "{}", copy.blocks());
}

/// Links that lead out, of the host and of the guest, in either layer and through both.
#[test]
fn nothing_leads_outside() {
    let (lower, upper) = (lower(), Sandbox::new());
    let links = [
        ("absolute", lower.outside().to_str().unwrap().to_owned()),
        ("relative", "../outside".to_owned()),
        ("relative-file", "../outside/secret".to_owned()),
        ("slash", "../outside/".to_owned()),
        ("chained", "dir/up/relative".to_owned()),
        ("dangling", "../outside/new".to_owned()),
        ("dir/up", "..".to_owned()),
    ];
    for (name, target) in &links {
        symlink(target, lower.inside().join(name)).unwrap();
        if !name.contains('/') {
            symlink(target, upper.inside().join(format!("upper-{name}"))).unwrap();
        }
    }
    let before = snapshot(&lower.inside());
    for upper in [memory(), upper.open(Resolver::Walk)] {
        let dir = Overlay::new(lower.open(Resolver::Kernel), upper);
        dir.symlink("../../etc/passwd", "dir/passwd").unwrap();
        dir.symlink("../../../outside/secret", "dir/deep/secret").unwrap();
        assert_eq!(dir.symlink("/etc/passwd", "etc"), Err(ErrorCode::NotCapable));
        let ours = ["dir/passwd", "dir/deep/secret", "to-dir/passwd"].map(str::to_owned);
        let theirs = links.iter().map(|(name, _)| name).filter(|name| !name.contains('/'));
        let theirs = theirs.flat_map(|name| [name.to_string(), format!("upper-{name}")]);
        let theirs: Vec<_> = theirs.collect();
        for name in ours.iter().chain(&theirs).filter(|name| kind(&dir, name).is_ok()) {
            for rest in ["", "/", "/.", "/secret", "/new", "/../outside/secret"] {
                let path = format!("{name}{rest}");
                for options in crate::escapes::all_options() {
                    assert!(dir.open(&path, &options).is_err(), "{path} {options:?}");
                }
                let time = SetTime::To(TIME);
                assert_eq!(dir.stat_at(&path, true), Err(ErrorCode::NotCapable), "{path}");
                assert!(dir.set_times_at(&path, true, time, time).is_err(), "{path}");
                assert!(link(&dir, &path, true, &dir, "hard").is_err(), "{path}");
                assert!(dir.create_dir(&path).is_err(), "{path}");
                assert!(dir.remove_dir(&path).is_err(), "{path}");
                assert!(rename(&dir, "dir", &dir, &format!("{path}/x")).is_err(), "{path}");
                assert!(rename(&dir, "other", &dir, &format!("{path}/x")).is_err(), "{path}");
            }
        }
        // A folder of the overlay is the capability to what is below it.
        let deep = folder(dir.open("dir/deep", &READ));
        for path in ["..", "../below", "../../file", "secret"] {
            assert_eq!(opened(deep.open(path, &FOLLOW)), Err(ErrorCode::NotCapable), "{path}");
        }
        // Moving what leads upwards does not make it lead out.
        rename(&dir, "dir/passwd", &dir, "passwd").unwrap();
        assert_eq!(dir.stat_at("passwd", true), Err(ErrorCode::NotCapable));
    }
    assert_eq!(snapshot(&lower.inside()), before);
    lower.check_outside();
    upper.check_outside();
}

#[test]
fn links_lead_through_both_layers() {
    each_overlay(|make| {
        let dir = make();
        dir.symlink("../to-dir/deep/../below", "empty/way").unwrap();
        put(&dir, "dir/deep/new", b"upper");
        assert_eq!(contents(&dir, "empty/way"), b"below");
        dir.symlink("empty/../dir/deep/new", "there").unwrap();
        assert_eq!(contents(&dir, "there"), b"upper");
        // The lower link now leads to an upper file.
        dir.remove_file("file").unwrap();
        assert_eq!(opened(dir.open("link", &FOLLOW)), Err(ErrorCode::NoEntry));
        drop(file(dir.open("link", &OpenOptions { follow: true, ..CREATE })));
        assert_eq!(kind(&dir, "file"), Ok(FileKind::Regular));
        // An upper link in place of a lower folder.
        rename(&dir, "dir", &dir, "moved").unwrap();
        dir.symlink("moved", "dir").unwrap();
        assert_eq!(contents(&dir, "to-dir/below"), b"below");
    });
}

#[test]
fn other_kinds_of_files_are_only_looked_at() {
    let lower = Sandbox::new();
    let _socket = std::os::unix::net::UnixListener::bind(lower.inside().join("socket")).unwrap();
    let before = snapshot(&lower.inside());
    let dir = Overlay::new(lower.open(Resolver::Kernel), memory());
    assert_eq!(kind(&dir, "socket"), Ok(FileKind::Socket));
    assert_eq!(opened(dir.open("socket", &WRITE)), Err(ErrorCode::NotSupported));
    assert_eq!(rename(&dir, "socket", &dir, "x"), Err(ErrorCode::NotSupported));
    assert_eq!(
        dir.set_times_at("socket", false, SetTime::Now, SetTime::Now),
        Err(ErrorCode::NotSupported)
    );
    dir.remove_file("socket").unwrap();
    assert_eq!(list(&dir), [""; 0]);
    assert_eq!(snapshot(&lower.inside()), before);
}

#[test]
fn overlays_do_not_mix() {
    let lower = lower();
    let one = Overlay::new(lower.open(Resolver::Kernel), memory());
    let two = Overlay::new(lower.open(Resolver::Kernel), memory());
    let plain = lower.open(Resolver::Kernel);
    let other = Err(ErrorCode::CrossDevice);
    for (from, to) in [(&one as &dyn Dir, &two as &dyn Dir), (&one, &*plain), (&*plain, &one)] {
        assert_eq!(rename(from, "file", to, "new"), other);
        assert_eq!(link(from, "file", false, to, "new"), other);
    }
    // Folders of one do.
    let dir = folder(one.open("dir", &READ));
    assert_eq!(rename(&one, "file", &*dir, "file"), Ok(()));
    assert_eq!(contents(&one, "dir/file"), b"contents");
}

/// Nothing is held for the folders above what is held, and letting go needs no deep stack.
#[test]
fn a_tree_deeper_than_the_stack() {
    let upper: Arc<dyn Dir> = Arc::new(MemoryDir::new(u64::MAX));
    let dir = Overlay::new(memory(), Arc::clone(&upper));
    let mut here = folder(dir.open(".", &READ));
    for _ in 0..100_000 {
        here.create_dir("d").unwrap();
        here = folder(here.open("d", &DIRECTORY));
    }
    put(&*here, "file", b"");
    drop(here);
    let paths = dir.changes().unwrap();
    assert!(paths.len() > 1000);
}

#[test]
fn a_walk_shows_what_is_copied_up_meanwhile_once() {
    each_overlay(|make| {
        let dir = make();
        for number in 0..50 {
            put(&dir, &format!("new-{number}"), b"");
        }
        let mut seen = Vec::new();
        let mut entries = dir.entries().unwrap();
        while let Some(entry) = entries.peek().unwrap() {
            let (name, next) = (String::from_utf8(entry.name.to_vec()).unwrap(), entry.next);
            if seen.is_empty() {
                for path in ["file", "other", "dir/below"] {
                    drop(file(dir.open(path, &WRITE)));
                }
            }
            seen.push(name);
            entries.seek(next).unwrap();
        }
        assert_eq!(seen.len(), 58);
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 58);
    });
}
