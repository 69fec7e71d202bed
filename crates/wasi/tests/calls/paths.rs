//! `path_*` but for opening, metadata and times.

use crate::support::{FOLLOW, Guest, Provider, Sandbox, Stat, TestEngine, each_engine, errno};
use std::sync::Arc;
use wayleave_grants::Grants;
use wayleave_system::fs::MemoryDir;

each_engine! {
    no_call_writes_but_what_it_is_asked_for,
    folders_are_made_and_removed,
    only_files_are_unlinked,
    a_second_name_is_the_same_file,
    renaming_replaces_what_posix_says,
    a_links_text_is_read_as_far_as_it_fits,
    a_links_text_is_relative,
    names_that_are_not_utf_8_are_refused,
    nothing_moves_between_providers,
}

fn no_call_writes_but_what_it_is_asked_for<E: TestEngine>() {
    for sandbox in Sandbox::each() {
        sandbox.put("file", b"abc");
        let mut guest = Guest::<E>::new(sandbox.grants());
        let names: [(u64, &[u8]); 4] =
            [(100, b"file"), (110, b"second"), (120, b"sub"), (130, b"link")];
        guest.writes("path_create_directory", &[3, 120, 3], &names, &[]);
        guest.writes("path_link", &[3, 0, 100, 4, 3, 110, 6], &names, &[]);
        guest.writes("path_symlink", &[100, 4, 3, 130, 4], &names, &[]);
        let output: [(u64, &[u8]); 2] = [(200, b"file"), (60, b"\x04\0\0\0")];
        guest.writes("path_readlink", &[3, 130, 4, 200, 50, 60], &names, &output);
        assert_eq!(guest.stat(3, "file", 0).map(|stat| stat.nlink), Ok(2));
        guest.writes("path_rename", &[3, 110, 6, 3, 130, 4], &names, &[]);
        assert_eq!(guest.stat(3, "link", 0).map(|stat| stat.kind), Ok(Stat::REGULAR));
        guest.writes("path_unlink_file", &[3, 130, 4], &names, &[]);
        guest.writes("path_remove_directory", &[3, 120, 3], &names, &[]);
        assert!(!sandbox.has("sub") && !sandbox.has("link"));
    }
}

fn folders_are_made_and_removed<E: TestEngine>() {
    for sandbox in Sandbox::each() {
        sandbox.put("file", b"");
        sandbox.link("none", "dangling");
        let mut guest = Guest::<E>::new(sandbox.grants());
        assert_eq!(guest.mkdir(3, "sub"), Ok(()));
        assert_eq!(guest.mkdir(3, "sub/below/"), Ok(()));
        assert_eq!(guest.stat(3, "sub/below", 0).map(|stat| stat.kind), Ok(Stat::DIRECTORY));
        for path in ["sub", "sub/", "file", "dangling", "."] {
            assert_eq!(guest.mkdir(3, path), Err(errno::EXIST), "{path}");
        }
        assert_eq!(guest.mkdir(3, "none/sub"), Err(errno::NOENT));
        assert_eq!(guest.mkdir(3, "file/sub"), Err(errno::NOTDIR));
        assert_eq!(guest.mkdir(3, "../sub"), Err(errno::NOTCAPABLE));
        assert_eq!(guest.mkdir(3, ""), Err(errno::NOENT));
        assert_eq!(guest.rmdir(3, "sub"), Err(errno::NOTEMPTY));
        assert_eq!(guest.rmdir(3, "sub/."), Err(errno::INVAL));
        assert_eq!(guest.rmdir(3, "file"), Err(errno::NOTDIR));
        assert_eq!(guest.rmdir(3, "dangling"), Err(errno::NOTDIR));
        assert_eq!(guest.rmdir(3, "none"), Err(errno::NOENT));
        assert_eq!(guest.rmdir(3, ".."), Err(errno::NOTCAPABLE));
        assert_eq!(guest.rmdir(3, "sub/below/"), Ok(()));
        assert_eq!(guest.rmdir(3, "sub"), Ok(()));
        assert!(!sandbox.has("sub") && sandbox.has("dangling"));
    }
}

