//! Each call of each capability, recorded and replayed with no guest in between.

#[cfg(feature = "http")]
mod http;

use crate::file::{In, Out};
use crate::{Ended, Error, Recorder, Recording};
use std::fmt::Debug;
use std::fs;
use std::io::{IoSlice, IoSliceMut, SeekFrom};
use std::net::{IpAddr, Shutdown};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use wayleave_grants::Grants;
use wayleave_system::ErrorCode;
use wayleave_system::fs::{
    Advice, Dir, File, MemoryDir, Node, OpenOptions, SetTime, SyncKind, Timestamp, link, rename,
};
use wayleave_system::net::{Family, MemoryNetwork, Network, ReceiveOptions, SocketOption};
use wayleave_system::stdio::{Capture, Input, Null};
use wayleave_system::wait::{Blocking, Interest, Interrupt, Readiness};

/// What a guest has seen, in order.
#[derive(Default)]
struct Log(Vec<String>);

impl Log {
    fn see<T: Debug>(&mut self, seen: T) {
        self.0.push(format!("{seen:?}"));
    }

    fn ready(&mut self, readiness: Readiness<'_>) {
        self.see(matches!(readiness, Readiness::Now));
    }
}

const ANY: OpenOptions = OpenOptions {
    read: true,
    write: true,
    append: false,
    create: true,
    exclusive: false,
    truncate: false,
    directory: false,
    follow: true,
    sync: None,
};
const THEN: SetTime = SetTime::To(Timestamp { seconds: -5, nanoseconds: 999_999_999 });

/// A guest that asks for everything.
fn guest(grants: &Grants) -> Vec<String> {
    let mut log = Log::default();
    for clock in [&grants.clocks.realtime, &grants.clocks.thread_cpu] {
        log.see((clock.now(), clock.resolution()));
    }
    let mut bytes = vec![0; 2000];
    log.see(grants.random.fill(&mut bytes));
    log.see(&bytes[1900..]);
    let (mut one, mut other) = ([0; 3], [0; 9]);
    let mut buffers = [IoSliceMut::new(&mut one), IoSliceMut::new(&mut other)];
    log.see(grants.stdin.read(&mut buffers, Blocking::Allowed));
    log.see((one, other));
    let words = [IoSlice::new(b"to "), IoSlice::new(b"be seen\n")];
    log.see(grants.stdout.write(&words, Blocking::Allowed));
    log.see(grants.stderr.write(&words[..1], Blocking::Never));
    let dir = &*grants.preopens[0].dir;
    folder(dir, &mut log);
    match dir.open("file", &ANY) {
        Ok(Node::File(open)) => file(&*open, &mut log),
        other => log.see(other.map(drop)),
    }
    let other = &*grants.preopens[1].dir;
    log.see((other.is_read_only(), other.create_dir("x"), rename(dir, "file", other, "file")));
    if let Some(network) = grants.guest_network(grants.network_meter()) {
        sockets(&*network, &mut log);
        names(&*network, &mut log);
    }
    #[cfg(feature = "http")]
    http::requests(grants, &mut log);
    wait(grants, &mut log);
    log.0
}

fn folder(dir: &dyn Dir, log: &mut Log) {
    log.see((
        dir.create_dir("d"),
        dir.create_dir("d"),
        dir.open("none", &OpenOptions::default()).err(),
    ));
    log.see((dir.symlink("d/e", "link"), dir.read_link("link"), dir.stat_at("link", false)));
    log.see((dir.open("file", &ANY).map(drop), dir.set_times_at("file", true, THEN, SetTime::Now)));
    let options = OpenOptions { read: true, directory: true, ..OpenOptions::default() };
    if let Ok(Node::Dir(below)) = dir.open("d", &options) {
        log.see((link(dir, "file", false, &*below, "second"), below.stat_at("second", true)));
        log.see((rename(&*below, "second", dir, "third"), below.is_read_only()));
    }
    if let Ok(mut entries) = dir.entries() {
        for _ in 0..2 {
            while let Ok(Some(entry)) = entries.peek() {
                log.see(entry);
                entries.advance();
                // A hostile recording has entries for ever.
                if log.0.len() > 1000 {
                    return;
                }
            }
            log.see(entries.seek(0));
        }
    }
    log.see((dir.stat(), dir.set_times(SetTime::Keep, THEN), dir.sync(SyncKind::All)));
    log.see((dir.remove_file("third"), dir.remove_dir("d"), dir.remove_dir("d")));
}

