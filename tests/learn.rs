//! `--learn`: the manifest that is written is enough for the program, and grants no more.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What a program is watched to need is enough for it, and no more than that is granted.
#[test]
fn a_manifest_that_was_learned_is_enough_and_no_more() {
    for (engine, build) in [("wasmtime", "built"), ("wasmi", "built"), ("wasmtime", "built/p2")] {
        let folder = tempfile::tempdir().expect("a folder");
        let top = folder.path().canonicalize().expect("its path");
        std::fs::create_dir(top.join("in")).expect("a folder");
        std::fs::write(top.join("in/a"), "one\n").expect("a file");
        std::fs::write(top.join("in/b"), "two words\n").expect("a file");
        std::fs::write(top.join("in/other"), "not read\n").expect("a file");
        let guests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../guests");
        let wc = guests.join(build).join("wc.wasm");
        let run = |grants: &[&str], files: &[&str]| {
            let output = Command::new(env!("CARGO_BIN_EXE_wayleave"))
                .args(["run", "--no-cache", "--engine", engine])
                .args(grants)
                .arg(&wc)
                .args(files)
                .current_dir(&top)
                .output()
                .expect("the command runs");
            let text = |bytes| String::from_utf8(bytes).expect("text");
            (output.status.code(), text(output.stdout), text(output.stderr))
        };
        let absolute = top.join("in/a").display().to_string();
        let learned = run(&["--learn", "needed.toml"], &[&absolute, "in/b"]);
        assert_eq!(learned.0, Some(0), "{engine} {build}: {}", learned.2);
        let manifest = std::fs::read_to_string(top.join("needed.toml")).expect("a manifest");
        let expected =
            format!("[grants]\nfile = [\n    \"in/b::ro\",\n    \"{absolute}::ro\",\n]\n");
        assert_eq!(manifest, expected, "{engine} {build}");
        let again = run(&["--manifest", "needed.toml"], &[&absolute, "in/b"]);
        assert_eq!((again.0, again.1), (Some(0), learned.1), "{engine} {build}: {}", again.2);
        let more = run(&["--manifest", "needed.toml"], &["in/other"]);
        assert_eq!(more.0, Some(1), "{engine} {build}: {}", more.1);
    }
}

/// What a program writes while it is watched does not reach the host.
#[test]
fn learning_changes_nothing() {
    for engine in ["wasmtime", "wasmi"] {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join("work")).expect("a folder");
        let guest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../guests/built/fs_suite.wasm");
        let run = |grants: [&str; 2]| {
            let output = Command::new(env!("CARGO_BIN_EXE_wayleave"))
                .args(["run", "--no-cache", "--engine", engine])
                .args(grants)
                .arg(&guest)
                .arg("work")
                .current_dir(folder.path())
                .output()
                .expect("the command runs");
            let text = String::from_utf8(output.stdout).expect("text");
            (output.status.code(), text, String::from_utf8_lossy(&output.stderr).into_owned())
        };
        let learned = run(["--learn", "needed.toml"]);
        let left: Vec<_> =
            std::fs::read_dir(folder.path().join("work")).expect("a folder").collect();
        assert!(left.is_empty(), "{engine}: {left:?}");
        let manifest =
            std::fs::read_to_string(folder.path().join("needed.toml")).expect("a manifest");
        assert_eq!(manifest, "[grants]\ndir = [\"work\"]\n", "{engine}: {}", learned.2);
        assert_eq!(learned.0, Some(0), "{engine}: {}", learned.2);
        let again = run(["--manifest", "needed.toml"]);
        assert_eq!((again.0, again.1), (learned.0, learned.1), "{engine}: {}", again.2);
    }
}

