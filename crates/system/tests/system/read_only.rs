//! A folder that may only be looked at.

use crate::support::*;
use std::io::{IoSlice, IoSliceMut};
use std::sync::Arc;
use wayleave_system::ErrorCode;
use wayleave_system::fs::{
    Dir, Node, OpenOptions, ReadOnly, SetTime, Stat, SyncKind, link, rename,
};
use wayleave_system::wait::Blocking;

fn prepared(dir: &dyn Dir) {
    put(dir, "file", b"contents");
    dir.create_dir("dir").unwrap();
    put(dir, "dir/below", b"below");
    dir.symlink("file", "link").unwrap();
    dir.symlink("missing", "dangling").unwrap();
}

fn snapshot(dir: &dyn Dir) -> Vec<(Stat, Vec<u8>)> {
    let paths = ["file", "dir", "dir/below", "link", "dangling", "."];
    let state = |path| {
        let stat = dir.stat_at(path, false).unwrap();
        let file = path == "file" || path == "dir/below";
        // Reading may change this one.
        let stat = Stat { accessed: Default::default(), ..stat };
        (stat, if file { contents(dir, path) } else { Vec::new() })
    };
    paths.map(state).to_vec()
}

#[test]
fn nothing_changes() {
    each(|dir| {
        prepared(&*dir);
        let before = snapshot(&*dir);
        let only: Arc<dyn Dir> = Arc::new(ReadOnly::new(Arc::clone(&dir)));
        let below = folder(only.open("dir", &READ));
        let refused = Err(ErrorCode::ReadOnly);
        for (only, name) in [(&only, "file"), (&below, "below")] {
            assert!(only.is_read_only());
            assert_eq!(only.create_dir("new"), refused);
            assert_eq!(only.remove_dir("new"), refused);
            assert_eq!(only.remove_file(name), refused);
            assert_eq!(only.symlink("x", "new"), refused);
            assert_eq!(only.set_times(SetTime::Now, SetTime::Now), refused);
            assert_eq!(only.set_times_at(name, true, SetTime::Now, SetTime::Now), refused);
            assert_eq!(rename(&**only, name, &**only, "new"), refused);
            assert_eq!(link(&**only, name, false, &**only, "new"), refused);
            // Into the writable folder, and out of it.
            assert_eq!(rename(&**only, name, &*dir, "new"), refused);
            assert_eq!(link(&**only, name, false, &*dir, "new"), refused);
            assert_eq!(rename(&*dir, "file", &**only, "new"), refused);
            assert_eq!(link(&*dir, "file", false, &**only, "new"), refused);

            let file = file(only.open(name, &READ));
            let write = [IoSlice::new(b"x")];
            assert_eq!(file.write(&write, Blocking::Allowed).map(drop), refused);
            assert_eq!(file.write_at(&write, 0).map(drop), refused);
            assert_eq!(file.set_size(0), refused);
            assert_eq!(file.allocate(0, 100), refused);
            assert_eq!(file.set_times(SetTime::Now, SetTime::Now), refused);
            assert_eq!(file.set_append(true), refused);
            assert_eq!(file.set_append(false), Ok(()));
            assert_eq!(file.sync(SyncKind::All), Ok(()));
        }
        assert_eq!(snapshot(&*dir), before);
    });
}

#[test]
fn every_way_to_open() {
    each(|dir| {
        prepared(&*dir);
        let before = snapshot(&*dir);
        let only = ReadOnly::new(Arc::clone(&dir));
        for bits in 0..256_u32 {
            let bit = |number: u32| bits & (1 << number) != 0;
            let options = OpenOptions {
                read: bit(0),
                write: bit(1),
                append: bit(2),
                create: bit(3),
                exclusive: bit(4),
                truncate: bit(5),
                directory: bit(6),
                follow: bit(7),
                sync: None,
            };
            for path in ["file", "dir", "dir/", "link", "dangling", "new", "dir/new", "file/"] {
                let answer = only.open(path, &options);
                let changes = options.write || options.append || options.truncate;
                if changes {
                    assert_eq!(answer.err(), Some(ErrorCode::ReadOnly), "{path} {options:?}");
                    continue;
                }
                match answer {
                    Ok(Node::File(file)) => {
                        assert_eq!(file.set_size(0), Err(ErrorCode::ReadOnly));
                    }
                    Ok(Node::Dir(dir)) => assert!(dir.is_read_only()),
                    Err(_) => {}
                }
            }
        }
        assert_eq!(snapshot(&*dir), before);
    });
}

#[test]
fn what_is_there_can_be_read() {
    each(|dir| {
        prepared(&*dir);
        let only = ReadOnly::new(Arc::clone(&dir));
        let create = OpenOptions { create: true, ..READ };
        let exclusive = OpenOptions { exclusive: true, ..create };
        assert_eq!(contents(&only, "link"), b"contents");
        assert_eq!(list(&only), ["dangling", "dir", "file", "link"]);
        assert_eq!(only.read_link("link"), Ok(b"file".to_vec()));
        assert_eq!(opened(only.open("file", &create)), Ok("file"));
        assert_eq!(opened(only.open("dir", &create)), Err(ErrorCode::IsDirectory));
        assert_eq!(opened(only.open("file", &exclusive)), Err(ErrorCode::Exists));
        assert_eq!(opened(only.open("new", &create)), Err(ErrorCode::ReadOnly));
        assert_eq!(opened(only.open("new", &exclusive)), Err(ErrorCode::ReadOnly));
        assert_eq!(opened(only.open("new", &READ)), Err(ErrorCode::NoEntry));
        let mut bytes = [0; 4];
        let file = file(only.open("file", &READ));
        assert_eq!(file.read_at(&mut [IoSliceMut::new(&mut bytes)], 4), Ok(4));
        assert_eq!(&bytes, b"ents");
    });
}
