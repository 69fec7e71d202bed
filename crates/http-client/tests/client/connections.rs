//! How many connections there are, and to where.

use super::server::{Server, reply};
use super::{Rule, anywhere, block_on, client, eventually, get, never, send, text, wait};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use wayleave_http_client::{HyperClient, Settings};
use wayleave_system::http::{Client, ErrorCode, Options};

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
    for denied in [server.uri("/"), format!("http://localhost.:{port}/")] {
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
    for uri in [by_name, server.uri("/"), "http://0x7f.1/".to_owned(), "http://[::1]/".to_owned()] {
        let denied = send(&client, get(&uri));
        assert_eq!(denied.map(|_| ()), Err(ErrorCode::RequestDenied), "{uri}");
    }
    assert_eq!(server.connections(), 0);
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