/// Paths of a manifest are taken from its folder on.
#[test]
fn a_manifest_in_another_folder_has_paths_of_its_own() {
    let folder = tempfile::tempdir().expect("a folder");
    let top = folder.path().canonicalize().expect("its path");
    std::fs::create_dir(top.join("sub")).expect("a folder");
    for file in ["a", "sub/b"] {
        std::fs::write(top.join(file), "one\n").expect("a file");
    }
    let wc = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../guests/built/wc.wasm");
    let run = |options: [&str; 2]| {
        let output = Command::new(env!("CARGO_BIN_EXE_wayleave"))
            .args(["run", "--no-cache"])
            .args(options)
            .arg(&wc)
            .args(["a", "sub/b"])
            .current_dir(&top)
            .output()
            .expect("the command runs");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let learned = run(["--learn", "sub/needed.toml"]);
    assert_eq!(learned.0, Some(0), "{}", learned.1);
    let manifest = std::fs::read_to_string(top.join("sub/needed.toml")).expect("a manifest");
    let top = top.display();
    let expected =
        format!("[grants]\nfile = [\n    \"{top}/a::a::ro\",\n    \"b::sub/b::ro\",\n]\n");
    assert_eq!(manifest, expected);
    let again = run(["--manifest", "sub/needed.toml"]);
    assert_eq!(again.0, Some(0), "{}", again.1);
}

/// A folder in which a guest of the network is run.
struct Runs {
    folder: tempfile::TempDir,
    engine: &'static str,
    guest: PathBuf,
}

impl Runs {
    fn new(engine: &'static str, guest: &str) -> Self {
        let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../guests/built");
        let folder = tempfile::tempdir().expect("a folder");
        Self { folder, engine, guest: built.join(guest) }
    }

    /// The exit code, what was printed, and what was told.
    fn run(&self, options: &[&str], args: &[&str]) -> (Option<i32>, String, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_wayleave"))
            .args(["run", "--engine", self.engine, "--timeout", "60s"])
            .args(options)
            .arg(&self.guest)
            .args(args)
            .current_dir(self.folder.path())
            .output()
            .expect("the command runs");
        let text = |bytes| String::from_utf8(bytes).expect("text");
        (output.status.code(), text(output.stdout), text(output.stderr))
    }

    /// Learns, and gives what was printed and the manifest without its limits.
    fn learn(&self, network: &str, args: &[&str]) -> (Option<i32>, String, String) {
        let learned = self.run(&["--learn", "needed.toml", "--learn-network", network], args);
        let manifest = std::fs::read_to_string(self.folder.path().join("needed.toml"));
        let manifest = manifest.expect("a manifest");
        let grants = manifest.split("[limits]").next().unwrap_or_default().trim_end();
        (learned.0, learned.1, grants.to_owned())
    }

    fn again(&self, args: &[&str]) -> (Option<i32>, String) {
        let (code, stdout, _) = self.run(&["--manifest", "needed.toml"], args);
        (code, stdout)
    }
}

/// A server that sends back what it is sent.
fn echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("its address");
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            let mut text = Vec::new();
            let _ = stream.read_to_end(&mut text);
            let _ = stream.write_all(&text);
        }
    });
    address
}

/// The same for datagrams.
fn echo_datagrams() -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let address = socket.local_addr().expect("its address");
    std::thread::spawn(move || {
        let mut buffer = [0; 1000];
        while let Ok((length, from)) = socket.recv_from(&mut buffer) {
            let _ = socket.send_to(&buffer[..length], from);
        }
    });
    address
}

const REFUSED: &str = "failed: PermissionDenied\n";

#[test]
fn an_address_that_was_connected_to_is_learned_and_no_other() {
    let (server, other) = (echo().to_string(), echo().to_string());
    for engine in ["wasmtime", "wasmi"] {
        let runs = Runs::new(engine, "p2/network.wasm");
        let connect = ["connect", &server, "hello"];
        let (code, printed, manifest) = runs.learn("allow", &connect);
        assert_eq!((code, &*printed), (Some(0), "hello\n"), "{engine}");
        assert_eq!(manifest, format!("[grants]\nallow-outbound = [\"tcp://{server}\"]"));
        assert_eq!(runs.again(&connect), (Some(0), "hello\n".to_owned()), "{engine}");
        for more in [["connect", &other, "hello"], ["send", &server, "hello"]] {
            assert_eq!(runs.again(&more), (Some(1), REFUSED.to_owned()), "{engine} {more:?}");
        }
        assert_eq!(runs.again(&["lookup", "localhost"]), (Some(1), REFUSED.to_owned()), "{engine}");
    }
}

#[test]
fn a_name_that_was_used_is_learned_as_a_name() {
    let server = echo();
    let named = format!("localhost:{}", server.port());
    for engine in ["wasmtime", "wasmi"] {
        let runs = Runs::new(engine, "p2/network.wasm");
        let (code, printed, manifest) = runs.learn("allow", &["connect", &named, "hello"]);
        assert_eq!((code, &*printed), (Some(0), "hello\n"), "{engine}");
        assert_eq!(manifest, format!("[grants]\nallow-outbound = [\"tcp://{named}\"]"));
        let again = runs.again(&["connect", &named, "hello"]);
        assert_eq!(again, (Some(0), "hello\n".to_owned()), "{engine}");
        let other = format!("localhost:{}", echo().port());
        let refused = runs.again(&["connect", &other, "hello"]);
        assert_eq!(refused, (Some(1), REFUSED.to_owned()), "{engine}");
    }
}

