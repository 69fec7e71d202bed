//! Programs that send HTTP requests, recorded with a server and replayed without one, on each engine.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const ENGINES: [&str; 2] = ["wasmtime", "wasmi"];

/// A server of one answer to each connection, many at a time; dropped, nobody answers any more.
struct Server {
    address: SocketAddr,
    gone: Arc<AtomicBool>,
}

impl Server {
    /// `answer` says whether the connection can be used again. To close one that could be would be a
    /// race with its next request.
    fn start(answer: fn(&str, &mut TcpStream) -> bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let gone = Arc::<AtomicBool>::default();
        let over = gone.clone();
        std::thread::spawn(move || {
            while let Ok((mut stream, _)) = listener.accept() {
                if over.load(Ordering::SeqCst) {
                    return;
                }
                std::thread::spawn(move || while answer(&head(&mut stream), &mut stream) {});
            }
        });
        Self { address, gone }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.gone.store(true, Ordering::SeqCst);
        // It waits for the next one.
        let _ = TcpStream::connect(self.address);
    }
}

/// A request up to its body.
fn head(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut byte = [0];
    while !bytes.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read > 0) {
        bytes.push(byte[0]);
    }
    String::from_utf8(bytes).expect("text")
}

/// Sends a chunked body back as it is, chunks, trailers and all, in its own time.
fn echo(stream: &mut TcpStream) -> std::io::Result<()> {
    let mut end = Vec::new();
    let mut buffer = [0; 20_000];
    while !end.ends_with(b"\r\n\r\n") {
        let read = stream.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        stream.write_all(&buffer[..read])?;
        end.extend_from_slice(&buffer[..read]);
        end.drain(..end.len().saturating_sub(4));
        std::thread::sleep(Duration::from_millis(2));
    }
    Ok(())
}

fn answer(head: &str, stream: &mut TcpStream) -> bool {
    let Some(path) = head.split(' ').nth(1) else { return false };
    let answer: &[u8] = match path {
        "/echo" => b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
        "/cut" => b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf",
        "/slow" => {
            std::thread::sleep(Duration::from_millis(400));
            b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nslow"
        }
        _ => b"HTTP/1.1 201 Created\r\nx-a: b\r\nx-a: c\r\ncontent-length: 4\r\n\r\nfast",
    };
    // Who asks may be gone.
    let sent = stream.write_all(answer).is_ok();
    if path == "/echo" {
        let _ = echo(stream);
    }
    sent && !["/echo", "/cut"].contains(&path)
}

fn guest(name: &str) -> PathBuf {
    let guests = concat!(env!("CARGO_MANIFEST_DIR"), "/../../guests/built/components");
    Path::new(guests).join(format!("{name}.wasm"))
}

fn wayleave(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_wayleave")).args(args).output().expect("the command runs")
}

fn record(engine: &str, to: &str, options: &[&str], name: &str, args: &[&str]) -> Output {
    let guest = guest(name);
    let run = ["run", "--engine", engine, "--timeout", "60s", "--record", to];
    wayleave(&[&run, options, &[guest.to_str().expect("text")], args].concat())
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Records it on each engine with a server, and replays it on each without. What it has printed.
fn everywhere(options: &[&str], name: &str, args: &[&str]) -> Vec<Output> {
    let folder = tempfile::tempdir().expect("a folder");
    let recording = folder.path().join("recording");
    let to = recording.to_str().expect("text");
    let record_on = |engine: &&str| {
        let server = Server::start(answer);
        let address = server.address.to_string();
        let args: Vec<_> = args.iter().map(|arg| arg.replace("ADDRESS", &address)).collect();
        let args: Vec<_> = args.iter().map(String::as_str).collect();
        let seen = record(engine, to, options, name, &args);
        drop(server);
        for again in ENGINES {
            let replayed = wayleave(&["replay", "--engine", again, to]);
            let way = format!("{name} {args:?} from {engine} to {again}");
            assert_eq!(text(&replayed.stdout), text(&seen.stdout), "{way}");
            assert_eq!(replayed.status.code(), seen.status.code(), "{way}");
            // Hints are of what was refused; a replay refuses nothing.
            let errors = text(&replayed.stderr);
            assert!(text(&seen.stderr).starts_with(&errors), "{way}: {errors}");
        }
        seen
    };
    ENGINES.iter().map(record_on).collect()
}

#[test]
fn requests_are_replayed_without_a_server() {
    for seen in everywhere(&["--allow-http=*"], "http_fetch", &["GET", "http://ADDRESS/x"]) {
        assert_eq!(text(&seen.stdout), "status: 201\nx-a: b\nx-a: c\ncontent-length: 4\n\nfast\n");
        assert!(seen.status.success() && seen.stderr.is_empty(), "{}", text(&seen.stderr));
    }
}

#[test]
fn failures_are_replayed() {
    let cut = ["GET", "http://ADDRESS/cut"];
    for seen in everywhere(&["--allow-http=*"], "http_fetch", &cut) {
        assert!(text(&seen.stdout).ends_with("error: ErrorCode::HttpResponseIncomplete\n"));
        assert_eq!(seen.status.code(), Some(1));
    }
    let late = ["GET", "http://ADDRESS/slow", "", "50"];
    for seen in everywhere(&["--allow-http=*"], "http_fetch", &late) {
        assert_eq!(text(&seen.stdout), "error: ErrorCode::ConnectionReadTimeout\n");
    }
    for options in [&[][..], &["--allow-http=example.com"]] {
        for seen in everywhere(options, "http_fetch", &["GET", "http://ADDRESS/x"]) {
            assert_eq!(text(&seen.stdout), "error: ErrorCode::HttpRequestDenied\n");
            assert!(text(&seen.stderr).contains("--allow-outbound http://127.0.0.1"));
        }
    }
}

/// What is ready first, and how far a long body has come each time that somebody looks.
#[test]
fn what_happens_at_once_is_replayed_in_its_order() {
    for seen in everywhere(&["--allow-http=*"], "http_many", &["ADDRESS"]) {
        let printed = text(&seen.stdout);
        let at = |what: &str| printed.find(what).unwrap_or_else(|| panic!("{what}: {printed}"));
        assert!(at("/fast: 201 \"fast\" complete") < at("/slow: 200 \"slow\" complete"));
        at("/cut: 200 \"half\" Some(ErrorCode::HttpResponseIncomplete)");
        at("the same came back: true\ntrailers [(\"x-sum\"");
        at("turn 5: ready [");
        assert!(printed.ends_with("echoed\n") && seen.status.success(), "{printed}");
    }
}
