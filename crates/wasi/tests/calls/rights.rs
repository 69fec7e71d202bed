//! `rights`: `fd_fdstat_set_rights`, and what opening passes on.

use crate::support::{
    Guest, Open, Provider, Sandbox, TestEngine, Version, each_version, errno, iovecs, oflags,
};

each_version! {
    rights_are_given_up_and_never_regained,
    what_was_given_up_is_refused,
    what_is_not_passed_on_is_not_opened,
    what_a_file_has_no_use_for_is_left_out,
    creating_and_truncating_need_rights_of_the_folder,
    two_folders_need_a_right_each,
    unknown_rights_are_no_rights,
}

const READ: u64 = 1 << 1;
const SEEK: u64 = 1 << 2;
const TELL: u64 = 1 << 5;
const WRITE: u64 = 1 << 6;
const ALL: u64 = (1 << 30) - 1;

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new(Provider::Kernel);
    sandbox.put("file", b"abc");
    sandbox.mkdir("sub");
    sandbox.put("sub/file", b"abc");
    sandbox
}

fn rights_are_given_up_and_never_regained<E: TestEngine>(version: Version) {
    let sandbox = sandbox();
    let mut guest = Guest::<E>::of(version, sandbox.grants());
    let (base, inheriting) = guest.rights(3);
    guest.writes("fd_fdstat_set_rights", &[3, base, inheriting], &[], &[]);
    guest.writes("fd_fdstat_set_rights", &[3, base & !1, inheriting & !WRITE], &[], &[]);
    assert_eq!(guest.rights(3), (base & !1, inheriting & !WRITE));
    guest.err("fd_fdstat_set_rights", &[3, base, inheriting & !WRITE], errno::NOTCAPABLE);
    guest.err("fd_fdstat_set_rights", &[3, base & !1, inheriting], errno::NOTCAPABLE);
    guest.err("fd_fdstat_set_rights", &[3, u64::MAX, 0], errno::NOTCAPABLE);
    assert_eq!(guest.rights(3), (base & !1, inheriting & !WRITE));
    guest.ok("fd_fdstat_set_rights", &[3, 0, 0]);
    assert_eq!(guest.rights(3), (0, 0));
    assert_eq!(guest.open(3, "file", Open::READ), Err(errno::NOTCAPABLE));
    assert_eq!(guest.open(3, "file", Open { base: 0, ..Open::READ }), Err(errno::NOTCAPABLE));
}

/// Calls on "file" open as 4, and the right without which each is refused.
const ON_A_FILE: [(&str, &[u64], u64); 15] = [
    ("fd_datasync", &[4], 1 << 0),
    ("fd_read", &[4, 8, 1, 4], READ),
    ("fd_pread", &[4, 8, 1, 0, 4], READ),
    ("fd_pread", &[4, 8, 1, 0, 4], SEEK),
    ("fd_seek", &[4, 1, 0, 16], SEEK),
    ("fd_fdstat_set_flags", &[4, 0], 1 << 3),
    ("fd_sync", &[4], 1 << 4),
    ("fd_tell", &[4, 16], TELL),
    ("fd_write", &[4, 8, 1, 4], WRITE),
    ("fd_pwrite", &[4, 8, 1, 0, 4], WRITE),
    ("fd_advise", &[4, 0, 0, 0], 1 << 7),
    ("fd_allocate", &[4, 0, 9], 1 << 8),
    ("fd_filestat_get", &[4, 32], 1 << 21),
    ("fd_filestat_set_size", &[4, 9], 1 << 22),
    ("fd_filestat_set_times", &[4, 1, 1, 5], 1 << 23),
];

/// Calls on a folder 4 with a "file", whose name is at 100; the right without which each is
/// refused.
const ON_A_FOLDER: [(&str, &[u64], u64); 13] = [
    ("path_create_directory", &[4, 101, 2], 1 << 9),
    ("path_link", &[4, 0, 100, 4, 4, 101, 2], 1 << 11),
    ("path_link", &[4, 0, 100, 4, 4, 101, 2], 1 << 12),
    ("path_open", &[4, 0, 100, 4, 0, READ, 0, 0, 4], 1 << 13),
    ("fd_readdir", &[4, 200, 50, 0, 4], 1 << 14),
    ("path_readlink", &[4, 100, 4, 200, 50, 4], 1 << 15),
    ("path_rename", &[4, 100, 4, 4, 101, 2], 1 << 16),
    ("path_rename", &[4, 100, 4, 4, 101, 2], 1 << 17),
    ("path_filestat_get", &[4, 0, 100, 4, 200], 1 << 18),
    ("path_filestat_set_times", &[4, 0, 100, 4, 1, 1, 5], 1 << 20),
    ("path_symlink", &[100, 4, 4, 101, 2], 1 << 24),
    ("path_remove_directory", &[4, 100, 4], 1 << 25),
    ("path_unlink_file", &[4, 100, 4], 1 << 26),
];

fn what_was_given_up_is_refused<E: TestEngine>(version: Version) {
    let files = ON_A_FILE.map(|call| ("file", Open::WRITE, call));
    let folders = ON_A_FOLDER.map(|call| ("sub", Open::DIR, call));
    for (path, open, (name, args, right)) in files.into_iter().chain(folders) {
        let sandbox = sandbox();
        let mut guest = Guest::<E>::of(version, sandbox.grants());
        assert_eq!(guest.open(3, path, open), Ok(4));
        guest.poke(8, &iovecs(&[(100, 2)]));
        guest.poke(100, b"file");
        let (base, inheriting) = guest.rights(4);
        assert_eq!(base & right, right, "{name}");
        guest.ok("fd_fdstat_set_rights", &[4, base & !right, inheriting]);
        guest.err(name, args, errno::NOTCAPABLE);
        assert_eq!(sandbox.get("file"), b"abc");
        assert_eq!(guest.list(3, 4096, 0).0.len(), 4, "{name}");
    }
}

