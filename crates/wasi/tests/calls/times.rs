//! `fd_filestat_set_times`, `path_filestat_set_times`.

use crate::support::{
    FOLLOW, Guest, Open, Provider, Sandbox, Stat, TestEngine, Version, each_version, errno,
};

each_version! {
    each_time_is_set_kept_or_now,
    folders_have_times_too,
    a_link_is_followed_only_where_that_is_asked,
    a_time_can_not_be_set_in_two_ways,
    extreme_times_never_panic,
}

const ATIM: u64 = 1;
const ATIM_NOW: u64 = 2;
const MTIM: u64 = 4;
const MTIM_NOW: u64 = 8;

fn each_time_is_set_kept_or_now<E: TestEngine>(version: Version) {
    for sandbox in Sandbox::each() {
        sandbox.put("file", b"abc");
        let mut guest = Guest::<E>::of(version, sandbox.grants());
        let fd = guest.open(3, "file", Open::READ).unwrap();
        let times = |guest: &mut Guest<E>| {
            let Stat { atim, mtim, .. } = guest.fstat(fd).unwrap();
            (atim, mtim)
        };
        let path: (u64, &[u8]) = (64, b"file");
        guest.writes("fd_filestat_set_times", &[fd, 10, 20, ATIM | MTIM], &[], &[]);
        assert_eq!(times(&mut guest), (10, 20));
        let args = [3, 0, 64, 4, 30, 40, MTIM];
        guest.writes("path_filestat_set_times", &args, &[path], &[]);
        assert_eq!(times(&mut guest), (10, 40));
        guest.ok("fd_filestat_set_times", &[fd, 50, 60, ATIM]);
        assert_eq!(times(&mut guest), (50, 40));
        guest.ok("fd_filestat_set_times", &[fd, 70, 80, 0]);
        assert_eq!(times(&mut guest), (50, 40));
        guest.ok("fd_filestat_set_times", &[fd, 90, 100, ATIM_NOW | MTIM]);
        let (atim, mtim) = times(&mut guest);
        assert!(atim > 1_700_000_000_000_000_000, "{atim}");
        assert_eq!(mtim, 100);
        guest.set_times(3, "file", FOLLOW, (110, 120, ATIM | MTIM_NOW)).unwrap();
        let (atim, mtim) = times(&mut guest);
        assert_eq!(atim, 110);
        assert!(mtim > 1_700_000_000_000_000_000, "{mtim}");
    }
}

fn folders_have_times_too<E: TestEngine>(version: Version) {
    for sandbox in Sandbox::each() {
        sandbox.mkdir("sub");
        let mut guest = Guest::<E>::of(version, sandbox.grants());
        let fd = guest.open(3, "sub", Open::DIR).unwrap();
        guest.ok("fd_filestat_set_times", &[fd, 10, 20, ATIM | MTIM]);
        assert_eq!(guest.stat(3, "sub", 0).map(|stat| (stat.atim, stat.mtim)), Ok((10, 20)));
        guest.set_times(3, "sub/", 0, (30, 40, ATIM | MTIM)).unwrap();
        assert_eq!(guest.fstat(fd).map(|stat| (stat.atim, stat.mtim)), Ok((30, 40)));
    }
}

fn a_link_is_followed_only_where_that_is_asked<E: TestEngine>(version: Version) {
    for sandbox in Sandbox::each() {
        sandbox.put("file", b"abc");
        sandbox.link("file", "link");
        let mut guest = Guest::<E>::of(version, sandbox.grants());
        guest.set_times(3, "link", 0, (0, 10, MTIM)).unwrap();
        guest.set_times(3, "link", FOLLOW, (0, 20, MTIM)).unwrap();
        assert_eq!(guest.stat(3, "link", 0).map(|stat| stat.mtim), Ok(10));
        assert_eq!(guest.stat(3, "file", 0).map(|stat| stat.mtim), Ok(20));
        assert_eq!(guest.set_times(3, "link/", 0, (0, 30, MTIM)), Err(errno::NOTDIR));
        assert_eq!(guest.set_times(3, "none", 0, (0, 30, MTIM)), Err(errno::NOENT));
    }
}

fn a_time_can_not_be_set_in_two_ways<E: TestEngine>(version: Version) {
    let sandbox = Sandbox::new(Provider::Kernel);
    sandbox.put("file", b"abc");
    let mut guest = Guest::<E>::of(version, sandbox.grants());
    let fd = guest.open(3, "file", Open::READ).unwrap();
    let before = guest.fstat(fd);
    let (path, len) = guest.text("file");
    let both = [ATIM | ATIM_NOW, MTIM | MTIM_NOW, 15, 16, 1 << 16, u64::from(u32::MAX)];
    for flags in both {
        guest.err("fd_filestat_set_times", &[fd, 1, 2, flags], errno::INVAL);
        guest.err("path_filestat_set_times", &[3, 0, path, len, 1, 2, flags], errno::INVAL);
    }
    assert_eq!(guest.fstat(fd), before);
}

fn extreme_times_never_panic<E: TestEngine>(version: Version) {
    let most = i64::MAX.cast_unsigned();
    for sandbox in Sandbox::each() {
        sandbox.put("file", b"abc");
        let mut guest = Guest::<E>::of(version, sandbox.grants());
        let fd = guest.open(3, "file", Open::READ).unwrap();
        for time in [0, 1, 999_999_999, most - 1, most, most + 1, u64::MAX - 1, u64::MAX] {
            let set = guest.call("fd_filestat_set_times", &[fd, time, time, ATIM | MTIM]);
            assert_eq!(set, errno::SUCCESS, "{time}");
            let stat = guest.fstat(fd).unwrap();
            assert_eq!(guest.stat(3, "file", 0), Ok(stat));
            // A file system may hold less: then it is the nearest that it can hold.
            assert!(stat.mtim == time || time >= most && stat.mtim > 1 << 60, "{time}: {stat:?}");
        }
    }
}
