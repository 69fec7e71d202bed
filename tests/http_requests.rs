//! A guest's own HTTP requests, from the command line's grant to the wire and back, on each engine.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const ENGINES: [&str; 2] = ["wasmtime", "wasmi"];

/// A server of one answer to each connection, made of what it was sent.
struct Server {
    address: SocketAddr,
    asked: Arc<AtomicUsize>,
}

impl Server {
    fn start(answer: impl Fn(&str, &mut TcpStream) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let asked = Arc::<AtomicUsize>::default();
        let count = asked.clone();
        std::thread::spawn(move || {
            while let Ok((mut stream, _)) = listener.accept() {
                count.fetch_add(1, Ordering::SeqCst);
                answer(&request(&mut stream), &mut stream);
            }
        });
        Self { address, asked }
    }
}

/// A request with as much body as it announces.
fn request(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut byte = [0];
    while !bytes.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read > 0) {
        bytes.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&bytes).to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |length| length.parse().expect("a length"))];
    stream.read_exact(&mut body).expect("the body");
    bytes.extend(body);
    String::from_utf8(bytes).expect("text")
}

fn fetch(engine: &str, hosts: &[&str], args: &[&str]) -> Output {
    let options: Vec<_> = hosts.iter().map(|host| format!("--allow-http={host}")).collect();
    fetch_with(engine, &options, args)
}

/// With these options about the network.
fn fetch_with(engine: &str, options: &[impl AsRef<str>], args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_wayleave"))
        .args(["run", "--engine", engine, "--timeout", "60s"])
        .args(options.iter().map(AsRef::as_ref))
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../../guests/built/components/http_fetch.wasm"))
        .args(args)
        .output()
        .expect("the command runs")
}

/// All that was printed, but for what would allow a refused request.
fn printed(output: &Output) -> String {
    let errors = String::from_utf8_lossy(&output.stderr);
    let errors: String =
        errors.split_inclusive('\n').filter(|line| !line.starts_with(HINT)).collect();
    format!("{}{errors}", String::from_utf8_lossy(&output.stdout))
}

const HINT: &str = "wayleave: hint: it was refused to send a request to ";

#[test]
fn a_granted_host_is_asked_and_answers() {
    let server = Server::start(|asked, stream| {
        let answer = format!("HTTP/1.1 201 Created\r\nx-a: b\r\n\r\nasked:\n{asked}");
        stream.write_all(answer.as_bytes()).expect("the answer");
    });
    let address = server.address.to_string();
    for engine in ENGINES {
        let url = format!("http://{address}/path?query");
        let output = fetch(engine, &[&address], &["PUT", &url, "some body"]);
        let printed = printed(&output).replace('\r', "");
        assert!(output.status.success(), "{engine}: {printed}");
        let expected = format!(
            "status: 201\nx-a: b\n\nasked:\nPUT /path?query HTTP/1.1\ncontent-length: 9\n\
             host: {address}\n\nsome body\n"
        );
        assert_eq!(printed, expected, "{engine}");
    }
}

#[test]
fn what_is_not_granted_is_denied_and_never_dialled() {
    let server = Server::start(|_, stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").expect("the answer");
    });
    let (address, port) = (server.address.to_string(), server.address.port());
    let other_port = format!("127.0.0.1:{}", port.wrapping_add(1).max(1));
    let by_name = format!("localhost:{port}");
    for engine in ENGINES {
        let url = format!("http://{address}/");
        for grants in [&[][..], &["127.0.0.1"], &[&other_port], &[&by_name], &["127.0.0.2"]] {
            let output = fetch(engine, grants, &["GET", &url]);
            assert_eq!(output.status.code(), Some(1), "{grants:?}");
            let expected = "error: ErrorCode::HttpRequestDenied\n";
            assert_eq!(printed(&output), expected, "{engine} {grants:?}");
            let hint = format!("{HINT}http://{address}; --allow-outbound http://{address} would");
            let errors = String::from_utf8_lossy(&output.stderr);
            assert!(errors.contains(&hint), "{engine} {grants:?}: {errors}");
        }
    }
    assert_eq!(server.asked.load(Ordering::SeqCst), 0);
    let all = fetch("wasmtime", &["*"], &["GET", &format!("http://{address}/")]);
    assert!(all.status.success(), "{}", printed(&all));
}

const DENIED: &str = "error: ErrorCode::HttpRequestDenied\n";

