//! TLS, and HTTP/2 over it.

use super::server::{Server, reply};
use super::{anywhere, client, get, send, text, wait};
use http::Request;
use std::io::Write;
use std::time::Duration;
use wayleave_http_client::{HyperClient, Roots, Settings};
use wayleave_system::http::{Client, ErrorCode, Options};

/// Trusts nobody but this server.
fn trusting(server: &Server) -> HyperClient {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(server.certificate.as_deref().unwrap().as_bytes()).unwrap();
    let roots = Roots::none().and_file(file.path()).unwrap();
    HyperClient::new(anywhere(), Settings { roots, ..Settings::default() })
}

fn told() -> impl Fn(Request<hyper::body::Incoming>) -> std::future::Ready<super::server::Reply>
+ Clone
+ Send
+ 'static {
    |request: Request<_>| {
        let host = request.headers().contains_key("host");
        let (version, uri) = (request.version(), request.uri());
        std::future::ready(reply(format!("{version:?} {uri} {host}")))
    }
}

#[test]
fn the_newest_protocol_is_used_that_both_know() {
    let server = Server::tls("localhost", &["h2", "http/1.1"], told());
    let client = trusting(&server);
    for _ in 0..3 {
        let response = send(&client, get(server.https("/a?b"))).unwrap();
        let expected = format!("HTTP/2.0 {} false", server.https("/a?b"));
        assert_eq!(text(response.into_body()).unwrap(), expected);
    }
    assert_eq!(server.connections(), 1);
    let old = Server::tls("localhost", &["http/1.1"], told());
    let client = trusting(&old);
    let response = send(&client, get(old.https("/"))).unwrap();
    assert_eq!(text(response.into_body()).unwrap(), "HTTP/1.1 / true");
    let older = Server::tls("localhost", &[], told());
    let client = trusting(&older);
    let response = send(&client, get(older.https("/"))).unwrap();
    assert_eq!(text(response.into_body()).unwrap(), "HTTP/1.1 / true");
}

#[test]
fn one_connection_carries_many_requests_at_once() {
    let server = Server::tls("localhost", &["h2"], async |request: Request<_>| {
        if request.uri().path() == "/slow" {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        reply(request.uri().path().to_owned())
    });
    let client = trusting(&server);
    send(&client, get(server.https("/"))).unwrap();
    let slow = client.send(get(server.https("/slow")), Options::default());
    let fast = send(&client, get(server.https("/fast"))).unwrap();
    assert_eq!(text(fast.into_body()).unwrap(), "/fast");
    assert!(matches!(slow.take(), wayleave_system::http::Taken::NotYet));
    assert_eq!(text(wait(&slow).unwrap().into_body()).unwrap(), "/slow");
    assert_eq!(server.connections(), 1);
}

#[test]
fn certificates_are_checked() {
    let server = Server::tls("localhost", &["h2"], told());
    let unknown = send(&client(), get(server.https("/")));
    assert_eq!(unknown.map(|_| ()), Err(ErrorCode::TlsCertificateError));
    let other = Server::tls("other.example", &["h2"], told());
    let wrong = send(&trusting(&other), get(other.https("/")));
    assert_eq!(wrong.map(|_| ()), Err(ErrorCode::TlsCertificateError));
}

#[test]
fn what_is_no_tls_is_told() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let plain = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
        stream
    });
    let outcome = send(&client(), get(format!("https://{address}/")));
    assert_eq!(outcome.map(|_| ()), Err(ErrorCode::TlsProtocolError));
    drop(plain.join().unwrap());
}

#[test]
fn a_handshake_that_does_not_end_fails_in_time() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let options =
        Options { connect_timeout: Some(Duration::from_millis(100)), ..Options::default() };
    let client = client();
    let outcome = wait(&client.send(get(format!("https://{address}/")), options));
    assert_eq!(outcome.map(|_| ()), Err(ErrorCode::ConnectionTimeout));
}

#[test]
fn files_without_certificates_are_refused() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"no certificate").unwrap();
    let error = Roots::system().and_file(file.path()).unwrap_err();
    assert!(error.to_string().contains("no certificate in it"), "{error}");
    let error = Roots::system().and_file("/nowhere/ca.pem").unwrap_err();
    assert!(error.to_string().starts_with("certificates of /nowhere/ca.pem: "), "{error}");
}
