//! `fd_read`, `fd_write`, `fd_pread`, `fd_pwrite`: bytes and buffers.

use crate::support::{Guest, Open, Sandbox, TestEngine, each_engine, errno, iovecs, oflags};
use std::sync::Arc;
use wayleave_grants::Grants;
use wayleave_system::stdio::{Capture, Input};

each_engine! {
    a_read_fills_buffers_in_their_order,
    a_read_at_the_end_is_short_and_then_empty,
    a_read_into_nothing_reads_nothing,
    overlapping_buffers_end_the_list,
    a_write_takes_buffers_in_their_order,
    a_write_of_nothing_writes_nothing,
    a_buffer_can_be_written_twice,
    reading_at_an_offset_leaves_the_position,
    writing_at_an_offset_leaves_the_position,
    offsets_at_the_extremes,
    writes_append_where_that_was_asked,
    appending_can_be_switched,
    input_is_read_and_output_collected,
    streams_have_no_offsets,
}

const LIST: u64 = 8;
const SIZE: u64 = 4;

/// A guest with "file" of these bytes open for reading and writing, in each provider.
fn each_file<E: TestEngine>(bytes: &[u8], test: impl Fn(&Sandbox, &mut Guest<E>, u64)) {
    for sandbox in Sandbox::each() {
        sandbox.put("file", bytes);
        let mut guest = Guest::<E>::new(sandbox.grants());
        let fd = guest.open(3, "file", Open::WRITE).unwrap();
        test(&sandbox, &mut guest, fd);
    }
}

fn a_read_fills_buffers_in_their_order<E: TestEngine>() {
    each_file::<E>(b"wayleave", |_, guest, fd| {
        // The second lies before the first; the third is empty.
        let list = iovecs(&[(100, 3), (64, 2), (200, 0), (90, 2)]);
        guest.writes(
            "fd_read",
            &[fd, LIST, 4, SIZE],
            &[(LIST, &list)],
            &[(100, b"way"), (64, b"le"), (90, b"av"), (SIZE, b"\x07\0\0\0")],
        );
        assert_eq!(guest.tell(fd), Ok(7));
    });
}

fn a_read_at_the_end_is_short_and_then_empty<E: TestEngine>() {
    each_file::<E>(b"abcde", |_, guest, fd| {
        let list = iovecs(&[(100, 3), (110, 3)]);
        let args = [fd, LIST, 2, SIZE];
        let output: [(u64, &[u8]); 3] = [(100, b"abc"), (110, b"de"), (SIZE, b"\x05\0\0\0")];
        guest.writes("fd_read", &args, &[(LIST, &list)], &output);
        guest.writes("fd_read", &args, &[(LIST, &list)], &[(SIZE, &[0; 4])]);
    });
}

fn a_read_into_nothing_reads_nothing<E: TestEngine>() {
    each_file::<E>(b"abc", |_, guest, fd| {
        guest.writes("fd_read", &[fd, LIST, 0, SIZE], &[], &[(SIZE, &[0; 4])]);
        let empty = iovecs(&[(100, 0), (0x2_0000, 0)]);
        let args = [fd, LIST, 2, SIZE];
        guest.writes("fd_read", &args, &[(LIST, &empty)], &[(SIZE, &[0; 4])]);
        assert_eq!(guest.tell(fd), Ok(0));
    });
}

fn overlapping_buffers_end_the_list<E: TestEngine>() {
    each_file::<E>(b"abcdefgh", |_, guest, fd| {
        let list = iovecs(&[(100, 4), (102, 4)]);
        guest.writes(
            "fd_read",
            &[fd, LIST, 2, SIZE],
            &[(LIST, &list)],
            &[(100, b"abcd"), (SIZE, b"\x04\0\0\0")],
        );
        assert_eq!(guest.read(fd, 16), Ok(b"efgh".to_vec()));
    });
}

fn a_write_takes_buffers_in_their_order<E: TestEngine>() {
    each_file::<E>(b"", |sandbox, guest, fd| {
        let list = iovecs(&[(103, 5), (200, 0), (100, 3)]);
        guest.writes(
            "fd_write",
            &[fd, LIST, 3, SIZE],
            &[(LIST, &list), (100, b"waylever")],
            &[(SIZE, b"\x08\0\0\0")],
        );
        assert_eq!(sandbox.get("file"), b"leverway");
        assert_eq!(guest.tell(fd), Ok(8));
    });
}

fn a_write_of_nothing_writes_nothing<E: TestEngine>() {
    each_file::<E>(b"abc", |sandbox, guest, fd| {
        guest.writes("fd_write", &[fd, LIST, 0, SIZE], &[], &[(SIZE, &[0; 4])]);
        let empty = iovecs(&[(100, 0)]);
        guest.writes("fd_write", &[fd, LIST, 1, SIZE], &[(LIST, &empty)], &[(SIZE, &[0; 4])]);
        assert_eq!(sandbox.get("file"), b"abc");
    });
}

fn a_buffer_can_be_written_twice<E: TestEngine>() {
    each_file::<E>(b"", |sandbox, guest, fd| {
        let list = iovecs(&[(100, 2), (100, 2), (101, 2)]);
        guest.writes(
            "fd_write",
            &[fd, LIST, 3, SIZE],
            &[(LIST, &list), (100, b"abc")],
            &[(SIZE, b"\x06\0\0\0")],
        );
        assert_eq!(sandbox.get("file"), b"ababbc");
    });
}

