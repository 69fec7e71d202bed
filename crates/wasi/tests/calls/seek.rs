//! `fd_seek` and `fd_tell`.

use crate::support::{Guest, Open, Sandbox, TestEngine, Version, each_engine, errno};

each_engine! {
    each_version_numbers_the_origins_in_its_way,
    the_position_is_written_and_kept,
    a_position_before_the_start_is_refused_and_moves_nothing,
    a_position_behind_the_end_makes_a_hole,
    unknown_origins_are_refused,
}

fn each_version_numbers_the_origins_in_its_way<E: TestEngine>() {
    for (version, start, current, end) in
        [(Version::Snapshot1, 0, 1, 2), (Version::Unstable, 2, 0, 1)]
    {
        for sandbox in Sandbox::each() {
            sandbox.put("file", b"0123456789");
            let mut guest = Guest::<E>::of(version, sandbox.grants());
            let fd = guest.open(3, "file", Open::READ).unwrap();
            assert_eq!(guest.seek(fd, 4, start), Ok(4));
            assert_eq!(guest.seek(fd, 3, current), Ok(7));
            assert_eq!(guest.seek(fd, -2, current), Ok(5));
            assert_eq!(guest.seek(fd, -1, end), Ok(9));
            assert_eq!(guest.read(fd, 4), Ok(b"9".to_vec()));
        }
    }
}

fn the_position_is_written_and_kept<E: TestEngine>() {
    for sandbox in Sandbox::each() {
        sandbox.put("file", b"abc");
        let mut guest = Guest::<E>::new(sandbox.grants());
        let fd = guest.open(3, "file", Open::READ).unwrap();
        guest.writes("fd_tell", &[fd, 9], &[], &[(9, &[0; 8])]);
        let far = 0x0102_0304_0506_u64;
        guest.writes("fd_seek", &[fd, far, 0, 9], &[], &[(9, &far.to_le_bytes())]);
        guest.writes("fd_tell", &[fd, 9], &[], &[(9, &far.to_le_bytes())]);
    }
}

fn a_position_before_the_start_is_refused_and_moves_nothing<E: TestEngine>() {
    for sandbox in Sandbox::each() {
        sandbox.put("file", b"abc");
        let mut guest = Guest::<E>::new(sandbox.grants());
        let fd = guest.open(3, "file", Open::READ).unwrap();
        guest.seek(fd, 2, 0).unwrap();
        let refused = [(-1, 0), (i64::MIN, 0), (-3, 1), (i64::MIN, 1), (-4, 2), (i64::MIN, 2)];
        for (delta, whence) in refused {
            guest.err("fd_seek", &[fd, delta.cast_unsigned(), whence, 16], errno::INVAL);
        }
        for whence in [1, 2] {
            let too_far = guest.seek(fd, i64::MAX, whence);
            // Some systems call it an overflow.
            assert!([Err(errno::INVAL), Err(61)].contains(&too_far), "{too_far:?}");
        }
        assert_eq!(guest.tell(fd), Ok(2));
    }
}

fn a_position_behind_the_end_makes_a_hole<E: TestEngine>() {
    for sandbox in Sandbox::each() {
        sandbox.put("file", b"abc");
        let mut guest = Guest::<E>::new(sandbox.grants());
        let fd = guest.open(3, "file", Open::WRITE).unwrap();
        assert_eq!(guest.seek(fd, 5, 0), Ok(5));
        assert_eq!(guest.read(fd, 1), Ok(Vec::new()));
        assert_eq!(sandbox.get("file"), b"abc");
        assert_eq!(guest.write(fd, b"f"), Ok(1));
        assert_eq!(sandbox.get("file"), b"abc\0\0f");
    }
}

fn unknown_origins_are_refused<E: TestEngine>() {
    let sandbox = Sandbox::new(crate::support::Provider::Memory);
    sandbox.put("file", b"abc");
    for version in [Version::Snapshot1, Version::Unstable] {
        let mut guest = Guest::<E>::of(version, sandbox.grants());
        let fd = guest.open(3, "file", Open::READ).unwrap();
        for whence in [3, 255, 256, 1 << 31] {
            guest.err("fd_seek", &[fd, 0, whence, 16], errno::INVAL);
        }
    }
}
