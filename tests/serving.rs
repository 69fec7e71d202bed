//! `wayleave serve` as a process: what it says, its options over its manifest, and signals.
#![allow(clippy::unwrap_used, reason = "a test that can not go on has failed")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

const ENGINES: [&str; 2] = ["wasmtime", "wasmi"];

fn guest(name: &str) -> PathBuf {
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../guests/built/components");
    built.join(name).with_extension("wasm")
}

/// A server that runs until it is told to stop, or dropped.
struct Server {
    process: Child,
    stderr: BufReader<ChildStderr>,
    /// What it says it serves: `127.0.0.1:PORT`, or the place of a socket.
    address: String,
}

impl Server {
    fn start(args: &[&str]) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_wayleave"))
            .args(["serve", "--no-cache"])
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stderr = BufReader::new(process.stderr.take().unwrap());
        let mut line = String::new();
        stderr.read_line(&mut line).unwrap();
        let said = line.trim().strip_prefix("wayleave: serving ").map(str::to_owned);
        let said = said.unwrap_or_else(|| panic!("{line:?} says nothing of an address"));
        let address = said.trim_start_matches("http://").trim_end_matches('/').to_owned();
        Self { process, stderr, address }
    }

    fn one(engine: &str, component: &Path, args: &[&str]) -> Self {
        let component = component.to_str().unwrap();
        Self::start(&[&["--engine", engine, "--addr", "127.0.0.1:0", component], args].concat())
    }

    /// The body of the answer to a GET.
    fn get(&self, path: &str) -> String {
        body(self.ask(path))
    }

    /// Sends a GET, whose answer is still to be read.
    fn ask(&self, path: &str) -> TcpStream {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        ask(&mut stream, path);
        stream
    }

    fn signal(&self, name: &str) {
        let kill = Command::new("kill").args([name, &self.process.id().to_string()]).status();
        assert!(kill.unwrap().success());
    }

    /// Waits for its end: how it ended, and what else it has written.
    fn end(mut self) -> (ExitStatus, String, String) {
        let (mut out, mut err) = (String::new(), String::new());
        self.process.stdout.take().unwrap().read_to_string(&mut out).unwrap();
        self.stderr.read_to_string(&mut err).unwrap();
        (self.process.wait().unwrap(), out, err)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn ask(stream: &mut impl Write, path: &str) {
    let head = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
}

fn body(mut stream: impl Read) -> String {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    // Bodies without a length come in chunks.
    match head.contains("transfer-encoding: chunked") {
        true => body.lines().nth(1).unwrap_or_default().to_owned(),
        false => body.trim_end().to_owned(),
    }
}

#[test]
fn it_says_where_it_serves_and_finishes_what_it_has_begun() {
    for engine in ENGINES {
        let server = Server::one(engine, &guest("http_web"), &["--access-log", "text"]);
        assert_eq!(server.get("/hello"), "Hello, world!", "{engine}");
        let slow = server.ask("/sleep/400");
        // The guest sleeps by now.
        std::thread::sleep(Duration::from_millis(200));
        server.signal("-TERM");
        assert!(!body(slow).is_empty());
        let (status, out, err) = server.end();
        assert_eq!((status.code(), &*err), (Some(0), ""), "{engine}");
        let lines: Vec<_> = out.lines().collect();
        assert!(lines.len() == 2 && lines[1].contains("/sleep/400"), "{out}");
    }
}

#[test]
fn whoever_asks_a_second_time_does_not_wait() {
    let server = Server::one("wasmtime", &guest("http_web"), &[]);
    let _slow = server.ask("/sleep/20000");
    std::thread::sleep(Duration::from_millis(200));
    let begun = Instant::now();
    server.signal("-INT");
    std::thread::sleep(Duration::from_millis(200));
    server.signal("-INT");
    let (status, _, err) = server.end();
    assert!(begun.elapsed() < Duration::from_secs(10));
    assert_eq!(status.code(), Some(1));
    assert!(err.contains("requests were still under way"), "{err}");
}

#[test]
fn options_win_over_the_manifest() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = folder.path().join("wayleave.toml");
    let text = format!(
        "[serve]\naddr = [\"127.0.0.1:1\"]\naccess-log = \"json\"\n\n[[app]]\nname = \"hello\"\n\
         component = {:?}\n",
        guest("http_hello")
    );
    fs::write(&manifest, text).unwrap();
    let manifest = manifest.to_str().unwrap();
    let options = ["--manifest", manifest, "--addr", "127.0.0.1:0", "--access-log", "off"];
    for (options, lines) in [(&options[..4], 1), (&options[..], 0)] {
        let server = Server::start(options);
        assert_eq!(server.get("/"), "Hello, world!");
        server.signal("-TERM");
        let (status, out, _) = server.end();
        assert_eq!((status.code(), out.lines().count()), (Some(0), lines), "{out}");
        assert!(out.lines().all(|line| line.contains("\"app\":\"hello\"")), "{out}");
    }
}