fn file(file: &dyn File, log: &mut Log) {
    let text = [IoSlice::new(b"some text")];
    log.see((file.write(&text, Blocking::Allowed), file.write_at(&text, 4), file.set_append(true)));
    log.see((file.seek(SeekFrom::Start(2)), file.seek(SeekFrom::Current(-9)), file.available()));
    let mut bytes = [0; 20];
    log.see(file.read(&mut [IoSliceMut::new(&mut bytes)], Blocking::Never));
    log.see((bytes, file.read_at(&mut [IoSliceMut::new(&mut bytes)], 1)));
    log.see((bytes, file.kind(), file.set_times(THEN, SetTime::Keep), file.stat()));
    log.see((file.set_size(3), file.allocate(2, 9), file.advise(0, 3, Advice::WillNeed)));
    log.see((file.sync(SyncKind::Data), file.stat().map(|stat| stat.size)));
    log.ready(file.readiness(Interest::Read));
}

fn sockets(network: &dyn Network, log: &mut Log) {
    let local = "127.0.0.1:4000".parse().unwrap();
    let (Ok(server), Ok(client)) = (network.tcp(Family::V4), network.tcp(Family::V4)) else {
        return;
    };
    log.see((server.bind(local), server.listen(3), server.local_address()));
    log.see((client.connect(local), client.connected(), client.room(), client.remote_address()));
    log.ready(server.readiness(Interest::Read));
    if let Ok(accepted) = server.accept() {
        log.see(client.send(&[IoSlice::new(b"over the wire")], Blocking::Never));
        let mut bytes = [0; 30];
        let options = ReceiveOptions { peek: true, wait_all: false };
        log.see(accepted.available());
        log.see(accepted.receive(&mut [IoSliceMut::new(&mut bytes)], options, Blocking::Never));
        log.see((
            bytes,
            accepted.shutdown(Shutdown::Both),
            accepted.option(SocketOption::HopLimit),
        ));
    }
    log.see((server.accept().map(drop), client.set_option(SocketOption::KeepAlive, 1)));
    if let Ok(socket) = network.udp(Family::V6) {
        let local = "[::1]:4001".parse().unwrap();
        log.see((socket.bind(local), socket.local_address(), socket.connect(Some(local))));
        log.see((socket.send(b"to myself", None), socket.option(SocketOption::SendBuffer)));
        let mut bytes = [0; 4];
        log.see((socket.receive(&mut bytes), socket.receive(&mut [0; 4])));
        log.see((bytes, socket.set_option(SocketOption::HopLimit, 0)));
        log.ready(socket.readiness(Interest::Read));
    }
}

fn names(network: &dyn Network, log: &mut Log) {
    for name in ["127.0.0.1", "::1", "nobody.example", ""] {
        match network.resolve(name) {
            Ok(lookup) => {
                log.ready(lookup.readiness());
                let addresses: Result<Vec<IpAddr>, ErrorCode> = lookup.addresses();
                log.see(addresses);
            }
            Err(code) => log.see(code),
        }
    }
}

fn wait(grants: &Grants, log: &mut Log) {
    let between = grants.between.as_ref().unwrap();
    let sources = [
        (grants.stdin.readiness(Interest::Read), Interest::Read),
        (grants.stdout.readiness(Interest::Write), Interest::Write),
    ];
    log.see(between.watch.wait(&sources, None, None));
    log.see(between.watch.wait(&[], Some(Duration::from_nanos(7)), None));
    log.see(between.watch.wait(&[], None, None));
}