fn reading_at_an_offset_leaves_the_position<E: TestEngine>() {
    each_file::<E>(b"wayleave", |_, guest, fd| {
        guest.seek(fd, 1, 0).unwrap();
        let list = iovecs(&[(100, 2), (110, 8)]);
        guest.writes(
            "fd_pread",
            &[fd, LIST, 2, 3, SIZE],
            &[(LIST, &list)],
            &[(100, b"le"), (110, b"ave"), (SIZE, b"\x05\0\0\0")],
        );
        let beyond = [fd, LIST, 2, 8, SIZE];
        guest.writes("fd_pread", &beyond, &[(LIST, &list)], &[(SIZE, &[0; 4])]);
        assert_eq!(guest.tell(fd), Ok(1));
    });
}

fn writing_at_an_offset_leaves_the_position<E: TestEngine>() {
    each_file::<E>(b"wayleave", |sandbox, guest, fd| {
        guest.seek(fd, 1, 0).unwrap();
        let list = iovecs(&[(100, 2), (100, 1)]);
        let mut pwrite = |offset| {
            let inputs: [(u64, &[u8]); 2] = [(LIST, &list), (100, b"XY")];
            let args = [fd, LIST, 2, offset, SIZE];
            guest.writes("fd_pwrite", &args, &inputs, &[(SIZE, b"\x03\0\0\0")]);
        };
        pwrite(2);
        assert_eq!(sandbox.get("file"), b"waXYXave");
        pwrite(10);
        assert_eq!(sandbox.get("file"), b"waXYXave\0\0XYX");
        assert_eq!(guest.tell(fd), Ok(1));
    });
}

fn offsets_at_the_extremes<E: TestEngine>() {
    each_file::<E>(b"abc", |sandbox, guest, fd| {
        guest.poke(LIST, &iovecs(&[(100, 2)]));
        let most = i64::MAX.cast_unsigned();
        for offset in [most + 1, u64::MAX] {
            guest.err("fd_pread", &[fd, LIST, 1, offset, SIZE], errno::INVAL);
            guest.err("fd_pwrite", &[fd, LIST, 1, offset, SIZE], errno::INVAL);
        }
        // Nothing is there to read; systems differ in whether asking is an error.
        let read = guest.call("fd_pread", &[fd, LIST, 1, most, SIZE]);
        assert!([errno::SUCCESS, errno::INVAL].contains(&read), "{read}");
        let written = guest.call("fd_pwrite", &[fd, LIST, 1, most, SIZE]);
        assert!([errno::FBIG, errno::INVAL].contains(&written), "{written}");
        assert_eq!(sandbox.get("file"), b"abc");
    });
}

fn writes_append_where_that_was_asked<E: TestEngine>() {
    each_file::<E>(b"abc", |sandbox, guest, _| {
        let append = Open { fdflags: 1, ..Open::WRITE };
        let fd = guest.open(3, "file", append).unwrap();
        assert_eq!(guest.write(fd, b"de"), Ok(2));
        guest.seek(fd, 0, 0).unwrap();
        assert_eq!(guest.write(fd, b"f"), Ok(1));
        assert_eq!(sandbox.get("file"), b"abcdef");
        assert_eq!(guest.tell(fd), Ok(6));
        let new = guest.open(3, "new", append.oflags(oflags::CREAT)).unwrap();
        assert_eq!(guest.write(new, b"x"), Ok(1));
        assert_eq!(sandbox.get("new"), b"x");
    });
}

fn appending_can_be_switched<E: TestEngine>() {
    each_file::<E>(b"abc", |sandbox, guest, fd| {
        guest.ok("fd_fdstat_set_flags", &[fd, 1]);
        assert_eq!(guest.write(fd, b"d"), Ok(1));
        guest.ok("fd_fdstat_set_flags", &[fd, 0]);
        guest.seek(fd, 0, 0).unwrap();
        assert_eq!(guest.write(fd, b"A"), Ok(1));
        assert_eq!(sandbox.get("file"), b"Abcd");
    });
}

fn input_is_read_and_output_collected<E: TestEngine>() {
    let (out, err) = (Capture::new(8), Capture::new(100));
    let grants = Grants::new()
        .stdin(Arc::new(Input::new("in")))
        .stdout(Arc::new(out.clone()))
        .stderr(Arc::new(err.clone()));
    let mut guest = Guest::<E>::new(grants);
    let list = iovecs(&[(100, 1), (110, 5)]);
    guest.writes(
        "fd_read",
        &[0, LIST, 2, SIZE],
        &[(LIST, &list)],
        &[(100, b"i"), (110, b"n"), (SIZE, b"\x02\0\0\0")],
    );
    assert_eq!(guest.read(0, 5), Ok(Vec::new()));
    assert_eq!(guest.write(1, b"to the"), Ok(6));
    assert_eq!(guest.write(1, b" limit"), Ok(2));
    assert_eq!(guest.write(1, b"x"), Err(51));
    assert_eq!(guest.write(2, b"failed"), Ok(6));
    assert_eq!((out.contents(), err.contents()), (b"to the l".to_vec(), b"failed".to_vec()));
    assert_eq!(guest.write(0, b"x"), Err(errno::NOTCAPABLE));
    assert_eq!(guest.read(1, 1), Err(errno::NOTCAPABLE));
}

fn streams_have_no_offsets<E: TestEngine>() {
    let mut guest = Guest::<E>::new(Grants::new().stdin(Arc::new(Input::new("in"))));
    guest.poke(LIST, &iovecs(&[(100, 2)]));
    guest.err("fd_pread", &[0, LIST, 1, 0, SIZE], errno::NOTCAPABLE);
    guest.err("fd_seek", &[0, 0, 1, SIZE], errno::NOTCAPABLE);
    guest.err("fd_tell", &[0, SIZE], errno::NOTCAPABLE);
    assert_eq!(guest.read(0, 2), Ok(b"in".to_vec()));
}
