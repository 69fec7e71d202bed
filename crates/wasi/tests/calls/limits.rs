//! What a guest can make the host hold: descriptors, memory, time.

use crate::sock::listener;
use crate::support::oflags::CREAT;
use crate::support::{
    Guest, MEMORY, Open, Provider, Sandbox, Subscription, TestEngine, Version, each_version, errno,
    peak,
};
use std::net::TcpStream;
use std::time::{Duration, Instant};
use wayleave_grants::{Grants, Limits};

each_version! {
    descriptors_are_limited_and_closing_makes_room,
    at_the_limit_nothing_is_made_or_accepted,
    a_million_buffers_cost_the_host_little,
    the_longest_list_to_wait_for,
    a_path_as_long_as_the_memory,
}

fn limited(grants: Grants, descriptors: usize) -> Grants {
    let mut limits = Limits::default();
    limits.descriptors = descriptors;
    grants.limits(limits)
}

fn descriptors_are_limited_and_closing_makes_room<E: TestEngine>(version: Version) {
    for sandbox in Sandbox::each() {
        sandbox.put("file", b"abc");
        let mut guest = Guest::<E>::of(version, limited(sandbox.grants(), 64));
        for expected in 4..64 {
            assert_eq!(guest.open(3, "file", Open::READ), Ok(expected));
        }
        for _ in 0..100 {
            assert_eq!(guest.open(3, "file", Open::READ), Err(errno::MFILE));
            assert_eq!(guest.open(3, ".", Open::DIR), Err(errno::MFILE));
        }
        guest.close(30);
        assert_eq!(guest.open(3, "file", Open::READ), Ok(30));
        assert_eq!(guest.open(3, "file", Open::READ), Err(errno::MFILE));
    }
}

fn at_the_limit_nothing_is_made_or_accepted<E: TestEngine>(version: Version) {
    let sandbox = Sandbox::new(Provider::Kernel);
    if version == Version::Unstable {
        // Which accepts nothing.
        let mut guest = Guest::<E>::of(version, limited(sandbox.grants(), 4));
        assert_eq!(guest.open(3, "new", Open::WRITE.oflags(CREAT)), Err(errno::MFILE));
        return assert!(!sandbox.has("new"));
    }
    let (grants, address) = listener();
    let grants = Grants { preopens: sandbox.grants().preopens, ..grants };
    let mut guest = Guest::<E>::of(version, limited(grants, 5));
    let _peer = TcpStream::connect(address).unwrap();
    guest.err("sock_accept", &[4, 0, 16], errno::MFILE);
    assert_eq!(guest.open(3, "new", Open::WRITE.oflags(CREAT)), Err(errno::MFILE));
    assert!(!sandbox.has("new"));
    // The connection still waits.
    guest.close(2);
    guest.ok("sock_accept", &[4, 0, 16]);
    assert_eq!(guest.u32(16), 2);
}

fn a_million_buffers_cost_the_host_little<E: TestEngine>(version: Version) {
    const COUNT: usize = 1 << 20;
    let mut guest = Guest::<E>::of(version, Grants::new());
    assert_eq!(guest.call("grow", &[128]), 2);
    // Each is the first 64 KiB.
    let list: Vec<u8> = [[0, 0, 0, 0, 0, 0, 1, 0]; COUNT].concat();
    guest.poke(MEMORY, &list);
    drop(list);
    let (before, start) = (peak(), Instant::now());
    let size = MEMORY - 4;
    guest.ok("fd_write", &[1, MEMORY, COUNT as u64, size]);
    assert!(guest.u32(size) >= 1 << 16);
    guest.ok("fd_read", &[0, MEMORY, COUNT as u64, size]);
    assert_eq!(guest.u32(size), 0);
    // The other tests run meanwhile; to copy all would take 64 GiB.
    assert!(peak() - before < 128 << 20, "{} bytes more", peak() - before);
    assert!(start.elapsed() < Duration::from_secs(5));
}

fn the_longest_list_to_wait_for<E: TestEngine>(version: Version) {
    const MOST: usize = 16_384;
    let mut guest = Guest::<E>::of(version, Grants::new());
    assert_eq!(guest.call("grow", &[30]), 2);
    let list = Subscription::Write(1).bytes(version, 7).repeat(MOST + 1);
    guest.poke(MEMORY, &list);
    let events = MEMORY + list.len() as u64;
    let most = MOST as u64;
    guest.ok("poll_oneoff", &[MEMORY, events, most, 16]);
    assert_eq!(guest.u32(16) as usize, MOST);
    let all = guest.peek(events, MOST * 32);
    assert!(all.chunks(32).all(|event| event[0] == 7 && event[10] == 2));
    for count in [most + 1, 1 << 27, 1 << 31, u64::from(u32::MAX)] {
        guest.err("poll_oneoff", &[MEMORY, events, count, 16], errno::INVAL);
    }
}

fn a_path_as_long_as_the_memory<E: TestEngine>(version: Version) {
    for sandbox in Sandbox::each() {
        let mut guest = Guest::<E>::of(version, sandbox.grants());
        guest.memory(|memory| memory.fill(b'a'));
        guest.err("path_create_directory", &[3, 0, MEMORY], errno::NAMETOOLONG);
        guest.err("path_symlink", &[0, MEMORY, 3, 0, 4], errno::NAMETOOLONG);
        guest.memory(|memory| memory.iter_mut().step_by(2).for_each(|byte| *byte = b'/'));
        guest.err("path_filestat_get", &[3, 0, 1, MEMORY - 1, 0], errno::NAMETOOLONG);
        assert_eq!(guest.list(3, 4096, 0).0.len(), 2);
    }
}
