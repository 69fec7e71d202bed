//! Requests and responses as they are seen on the other side.

use super::server::{Server, reply};
use super::{client, get, send, text};
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use wayleave_system::http::{empty, full};

#[test]
fn a_request_arrives_as_it_was_meant() {
    let server = Server::plain(async |request: Request<_>| {
        let (parts, body) = request.into_parts();
        let hosts: Vec<_> = parts.headers.get_all("host").iter().collect();
        let host = hosts.first().and_then(|host| host.to_str().ok()).unwrap_or("none").to_owned();
        let line = format!("{} {} {:?}", parts.method, parts.uri, parts.version);
        let seen = parts.headers.get("x-seen").is_some_and(|value| value == "1");
        let count = hosts.len();
        let body = BodyExt::collect(body).await.unwrap().to_bytes();
        let body = String::from_utf8(body.to_vec()).unwrap();
        reply(format!("{line}; {host} {count}; {seen}; {body}"))
    });
    let request = Request::builder()
        .method(Method::PUT)
        .uri(server.uri("/a/b?c=d"))
        .header("x-seen", "1")
        .body(full("the body"))
        .unwrap();
    let client = client();
    let response = send(&client, request).unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let host = server.address;
    let expected = format!("PUT /a/b?c=d HTTP/1.1; {host} 1; true; the body");
    assert_eq!(text(response.into_body()).unwrap(), expected);
}

#[test]
fn redirects_are_for_the_guest_to_see() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let server = Server::plain(move |_| {
        count.fetch_add(1, Ordering::SeqCst);
        async {
            let mut reply = reply("elsewhere");
            *reply.status_mut() = StatusCode::FOUND;
            reply.headers_mut().insert("location", "/other".parse().unwrap());
            reply
        }
    });
    let client = client();
    let response = send(&client, get(server.uri("/"))).unwrap();
    assert_eq!(response.status(), StatusCode::FOUND);
    assert_eq!(response.headers()["location"], "/other");
    assert_eq!(text(response.into_body()).unwrap(), "elsewhere");
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[test]
fn a_head_has_no_body_whatever_its_length_says() {
    let server = Server::plain(async |_| reply("not sent"));
    let request = Request::head(server.uri("/")).body(empty()).unwrap();
    let client = client();
    for _ in 0..2 {
        let request = Request::head(request.uri().clone()).body(empty()).unwrap();
        let response = send(&client, request).unwrap();
        assert_eq!(response.headers()["content-length"], "8");
        assert_eq!(text(response.into_body()).unwrap(), "");
    }
    assert_eq!(server.connections(), 1);
}
