//! Descriptors that are closed, never were, or are of the wrong kind.

use crate::sock::listener;
use crate::support::errno::{
    BADF, INVAL, ISDIR, NOTCAPABLE, NOTCONN, NOTDIR, NOTSOCK, SPIPE, SUCCESS,
};
use crate::support::{
    Guest, Open, Provider, Sandbox, Subscription, TestEngine, Version, each_engine,
};
use std::net::TcpStream;
use std::sync::Arc;
use wayleave_grants::Grants;
use wayleave_system::stdio::Input;

each_engine! {
    a_number_that_is_not_open_is_bad,
    each_call_on_each_kind,
}

const STREAM: u64 = 0;
const DIR: u64 = 3;
const LISTENER: u64 = 4;
const FILE: u64 = 5;
const SOCKET: u64 = 6;
const CLOSED: u64 = 7;

/// Each call with its descriptor first, and what it is told of a file, a folder, a stream without
/// a place, a listener and a connection. The texts "file" and "new" are at 100 and 110, a list of
/// no buffer is at 0; results go from 300 on.
type Case = (&'static str, &'static [u64], [u32; 5]);

const CASES: [Case; 34] = [
    ("fd_advise", &[0, 0, 0], [SUCCESS, SUCCESS, NOTCAPABLE, SPIPE, SPIPE]),
    ("fd_allocate", &[0, 1], [SUCCESS, ISDIR, NOTCAPABLE, SPIPE, SPIPE]),
    ("fd_datasync", &[], [SUCCESS, SUCCESS, NOTCAPABLE, NOTCAPABLE, NOTCAPABLE]),
    ("fd_fdstat_get", &[300], [SUCCESS; 5]),
    ("fd_fdstat_set_flags", &[4], [SUCCESS; 5]),
    ("fd_fdstat_set_rights", &[u64::MAX, 0], [NOTCAPABLE; 5]),
    ("fd_filestat_get", &[300], [SUCCESS; 5]),
    ("fd_filestat_set_size", &[8], [SUCCESS, ISDIR, NOTCAPABLE, SPIPE, SPIPE]),
    ("fd_filestat_set_times", &[0, 0, 10], [SUCCESS, SUCCESS, NOTCAPABLE, NOTCAPABLE, NOTCAPABLE]),
    ("fd_pread", &[0, 0, 0, 300], [SUCCESS, ISDIR, NOTCAPABLE, SPIPE, SPIPE]),
    ("fd_prestat_get", &[300], [BADF, SUCCESS, BADF, BADF, BADF]),
    ("fd_prestat_dir_name", &[300, 99], [BADF, SUCCESS, BADF, BADF, BADF]),
    ("fd_pwrite", &[0, 0, 0, 300], [SUCCESS, ISDIR, NOTCAPABLE, SPIPE, SPIPE]),
    ("fd_read", &[0, 0, 300], [SUCCESS, ISDIR, SUCCESS, NOTCONN, SUCCESS]),
    ("fd_readdir", &[300, 99, 0, 400], [NOTDIR, SUCCESS, NOTDIR, NOTDIR, NOTDIR]),
    ("fd_seek", &[0, 1, 300], [SUCCESS, ISDIR, NOTCAPABLE, SPIPE, SPIPE]),
    ("fd_sync", &[], [SUCCESS, SUCCESS, NOTCAPABLE, NOTCAPABLE, NOTCAPABLE]),
    ("fd_tell", &[300], [SUCCESS, ISDIR, NOTCAPABLE, SPIPE, SPIPE]),
    ("fd_write", &[0, 0, 300], [SUCCESS, ISDIR, NOTCAPABLE, NOTCONN, SUCCESS]),
    ("path_create_directory", &[110, 3], [NOTDIR, SUCCESS, NOTDIR, NOTDIR, NOTDIR]),
    ("path_filestat_get", &[0, 100, 4, 300], [NOTDIR, SUCCESS, NOTDIR, NOTDIR, NOTDIR]),
    ("path_filestat_set_times", &[0, 100, 4, 0, 0, 10], [NOTDIR, SUCCESS, NOTDIR, NOTDIR, NOTDIR]),
    ("path_link", &[0, 100, 4, DIR, 110, 3], [NOTDIR, SUCCESS, NOTDIR, NOTDIR, NOTDIR]),
    ("path_open", &[0, 100, 4, 0, 2, 0, 0, 300], [NOTDIR, SUCCESS, NOTDIR, NOTDIR, NOTDIR]),
    ("path_readlink", &[100, 4, 400, 9, 300], [NOTDIR, INVAL, NOTDIR, NOTDIR, NOTDIR]),
    ("path_remove_directory", &[100, 4], [NOTDIR, NOTDIR, NOTDIR, NOTDIR, NOTDIR]),
    ("path_rename", &[100, 4, DIR, 110, 3], [NOTDIR, SUCCESS, NOTDIR, NOTDIR, NOTDIR]),
    ("path_unlink_file", &[100, 4], [NOTDIR, SUCCESS, NOTDIR, NOTDIR, NOTDIR]),
    ("sock_accept", &[0, 300], [NOTSOCK, NOTSOCK, NOTSOCK, SUCCESS, INVAL]),
    ("sock_recv", &[0, 0, 0, 300, 400], [NOTSOCK, NOTSOCK, NOTSOCK, NOTCONN, SUCCESS]),
    ("sock_send", &[0, 0, 0, 300], [NOTSOCK, NOTSOCK, NOTSOCK, NOTCONN, SUCCESS]),
    ("sock_shutdown", &[1], [NOTSOCK, NOTSOCK, NOTSOCK, NOTCONN, SUCCESS]),
    ("fd_renumber", &[CLOSED], [BADF; 5]),
    ("fd_close", &[], [SUCCESS; 5]),
];

