//! `poll_oneoff`.

use crate::sock::listener;
use crate::support::{
    Event, Guest, Open, Sandbox, Subscription, TestEngine, Version, each_engine, errno,
    fixed_clocks,
};
use std::io::Write;
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};
use wayleave_grants::Grants;
use wayleave_system::fs::OsFile;
use wayleave_system::stdio::Input;

each_engine! {
    an_event_is_32_bytes,
    a_sleep_takes_its_time,
    an_absolute_time_in_the_past_is_due,
    an_absolute_time_is_the_clocks_own,
    only_what_has_happened_is_told,
    clocks_of_processor_time_can_not_be_waited_for,
    input_in_memory_is_ready,
    a_regular_file_is_ready_with_its_bytes_left,
    a_pipe_is_ready_when_something_is_there,
    a_listener_is_ready_when_somebody_connects,
    a_connection_is_ready_when_bytes_come,
    a_bad_descriptor_is_told_in_its_event,
    no_subscription_is_invalid,
    an_unknown_kind_is_invalid,
}

const V1: Version = Version::Snapshot1;
/// Nanoseconds that no test waits for unless something is wrong.
const LATE: u64 = 10_000_000_000;

fn event(userdata: u64, kind: u8, nbytes: u64) -> Event {
    Event { userdata, error: 0, kind, nbytes, flags: 0 }
}

fn an_event_is_32_bytes<E: TestEngine>() {
    let mut guest = Guest::<E>::new(Grants::new().stdin(Arc::new(Input::new("abc"))));
    let list =
        [Subscription::after(0).bytes(V1, 0x0102_0304), Subscription::Read(0).bytes(V1, u64::MAX)];
    let mut read = [0; 32];
    read[..8].fill(0xff);
    read[10] = 1;
    read[16] = 3;
    let mut clock = [0; 32];
    clock[..4].copy_from_slice(&[4, 3, 2, 1]);
    let events = [read, clock].concat();
    guest.writes(
        "poll_oneoff",
        &[100, 301, 2, 33],
        &[(100, &list.concat())],
        &[(301, &events), (33, b"\x02\0\0\0")],
    );
}

fn a_sleep_takes_its_time<E: TestEngine>() {
    let mut guest = Guest::<E>::new(Grants::new());
    for id in [0, 1] {
        let start = Instant::now();
        let sleep = Subscription::Clock { id, timeout: 20_000_000, absolute: false };
        assert_eq!(guest.poll(V1, &[sleep]), Ok(vec![event(0, 0, 0)]));
        assert!(start.elapsed() >= Duration::from_millis(20));
    }
}

fn an_absolute_time_in_the_past_is_due<E: TestEngine>() {
    let mut guest = Guest::<E>::new(Grants::new());
    for id in [0, 1] {
        guest.ok("clock_time_get", &[id.into(), 0, 16]);
        for timeout in [0, guest.u64(16)] {
            let past = Subscription::Clock { id, timeout, absolute: true };
            let never = Subscription::after(u64::MAX);
            assert_eq!(guest.poll(V1, &[never, past]), Ok(vec![event(1, 0, 0)]));
        }
        let start = Instant::now();
        guest.ok("clock_time_get", &[id.into(), 0, 16]);
        let timeout = guest.u64(16) + 20_000_000;
        let soon = Subscription::Clock { id, timeout, absolute: true };
        assert_eq!(guest.poll(V1, &[soon]), Ok(vec![event(0, 0, 0)]));
        assert!(start.elapsed() >= Duration::from_millis(20));
    }
}

fn an_absolute_time_is_the_clocks_own<E: TestEngine>() {
    let mut grants = Grants::new();
    grants.clocks = fixed_clocks();
    let mut guest = Guest::<E>::new(grants);
    // The clocks show 101 and 102 nanoseconds.
    for (id, timeout) in [(0, 101), (1, 102)] {
        let due = Subscription::Clock { id, timeout, absolute: true };
        let later = Subscription::Clock { id, timeout: timeout + LATE, absolute: true };
        assert_eq!(guest.poll(V1, &[later, due]), Ok(vec![event(1, 0, 0)]));
    }
}

fn only_what_has_happened_is_told<E: TestEngine>() {
    let mut guest = Guest::<E>::new(Grants::new());
    let times = [LATE, 1_000_000, LATE, 0, 0, u64::MAX].map(Subscription::after);
    assert_eq!(guest.poll(V1, &times), Ok(vec![event(3, 0, 0), event(4, 0, 0)]));
    assert_eq!(guest.poll(V1, &times[..3]), Ok(vec![event(1, 0, 0)]));
}

fn clocks_of_processor_time_can_not_be_waited_for<E: TestEngine>() {
    let mut guest = Guest::<E>::new(Grants::new());
    for (id, error) in [(2, 58), (3, 58), (4, 28), (u32::MAX, 28)] {
        let clock = Subscription::Clock { id, timeout: LATE, absolute: false };
        let refused = Event { error, ..event(1, 0, 0) };
        let events = guest.poll(V1, &[Subscription::after(LATE), clock]);
        assert_eq!(events, Ok(vec![refused]));
    }
}