fn grants() -> Grants {
    let rules = ["tcp://*:*", "udp://*:*"];
    let grants = Grants::new()
        .stdin(Arc::new(Input::new(&b"standard input"[..])))
        .preopen(Arc::new(MemoryDir::new(1 << 20)), "/rw")
        .unwrap()
        .preopen(Arc::new(wayleave_system::fs::ReadOnly::new(Arc::new(MemoryDir::new(0)))), "/ro")
        .unwrap()
        .network(Arc::new(MemoryNetwork::new()));
    #[cfg(feature = "http")]
    let grants = grants.http(Arc::<http::Server>::default());
    rules.into_iter().fold(grants, |grants, rule| {
        let grants = grants.allow_inbound(rule.parse().unwrap()).unwrap();
        grants.allow_outbound(rule.parse().unwrap())
    })
}

fn recorded(folder: &Path) -> (PathBuf, Vec<String>) {
    let path = folder.join("recording");
    let recorder = Recorder::new(fs::File::create(&path).unwrap(), b"program").path("here");
    let (grants, session) = recorder.start(grants()).unwrap();
    let seen = guest(&grants);
    let summary = session.finish(&Ended::Exit(3)).unwrap();
    assert!(summary.calls > 80, "{summary:?}");
    assert_eq!(summary.bytes, fs::metadata(&path).unwrap().len());
    (path, seen)
}

/// What the guest sees of a recording, what it wrote, and whether that was right.
fn replayed(recording: Recording) -> (Vec<String>, Vec<u8>, Result<Ended, Error>) {
    let stdout = Arc::new(Capture::new(1 << 10));
    let interrupt = Interrupt::new();
    let stop = interrupt.clone();
    let replay =
        recording.replay(stdout.clone(), Arc::new(Null), interrupt, move || stop.trigger());
    let (grants, replay) = match replay {
        Ok(replay) => replay,
        Err(error) => return (Vec::new(), Vec::new(), Err(error)),
    };
    if grants.preopens.len() < 2 {
        return (Vec::new(), Vec::new(), replay.finish(Ended::TimedOut));
    }
    let seen = guest(&grants);
    (seen, stdout.take(), replay.finish(Ended::Exit(3)))
}

#[test]
fn every_call_is_answered_as_it_was() {
    let folder = TempDir::new().unwrap();
    let (path, seen) = recorded(folder.path());
    assert!(seen.iter().any(|line| line.contains("over the wire") || line.contains("[111, 118")));
    let recording = Recording::open(&path).unwrap();
    assert_eq!(recording.head().program.path.as_deref(), Some("here"));
    let (again, stdout, end) = replayed(recording);
    assert_eq!(again, seen);
    assert_eq!(stdout, b"to be seen\n");
    assert_eq!(end.unwrap(), Ended::Exit(3));
}

#[test]
fn another_end_is_an_error() {
    let folder = TempDir::new().unwrap();
    let (path, _) = recorded(folder.path());
    let recording = Recording::open(path).unwrap();
    let replay = recording.replay(Arc::new(Null), Arc::new(Null), Interrupt::new(), || ());
    let (grants, replay) = replay.unwrap();
    guest(&grants);
    let error = replay.finish(Ended::Exit(4)).unwrap_err().to_string();
    assert!(error.contains("exit code 3, now the end with exit code 4"), "{error}");
}

/// A recording that somebody made up, with the checks that belong to it.
#[test]
fn what_was_never_recorded_breaks_nothing() {
    let folder = TempDir::new().unwrap();
    let (path, seen) = recorded(folder.path());
    let mut file = In::new(fs::File::open(&path).unwrap()).unwrap();
    let mut payload = Vec::new();
    while !file.at_end().unwrap() {
        let mut byte = [0];
        file.take(&mut byte).unwrap();
        payload.push(byte[0]);
    }
    let forged = folder.path().join("forged");
    // Of the random bytes some will do.
    let places = (0..payload.len()).filter(|place| *place < 900 || *place > 2000);
    let mut strayed = 0;
    for place in places {
        for change in [0x01, 0x7f, 0xff] {
            let mut bytes = payload.clone();
            bytes[place] ^= change;
            let mut out = Out::new(fs::File::create(&forged).unwrap()).unwrap();
            out.put(&bytes);
            out.finish().unwrap();
            let Ok(recording) = Recording::open(&forged) else { continue };
            let (again, _, end) = replayed(recording);
            strayed += u32::from(end.is_err());
            assert!(again.len() <= seen.len() + 1000);
        }
    }
    assert!(strayed > 300, "{strayed}");
}
