//! `fd_filestat_get`, `path_filestat_get`; sizes: `fd_filestat_set_size`, `fd_allocate`;
//! `fd_advise`, `fd_sync`, `fd_datasync`.

use crate::support::{
    FOLLOW, Guest, Open, Provider, Sandbox, Stat, TestEngine, each_engine, errno,
};
use std::os::unix::fs::MetadataExt;

each_engine! {
    metadata_is_64_bytes_as_the_host_has_it,
    metadata_of_streams_is_written_too,
    links_are_followed_only_where_that_is_asked,
    the_file_and_its_path_say_the_same,
    a_size_is_cut_and_extended,
    a_size_that_no_file_can_have_is_refused,
    allocating_extends_and_never_shrinks,
    advice_changes_nothing,
    what_is_open_can_be_synchronised,
}

fn metadata_is_64_bytes_as_the_host_has_it<E: TestEngine>() {
    for provider in [Provider::Kernel, Provider::Walk] {
        let sandbox = Sandbox::new(provider);
        sandbox.put("file", b"abcde");
        std::fs::hard_link(
            sandbox.host("inside/file").unwrap(),
            sandbox.host("inside/second").unwrap(),
        )
        .unwrap();
        let mut guest = Guest::<E>::new(sandbox.grants());
        guest.set_times(3, "file", 0, (1_000_000_001, 2_000_000_000_000_000_002, 0b0101)).unwrap();
        let host = sandbox.host("inside/file").unwrap().metadata().unwrap();
        let ctim = host.ctime() * 1_000_000_000 + host.ctime_nsec();
        let expected = [
            host.dev(),
            host.ino(),
            4,
            2,
            5,
            1_000_000_001,
            2_000_000_000_000_000_002,
            ctim.cast_unsigned(),
        ];
        let expected: Vec<u8> = expected.into_iter().flat_map(u64::to_le_bytes).collect();
        let path: (u64, &[u8]) = (64, b"file");
        let args = [3, 0, 64, 4, 101];
        guest.writes("path_filestat_get", &args, &[path], &[(101, &expected)]);
        let fd = guest.open(3, "file", Open::READ).unwrap();
        guest.writes("fd_filestat_get", &[fd, 101], &[], &[(101, &expected)]);
    }
}

fn metadata_of_streams_is_written_too<E: TestEngine>() {
    let mut guest = Guest::<E>::new(wayleave_grants::Grants::new());
    let mut expected = [0; 64];
    expected[16] = 2;
    expected[24] = 1;
    guest.writes("fd_filestat_get", &[0, 16], &[], &[(16, &expected)]);
}

fn links_are_followed_only_where_that_is_asked<E: TestEngine>() {
    for sandbox in Sandbox::each() {
        sandbox.put("file", b"abc");
        sandbox.mkdir("sub");
        sandbox.link("file", "link");
        sandbox.link("sub", "link_sub");
        let mut guest = Guest::<E>::new(sandbox.grants());
        let mut kind = |path, lookup| guest.stat(3, path, lookup).map(|stat| stat.kind);
        assert_eq!(kind("link", 0), Ok(Stat::LINK));
        assert_eq!(kind("link", FOLLOW), Ok(Stat::REGULAR));
        assert_eq!(kind("link_sub", 0), Ok(Stat::LINK));
        assert_eq!(kind("link_sub", FOLLOW), Ok(Stat::DIRECTORY));
        // A slash asks for a folder.
        assert_eq!(kind("link_sub/", 0), Ok(Stat::DIRECTORY));
        assert_eq!(kind("link/", 0), Err(errno::NOTDIR));
        assert_eq!(kind("file/", 0), Err(errno::NOTDIR));
        assert_eq!(kind("sub/", 0), Ok(Stat::DIRECTORY));
        assert_eq!(kind(".", 0), Ok(Stat::DIRECTORY));
        assert_eq!(kind("sub/..", 0), Ok(Stat::DIRECTORY));
        assert_eq!(kind("none", 0), Err(errno::NOENT));
        assert_eq!(kind("file/x", 0), Err(errno::NOTDIR));
        assert_eq!(kind("", 0), Err(errno::NOENT));
        assert_eq!(kind("..", 0), Err(errno::NOTCAPABLE));
        assert_eq!(kind("sub/../..", 0), Err(errno::NOTCAPABLE));
        assert_eq!(kind("/", 0), Err(errno::NOTCAPABLE));
    }
}

