//! A folder that is granted read-only stays as it is.

use crate::support::{
    FOLLOW, Guest, Open, Provider, Sandbox, TestEngine, each_engine, errno, oflags,
};
use std::fs;

each_engine! {
    no_way_of_opening_changes_anything,
    no_call_changes_anything,
    a_writable_folder_beside_it_gives_no_way_in,
    folders_below_are_as_read_only,
}

fn sandbox(provider: Provider) -> Sandbox {
    let sandbox = Sandbox::new(provider);
    sandbox.put("file", b"contents");
    sandbox.mkdir("sub");
    sandbox.put("sub/file", b"contents");
    sandbox.mkdir("empty");
    sandbox
}

/// That everything is as [`sandbox`] made it, the time of the last change included.
fn assert_unchanged(sandbox: &Sandbox, before: &[Option<std::time::SystemTime>]) {
    assert_eq!(sandbox.get("file"), b"contents");
    assert_eq!(sandbox.get("sub/file"), b"contents");
    assert!(sandbox.has("empty") && !sandbox.has("new"));
    assert_eq!(times(sandbox), before);
}

fn times(sandbox: &Sandbox) -> Vec<Option<std::time::SystemTime>> {
    ["file", "sub", "sub/file", "empty"]
        .iter()
        .map(|path| {
            let host = sandbox.host("inside")?.join(path);
            Some(fs::metadata(host).unwrap().modified().unwrap())
        })
        .collect()
}

fn no_way_of_opening_changes_anything<E: TestEngine>() {
    for provider in Provider::ALL {
        let sandbox = sandbox(provider);
        let before = times(&sandbox);
        let mut guest = Guest::<E>::new(sandbox.read_only());
        for path in ["file", "new", "sub/file", "sub/new", "empty"] {
            for flags in 0..16 {
                for fdflags in [0, 1] {
                    for open in [Open::READ, Open::WRITE, Open { base: 0, ..Open::READ }] {
                        let open = Open { fdflags, ..open.oflags(flags) };
                        let Ok(fd) = guest.open(3, path, open) else { continue };
                        assert!(guest.write(fd, b"!").is_err(), "{path} {open:?}");
                        assert_ne!(guest.call("fd_filestat_set_size", &[fd, 0]), 0);
                        assert_ne!(guest.call("fd_allocate", &[fd, 0, 99]), 0);
                        assert_ne!(guest.call("fd_filestat_set_times", &[fd, 1, 1, 0b101]), 0);
                        guest.close(fd);
                    }
                }
            }
        }
        let written = Open::WRITE.oflags(oflags::CREAT);
        assert_eq!(guest.open(3, "new", written), Err(errno::ROFS), "{provider:?}");
        assert_unchanged(&sandbox, &before);
    }
}

fn no_call_changes_anything<E: TestEngine>() {
    for provider in Provider::ALL {
        let sandbox = sandbox(provider);
        let before = times(&sandbox);
        let mut guest = Guest::<E>::new(sandbox.read_only());
        let refused = Err(errno::ROFS);
        assert_eq!(guest.mkdir(3, "new"), refused);
        assert_eq!(guest.rmdir(3, "empty"), refused);
        assert_eq!(guest.unlink(3, "file"), refused);
        assert_eq!(guest.symlink("file", 3, "new"), refused);
        assert_eq!(guest.rename((3, "file"), (3, "new")), refused);
        assert_eq!(guest.link((3, "file"), 0, (3, "new")), refused);
        assert_eq!(guest.set_times(3, "file", FOLLOW, (1, 1, 0b101)), refused);
        assert_eq!(guest.call("fd_filestat_set_times", &[3, 1, 1, 0b101]), errno::ROFS);
        assert_unchanged(&sandbox, &before);
    }
}

fn a_writable_folder_beside_it_gives_no_way_in<E: TestEngine>() {
    for provider in Provider::ALL {
        let (kept, own) = (sandbox(provider), Sandbox::new(provider));
        own.put("mine", b"mine");
        let before = times(&kept);
        let grants = kept.read_only().preopen(own.dir(), "/own").unwrap();
        let mut guest = Guest::<E>::new(grants);
        assert_eq!(guest.link((3, "file"), 0, (4, "file")), Err(errno::ROFS));
        assert_eq!(guest.rename((3, "file"), (4, "file")), Err(errno::ROFS));
        assert_eq!(guest.rename((4, "mine"), (3, "file")), Err(errno::ROFS));
        assert_eq!(guest.link((4, "mine"), 0, (3, "new")), Err(errno::ROFS));
        if guest.symlink("../inside/file", 4, "link").is_ok() {
            assert!(guest.open(4, "link", Open::WRITE).is_err());
        }
        assert_unchanged(&kept, &before);
    }
}

fn folders_below_are_as_read_only<E: TestEngine>() {
    for provider in Provider::ALL {
        let sandbox = sandbox(provider);
        let before = times(&sandbox);
        let mut guest = Guest::<E>::new(sandbox.read_only());
        // Asks for every right there is.
        let sub = guest.open(3, "sub", Open { base: u64::MAX >> 34, ..Open::DIR });
        let sub = sub.or_else(|_| guest.open(3, "sub", Open::DIR)).unwrap();
        assert!(guest.open(sub, "file", Open::WRITE).is_err());
        assert!(guest.open(sub, "new", Open::WRITE.oflags(oflags::CREAT)).is_err());
        assert!(guest.unlink(sub, "file").is_err());
        assert!(guest.mkdir(sub, "new").is_err());
        let (base, inheriting) = guest.rights(sub);
        assert_ne!(guest.call("fd_fdstat_set_rights", &[sub, base | 1 << 6, inheriting]), 0);
        assert_unchanged(&sandbox, &before);
    }
}
