//! WASI 0.0: what it lays out in another way. (The origins of `fd_seek` are with the other tests
//! of it.)

use crate::support::{
    Guest, MEMORY, Open, Provider, Sandbox, Subscription, TestEngine, Version, each_engine, errno,
};
use std::os::unix::fs::MetadataExt;
use std::sync::Arc;
use std::time::{Duration, Instant};
use wayleave_grants::Grants;
use wayleave_system::stdio::Input;

each_engine! {
    metadata_is_56_bytes_with_a_narrow_link_count,
    metadata_at_the_end_of_memory,
    a_subscription_is_56_bytes_with_the_clock_behind_an_identifier,
    a_subscription_at_the_end_of_memory,
    the_rest_is_as_in_0_1,
}

const V0: Version = Version::Unstable;

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new(Provider::Kernel);
    sandbox.put("file", b"abcde");
    sandbox
}

fn metadata_is_56_bytes_with_a_narrow_link_count<E: TestEngine>() {
    let sandbox = sandbox();
    let mut guest = Guest::<E>::of(V0, sandbox.grants());
    guest.set_times(3, "file", 0, (11, 22, 0b0101)).unwrap();
    let host = sandbox.host("inside/file").unwrap().metadata().unwrap();
    let ctim = host.ctime() * 1_000_000_000 + host.ctime_nsec();
    let fields = [host.dev(), host.ino(), 4 | 1 << 32, 5, 11, 22, ctim.cast_unsigned()];
    let expected: Vec<u8> = fields.into_iter().flat_map(u64::to_le_bytes).collect();
    let path: (u64, &[u8]) = (64, b"file");
    let args = [3, 0, 64, 4, 101];
    guest.writes("path_filestat_get", &args, &[path], &[(101, &expected)]);
    let fd = guest.open(3, "file", Open::READ).unwrap();
    guest.writes("fd_filestat_get", &[fd, 101], &[], &[(101, &expected)]);
}

fn metadata_at_the_end_of_memory<E: TestEngine>() {
    let mut guest = Guest::<E>::of(V0, Grants::new());
    guest.ok("fd_filestat_get", &[0, MEMORY - 56]);
    guest.err("fd_filestat_get", &[0, MEMORY - 55], errno::FAULT);
}

fn a_subscription_is_56_bytes_with_the_clock_behind_an_identifier<E: TestEngine>() {
    let mut guest = Guest::<E>::of(V0, Grants::new().stdin(Arc::new(Input::new("abc"))));
    let start = Instant::now();
    let list =
        [Subscription::after(u64::MAX).bytes(V0, 7), Subscription::after(20_000_000).bytes(V0, 9)];
    let mut clock = [0; 32];
    clock[0] = 9;
    guest.writes(
        "poll_oneoff",
        &[100, 301, 2, 33],
        &[(100, &list.concat())],
        &[(301, &clock), (33, b"\x01\0\0\0")],
    );
    assert!(start.elapsed() >= Duration::from_millis(20));
    let list = [Subscription::after(u64::MAX), Subscription::Read(0), Subscription::Write(1)];
    let events = guest.poll(V0, &list).unwrap();
    let told: Vec<_> = events.iter().map(|event| (event.userdata, event.kind)).collect();
    assert_eq!(told, [(1, 1), (2, 2)]);
}

fn a_subscription_at_the_end_of_memory<E: TestEngine>() {
    let mut guest = Guest::<E>::of(V0, Grants::new());
    guest.poke(MEMORY - 56, &Subscription::after(0).bytes(V0, 0));
    guest.ok("poll_oneoff", &[MEMORY - 56, 64, 1, 32]);
    guest.err("poll_oneoff", &[MEMORY - 55, 64, 1, 32], errno::FAULT);
}

fn the_rest_is_as_in_0_1<E: TestEngine>() {
    let sandbox = sandbox();
    let mut guest = Guest::<E>::of(V0, sandbox.grants().arg("a").unwrap());
    guest.writes("args_get", &[8, 32], &[], &[(8, b"\x20\0\0\0"), (32, b"a\0")]);
    let fd = guest.open(3, "file", Open::WRITE).unwrap();
    assert_eq!(guest.write(fd, b"xy"), Ok(2));
    assert_eq!(guest.tell(fd), Ok(2));
    assert_eq!(guest.read(fd, 9), Ok(b"cde".to_vec()));
    assert_eq!(sandbox.get("file"), b"xycde");
    assert_eq!(guest.list(3, 4096, 0).0.len(), 3);
}