fn only_files_are_unlinked<E: TestEngine>() {
    for sandbox in Sandbox::each() {
        sandbox.put("file", b"");
        sandbox.mkdir("sub");
        sandbox.link("file", "link");
        let mut guest = Guest::<E>::new(sandbox.grants());
        for path in ["sub", "sub/", ".", "sub/."] {
            assert_eq!(guest.unlink(3, path), Err(errno::ISDIR), "{path}");
        }
        assert_eq!(guest.unlink(3, "file/"), Err(errno::NOTDIR));
        assert_eq!(guest.unlink(3, "none"), Err(errno::NOENT));
        assert_eq!(guest.unlink(3, "../x"), Err(errno::NOTCAPABLE));
        assert_eq!(guest.unlink(3, "link"), Ok(()));
        assert!(sandbox.has("file"));
        assert_eq!(guest.unlink(3, "sub/../file"), Ok(()));
        assert!(!sandbox.has("file"));
    }
}

fn a_second_name_is_the_same_file<E: TestEngine>() {
    for sandbox in Sandbox::each() {
        sandbox.put("file", b"abc");
        sandbox.mkdir("sub");
        sandbox.link("file", "link");
        let mut guest = Guest::<E>::new(sandbox.grants());
        assert_eq!(guest.link((3, "file"), 0, (3, "sub/second")), Ok(()));
        let first = guest.stat(3, "file", 0).unwrap();
        assert_eq!(guest.stat(3, "sub/second", 0), Ok(first));
        assert_eq!(first.nlink, 2);
        assert_eq!(guest.link((3, "link"), 0, (3, "second_link")), Ok(()));
        assert_eq!(guest.stat(3, "second_link", 0).map(|stat| stat.kind), Ok(Stat::LINK));
        assert_eq!(guest.link((3, "link"), FOLLOW, (3, "third")), Ok(()));
        assert_eq!(guest.stat(3, "third", 0).map(|stat| stat.ino), Ok(first.ino));
        assert_eq!(guest.link((3, "file"), 0, (3, "third")), Err(errno::EXIST));
        assert_eq!(guest.link((3, "none"), 0, (3, "new")), Err(errno::NOENT));
        assert_eq!(guest.link((3, "file"), 0, (3, "none/new")), Err(errno::NOENT));
        assert_eq!(guest.link((3, "file"), 0, (3, "../new")), Err(errno::NOTCAPABLE));
        assert_eq!(guest.link((3, "sub"), 0, (3, "new")), Err(errno::PERM));
        assert!(!sandbox.has("new"));
    }
}

fn renaming_replaces_what_posix_says<E: TestEngine>() {
    for sandbox in Sandbox::each() {
        sandbox.put("a", b"A");
        sandbox.put("b", b"B");
        for path in ["d", "e", "full"] {
            sandbox.mkdir(path);
        }
        sandbox.put("full/c", b"C");
        let mut guest = Guest::<E>::new(sandbox.grants());
        let mut rename = |from, to| guest.rename((3, from), (3, to));
        assert_eq!(rename("a", "b"), Ok(()));
        assert_eq!((sandbox.has("a"), sandbox.get("b")), (false, b"A".to_vec()));
        assert_eq!(rename("d", "e"), Ok(()));
        assert_eq!(rename("e", "full"), Err(errno::NOTEMPTY));
        assert_eq!(rename("b", "e"), Err(errno::ISDIR));
        assert_eq!(rename("e", "b"), Err(errno::NOTDIR));
        assert_eq!(rename("full", "full/below"), Err(errno::INVAL));
        assert_eq!(rename("none", "b"), Err(errno::NOENT));
        assert_eq!(rename("b", "none/b"), Err(errno::NOENT));
        assert_eq!(rename("b/", "c"), Err(errno::NOTDIR));
        assert_eq!(rename("b", "c/"), Err(errno::NOTDIR));
        assert_eq!(rename("b", "../b"), Err(errno::NOTCAPABLE));
        assert_eq!(rename("b", "b"), Ok(()));
        assert_eq!(rename("e/", "new/"), Ok(()));
        assert_eq!(rename("full/c", "new/c"), Ok(()));
        assert_eq!(sandbox.get("new/c"), b"C");
    }
}

