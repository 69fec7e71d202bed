//! A server and its clients, on each engine: what is answered, what is refused, what is survived.
#![allow(clippy::unwrap_used, reason = "a test that can not go on has failed")]

mod client;
mod server;

use client::{Client, get};
use server::{Running, guest, one_app, wait_until};
use std::path::Path;
use std::time::{Duration, Instant};
use wayleave::EngineKind;
use wayleave_serve::{Address, AppSettings};

/// Each test on each engine.
macro_rules! on_engines {
    ($($test:ident),* $(,)?) => {
        mod wasmtime {
            $(#[test] fn $test() { super::$test(wayleave::EngineKind::Wasmtime); })*
        }
        mod wasmi {
            $(#[test] fn $test() { super::$test(wayleave::EngineKind::Wasmi); })*
        }
    };
}

on_engines!(
    requests_are_answered,
    the_guest_sees_the_request,
    bodies_come_back_as_they_arrive,
    instances_are_fresh_unless_reused,
    guests_that_end_badly_hurt_nobody_else,
    guests_that_never_answer_are_ended_in_time,
    a_busy_guest_lets_others_run,
    guests_that_compute_for_long_answer,
    too_much_is_refused,
    too_many_are_refused,
    a_client_that_leaves_ends_its_guest,
    smuggled_requests_are_refused,
    a_request_names_one_host,
    half_closed_connections_end_their_guests,
    responses_that_nobody_reads_are_ended,
    stopping_finishes_what_is_under_way,
    handles_and_memory_are_bounded,
    a_thousand_connections,
    dense_guests_answer_and_grow,
    an_async_guest_is_served,
    heads_alone_are_responses_as_well,
);

fn requests_are_answered(engine: EngineKind) {
    let server = Running::start(engine, |_| {});
    let reply = server.get("/hello");
    assert_eq!((reply.status, reply.text().as_str()), (200, "Hello, world!\n"));
    assert_eq!(server.get("/status/418").status, 418);
    assert_eq!(server.get("/bytes/1000000").body.len(), 1_000_000);
    assert_eq!(server.get("/slowly/3").text(), "0\n1\n2\n");
    assert_eq!(server.get("/after").text(), "first\n");
    let mut client = Client::connect(server.address);
    client.send(b"GET /trailers HTTP/1.1\r\nhost: a\r\nte: trailers\r\n\r\n");
    client.read_until(b"x-checksum: 42\r\n\r\n");
    // On one connection, one after the other.
    let mut client = Client::connect(server.address);
    for number in 0..20 {
        client.send(format!("GET /bytes/{number} HTTP/1.1\r\nhost: a\r\n\r\n").as_bytes());
        assert_eq!(client.reply().body.len(), number);
    }
    let answered = "wayleave_responses_total{app=\"web\",status=\"2xx\"}";
    // One goes on after its response.
    wait_until(|| server.metric(answered) == 25);
    assert_eq!(get(server.admin, "/healthz").status, 200);
}

fn the_guest_sees_the_request(engine: EngineKind) {
    let server = Running::start(engine, |_| {});
    let mut client = Client::connect(server.address);
    client.send(
        b"DELETE /headers?a=b%20c HTTP/1.1\r\nHost: example.com:81\r\nX-Two: 1\r\nx-two: 2\r\n\
          Connection: keep-alive\r\nX-Request-Id: mine-1\r\n\r\n",
    );
    let reply = client.reply();
    let text = reply.text();
    for line in [
        "Method::Delete /headers?a=b%20c Some(Scheme::Http) example.com:81",
        "x-two: 1",
        "x-two: 2",
        "x-request-id: mine-1",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
    assert_eq!(reply.header("x-request-id"), Some("mine-1"));
    // Of the connection, not of the request.
    assert!(!text.contains("keep-alive"), "{text}");
}

fn bodies_come_back_as_they_arrive(engine: EngineKind) {
    let server = Running::start(engine, |_| {});
    let mut client = Client::connect(server.address);
    client.send(b"POST /echo HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n");
    for part in ["first", "second"] {
        client.send(format!("{:x}\r\n{part}\r\n", part.len()).as_bytes());
        // Before the request is complete.
        client.read_until(part.as_bytes());
    }
    client.send(b"0\r\n\r\n");
    client.read_until(b"0\r\n\r\n");
    let large: Vec<u8> = (0..1_000_000_u32).map(|number| (number % 251) as u8).collect();
    client.send(b"POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 1000000\r\n\r\n");
    client.send_from_a_thread(large.clone());
    assert!(client.reply().body == large);
}

fn instances_are_fresh_unless_reused(engine: EngineKind) {
    let server = Running::start(engine, |_| {});
    for _ in 0..3 {
        assert_eq!(server.get("/count").text(), "1\n");
    }
    let server = Running::start(engine, one_app(|app| app.reuse = 3));
    let counts: Vec<_> = (0..4).map(|_| server.get("/count").text()).collect();
    assert_eq!(counts, ["1\n", "2\n", "3\n", "1\n"]);
    // What has trapped is not used again.
    assert_eq!(server.get("/trap").status, 500);
    assert_eq!(server.get("/count").text(), "1\n");
}

fn guests_that_end_badly_hurt_nobody_else(engine: EngineKind) {
    let server = Running::start(engine, |_| {});
    for (path, status) in [("/trap", 500), ("/exit", 500), ("/nothing", 500), ("/error", 502)] {
        let reply = server.get(path);
        assert_eq!(reply.status, status, "{path}");
        assert!(!reply.text().contains("panicked"), "{reply:?}");
    }
    let cut = server.get("/trap-in-body");
    assert!(cut.incomplete, "{cut:?}");
    let mut client = Client::connect(server.address);
    client.send(b"GET /length/9 HTTP/1.1\r\nhost: a\r\n\r\n");
    assert!(client.try_reply().is_none_or(|reply| reply.incomplete));
    assert_eq!(server.get("/length/5").text(), "12345");
    assert_eq!(server.get("/hello").status, 200);
    assert_eq!(server.metric("wayleave_traps_total"), 2);
}

fn guests_that_never_answer_are_ended_in_time(engine: EngineKind) {
    let limit = Duration::from_millis(300);
    let server = Running::start(engine, one_app(|app| app.grants.limits.timeout = Some(limit)));
    for path in ["/loop", "/wait"] {
        let start = Instant::now();
        assert_eq!(server.get(path).status, 504, "{path}");
        let late = start.elapsed().saturating_sub(limit);
        // The goal is 50 ms; a busy machine is no mistake of the server's.
        assert!(late < Duration::from_secs(2), "{path}: {late:?} late");
    }
    assert!(server.get("/hold").incomplete);
    // A body that does not come.
    let mut client = Client::connect(server.address);
    client.send(b"POST /read HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nab");
    assert_eq!(client.reply().status, 504);
    assert_eq!(server.metric("wayleave_timeouts_total"), 4);
    assert_eq!(server.metric("wayleave_requests_in_flight"), 0);
}

fn a_busy_guest_lets_others_run(engine: EngineKind) {
    let timeout = Duration::from_secs(4);
    let server = Running::start(engine, one_app(|app| app.grants.limits.timeout = Some(timeout)));
    // More than there are threads.
    let mut busy: Vec<_> = (0..4).map(|_| Client::connect(server.address)).collect();
    for client in &mut busy {
        client.send(b"GET /loop HTTP/1.1\r\nhost: a\r\n\r\n");
    }
    let start = Instant::now();
    for _ in 0..5 {
        assert_eq!(server.get("/hello").status, 200);
    }
    assert!(start.elapsed() < timeout, "{:?}", start.elapsed());
    for mut client in busy {
        assert_eq!(client.reply().status, 504);
    }
}

fn guests_that_compute_for_long_answer(engine: EngineKind) {
    let server = Running::start(engine, |_| {});
    assert_eq!(server.get("/compute/50").text(), "half of it all\n");
    assert_eq!(server.get("/hello").text(), "Hello, world!\n");
}

fn too_much_is_refused(engine: EngineKind) {
    let server = Running::start(engine, |settings| {
        settings.max_head = 16 << 10;
        settings.apps[0].limits.body = 1000;
    });
    let mut client = Client::connect(server.address);
    client.send(b"POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 1001\r\n\r\n");
    assert_eq!(client.reply().status, 413);
    // Not told beforehand.
    let mut client = Client::connect(server.address);
    client.send(b"POST /read HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n");
    client.send(format!("3e9\r\n{}\r\n0\r\n\r\n", "x".repeat(1001)).as_bytes());
    assert_eq!(client.reply().status, 413);
    let mut client = Client::connect(server.address);
    let long = "x".repeat(20 << 10);
    client.send(format!("GET / HTTP/1.1\r\nhost: a\r\nlong: {long}\r\n\r\n").as_bytes());
    assert_eq!(client.reply().status, 431);
    let mut client = Client::connect(server.address);
    let many: String = (0..1000).map(|number| format!("h{number}: 1\r\n")).collect();
    client.send(format!("GET / HTTP/1.1\r\nhost: a\r\n{many}\r\n").as_bytes());
    assert_eq!(client.reply().status, 431);
    assert_eq!(server.get("/hello").status, 200);
}

fn too_many_are_refused(engine: EngineKind) {
    let server = Running::start(
        engine,
        one_app(|app| {
            app.limits.concurrency = 1;
            app.limits.queue = 1;
            app.grants.limits.timeout = Some(Duration::from_secs(10));
        }),
    );
    let mut first = Client::connect(server.address);
    first.send(b"GET /sleep/500 HTTP/1.1\r\nhost: a\r\n\r\n");
    wait_until(|| server.metric("wayleave_requests_in_flight") == 1);
    let mut second = Client::connect(server.address);
    second.send(b"GET /hello HTTP/1.1\r\nhost: a\r\n\r\n");
    wait_until(|| server.metric("wayleave_requests_queued") == 1);
    let third = server.get("/hello");
    assert_eq!((third.status, third.header("retry-after")), (503, Some("1")));
    assert_eq!(first.reply().status, 200);
    assert_eq!(second.reply().status, 200);
    assert_eq!(server.metric("wayleave_rejected_total"), 1);
}

fn a_client_that_leaves_ends_its_guest(engine: EngineKind) {
    let server = Running::start(engine, |_| {});
    for path in ["/wait", "/hold", "/loop"] {
        let mut client = Client::connect(server.address);
        client.send(format!("GET {path} HTTP/1.1\r\nhost: a\r\n\r\n").as_bytes());
        wait_until(|| server.metric("wayleave_requests_in_flight") == 1);
        drop(client);
        wait_until(|| server.metric("wayleave_requests_in_flight") == 0);
    }
}

fn smuggled_requests_are_refused(engine: EngineKind) {
    let server = Running::start(engine, |_| {});
    for head in [
        "content-length: 5\r\ncontent-length: 6\r\n",
        "content-length: 5, 6\r\n",
        "content-length: +5\r\n",
        "content-length: 0x5\r\n",
        "content-length: -1\r\n",
        "content-length: 5 5\r\n",
        "content-length: 99999999999999999999999\r\n",
        "transfer-encoding: identity\r\n",
        "transfer-encoding: chunked, gzip\r\n",
        "transfer-encoding: xchunked\r\n",
        "content-length : 5\r\n",
        " content-length: 5\r\n",
        "a\u{0}b: c\r\n",
    ] {
        let mut client = Client::connect(server.address);
        let request = format!("POST /read HTTP/1.1\r\nhost: a\r\n{head}\r\nhello");
        client.send(request.as_bytes());
        let reply = client.reply();
        assert_eq!(reply.status, 400, "{head:?}: {reply:?}");
    }
    // Both: what is chunked is chunked, and the connection is not used for anything else.
    let mut client = Client::connect(server.address);
    client.send(
        b"POST /read HTTP/1.1\r\nhost: a\r\ncontent-length: 30\r\ntransfer-encoding: chunked\r\n\
          \r\n5\r\nhello\r\n0\r\n\r\nGET /trap HTTP/1.1\r\nhost: a\r\n\r\n",
    );
    let reply = client.reply();
    assert!(reply.status == 400 || reply.text() == "5\n", "{reply:?}");
    assert!(client.try_reply().is_none(), "the connection is over");
    assert_eq!(server.metric("wayleave_traps_total"), 0);
}

/// A client that reads nothing keeps neither the guest nor the room for others.
fn responses_that_nobody_reads_are_ended(engine: EngineKind) {
    let server = Running::start(engine, |settings| {
        settings.apps[0].limits.concurrency = 2;
        settings.apps[0].grants.limits.timeout = Some(Duration::from_secs(2));
        settings.head_timeout = Duration::from_secs(1);
    });
    let clients: Vec<_> = (0..2)
        .map(|_| {
            let mut client = Client::connect(server.address);
            client.send(b"GET /bytes/300000000 HTTP/1.1\r\nhost: a\r\n\r\n");
            client
        })
        .collect();
    wait_until(|| server.metric("wayleave_requests_in_flight") == 2);
    wait_until(|| server.metric("wayleave_requests_in_flight") == 0);
    assert!(server.metric("wayleave_timeouts_total") >= 2);
    assert_eq!(server.get("/hello").status, 200);
    drop(clients);
}

/// Whoever closes a side before the answer is there is taken to have left, and hurts nobody.
fn half_closed_connections_end_their_guests(engine: EngineKind) {
    let server = Running::start(engine, |_| {});
    let mut client = Client::connect(server.address);
    client.send(b"GET /wait HTTP/1.1\r\nhost: a\r\n\r\n");
    wait_until(|| server.metric("wayleave_requests_in_flight") == 1);
    client.close_writing();
    assert!(client.try_reply().is_none());
    wait_until(|| server.metric("wayleave_requests_in_flight") == 0);
    assert_eq!(server.get("/hello").status, 200);
}

/// Another one on the way may have gone by the other host.
fn a_request_names_one_host(engine: EngineKind) {
    let server = Running::start(engine, |_| {});
    for (head, status) in [
        ("GET /hello HTTP/1.1\r\n", 400),
        ("GET /hello HTTP/1.1\r\nhost: a\r\nhost: b\r\n", 400),
        ("GET /hello HTTP/1.1\r\nhost: a\r\nhost: a\r\n", 400),
        ("GET /hello HTTP/1.0\r\nhost: a\r\nhost: b\r\n", 400),
        ("GET /hello HTTP/1.0\r\n", 200),
        ("GET /hello HTTP/1.1\r\nhost: a\r\n", 200),
    ] {
        let mut client = Client::connect(server.address);
        client.send(format!("{head}connection: close\r\n\r\n").as_bytes());
        assert_eq!(client.reply().status, status, "{head:?}");
    }
}

fn stopping_finishes_what_is_under_way(engine: EngineKind) {
    // On a busy machine the fifth of a second that the guest takes can become many.
    let server = Running::start(engine, |settings| {
        settings.drain = Duration::from_secs(60);
        one_app(|app| app.grants.limits.timeout = Some(Duration::from_secs(60)))(settings);
    });
    let mut client = Client::connect(server.address);
    client.send(b"GET /slowly/20 HTTP/1.1\r\nhost: a\r\n\r\n");
    client.read_until(b"0\n");
    let mut idle = Client::connect(server.address);
    idle.send(b"GET /hello HTTP/1.1\r\nhost: a\r\n\r\n");
    assert_eq!(idle.reply().status, 200);
    let address = server.address;
    let stopped = std::thread::spawn(move || server.stop());
    client.read_until(b"19\n");
    assert!(stopped.join().unwrap());
    assert!(std::net::TcpStream::connect(address).is_err());
    // What does not end by itself is ended.
    let server = Running::start(engine, |settings| settings.drain = Duration::from_millis(200));
    let mut client = Client::connect(server.address);
    client.send(b"GET /wait HTTP/1.1\r\nhost: a\r\n\r\n");
    wait_until(|| server.metric("wayleave_requests_in_flight") == 1);
    assert!(!server.stop());
}

fn handles_and_memory_are_bounded(engine: EngineKind) {
    let server = Running::start(engine, one_app(|app| app.grants.limits.memory = Some(16 << 20)));
    assert_eq!(server.get("/memory/4").status, 200);
    assert_eq!(server.get("/memory/32").status, 500);
    assert_eq!(server.get("/leak/1000").status, 200);
    assert_eq!(server.get("/leak/3000000").status, 500);
    assert_eq!(server.get("/hello").status, 200);
}

fn a_thousand_connections(engine: EngineKind) {
    let server = Running::start(engine, |_| {});
    let mut clients: Vec<_> = (0..1000).map(|_| Client::connect(server.address)).collect();
    for client in &mut clients {
        client.send(b"GET /sleep/100 HTTP/1.1\r\nhost: a\r\n\r\n");
    }
    for client in &mut clients {
        assert_eq!(client.reply().status, 200);
    }
}

fn dense_guests_answer_and_grow(engine: EngineKind) {
    let server = Running::start(engine, |settings| settings.dense = true);
    for _ in 0..3 {
        assert_eq!(server.get("/hello").text(), "Hello, world!\n");
        assert_eq!(server.get("/bytes/5000000").body.len(), 5_000_000);
    }
}

/// The guest's own executor waits by `poll`.
fn an_async_guest_is_served(engine: EngineKind) {
    let server = Running::start(engine, |settings| {
        settings.apps = vec![AppSettings::new("wstd", guest("http_wstd"))];
    });
    assert_eq!(server.get("/hello").text(), "Hello, world!\n");
    assert_eq!(server.get("/nothing").status, 404);
    let begun = Instant::now();
    assert_eq!(server.get("/later").text(), "later\n");
    assert!(begun.elapsed() >= Duration::from_millis(50));
    let body = vec![7; 300_000];
    let mut client = Client::connect(server.address);
    client.send(b"POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 300000\r\n\r\n");
    client.send(&body);
    assert_eq!(client.reply().body, body);
}

/// The guest writes as it always does, and comes to its end.
fn heads_alone_are_responses_as_well(engine: EngineKind) {
    let server = Running::start(engine, one_app(|app| app.reuse = 10));
    let mut client = Client::connect(server.address);
    let requests =
        ["HEAD /bytes/1000000", "HEAD /hello", "HEAD /after", "GET /status/204", "GET /status/304"];
    for request in requests {
        client.send(format!("{request} HTTP/1.1\r\nhost: a\r\n\r\n").as_bytes());
        client.read_until(b"\r\n\r\n");
        wait_until(|| server.metric("wayleave_requests_in_flight") == 0);
    }
    // By the same instance, which none of them has ended; and nothing comes before it.
    client.send(b"GET /count HTTP/1.1\r\nhost: a\r\n\r\n");
    assert_eq!(client.reply().text(), "6\n");
    for what in ["cancelled", "traps", "timeouts"] {
        assert_eq!(server.metric(&format!("wayleave_{what}_total")), 0, "{what}");
    }
}

#[test]
fn apps_are_found_by_host_and_path() {
    let server = Running::start(EngineKind::ALL[0], |settings| {
        let mut hello = AppSettings::new("hello", guest("http_hello"));
        hello.hosts = vec!["hello.example".into()];
        let mut below = AppSettings::new("below", guest("http_hello"));
        below.path = "/below".into();
        settings.apps[0].hosts = vec!["*.example".into()];
        settings.apps.extend([hello, below]);
    });
    for (host, path, status, text) in [
        ("hello.example", "/status/418", 200, "Hello, world!\n"),
        ("web.example:8080", "/count", 200, "1\n"),
        ("other", "/below/x", 200, "Hello, world!\n"),
        ("other", "/", 404, "no app answers here\n"),
    ] {
        let mut client = Client::connect(server.address);
        client.send(format!("GET {path} HTTP/1.1\r\nhost: {host}\r\n\r\n").as_bytes());
        let reply = client.reply();
        assert_eq!((reply.status, reply.text().as_str()), (status, text), "{host}{path}");
    }
}

#[test]
fn a_changed_component_is_loaded_and_no_request_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("app.wasm");
    std::fs::copy(guest("http_hello"), &file).unwrap();
    let component = file.clone();
    let server = Running::start(EngineKind::ALL[0], move |settings| {
        settings.apps = vec![AppSettings::new("app", component)];
    });
    let mut slow = Client::connect(server.address);
    assert_eq!(server.get("/count").text(), "Hello, world!\n");
    let other = folder.path().join("other.wasm");
    std::fs::copy(guest("http_web"), &other).unwrap();
    std::fs::rename(other, &file).unwrap();
    let start = Instant::now();
    loop {
        let reply = server.get("/count");
        assert_eq!(reply.status, 200);
        if reply.text() == "1\n" {
            break;
        }
        assert!(start.elapsed() < Duration::from_secs(60), "never loaded");
        std::thread::sleep(Duration::from_millis(20));
    }
    // A component that is none changes nothing.
    std::fs::write(&file, "nonsense").unwrap();
    std::thread::sleep(Duration::from_millis(1500));
    assert_eq!(server.get("/count").text(), "1\n");
    slow.send(b"GET /hello HTTP/1.1\r\nhost: a\r\n\r\n");
    assert_eq!(slow.reply().status, 200);
}

#[test]
fn a_unix_socket_is_served_and_taken_away() {
    use std::io::{Read, Write};
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let address = path.clone();
    let server = Running::start(EngineKind::ALL[0], move |settings| {
        settings.addresses.insert(0, Address::Unix(address));
    });
    let mut stream = std::os::unix::net::UnixStream::connect(&path).unwrap();
    stream.write_all(b"GET /hello HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    assert!(text.starts_with("HTTP/1.1 200 OK"), "{text}");
    assert!(server.stop());
    assert!(!path.exists());
}

#[test]
fn slow_heads_have_a_time_limit() {
    let server = Running::start(EngineKind::ALL[0], |settings| {
        settings.head_timeout = Duration::from_millis(200);
    });
    for part in [&b""[..], b"PRI * H", b"GET / HTTP/1.1\r\nhost: a\r\n"] {
        let mut client = Client::connect(server.address);
        client.send(part);
        let start = Instant::now();
        client.read_to_end();
        assert!(start.elapsed() < Duration::from_secs(5), "{part:?}");
    }
}

/// The answer over TLS, to who trusts only this authority; `None` when that is not the server's.
fn get_by_tls(authority: &Path, port: u16) -> Option<(http::Version, http::StatusCode)> {
    use std::net::{IpAddr, SocketAddr};
    use wayleave::system::http::{Client as _, Destination, Options, Policy, Taken, empty};
    use wayleave::system::net::Naming;
    struct Anywhere;
    impl Policy for Anywhere {
        fn host(&self, _: &Destination<'_>) -> Naming {
            Naming::Ask
        }

        fn route(&self, to: &Destination<'_>, address: IpAddr) -> Option<SocketAddr> {
            Some((address, to.port).into())
        }
    }
    let roots = wayleave_http_client::Roots::none().and_file(authority).unwrap();
    let settings = wayleave_http_client::Settings { roots, ..Default::default() };
    let client = wayleave_http_client::HyperClient::new(std::sync::Arc::new(Anywhere), settings);
    let uri = format!("https://localhost:{port}/hello");
    let request = http::Request::get(uri).body(empty()).unwrap();
    let pending = client.send(request, Options::default());
    let start = Instant::now();
    loop {
        match pending.take() {
            Taken::Now(outcome) => {
                return outcome.ok().map(|reply| (reply.version(), reply.status()));
            }
            Taken::NotYet => std::thread::sleep(Duration::from_millis(5)),
            Taken::Before => panic!("taken twice"),
        }
        assert!(start.elapsed() < Duration::from_secs(60));
    }
}

#[test]
fn tls_is_served_and_its_certificate_can_change() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    let write = |authority: &str| {
        let names = ["localhost".to_owned()];
        let made = rcgen::generate_simple_self_signed(names).unwrap();
        std::fs::write(file("key.pem"), made.signing_key.serialize_pem()).unwrap();
        std::fs::write(file("cert.pem"), made.cert.pem()).unwrap();
        std::fs::write(file(authority), made.cert.pem()).unwrap();
    };
    write("first.pem");
    let (cert, key) = (file("cert.pem"), file("key.pem"));
    let server = Running::start(EngineKind::ALL[0], move |settings| {
        settings.tls = Some(wayleave_serve::TlsSettings { cert, key });
    });
    let port = server.address.port();
    let answer = Some((http::Version::HTTP_2, http::StatusCode::OK));
    assert_eq!(get_by_tls(&file("first.pem"), port), answer);
    write("second.pem");
    wait_until(|| get_by_tls(&file("second.pem"), port) == answer);
    assert_eq!(get_by_tls(&file("first.pem"), port), None);
}