fn what_is_not_passed_on_is_not_opened<E: TestEngine>(version: Version) {
    let sandbox = sandbox();
    let mut guest = Guest::<E>::of(version, sandbox.grants());
    let inheriting = ALL & !(WRITE | 1 << 8 | 1 << 22);
    let sub = guest.open(3, "sub", Open { inheriting, ..Open::DIR }).unwrap();
    assert_eq!(guest.open(sub, "file", Open::WRITE), Err(errno::NOTCAPABLE));
    let file = guest.open(sub, "file", Open::READ).unwrap();
    assert_eq!(guest.rights(file).0 & (WRITE | 1 << 8 | 1 << 22), 0);
    assert_eq!(guest.write(file, b"x"), Err(errno::NOTCAPABLE));
    // Nor through a folder opened there.
    let again = guest.open(sub, ".", Open::DIR).unwrap();
    assert_eq!(guest.rights(again).1 & WRITE, 0);
    assert_eq!(guest.open(again, "file", Open::WRITE), Err(errno::NOTCAPABLE));
    // Nor to read.
    let blind = guest.open(3, "sub", Open { inheriting: WRITE, ..Open::DIR }).unwrap();
    assert_eq!(guest.open(blind, "file", Open::READ), Err(errno::NOTCAPABLE));
    let file = guest.open(blind, "file", Open { base: WRITE, ..Open::WRITE }).unwrap();
    assert_eq!(guest.read(file, 1), Err(errno::NOTCAPABLE));
    assert_eq!(guest.write(file, b"x"), Ok(1));
    assert_eq!(sandbox.get("sub/file"), b"xbc");
}

fn what_a_file_has_no_use_for_is_left_out<E: TestEngine>(version: Version) {
    let sandbox = sandbox();
    let mut guest = Guest::<E>::of(version, sandbox.grants());
    // `path_*`, `fd_readdir`, `sock_*`.
    let not_for_files = 0x3fff << 9 & !(1 << 21 | 1 << 22) | 7 << 24 | 3 << 28;
    let file = guest.open(3, "file", Open::WRITE).unwrap();
    let (base, inheriting) = guest.rights(file);
    assert_eq!((base & not_for_files, inheriting), (0, 0));
    // `fd_read`, `fd_seek`, `fd_tell`, `fd_write`, `fd_allocate`, `fd_filestat_set_size`.
    let sub = guest.open(3, "sub", Open::DIR).unwrap();
    let not_for_folders = READ | SEEK | TELL | WRITE | 1 << 8 | 1 << 22 | 3 << 28;
    assert_eq!(guest.rights(sub).0 & not_for_folders, 0);
}

fn creating_and_truncating_need_rights_of_the_folder<E: TestEngine>(version: Version) {
    for (right, flag) in [(1 << 10, oflags::CREAT), (1 << 19, oflags::TRUNC)] {
        let sandbox = sandbox();
        let mut guest = Guest::<E>::of(version, sandbox.grants());
        let (base, inheriting) = guest.rights(3);
        guest.ok("fd_fdstat_set_rights", &[3, base & !right, inheriting]);
        for path in ["file", "new"] {
            let open = Open::WRITE.oflags(flag);
            assert_eq!(guest.open(3, path, open), Err(errno::NOTCAPABLE), "{path}");
            let open = Open::READ.oflags(flag);
            assert_eq!(guest.open(3, path, open), Err(errno::NOTCAPABLE), "{path}");
        }
        assert!(!sandbox.has("new"));
        assert_eq!(sandbox.get("file"), b"abc");
        guest.open(3, "file", Open::WRITE).unwrap();
    }
}

fn two_folders_need_a_right_each<E: TestEngine>(version: Version) {
    let sandbox = sandbox();
    let mut guest = Guest::<E>::of(version, sandbox.grants());
    let sub = guest.open(3, "sub", Open::DIR).unwrap();
    let (base, inheriting) = guest.rights(sub);
    // Neither the target of a link nor of a renaming.
    guest.ok("fd_fdstat_set_rights", &[sub, base & !(1 << 12 | 1 << 17), inheriting]);
    assert_eq!(guest.link((3, "file"), 0, (sub, "new")), Err(errno::NOTCAPABLE));
    assert_eq!(guest.rename((3, "file"), (sub, "new")), Err(errno::NOTCAPABLE));
    assert_eq!(guest.link((sub, "file"), 0, (3, "linked")), Ok(()));
    assert_eq!(guest.rename((sub, "file"), (3, "renamed")), Ok(()));
    // Nor the source.
    guest.ok("fd_fdstat_set_rights", &[sub, 0, 0]);
    assert_eq!(guest.link((sub, "x"), 0, (3, "y")), Err(errno::NOTCAPABLE));
    assert_eq!(guest.rename((sub, "x"), (3, "y")), Err(errno::NOTCAPABLE));
}

fn unknown_rights_are_no_rights<E: TestEngine>(version: Version) {
    let sandbox = sandbox();
    let mut guest = Guest::<E>::of(version, sandbox.grants());
    let open = Open { base: u64::MAX, inheriting: u64::MAX, ..Open::READ };
    let file = guest.open(3, "file", open).unwrap();
    let (base, inheriting) = guest.rights(file);
    assert_eq!(base & !ALL, 0);
    assert_eq!(inheriting, 0);
    let (base, inheriting) = guest.rights(3);
    assert_eq!((base & !ALL, inheriting & !ALL), (0, 0));
}