fn a_links_text_is_read_as_far_as_it_fits<E: TestEngine>() {
    for sandbox in Sandbox::each() {
        sandbox.link("some/where", "link");
        sandbox.put("file", b"");
        let mut guest = Guest::<E>::new(sandbox.grants());
        let path: (u64, &[u8]) = (100, b"link");
        let output: [(u64, &[u8]); 2] = [(200, b"some"), (60, b"\x04\0\0\0")];
        guest.writes("path_readlink", &[3, 100, 4, 200, 4, 60], &[path], &output);
        guest.writes("path_readlink", &[3, 100, 4, 200, 0, 60], &[path], &[(60, &[0; 4])]);
        assert_eq!(guest.readlink(3, "link"), Ok("some/where".to_owned()));
        assert_eq!(guest.readlink(3, "file"), Err(errno::INVAL));
        assert_eq!(guest.readlink(3, "."), Err(errno::INVAL));
        assert_eq!(guest.readlink(3, "none"), Err(errno::NOENT));
        assert_eq!(guest.readlink(3, "../link"), Err(errno::NOTCAPABLE));
    }
}

fn a_links_text_is_relative<E: TestEngine>() {
    for sandbox in Sandbox::each() {
        sandbox.put("file", b"");
        let mut guest = Guest::<E>::new(sandbox.grants());
        for text in ["/", "/etc/passwd", "//x"] {
            assert_eq!(guest.symlink(text, 3, "link"), Err(errno::NOTCAPABLE), "{text}");
        }
        assert_eq!(guest.symlink("", 3, "link"), Err(errno::NOENT));
        assert_eq!(guest.symlink("file", 3, "link/"), Err(errno::NOENT));
        assert_eq!(guest.symlink("file", 3, "../link"), Err(errno::NOTCAPABLE));
        assert!(!sandbox.has("link"));
        assert_eq!(guest.symlink("file", 3, "file"), Err(errno::EXIST));
        assert_eq!(guest.symlink("file", 3, "link"), Ok(()));
        assert_eq!(guest.symlink("file", 3, "link"), Err(errno::EXIST));
    }
}

fn names_that_are_not_utf_8_are_refused<E: TestEngine>() {
    let sandbox = Sandbox::new(Provider::Memory);
    sandbox.put("file", b"");
    let mut guest = Guest::<E>::new(sandbox.grants());
    guest.poke(100, b"\xc3\x28file");
    let calls: [(&str, &[u64]); 10] = [
        ("path_create_directory", &[3, 100, 2]),
        ("path_filestat_get", &[3, 0, 100, 2, 200]),
        ("path_filestat_set_times", &[3, 0, 100, 2, 0, 0, 1]),
        ("path_link", &[3, 0, 100, 2, 3, 102, 4]),
        ("path_link", &[3, 0, 102, 4, 3, 100, 2]),
        ("path_readlink", &[3, 100, 2, 200, 9, 60]),
        ("path_remove_directory", &[3, 100, 2]),
        ("path_rename", &[3, 102, 4, 3, 100, 2]),
        ("path_symlink", &[102, 4, 3, 100, 2]),
        ("path_unlink_file", &[3, 100, 2]),
    ];
    for (name, args) in calls {
        guest.err(name, args, errno::ILSEQ);
    }
}

fn nothing_moves_between_providers<E: TestEngine>() {
    for sandbox in Sandbox::each() {
        sandbox.put("file", b"abc");
        let other: Grants = sandbox.grants();
        let grants = other.preopen(Arc::new(MemoryDir::new(1 << 20)), "/other").unwrap();
        let mut guest = Guest::<E>::new(grants);
        assert_eq!(guest.rename((3, "file"), (4, "file")), Err(errno::XDEV));
        assert_eq!(guest.link((3, "file"), 0, (4, "file")), Err(errno::XDEV));
        assert_eq!(guest.list(4, 4096, 0).0.len(), 2);
        assert_eq!(sandbox.get("file"), b"abc");
    }
}