fn input_in_memory_is_ready<E: TestEngine>() {
    let mut guest = Guest::<E>::new(Grants::new().stdin(Arc::new(Input::new("abc"))));
    let list = [Subscription::Read(0), Subscription::after(LATE), Subscription::Write(1)];
    assert_eq!(guest.poll(V1, &list), Ok(vec![event(0, 1, 3), event(2, 2, 1)]));
    guest.read(0, 2).unwrap();
    assert_eq!(guest.poll(V1, &list[..2]), Ok(vec![event(0, 1, 1)]));
    guest.read(0, 2).unwrap();
    assert_eq!(guest.poll(V1, &list[..2]), Ok(vec![event(0, 1, 0)]));
}

fn a_regular_file_is_ready_with_its_bytes_left<E: TestEngine>() {
    for sandbox in Sandbox::each() {
        sandbox.put("file", b"abcde");
        let mut guest = Guest::<E>::new(sandbox.grants());
        assert_eq!(guest.open(3, "file", Open::WRITE), Ok(4));
        guest.seek(4, 2, 0).unwrap();
        let list = [Subscription::Read(4), Subscription::Write(4)];
        assert_eq!(guest.poll(V1, &list), Ok(vec![event(0, 1, 3), event(1, 2, 1)]));
        guest.seek(4, 9, 0).unwrap();
        assert_eq!(guest.poll(V1, &list[..1]), Ok(vec![event(0, 1, 0)]));
    }
}

fn a_pipe_is_ready_when_something_is_there<E: TestEngine>() {
    let (reader, mut writer) = std::io::pipe().unwrap();
    let reader = OsFile::from(std::fs::File::from(std::os::fd::OwnedFd::from(reader)));
    let mut guest = Guest::<E>::new(Grants::new().stdin(Arc::new(reader)));
    let list = [Subscription::Read(0), Subscription::after(1_000_000)];
    assert_eq!(guest.poll(V1, &list), Ok(vec![event(1, 0, 0)]));
    writer.write_all(b"abcd").unwrap();
    let list = [Subscription::Read(0), Subscription::after(LATE)];
    assert_eq!(guest.poll(V1, &list), Ok(vec![event(0, 1, 4)]));
    assert_eq!(guest.read(0, 9), Ok(b"abcd".to_vec()));
    drop(writer);
    let hangup = Event { flags: 1, ..event(0, 1, 0) };
    assert_eq!(guest.poll(V1, &list), Ok(vec![hangup]));
    assert_eq!(guest.read(0, 9), Ok(Vec::new()));
}

fn a_listener_is_ready_when_somebody_connects<E: TestEngine>() {
    let (grants, address) = listener();
    let mut guest = Guest::<E>::new(grants);
    let list = [Subscription::Read(3), Subscription::after(1_000_000)];
    assert_eq!(guest.poll(V1, &list), Ok(vec![event(1, 0, 0)]));
    let _peer = TcpStream::connect(address).unwrap();
    let list = [Subscription::Read(3), Subscription::after(LATE)];
    assert_eq!(guest.poll(V1, &list), Ok(vec![event(0, 1, 1)]));
}

fn a_connection_is_ready_when_bytes_come<E: TestEngine>() {
    let (grants, address) = listener();
    let mut guest = Guest::<E>::new(grants);
    let mut peer = TcpStream::connect(address).unwrap();
    guest.ok("sock_accept", &[3, 0, 16]);
    let list = [Subscription::Read(4), Subscription::Write(4), Subscription::Read(3)];
    assert_eq!(guest.poll(V1, &list), Ok(vec![event(1, 2, 1)]));
    peer.write_all(b"abc").unwrap();
    assert_eq!(guest.poll(V1, &list[..1]), Ok(vec![event(0, 1, 3)]));
    guest.read(4, 9).unwrap();
    drop(peer);
    let events = guest.poll(V1, &list[..1]).unwrap();
    assert_eq!((events[0].nbytes, events[0].error), (0, 0));
}

fn a_bad_descriptor_is_told_in_its_event<E: TestEngine>() {
    let sandbox = Sandbox::new(crate::support::Provider::Memory);
    let mut guest = Guest::<E>::new(sandbox.grants());
    let list = [
        Subscription::Read(9),
        Subscription::after(LATE),
        Subscription::Write(u32::MAX),
        Subscription::Write(1),
    ];
    let bad = |userdata, kind| Event { error: 8, ..event(userdata, kind, 0) };
    let events = guest.poll(V1, &list);
    assert_eq!(events, Ok(vec![bad(0, 1), bad(2, 2), event(3, 2, 1)]));
    // A folder is neither read nor written.
    let events = guest.poll(V1, &[Subscription::Read(3)]).unwrap();
    assert_ne!(events[0].error, 0);
    guest.ok("fd_fdstat_set_rights", &[1, 0, 0]);
    let refused = Event { error: 76, ..event(0, 2, 0) };
    assert_eq!(guest.poll(V1, &[Subscription::Write(1)]), Ok(vec![refused]));
}

fn no_subscription_is_invalid<E: TestEngine>() {
    Guest::<E>::new(Grants::new()).err("poll_oneoff", &[100, 300, 0, 32], errno::INVAL);
}

fn an_unknown_kind_is_invalid<E: TestEngine>() {
    let mut guest = Guest::<E>::new(Grants::new());
    for version in [V1] {
        for kind in [3, 255] {
            let mut list = Subscription::after(LATE).bytes(version, 0);
            list[8] = kind;
            guest.poke(100, &list);
            guest.err("poll_oneoff", &[100, 300, 1, 32], errno::INVAL);
        }
    }
}
