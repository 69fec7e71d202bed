//! A guest that waits in a call can be ended from outside.

use crate::sock::listener;
use crate::support::{Guest, Subscription, TestEngine, Version, each_engine, each_version, iovecs};
use std::io::Write;
use std::net::TcpStream;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::{Duration, Instant};
use wayleave_engine::{Stop, TrapKind};
use wayleave_grants::Grants;
use wayleave_system::fs::OsFile;
use wayleave_system::wait::Interrupt;

each_version! {
    a_sleep_ends,
    waiting_for_a_descriptor_ends,
    reading_an_empty_pipe_ends,
    writing_to_a_full_pipe_ends,
}

each_engine! {
    accepting_ends,
    receiving_ends,
    receiving_all_ends_in_the_middle,
    sending_ends,
    what_is_interrupted_already_does_not_begin_to_wait,
    what_can_be_interrupted_still_waits_for_bytes,
}

const LIST: u64 = 8;

fn pipe() -> (Arc<OsFile>, Arc<OsFile>) {
    let (reader, writer) = std::io::pipe().unwrap();
    let file = |fd: OwnedFd| Arc::new(OsFile::from(std::fs::File::from(fd)));
    (file(reader.into()), file(writer.into()))
}

/// Makes a guest of 0.1 with an interrupt.
fn guest<E: TestEngine>(grants: Grants) -> (Guest<E>, Interrupt) {
    guest_of(Version::Snapshot1, grants)
}

fn guest_of<E: TestEngine>(version: Version, grants: Grants) -> (Guest<E>, Interrupt) {
    let interrupt = Interrupt::new();
    let mut guest = Guest::<E>::of(version, grants.interrupt(interrupt.clone()));
    guest.poke(LIST, &iovecs(&[(0x8000, 0x8000)]));
    (guest, interrupt)
}

/// Interrupts while the guest is in a call, which ends it soon.
fn ends<E: TestEngine>((mut guest, interrupt): (Guest<E>, Interrupt), name: &str, args: &[u64]) {
    std::thread::scope(|scope| {
        let triggered = scope.spawn(move || {
            std::thread::sleep(Duration::from_millis(30));
            let at = Instant::now();
            interrupt.trigger();
            E::shared().engine.kick();
            at
        });
        let result = guest.try_call(name, args);
        let ended = Instant::now();
        match result {
            Err(Stop::Trap(trap)) => assert_eq!(trap.kind, TrapKind::Interrupted, "{trap}"),
            other => panic!("{name}: {other:?}"),
        }
        let triggered = triggered.join().unwrap();
        assert!(ended >= triggered, "{name} did not wait");
        assert!(ended - triggered < Duration::from_secs(2), "{name} took its time");
    });
}

fn a_sleep_ends<E: TestEngine>(version: Version) {
    let hour = Subscription::after(3_600_000_000_000);
    for sleep in [hour, Subscription::after(u64::MAX)] {
        let mut world = guest_of::<E>(version, Grants::new());
        world.0.poke(100, &sleep.bytes(version, 0));
        ends(world, "poll_oneoff", &[100, 300, 1, 32]);
    }
}

fn waiting_for_a_descriptor_ends<E: TestEngine>(version: Version) {
    let (reader, _writer) = pipe();
    let mut world = guest_of::<E>(version, Grants::new().stdin(reader));
    world.0.poke(100, &Subscription::Read(0).bytes(version, 0));
    ends(world, "poll_oneoff", &[100, 300, 1, 32]);
}

fn reading_an_empty_pipe_ends<E: TestEngine>(version: Version) {
    let (reader, _writer) = pipe();
    ends(guest_of::<E>(version, Grants::new().stdin(reader)), "fd_read", &[0, LIST, 1, 32]);
}

fn writing_to_a_full_pipe_ends<E: TestEngine>(version: Version) {
    let (_reader, writer) = pipe();
    let mut world = guest_of::<E>(version, Grants::new().stdout(writer));
    world.0.ok("fd_fdstat_set_flags", &[1, 4]);
    while world.0.write(1, &[0; 4096]).is_ok() {}
    world.0.ok("fd_fdstat_set_flags", &[1, 0]);
    ends(world, "fd_write", &[1, LIST, 1, 32]);
}

fn accepting_ends<E: TestEngine>() {
    ends(guest::<E>(listener().0), "sock_accept", &[3, 0, 32]);
}

/// With a connection as descriptor 4.
fn connected<E: TestEngine>() -> ((Guest<E>, Interrupt), TcpStream) {
    let (grants, address) = listener();
    let mut world = guest::<E>(grants);
    let peer = TcpStream::connect(address).unwrap();
    world.0.ok("sock_accept", &[3, 0, 32]);
    (world, peer)
}

fn receiving_ends<E: TestEngine>() {
    let (world, _peer) = connected::<E>();
    ends(world, "sock_recv", &[4, LIST, 1, 0, 32, 40]);
    let (world, _peer) = connected::<E>();
    ends(world, "fd_read", &[4, LIST, 1, 32]);
}

fn receiving_all_ends_in_the_middle<E: TestEngine>() {
    let (world, mut peer) = connected::<E>();
    peer.write_all(b"not all").unwrap();
    ends(world, "sock_recv", &[4, LIST, 1, 2, 32, 40]);
}

fn sending_ends<E: TestEngine>() {
    let (mut world, _peer) = connected::<E>();
    world.0.ok("fd_fdstat_set_flags", &[4, 4]);
    while world.0.write(4, &[0; 0x4000]).is_ok() {}
    world.0.ok("fd_fdstat_set_flags", &[4, 0]);
    ends(world, "sock_send", &[4, LIST, 1, 0, 32]);
}

fn what_is_interrupted_already_does_not_begin_to_wait<E: TestEngine>() {
    let (mut guest, interrupt) = guest::<E>(listener().0);
    interrupt.trigger();
    match guest.try_call("sock_accept", &[3, 0, 32]) {
        Err(Stop::Trap(trap)) => assert_eq!(trap.kind, TrapKind::Interrupted),
        other => panic!("{other:?}"),
    }
}

fn what_can_be_interrupted_still_waits_for_bytes<E: TestEngine>() {
    let (reader, mut writer) = std::io::pipe().unwrap();
    let reader = OsFile::from(std::fs::File::from(OwnedFd::from(reader)));
    let (mut guest, _interrupt) = guest::<E>(Grants::new().stdin(Arc::new(reader)));
    let late = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(20));
        writer.write_all(b"late").unwrap();
    });
    assert_eq!(guest.read(0, 9), Ok(b"late".to_vec()));
    late.join().unwrap();
    assert_eq!(guest.read(0, 9), Ok(Vec::new()));
}
