//! Guests of 0.2 that are ended while they wait, in each call that waits.

use crate::support::{Component, Files, Open, Provider, Sandbox, TestEngine, each_engine};
use std::io::{PipeReader, PipeWriter, Read, Write};
use std::net::TcpStream;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::{Duration, Instant};
use wayleave_component::Value;
use wayleave_engine::{Stop, TrapKind};
use wayleave_grants::Grants;
use wayleave_system::fs::OsFile;
use wayleave_system::wait::Interrupt;

each_engine! {
    a_guest_that_waits_ends_and_leaves_nothing,
    a_connection_of_a_guest_that_is_ended_is_closed,
    what_is_interrupted_already_does_not_begin_to_wait,
    what_can_be_interrupted_still_waits_for_bytes,
}

/// What can be waited for without a peer.
const WAITING: [&str; 11] = [
    "timer",
    "poll-timers",
    "stdin",
    "stdin-read",
    "stdin-skip",
    "poll-stdin",
    "stdout-write",
    "stdout-room",
    "splice",
    "accept",
    "datagram",
];

/// The host's ends of the guest's streams.
struct Ends {
    to_stdin: PipeWriter,
    from_stdout: PipeReader,
}

fn grants(sandbox: &Sandbox, interrupt: &Interrupt) -> (Grants, Ends) {
    let (stdin, to_stdin) = std::io::pipe().unwrap();
    let (from_stdout, stdout) = std::io::pipe().unwrap();
    let file = |fd: OwnedFd| Arc::new(OsFile::from(std::fs::File::from(fd)));
    let mut grants = sandbox.grants().stdin(file(stdin.into())).stdout(file(stdout.into()));
    for rule in ["tcp://127.0.0.1:*", "udp://127.0.0.1:*"] {
        grants = grants.allow_inbound(rule.parse().unwrap()).unwrap();
    }
    (grants.interrupt(interrupt.clone()), Ends { to_stdin, from_stdout })
}

/// Interrupts while the guest waits, which ends it soon, and for good.
fn ends<E: TestEngine>(guest: &mut Component<E>, interrupt: &Interrupt, what: &str) {
    std::thread::scope(|scope| {
        let interrupter = scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(20));
            let at = Instant::now();
            interrupt.trigger();
            E::shared().engine.kick();
            at
        });
        let result = guest.try_call("wait", &[Value::Enum(what.to_owned())]);
        let ended = Instant::now();
        match result {
            Err(Stop::Trap(trap)) => assert_eq!(trap.kind, TrapKind::Interrupted, "{what}: {trap}"),
            other => panic!("{what}: {other:?}"),
        }
        let interrupted = interrupter.join().unwrap();
        assert!(ended >= interrupted, "{what} did not wait");
        assert!(ended - interrupted < Duration::from_secs(20), "{what} took its time");
    });
    let again = guest.try_call("wait", &[Value::Enum("timer".to_owned())]);
    let Err(Stop::Trap(trap)) = again else { panic!("{what}: {again:?}") };
    assert!(trap.to_string().contains("cannot enter"), "{what}: {trap}");
}

fn a_guest_that_waits_ends_and_leaves_nothing<E: TestEngine>() {
    for what in WAITING {
        let sandbox = Sandbox::new(Provider::Kernel);
        sandbox.put("file", b"abc");
        let interrupt = Interrupt::new();
        let (grants, mut ends_of) = grants(&sandbox, &interrupt);
        let mut guest = Component::<E>::new(grants);
        guest.open(3, "file", Open::READ).unwrap();
        if what == "accept" {
            assert_ne!(guest.call::<_, u16>("listen", ()), 0);
        }
        assert_eq!(sandbox.host_descriptors(), 2);
        ends(&mut guest, &interrupt, what);
        drop(guest);
        // The sandbox has its folder open; the guest's file is closed, and so are its pipes.
        assert_eq!(sandbox.host_descriptors(), 1, "{what}");
        assert!(ends_of.to_stdin.write_all(b"x").is_err(), "{what}");
        ends_of.from_stdout.read_to_end(&mut Vec::new()).unwrap();
        // The next one finds all as it was.
        let mut next = Component::<E>::new(sandbox.grants());
        let file = next.open(3, "file", Open::READ).unwrap();
        assert_eq!(next.read(file, 9), Ok(b"abc".to_vec()), "{what}");
    }
}

fn a_connection_of_a_guest_that_is_ended_is_closed<E: TestEngine>() {
    let sandbox = Sandbox::new(Provider::Kernel);
    let interrupt = Interrupt::new();
    let (grants, _ends) = grants(&sandbox, &interrupt);
    let mut guest = Component::<E>::new(grants);
    let port: u16 = guest.call("listen", ());
    let mut peer = TcpStream::connect(("127.0.0.1", port)).unwrap();
    ends(&mut guest, &interrupt, "receive");
    drop(guest);
    peer.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    // By an end or by a reset, but not by silence.
    match peer.read(&mut [0; 8]) {
        Ok(0) => {}
        Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset),
        other => panic!("{other:?}"),
    }
    // Nobody listens there any more.
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
}

fn what_is_interrupted_already_does_not_begin_to_wait<E: TestEngine>() {
    for what in WAITING {
        let sandbox = Sandbox::new(Provider::Kernel);
        let interrupt = Interrupt::new();
        let (grants, _ends) = grants(&sandbox, &interrupt);
        let mut guest = Component::<E>::new(grants);
        if what == "accept" {
            guest.call::<_, u16>("listen", ());
        }
        interrupt.trigger();
        match guest.try_call("wait", &[Value::Enum(what.to_owned())]) {
            Err(Stop::Trap(trap)) => assert_eq!(trap.kind, TrapKind::Interrupted, "{what}"),
            other => panic!("{what}: {other:?}"),
        }
    }
}

fn what_can_be_interrupted_still_waits_for_bytes<E: TestEngine>() {
    for (what, expected) in
        [("stdin", 0), ("stdin-read", 4), ("stdin-skip", 4), ("poll-stdin", 1), ("splice", 4)]
    {
        let sandbox = Sandbox::new(Provider::Kernel);
        let (grants, mut ends) = grants(&sandbox, &Interrupt::new());
        let mut guest = Component::<E>::new(grants);
        let late = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(10));
            ends.to_stdin.write_all(b"late").unwrap();
            ends
        });
        let got = guest.try_call("wait", &[Value::Enum(what.to_owned())]).unwrap();
        assert_eq!(got, Some(Value::U64(expected)), "{what}");
        late.join().unwrap();
    }
}