#[test]
fn what_no_app_answers_is_written_down_and_a_changed_server_needs_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wayleave.toml");
    let manifest = |serve: &str, answers: &str| {
        let component = guest("http_hello");
        let text = format!(
            "[serve]\naddr = [\"127.0.0.1:0\"]\naccess-log = \"text\"\n{serve}\n[[app]]\n\
             path = {answers:?}\ncomponent = {component:?}\n"
        );
        fs::write(&path, text).unwrap();
    };
    manifest("", "/old");
    let server = Server::start(&["--manifest", path.to_str().unwrap()]);
    assert_eq!(server.get("/old"), "Hello, world!");
    let status = |path| {
        let mut answer = String::new();
        server.ask(path).read_to_string(&mut answer).unwrap();
        assert!(answer.contains("x-request-id: "), "{answer}");
        answer[9..12].to_owned()
    };
    assert_eq!(status("/new?a=b"), "404");
    for (serve, answers) in [("drain = \"5s\"", "/new"), ("drain = \"5s\"", "/newer")] {
        manifest(serve, answers);
        server.signal("-HUP");
        let deadline = Instant::now() + Duration::from_secs(60);
        while status(answers) != "200" {
            assert!(Instant::now() < deadline, "the new manifest does not come");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
    server.signal("-TERM");
    let (_, out, err) = server.end();
    assert!(out.contains(" - GET localhost/new 404 20B "), "{out}");
    // Once for each time that it is another.
    assert_eq!(err, "wayleave: [serve] has changed: only a restart makes a difference of that\n");
}

#[test]
fn without_reloading_a_changed_component_waits_for_a_hangup() {
    let folder = tempfile::tempdir().unwrap();
    let component = folder.path().join("app.wasm");
    fs::copy(guest("http_hello"), &component).unwrap();
    let server = Server::one("wasmtime", &component, &["--no-reload"]);
    let another = folder.path().join("another.wasm");
    fs::copy(guest("http_web"), &another).unwrap();
    fs::rename(another, &component).unwrap();
    // Longer than a server that looks for changes takes to look.
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(server.get("/count"), "Hello, world!");
    server.signal("-HUP");
    let deadline = Instant::now() + Duration::from_secs(60);
    while server.get("/count") == "Hello, world!" {
        assert!(Instant::now() < deadline, "the new component does not come");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_killed_server_leaves_a_socket_that_the_next_one_takes() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("socket");
    let address = format!("unix:{}", socket.display());
    let component = guest("http_hello");
    let args = ["--addr", &address, component.to_str().unwrap()];
    for _ in 0..2 {
        let server = Server::start(&args);
        assert_eq!(server.address, address);
        let mut stream = UnixStream::connect(&socket).unwrap();
        ask(&mut stream, "/");
        assert_eq!(body(stream), "Hello, world!");
        server.signal("-KILL");
        server.end();
        assert!(socket.exists());
    }
}