/// Calls whose second descriptor is at an index.
const SECOND: [(&str, usize, &[u64]); 4] = [
    ("path_link", 4, &[DIR, 0, 100, 4, 0, 110, 3]),
    ("path_rename", 3, &[DIR, 100, 4, 0, 110, 3]),
    ("path_symlink", 2, &[100, 4, 0, 110, 3]),
    ("fd_renumber", 1, &[FILE, 0]),
];

fn world<E: TestEngine>() -> (Guest<E>, Sandbox, [TcpStream; 2]) {
    let sandbox = Sandbox::new(Provider::Kernel);
    sandbox.put("file", b"abc");
    let (grants, address) = listener();
    let grants = Grants { preopens: sandbox.grants().preopens, ..grants };
    let mut guest = Guest::<E>::new(grants.stdin(Arc::new(Input::new("abc"))));
    assert_eq!(guest.open(DIR, "file", Open::WRITE), Ok(FILE));
    let peers = [(); 2].map(|()| TcpStream::connect(address).unwrap());
    guest.ok("sock_accept", &[LISTENER, 0, 0]);
    assert_eq!(guest.open(DIR, "file", Open::READ), Ok(CLOSED));
    guest.close(CLOSED);
    guest.memory(|memory| memory.fill(b'?'));
    guest.poke(100, b"file");
    guest.poke(110, b"new");
    (guest, sandbox, peers)
}

const NOT_OPEN: [u64; 6] = [CLOSED, CLOSED + 1, 1000, i32::MAX as u64, 1 << 31, u32::MAX as u64];

fn a_number_that_is_not_open_is_bad<E: TestEngine>() {
    let (mut guest, sandbox, _peers) = world::<E>();
    for fd in NOT_OPEN {
        for (name, rest, _) in CASES {
            guest.err(name, &[&[fd], rest].concat(), BADF);
        }
        for (name, index, args) in SECOND {
            let mut args = args.to_vec();
            args[index] = fd;
            guest.err(name, &args, BADF);
        }
    }
    assert_eq!(guest.list(DIR, 4096, 0).0.len(), 3);
    assert_eq!(sandbox.get("file"), b"abc");
}

fn each_call_on_each_kind<E: TestEngine>() {
    for (name, rest, expected) in CASES {
        let kinds = [FILE, DIR, STREAM, LISTENER, SOCKET];
        for (fd, expected) in kinds.into_iter().zip(expected) {
            let (mut guest, _sandbox, _peers) = world::<E>();
            let args = [&[fd], rest].concat();
            match expected {
                SUCCESS => guest.ok(name, &args),
                _ => guest.err(name, &args, expected),
            }
        }
    }
    for (name, index, args) in &SECOND[..3] {
        for fd in [FILE, STREAM, LISTENER, SOCKET] {
            let (mut guest, _sandbox, _peers) = world::<E>();
            let mut args = args.to_vec();
            args[*index] = fd;
            guest.err(name, &args, NOTDIR);
        }
    }
    let (mut guest, _sandbox, _peers) = world::<E>();
    let events = guest.poll(Version::Snapshot1, &[Subscription::Write(3)]).unwrap();
    assert_ne!(events[0].error, 0, "a folder is not written to");
}
