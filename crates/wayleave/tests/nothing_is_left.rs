//! Guests whose time ends while they wait leave no descriptor open. In a process of its own, and in
//! one test: what is counted is the process'.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test that can not go on has failed")]

use std::collections::HashMap;
use std::net::{TcpListener, UdpSocket};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use wayleave::system::fs::OsFile;
use wayleave::{End, EngineKind, Grants, Runtime};

/// What waits for something that never comes; `SERVER` accepts nothing, `PEER` sends nothing.
const GUESTS: [(&str, &[&str]); 7] = [
    ("sleep.wasm", &["3600000"]),
    ("tcp_echo.wasm", &["1", "4"]),
    ("p2/sleep.wasm", &["3600000"]),
    ("p2/read_stdin_forever.wasm", &[]),
    ("p2/network.wasm", &["serve", "127.0.0.1:0", "1"]),
    ("p2/network.wasm", &["connect", "SERVER", "hello"]),
    ("p2/network.wasm", &["send", "PEER", "hello"]),
];

fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

/// Everything that a guest of these can wait for.
fn grants(args: &[&str], [server, peer]: &[String; 2], folder: &Path) -> Grants {
    let args = args.iter().map(|arg| arg.replace("SERVER", server).replace("PEER", peer));
    let mut grants = Grants::new().arg("guest").unwrap().args(args).unwrap();
    grants = grants.tcp_listen("127.0.0.1:0".parse().unwrap()).unwrap();
    for rule in ["tcp://127.0.0.1:*", "udp://127.0.0.1:*"] {
        grants = grants.allow_outbound(rule.parse().unwrap());
        grants = grants.allow_inbound(rule.parse().unwrap()).unwrap();
    }
    grants.dir(folder, "/").unwrap()
}

#[test]
fn guests_whose_time_ends_while_they_wait_leave_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let peer = UdpSocket::bind("127.0.0.1:0").unwrap();
    let addresses = [server.local_addr(), peer.local_addr()].map(|at| at.unwrap().to_string());
    let built = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../guests/built");
    for engine in EngineKind::ALL {
        let runtime = Runtime::builder().engine(*engine).interruptible(true).build().unwrap();
        let mut programs = HashMap::new();
        for (guest, args) in GUESTS {
            let load = || runtime.load_file(built.join(guest)).unwrap();
            let program = programs.entry(guest).or_insert_with(load);
            let run = || {
                let (reader, writer) = std::io::pipe().unwrap();
                let mut grants = grants(args, &addresses, folder.path());
                let reader = std::fs::File::from(OwnedFd::from(reader));
                grants = grants.stdin(Arc::new(OsFile::from(reader)));
                grants.limits.timeout = Some(Duration::from_millis(30));
                let outcome = program.run(grants).unwrap();
                drop(writer);
                assert!(
                    matches!(outcome.end, End::TimedOut(_)),
                    "{engine} {guest} {args:?}: {outcome:?}"
                );
            };
            // The first one of a runtime starts its clock.
            run();
            let before = descriptors();
            (0..3).for_each(|_| run());
            assert_eq!(descriptors(), before, "{engine} {guest} {args:?}");
        }
        // And the runtime runs others as before.
        let hello = runtime.load_file(built.join("p2/hello.wasm")).unwrap();
        assert!(hello.output(Grants::new()).unwrap().outcome.success(), "{engine}");
    }
}
