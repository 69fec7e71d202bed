//! `fd_fdstat_get`, `fd_fdstat_set_flags`, `fd_prestat_*`.

use crate::support::{Guest, Open, Provider, Sandbox, TestEngine, each_engine, errno, oflags};
use std::sync::Arc;
use wayleave_grants::{Grants, Paths, Record};
use wayleave_system::fs::MemoryDir;
use wayleave_system::stdio::{Capture, Input};

each_engine! {
    a_files_state_is_24_bytes,
    a_folders_state_says_what_it_passes_on,
    a_read_only_folder_has_no_rights_to_change_anything,
    no_stream_in_memory_looks_like_a_terminal,
    flags_are_set_and_shown,
    how_writes_are_synchronised_is_settled_when_opening,
    unknown_flags_are_refused,
    folders_given_are_listed_and_others_are_not,
    who_looks_for_folders_finds_one_more_where_refusals_are_told,
    a_name_needs_room,
}

/// `fd_read`, `fd_seek`, `fd_tell`, `fd_filestat_get`.
const FEW: u64 = 1 << 1 | 1 << 2 | 1 << 5 | 1 << 21;
/// What changes something, of all rights.
const CHANGES: u64 = 1 << 6
    | 1 << 8
    | 1 << 9
    | 1 << 10
    | 1 << 11
    | 1 << 12
    | 1 << 16
    | 1 << 17
    | 1 << 19
    | 1 << 20
    | 1 << 22
    | 1 << 23
    | 1 << 24
    | 1 << 25
    | 1 << 26;

fn fdstat(kind: u8, flags: u16, base: u64, inheriting: u64) -> [u8; 24] {
    let mut bytes = [0; 24];
    bytes[0] = kind;
    bytes[2..4].copy_from_slice(&flags.to_le_bytes());
    bytes[8..16].copy_from_slice(&base.to_le_bytes());
    bytes[16..24].copy_from_slice(&inheriting.to_le_bytes());
    bytes
}

fn a_files_state_is_24_bytes<E: TestEngine>() {
    for sandbox in Sandbox::each() {
        sandbox.put("file", b"abc");
        let mut guest = Guest::<E>::new(sandbox.grants());
        let fd = guest.open(3, "file", Open { base: FEW, fdflags: 4, ..Open::READ }).unwrap();
        guest.writes("fd_fdstat_get", &[fd, 13], &[], &[(13, &fdstat(4, 4, FEW, 0))]);
    }
}

fn a_folders_state_says_what_it_passes_on<E: TestEngine>() {
    for sandbox in Sandbox::each() {
        sandbox.mkdir("sub");
        let mut guest = Guest::<E>::new(sandbox.grants());
        // `path_open`, `fd_readdir`.
        let (base, inheriting) = (1 << 13 | 1 << 14, FEW);
        let fd = guest.open(3, "sub", Open { base, inheriting, ..Open::DIR }).unwrap();
        guest.writes("fd_fdstat_get", &[fd, 13], &[], &[(13, &fdstat(3, 0, base, inheriting))]);
    }
}

fn a_read_only_folder_has_no_rights_to_change_anything<E: TestEngine>() {
    for sandbox in Sandbox::each() {
        let (base, inheriting) = Guest::<E>::new(sandbox.grants()).rights(3);
        assert_eq!((base | inheriting) & CHANGES, CHANGES);
        let (base, inheriting) = Guest::<E>::new(sandbox.read_only()).rights(3);
        assert_eq!((base | inheriting) & CHANGES, 0);
        assert_eq!(inheriting & FEW, FEW);
    }
}

fn no_stream_in_memory_looks_like_a_terminal<E: TestEngine>() {
    let grants = Grants::new().stdin(Arc::new(Input::new(""))).stdout(Arc::new(Capture::new(9)));
    let mut guest = Guest::<E>::new(grants);
    for (fd, kind) in [(0, 0), (1, 0), (2, 2)] {
        guest.ok("fd_fdstat_get", &[fd, 16]);
        assert_eq!(guest.peek(16, 1), [kind]);
        let (base, inheriting) = guest.rights(fd);
        // wasi-libc's `isatty`: a character device without the rights to seek and tell.
        assert_eq!(base & (1 << 2 | 1 << 5) != 0, kind == 2, "to seek {fd}");
        assert_eq!(base & 1 << 1 != 0, fd == 0, "to read {fd}");
        assert_eq!(base & 1 << 6 != 0, fd != 0, "to write {fd}");
        assert_eq!(inheriting, 0);
    }
}

fn flags_are_set_and_shown<E: TestEngine>() {
    for sandbox in Sandbox::each() {
        sandbox.put("file", b"abc");
        let mut guest = Guest::<E>::new(sandbox.grants());
        let fd = guest.open(3, "file", Open { base: FEW | 1 << 3, ..Open::READ }).unwrap();
        for flags in [1_u16, 5, 4, 0] {
            guest.writes("fd_fdstat_set_flags", &[fd, flags.into()], &[], &[]);
            let shown = fdstat(4, flags, FEW | 1 << 3, 0);
            guest.writes("fd_fdstat_get", &[fd, 32], &[], &[(32, &shown)]);
        }
    }
}

fn how_writes_are_synchronised_is_settled_when_opening<E: TestEngine>() {
    for sandbox in Sandbox::each() {
        let mut guest = Guest::<E>::new(sandbox.grants());
        for flags in [2, 8, 16, 26] {
            let open = Open { fdflags: flags, ..Open::WRITE }.oflags(oflags::CREAT);
            let fd = guest.open(3, "file", open).unwrap();
            assert_eq!(guest.write(fd, b"x"), Ok(1));
            guest.ok("fd_fdstat_get", &[fd, 16]);
            assert_eq!(u64::from(guest.u32(16) >> 16), flags);
            guest.err("fd_fdstat_set_flags", &[fd, 0], errno::NOTSUP);
            guest.ok("fd_fdstat_set_flags", &[fd, flags | 4]);
            guest.close(fd);
        }
    }
}

