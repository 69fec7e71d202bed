//! How many connections there are, and to where.

use super::server::{Server, reply};
use super::{Rule, anywhere, block_on, client, eventually, get, never, send, text, wait};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use wayleave_http_client::{HyperClient, Settings};
use wayleave_system::http::{Client, Destination, ErrorCode, Options, Policy};
use wayleave_system::net::Naming;
use wayleave_system::refusal::Answer;

#[test]
fn a_connection_is_used_again() {
    let server = Server::plain(async |_| reply("body"));
    let client = client();
    for _ in 0..5 {
        let response = send(&client, get(server.uri("/"))).unwrap();
        assert_eq!(text(response.into_body()).unwrap(), "body");
        // It is put back by a task of its own.
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(server.connections(), 1);
    drop(client);
    eventually("the connection closes", || server.open() == 0);
}

#[test]
fn a_connection_is_not_kept_for_long() {
    let server = Server::plain(async |_| reply("body"));
    let idle_timeout = Duration::from_millis(50);
    let settings = Settings { idle_timeout, ..Settings::default() };
    let client = HyperClient::new(anywhere(), settings);
    let response = send(&client, get(server.uri("/"))).unwrap();
    assert_eq!(text(response.into_body()).unwrap(), "body");
    eventually("the connection closes", || server.open() == 0);
    send(&client, get(server.uri("/"))).unwrap();
    assert_eq!(server.connections(), 2);
}

#[test]
fn what_the_server_has_closed_is_not_used() {
    let server = Server::plain(async |_| {
        let mut reply = reply("body");
        reply.headers_mut().insert("connection", "close".parse().unwrap());
        reply
    });
    let client = client();
    for _ in 0..3 {
        let response = send(&client, get(server.uri("/"))).unwrap();
        assert_eq!(text(response.into_body()).unwrap(), "body");
    }
    assert_eq!(server.connections(), 3);
}

#[test]
fn connections_are_limited() {
    let server = Server::plain(async |_| {
        never().await;
        reply("")
    });
    let settings = Settings { connections: 2, ..Settings::default() };
    let client = HyperClient::new(anywhere(), settings);
    let hold = || client.send(get(server.uri("/")), Options::default());
    let held = [hold(), hold()];
    eventually("both are connected", || server.open() == 2);
    let options =
        Options { connect_timeout: Some(Duration::from_millis(50)), ..Options::default() };
    let third = wait(&client.send(get(server.uri("/")), options));
    assert_eq!(third.map(|_| ()), Err(ErrorCode::ConnectionLimitReached));
    assert_eq!(server.connections(), 2);
    drop(held);
    eventually("what nobody waits for is given up", || server.open() == 0);
}

#[test]
fn what_nobody_uses_makes_room() {
    let servers = [(); 3].map(|()| Server::plain(async |_| reply("body")));
    let settings = Settings { connections: 1, ..Settings::default() };
    let client = HyperClient::new(anywhere(), settings);
    for server in &servers {
        let response = send(&client, get(server.uri("/"))).unwrap();
        assert_eq!(text(response.into_body()).unwrap(), "body");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn the_policy_is_asked_of_hosts_and_addresses() {
    let server = Server::plain(async |_| reply("body"));
    let port = server.address.port();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = asked.clone();
    let policy = Rule(move |host: &str, port, address: Option<SocketAddr>| {
        log.lock().unwrap().push((host.to_owned(), port, address));
        host == "localhost"
    });
    let client = HyperClient::new(Arc::new(policy), Settings::default());
    let uri = format!("http://LOCALHOST:{port}/");
    let response = send(&client, get(&uri)).unwrap();
    assert_eq!(text(response.into_body()).unwrap(), "body");
    {
        let mut asked = asked.lock().unwrap();
        assert_eq!(asked.remove(0), ("localhost".to_owned(), port, None));
        assert!(asked.iter().any(|(.., address)| *address == Some(server.address)), "{asked:?}");
        asked.clear();
    }
    for denied in [server.uri("/"), format!("http://localhost.localdomain:{port}/")] {
        let denied = send(&client, get(denied));
        assert_eq!(denied.map(|_| ()), Err(ErrorCode::RequestDenied));
    }
    // Not even resolved.
    assert!(asked.lock().unwrap().iter().all(|(.., address)| address.is_none()));
    assert_eq!(server.connections(), 1);
}

#[test]
fn an_address_that_is_refused_is_not_dialled() {
    let server = Server::plain(async |_| reply("body"));
    let policy = Rule(|_: &str, _, address: Option<SocketAddr>| {
        address.is_none_or(|address| !address.ip().is_loopback())
    });
    let client = HyperClient::new(Arc::new(policy), Settings::default());
    let by_name = format!("http://localhost:{}/", server.address.port());
    let mapped = format!("http://[::ffff:127.0.0.1]:{}/", server.address.port());
    for uri in [by_name, server.uri("/"), mapped, "http://[::1]/".to_owned()] {
        let denied = send(&client, get(&uri));
        assert_eq!(denied.map(|_| ()), Err(ErrorCode::RequestDenied), "{uri}");
    }
    // Resolvers would take them for addresses.
    for uri in ["http://0x7f.1/", "http://127.1/", "http://2130706433/", "http://0177.0.0.1/"] {
        let denied = send(&client, get(uri));
        assert_eq!(denied.map(|_| ()), Err(ErrorCode::RequestUriInvalid), "{uri}");
    }
    assert_eq!(server.connections(), 0);
}

/// Knows one name, and where it leads; and may let through what is refused.
struct Elsewhere {
    to: SocketAddr,
    lenient: bool,
    refused: Mutex<Vec<(String, Option<IpAddr>)>>,
}

impl Policy for Elsewhere {
    fn host(&self, to: &Destination<'_>) -> Naming {
        match to.host {
            "known.internal" => Naming::Known(vec![self.to.ip()]),
            _ => Naming::Refused,
        }
    }

    fn route(&self, to: &Destination<'_>, address: IpAddr) -> Option<SocketAddr> {
        let known = to.host == "known.internal" && address == self.to.ip() && to.port == 80;
        known.then_some(self.to)
    }

    fn refused(&self, to: &Destination<'_>, address: Option<IpAddr>) -> Answer {
        self.refused.lock().unwrap().push((to.host.to_owned(), address));
        if self.lenient { Answer::Allow } else { Answer::Deny }
    }
}

#[test]
fn the_policy_says_where_names_and_ports_lead() {
    let server = Server::plain(async |request| {
        reply(request.headers()["host"].to_str().unwrap().to_owned())
    });
    let policy =
        |lenient| Arc::new(Elsewhere { to: server.address, lenient, refused: Mutex::default() });
    let strict = policy(false);
    let client = HyperClient::new(strict.clone(), Settings::default());
    for _ in 0..2 {
        let response = send(&client, get("http://known.internal/")).unwrap();
        assert_eq!(text(response.into_body()).unwrap(), "known.internal");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(server.connections(), 1);
    let ip = server.address.ip();
    for (uri, address) in [("http://known.internal:81/", Some(ip)), ("http://other/", None)] {
        let denied = send(&client, get(uri)).map(|_| ());
        assert_eq!(denied, Err(ErrorCode::RequestDenied), "{uri}");
        assert_eq!(strict.refused.lock().unwrap().pop().unwrap().1, address, "{uri}");
    }
    assert_eq!(strict.refused.lock().unwrap().len(), 0);

    let lenient = policy(true);
    let client = HyperClient::new(lenient.clone(), Settings::default());
    let response = send(&client, get(server.uri("/"))).unwrap();
    assert_eq!(text(response.into_body()).unwrap(), server.address.to_string());
    let host = server.address.ip().to_string();
    assert_eq!(*lenient.refused.lock().unwrap(), [(host.clone(), None), (host, Some(ip))]);
}

#[test]
fn a_connection_that_is_open_is_still_asked_about() {
    let server = Server::plain(async |_| reply("body"));
    let allowed = Arc::new(Mutex::new(true));
    let now = allowed.clone();
    let policy = Rule(move |_: &str, _, address: Option<SocketAddr>| {
        address.is_none() || *now.lock().unwrap()
    });
    let client = HyperClient::new(Arc::new(policy), Settings::default());
    let response = send(&client, get(server.uri("/"))).unwrap();
    assert_eq!(text(response.into_body()).unwrap(), "body");
    std::thread::sleep(Duration::from_millis(20));
    *allowed.lock().unwrap() = false;
    let denied = send(&client, get(server.uri("/")));
    assert_eq!(denied.map(|_| ()), Err(ErrorCode::RequestDenied));
    assert_eq!(server.connections(), 1);
}

#[test]
fn a_client_runs_where_it_is_told_and_ends_anywhere() {
    let server = Server::plain(async |_| reply("body"));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let handle = runtime.handle().clone();
    let given = HyperClient::on(handle, anywhere(), Settings::default());
    let response = send(&given, get(server.uri("/"))).unwrap();
    assert_eq!(text(response.into_body()).unwrap(), "body");
    let own = client();
    send(&own, get(server.uri("/"))).unwrap();
    // A runtime must not wait for another one's threads.
    block_on(async move {
        drop(own);
        drop(given);
    });
}
