//! A guest that waits in a call can be ended.

use crate::support::{Guest, Subscription, TestEngine, Version, each_engine};
use std::net::TcpListener;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};
use wayleave_engine::{Stop, TrapKind};
use wayleave_grants::Grants;
use wayleave_system::fs::OsFile;
use wayleave_system::wait::Interrupt;

each_engine! {
    sleeping_ends,
    reading_an_empty_pipe_ends,
    waiting_for_a_descriptor_ends,
    accepting_ends,
    what_is_ready_does_not_wait,
}

/// An hour, in nanoseconds.
const HOUR: u64 = 3_600_000_000_000;

/// Makes a call that would wait for ever, and sees it end.
#[track_caller]
fn assert_ends<E: TestEngine>(grants: Grants, name: &str, args: &[u64], input: &[u8]) {
    let interrupt = Interrupt::new();
    let mut guest = Guest::<E>::new(grants.interrupt(interrupt.clone()));
    guest.poke(0, input);
    let start = Instant::now();
    let other = thread::spawn(move || {
        thread::sleep(Duration::from_millis(30));
        interrupt.trigger();
    });
    match guest.try_call(name, args) {
        Err(Stop::Trap(trap)) => assert_eq!(trap.kind, TrapKind::Interrupted),
        other => panic!("{name}: {other:?}"),
    }
    assert!(start.elapsed() < Duration::from_secs(60));
    other.join().unwrap();
}

/// The reading end of a pipe that stays open and empty.
fn empty_pipe() -> (Arc<OsFile>, std::io::PipeWriter) {
    let (reader, writer) = std::io::pipe().unwrap();
    let file = std::fs::File::from(std::os::fd::OwnedFd::from(reader));
    (Arc::new(OsFile::from(file)), writer)
}

fn sleeping_ends<E: TestEngine>() {
    let hour = Subscription::after(HOUR).bytes(Version::Snapshot1, 0);
    assert_ends::<E>(Grants::new(), "poll_oneoff", &[0, 0x100, 1, 0x200], &hour);
}

fn reading_an_empty_pipe_ends<E: TestEngine>() {
    let (pipe, _writer) = empty_pipe();
    let grants = Grants::new().stdin(pipe);
    let list = crate::support::iovecs(&[(0x100, 8)]);
    assert_ends::<E>(grants, "fd_read", &[0, 0, 1, 0x200], &list);
}

fn waiting_for_a_descriptor_ends<E: TestEngine>() {
    let (pipe, _writer) = empty_pipe();
    let grants = Grants::new().stdin(pipe);
    let read = Subscription::Read(0).bytes(Version::Snapshot1, 0);
    assert_ends::<E>(grants, "poll_oneoff", &[0, 0x100, 1, 0x200], &read);
}

fn accepting_ends<E: TestEngine>() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let listener = wayleave_system::net::TcpListener::try_from(listener).unwrap();
    let grants = Grants::new().listener(Arc::new(listener));
    assert_ends::<E>(grants, "sock_accept", &[3, 0, 0x100], &[]);
}

/// A guest that can be interrupted, and is not, works as any other.
fn what_is_ready_does_not_wait<E: TestEngine>() {
    let input = Arc::new(wayleave_system::stdio::Input::new(b"abc".to_vec()));
    let grants = Grants::new().stdin(input).interrupt(Interrupt::new());
    let mut guest = Guest::<E>::new(grants);
    assert_eq!(guest.read(0, 8), Ok(b"abc".to_vec()));
    let soon = guest.poll(Version::Snapshot1, &[Subscription::after(1_000_000)]);
    assert_eq!(soon.unwrap().len(), 1);
}