fn unknown_flags_are_refused<E: TestEngine>() {
    let sandbox = Sandbox::new(Provider::Memory);
    let mut guest = Guest::<E>::new(sandbox.grants());
    for flags in [32, 1 << 15, 1 << 16, u64::from(u32::MAX)] {
        guest.err("fd_fdstat_set_flags", &[0, flags], errno::INVAL);
        let open = Open { fdflags: flags, ..Open::WRITE }.oflags(oflags::CREAT);
        assert_eq!(guest.open(3, "new", open), Err(errno::INVAL));
    }
    for oflags in [16, 1 << 15, 1 << 16, 1 << 31] {
        let open = Open::WRITE.oflags(oflags | oflags::CREAT);
        assert_eq!(guest.open(3, "new", open), Err(errno::INVAL));
    }
    assert!(!sandbox.has("new"));
}

fn folders_given_are_listed_and_others_are_not<E: TestEngine>() {
    let folder = || Arc::new(MemoryDir::new(1 << 20));
    let grants = Grants::new().preopen(folder(), "/").unwrap();
    let grants = grants.preopen(folder(), "/däta").unwrap().preopen(folder(), "").unwrap();
    let mut guest = Guest::<E>::new(grants);
    for (fd, name) in [(3, "/"), (4, "/däta"), (5, "")] {
        let len = u32::try_from(name.len()).unwrap();
        let prestat = [[0; 4], len.to_le_bytes()].concat();
        guest.writes("fd_prestat_get", &[fd, 21], &[], &[(21, &prestat)]);
        let output = [(33, name.as_bytes())];
        guest.writes("fd_prestat_dir_name", &[fd, 33, len.into()], &[], &output);
    }
    let opened = guest.open(3, ".", Open::DIR).unwrap();
    for fd in [0, 1, 2, opened, opened + 1] {
        guest.err("fd_prestat_get", &[fd, 16], errno::BADF);
        guest.err("fd_prestat_dir_name", &[fd, 16, 100], errno::BADF);
    }
}

/// Grants of which it is told what they refuse.
fn explained(grants: Grants) -> (Grants, Arc<Record>) {
    let record = Arc::new(Record::new());
    (grants.explain(Arc::new(Paths::default()), record.clone()), record)
}

fn who_looks_for_folders_finds_one_more_where_refusals_are_told<E: TestEngine>() {
    let given = || Grants::new().preopen(Arc::new(MemoryDir::new(1 << 20)), "/data").unwrap();
    let (grants, record) = explained(given());
    let mut guest = Guest::<E>::new(grants);
    // It is not there before somebody looks, nor found but behind the others.
    guest.err("fd_fdstat_get", &[4, 16], errno::BADF);
    guest.err("fd_prestat_get", &[5, 16], errno::BADF);
    guest.err("fd_prestat_dir_name", &[4, 16, 100], errno::BADF);
    guest.writes("fd_prestat_get", &[4, 21], &[], &[(21, &[0, 0, 0, 0, 1, 0, 0, 0])]);
    guest.writes("fd_prestat_dir_name", &[4, 33, 1], &[], &[(33, b"/")]);
    guest.err("fd_prestat_get", &[5, 16], errno::BADF);
    assert_eq!(guest.open(4, "etc/passwd", Open::READ), Err(errno::NOENT));
    assert_eq!(guest.open(4, "new", Open::WRITE.oflags(oflags::CREAT)), Err(errno::NOENT));
    assert_eq!(guest.open(3, "new", Open::WRITE.oflags(oflags::CREAT)), Ok(5));
    let refused: Vec<_> =
        record.refusals().into_iter().map(|(refusal, _)| refusal.to_string()).collect();
    assert_eq!(refused, ["read /etc/passwd", "create /new"]);

    // A number that is taken is not given away, and a lower one is still found.
    let (grants, _) = explained(given());
    let mut guest = Guest::<E>::new(grants);
    assert_eq!(guest.open(3, "new", Open::WRITE.oflags(oflags::CREAT)), Ok(4));
    guest.err("fd_prestat_get", &[4, 16], errno::BADF);
    guest.err("fd_prestat_get", &[5, 16], errno::BADF);
    let (grants, _) = explained(given());
    let mut guest = Guest::<E>::new(grants);
    guest.ok("fd_close", &[0]);
    guest.ok("fd_prestat_get", &[4, 21]);
    assert_eq!(guest.open(3, "new", Open::WRITE.oflags(oflags::CREAT)), Ok(0));

    // Where something is at the top, nothing is added.
    let (grants, _) = explained(Grants::new().preopen(Arc::new(MemoryDir::new(0)), ".").unwrap());
    Guest::<E>::new(grants).err("fd_prestat_get", &[4, 16], errno::BADF);
    Guest::<E>::new(given()).err("fd_prestat_get", &[4, 16], errno::BADF);
}

fn a_name_needs_room<E: TestEngine>() {
    let grants = Grants::new().preopen(Arc::new(MemoryDir::new(0)), "/data").unwrap();
    let mut guest = Guest::<E>::new(grants);
    for len in [0, 4] {
        guest.err("fd_prestat_dir_name", &[3, 16, len], errno::NAMETOOLONG);
    }
    // What is not needed is left alone.
    guest.writes("fd_prestat_dir_name", &[3, 16, 50], &[], &[(16, b"/data")]);
}