fn the_file_and_its_path_say_the_same<E: TestEngine>() {
    for sandbox in Sandbox::each() {
        sandbox.mkdir("sub");
        sandbox.put("sub/file", b"abc");
        let mut guest = Guest::<E>::new(sandbox.grants());
        for (path, open) in [("sub", Open::DIR), ("sub/file", Open::READ)] {
            let fd = guest.open(3, path, open).unwrap();
            assert_eq!(guest.fstat(fd), guest.stat(3, path, 0));
        }
        assert_eq!(guest.fstat(3), guest.stat(3, ".", 0));
    }
}

fn a_size_is_cut_and_extended<E: TestEngine>() {
    for sandbox in Sandbox::each() {
        sandbox.put("file", b"abcdef");
        let mut guest = Guest::<E>::new(sandbox.grants());
        let fd = guest.open(3, "file", Open::WRITE).unwrap();
        guest.seek(fd, 5, 0).unwrap();
        guest.writes("fd_filestat_set_size", &[fd, 2], &[], &[]);
        assert_eq!(sandbox.get("file"), b"ab");
        guest.writes("fd_filestat_set_size", &[fd, 4], &[], &[]);
        assert_eq!(sandbox.get("file"), b"ab\0\0");
        guest.ok("fd_filestat_set_size", &[fd, 0]);
        assert_eq!((sandbox.get("file"), guest.tell(fd)), (Vec::new(), Ok(5)));
        let reader = guest.open(3, "file", Open::READ).unwrap();
        guest.err("fd_filestat_set_size", &[reader, 1], errno::NOTCAPABLE);
    }
}

fn a_size_that_no_file_can_have_is_refused<E: TestEngine>() {
    for sandbox in Sandbox::each() {
        sandbox.put("file", b"abc");
        let mut guest = Guest::<E>::new(sandbox.grants());
        let fd = guest.open(3, "file", Open::WRITE).unwrap();
        for size in [i64::MAX.cast_unsigned() + 1, u64::MAX] {
            guest.err("fd_filestat_set_size", &[fd, size], errno::FBIG);
            guest.err("fd_allocate", &[fd, 0, size], errno::FBIG);
            guest.err("fd_allocate", &[fd, size, 1], errno::FBIG);
        }
        guest.err("fd_allocate", &[fd, u64::MAX, u64::MAX], errno::FBIG);
        guest.err("fd_allocate", &[fd, 0, 0], errno::INVAL);
        assert_eq!(sandbox.get("file"), b"abc");
    }
}

fn allocating_extends_and_never_shrinks<E: TestEngine>() {
    for sandbox in Sandbox::each() {
        sandbox.put("file", b"abc");
        let mut guest = Guest::<E>::new(sandbox.grants());
        let fd = guest.open(3, "file", Open::WRITE).unwrap();
        guest.writes("fd_allocate", &[fd, 0, 1], &[], &[]);
        assert_eq!(sandbox.get("file"), b"abc");
        guest.writes("fd_allocate", &[fd, 2, 4], &[], &[]);
        assert_eq!(sandbox.get("file"), b"abc\0\0\0");
    }
}

fn advice_changes_nothing<E: TestEngine>() {
    for sandbox in Sandbox::each() {
        sandbox.put("file", b"abc");
        let mut guest = Guest::<E>::new(sandbox.grants());
        let fd = guest.open(3, "file", Open::READ).unwrap();
        for advice in 0..6 {
            for (offset, len) in [(0, 0), (0, 3), (1, 1 << 40)] {
                guest.writes("fd_advise", &[fd, offset, len, advice], &[], &[]);
            }
            guest.err("fd_advise", &[fd, u64::MAX, 1, advice], errno::INVAL);
            guest.err("fd_advise", &[fd, 0, u64::MAX, advice], errno::INVAL);
        }
        for advice in [6, 255, 1 << 31] {
            guest.err("fd_advise", &[fd, 0, 0, advice], errno::INVAL);
        }
        assert_eq!(guest.read(fd, 9), Ok(b"abc".to_vec()));
    }
}

fn what_is_open_can_be_synchronised<E: TestEngine>() {
    for sandbox in Sandbox::each() {
        sandbox.put("file", b"abc");
        let mut guest = Guest::<E>::new(sandbox.grants());
        let fd = guest.open(3, "file", Open::WRITE).unwrap();
        for fd in [fd, 3] {
            guest.writes("fd_sync", &[fd], &[], &[]);
            guest.writes("fd_datasync", &[fd], &[], &[]);
        }
    }
}