#[test]
fn rules_of_every_kind_are_for_requests_too() {
    let server = Server::start(|_, stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").expect("the answer");
    });
    let port = server.address.port();
    let (by_address, by_name) =
        (format!("http://127.0.0.1:{port}/"), format!("http://localhost:{port}/"));
    let with_port = |rule: &str| rule.replace("PORT", &port.to_string());
    for engine in ENGINES {
        for (options, url, allowed) in [
            (&["--allow-outbound=http://127.0.0.0/8:PORT"][..], &by_address, true),
            (&["--allow-outbound=http://localhost:1-65535#ipv4-only"], &by_name, true),
            (&["--allow-outbound=http://localhost:1-65535#ipv6-only"], &by_name, false),
            // Each protocol for itself.
            (&["--allow-outbound=tcp://*:*"], &by_address, false),
            (&["--allow-outbound=https://*:*"], &by_address, false),
            // A name does not lead into a block, if it may not be looked up.
            (&["--allow-outbound=http://127.0.0.0/8:PORT"], &by_name, false),
            (
                &["--allow-outbound=http://127.0.0.0/8:PORT", "--allow-resolve=localhost"],
                &by_name,
                true,
            ),
            (&["--allow-http=*", "--deny-outbound=http://localhost:*"], &by_name, false),
            (&["--allow-http=*", "--deny-outbound=http://localhost:*"], &by_address, false),
            // What is denied is the address that is dialled.
            (&["--allow-http=*", "--deny-outbound=tcp://127.0.0.1:*"], &by_name, false),
            (&["--allow-http=*", "--deny-outbound=udp://*:*"], &by_name, true),
            (&["--allow-http=*", "--public-only"], &by_name, false),
            (&["--allow-http=*", "--public-only"], &by_address, false),
            (&["--allow-http=localhost:PORT", "--public-only"], &by_name, true),
            (&["--allow-http=127.0.0.1:PORT", "--public-only"], &by_address, true),
        ] {
            let options: Vec<_> = options.iter().map(|option| with_port(option)).collect();
            let output = fetch_with(engine, &options, &["GET", url]);
            let expected = if allowed { "status: 200\n\n\n" } else { DENIED };
            assert_eq!(printed(&output).replace('\r', ""), expected, "{engine} {options:?} {url}");
        }
    }
}

#[test]
fn an_address_in_disguise_is_that_address() {
    let server = Server::start(|_, _| {});
    let port = server.address.port();
    for host in [
        "0.0.0.0",
        "[::ffff:127.0.0.1]",
        "[::]",
        "[64:ff9b::127.0.0.1]",
        "[2002:7f00:1::1]",
        "[::127.0.0.1]",
    ] {
        for option in ["--public-only", "--deny-outbound=tcp://127.0.0.0/8:*"] {
            let url = format!("http://{host}:{port}/");
            let options = ["--allow-http=*", "--deny-outbound=tcp://[::1]:*", option];
            let output = fetch_with("wasmtime", &options, &["GET", &url]);
            assert_eq!(printed(&output), DENIED, "{url} {option}");
        }
    }
    for host in ["0x7f.1", "127.1", "2130706433", "0177.0.0.1", "localhost.."] {
        let url = format!("http://{host}:{port}/");
        let output = fetch_with("wasmtime", &["--allow-http=*"], &["GET", &url]);
        assert!(printed(&output).starts_with("error: "), "{url}: {}", printed(&output));
    }
    assert_eq!(server.asked.load(Ordering::SeqCst), 0);
}

#[test]
fn a_host_may_be_somewhere_else() {
    let server = Server::start(|asked, stream| {
        let answer = format!("HTTP/1.1 200 OK\r\n\r\n{asked}");
        stream.write_all(answer.as_bytes()).expect("the answer");
    });
    for engine in ENGINES {
        let option = format!("--allow-outbound=http://api.internal->{}", server.address);
        let output = fetch_with(engine, &[&option], &["GET", "http://api.internal/x"]);
        let printed_text = printed(&output);
        assert!(printed_text.starts_with("status: 200\n"), "{engine}: {printed_text}");
        assert!(printed_text.contains("host: api.internal"), "{engine}: {printed_text}");
        let direct = format!("http://{}/", server.address);
        for other in [direct.as_str(), "http://api.internal:81/", "https://api.internal/"] {
            assert_eq!(printed(&fetch_with(engine, &[&option], &["GET", other])), DENIED);
        }
    }
}

#[test]
fn redirects_go_nowhere_by_themselves() {
    let other = Server::start(|_, _| {});
    let to = other.address;
    let server = Server::start(move |_, stream| {
        let answer = format!("HTTP/1.1 302 Found\r\nlocation: http://{to}/\r\n\r\n");
        stream.write_all(answer.as_bytes()).expect("the answer");
    });
    let url = format!("http://{}/", server.address);
    let output = fetch("wasmtime", &["*"], &["GET", &url]);
    assert!(printed(&output).starts_with("status: 302\n"), "{}", printed(&output));
    assert_eq!(other.asked.load(Ordering::SeqCst), 0);
}

#[test]
fn failures_reach_the_guest() {
    let silent = Server::start(|_, _| std::thread::sleep(Duration::from_secs(60)));
    let cut = Server::start(|_, stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhi").expect("the answer");
    });
    let nobody = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let nobody = nobody.expect("a port");
    for engine in ENGINES {
        let start = Instant::now();
        let url = format!("http://{}/", silent.address);
        let output = fetch(engine, &["*"], &["GET", &url, "", "100"]);
        assert_eq!(printed(&output), "error: ErrorCode::ConnectionReadTimeout\n", "{engine}");
        assert!(start.elapsed() < Duration::from_secs(30), "{engine}");

        let output = fetch(engine, &["*"], &["GET", &format!("http://{}/", cut.address)]);
        let printed_text = printed(&output);
        assert!(printed_text.contains("the body ended"), "{engine}: {printed_text}");
        assert!(
            printed_text.ends_with("error: ErrorCode::HttpResponseIncomplete\n"),
            "{engine}: {printed_text}"
        );

        let output = fetch(engine, &["*"], &["GET", &format!("http://{nobody}/")]);
        assert_eq!(printed(&output), "error: ErrorCode::ConnectionRefused\n", "{engine}");
    }
}

#[test]
fn a_grant_that_is_no_host_is_refused() {
    let output = fetch("wasmtime", &["http://example.com/"], &["GET", "http://example.com/"]);
    assert_eq!(output.status.code(), Some(2));
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains("write HOST[:PORT]"), "{error}");
}