#[test]
fn datagrams_are_learned_as_such() {
    let server = echo_datagrams().to_string();
    for engine in ["wasmtime", "wasmi"] {
        let runs = Runs::new(engine, "p2/network.wasm");
        let (code, printed, manifest) = runs.learn("allow", &["send", &server, "hello"]);
        assert_eq!((code, &*printed), (Some(0), "hello\n"), "{engine}");
        assert_eq!(manifest, format!("[grants]\nallow-outbound = [\"udp://{server}\"]"));
        assert_eq!(runs.again(&["send", &server, "a"]), (Some(0), "a\n".to_owned()), "{engine}");
        let tcp = runs.again(&["connect", &server, "a"]);
        assert_eq!(tcp, (Some(1), REFUSED.to_owned()), "{engine}");
    }
}

#[test]
fn a_host_that_was_sent_a_request_is_learned_and_no_socket() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let server = listener.local_addr().expect("its address").to_string();
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            let _ = stream.read(&mut [0; 1000]);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello");
        }
    });
    let url = format!("http://{server}/");
    for engine in ["wasmtime", "wasmi"] {
        let runs = Runs::new(engine, "components/http_fetch.wasm");
        let (code, printed, manifest) = runs.learn("allow", &["GET", &url]);
        assert_eq!(code, Some(0), "{engine}: {printed}");
        assert!(printed.trim_end().ends_with("hello"), "{engine}: {printed}");
        assert_eq!(manifest, format!("[grants]\nallow-outbound = [\"http://{server}\"]"));
        assert_eq!(runs.again(&["GET", &url]), (Some(0), printed), "{engine}");
        let sockets = Runs { guest: runs.guest.with_file_name("../p2/network.wasm"), ..runs };
        let refused = sockets.again(&["connect", &server, "hello"]);
        assert_eq!(refused, (Some(1), REFUSED.to_owned()), "{engine}");
    }
}

/// A program that leaves its ports to the system has others in the next run.
#[test]
fn ports_that_the_system_has_chosen_are_learned_as_such() {
    for engine in ["wasmtime", "wasmi"] {
        let runs = Runs::new(engine, "p2/network.wasm");
        let (code, printed, manifest) = runs.learn("allow", &["tcp", "127.0.0.1"]);
        assert_eq!(code, Some(0), "{engine}: {printed}");
        let expected = "[grants]\nallow-outbound = [\"tcp://127.0.0.1:*\"]\n\
                        allow-inbound = [\"tcp://127.0.0.1:0\"]";
        assert_eq!(manifest, expected, "{engine}");
        let (code, again) = runs.again(&["tcp", "127.0.0.1"]);
        assert_eq!(code, Some(0), "{engine}: {again}");
    }
}

/// Nor is it known beforehand which sockets for datagrams want to have more than answers.
#[test]
fn ports_for_datagrams_that_the_system_has_chosen_are_learned_as_such() {
    for engine in ["wasmtime", "wasmi"] {
        let runs = Runs::new(engine, "p2/network.wasm");
        let (code, printed, manifest) = runs.learn("allow", &["udp", "127.0.0.1"]);
        assert_eq!(code, Some(0), "{engine}: {printed}");
        let expected = "[grants]\nallow-outbound = [\"udp://127.0.0.1:*\"]\n\
                        allow-inbound = [\"udp://127.0.0.1:0\"]";
        assert_eq!(manifest, expected, "{engine}");
        let again = runs.again(&["udp", "127.0.0.1"]);
        assert_eq!(again, (Some(0), printed), "{engine}");
    }
}

#[test]
fn nothing_of_the_network_is_learned_where_it_is_denied() {
    let server = echo().to_string();
    for engine in ["wasmtime", "wasmi"] {
        let runs = Runs::new(engine, "p2/network.wasm");
        let learned = runs.learn("deny", &["connect", &server, "hello"]);
        assert_eq!(learned, (Some(1), REFUSED.to_owned(), String::new()), "{engine}");
    }
}

/// Who learns or asks lets nobody into a network that a deterministic run does not have, and what
/// was learned is a manifest that can be used.
#[test]
fn a_deterministic_run_learns_no_network() {
    let server = echo().to_string();
    for engine in ["wasmtime", "wasmi"] {
        let runs = Runs::new(engine, "p2/network.wasm");
        let options = ["--deterministic", "--learn", "needed.toml", "--learn-network", "allow"];
        let (code, printed, told) = runs.run(&options, &["connect", &server, "hello"]);
        assert_eq!((code, &*printed), (Some(1), REFUSED), "{engine}: {told}");
        assert!(told.contains("a deterministic run has no network"), "{engine}: {told}");
        assert!(!told.contains("allow-outbound"), "{engine}: {told}");
        let (_, _, told) = runs.run(&["--manifest", "needed.toml"], &["connect", &server, "a"]);
        assert!(told.contains("a deterministic run has no network"), "{engine}: {told}");
    }
}
