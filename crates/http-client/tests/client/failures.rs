//! What is told of that which goes wrong.

use super::server::raw;
use super::{client, get, send, text};
use wayleave_system::http::ErrorCode;

fn outcome(bytes: &'static [u8]) -> Result<String, ErrorCode> {
    let address = raw(bytes);
    let client = client();
    let response = send(&client, get(format!("http://{address}/")))?;
    text(response.into_body())
}

#[test]
fn a_response_is_http_or_an_error() {
    let good = outcome(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi");
    assert_eq!(good.as_deref(), Ok("hi"));
    let until_closed = outcome(b"HTTP/1.1 200 OK\r\n\r\nhi");
    assert_eq!(until_closed.as_deref(), Ok("hi"));
    let cases: [(&[u8], ErrorCode); 7] = [
        (b"", ErrorCode::ConnectionTerminated),
        (b"HTTP/1.1 200 OK\r\ncontent", ErrorCode::ConnectionTerminated),
        (b"hello\r\n\r\n", ErrorCode::ProtocolError),
        (b"HTTP/1.1 200 OK\r\ncontent-length: +2\r\n\r\nhi", ErrorCode::ProtocolError),
        (
            b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nhi!",
            ErrorCode::ProtocolError,
        ),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhi", ErrorCode::ResponseIncomplete),
        (
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n",
            ErrorCode::ResponseIncomplete,
        ),
    ];
    for (bytes, code) in cases {
        assert_eq!(outcome(bytes), Err(code), "{}", bytes.escape_ascii());
    }
}

#[test]
fn headers_may_not_be_endless() {
    let mut endless = b"HTTP/1.1 200 OK\r\n".to_vec();
    for number in 0..90 {
        endless.extend(format!("name-{number}: {}\r\n", "x".repeat(4096)).bytes());
    }
    endless.extend(b"\r\n");
    let outcome = outcome(endless.leak());
    assert_eq!(outcome, Err(ErrorCode::ResponseHeaderSectionSize(None)));
}

#[test]
fn nobody_listens() {
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let refused = send(&client(), get(format!("http://{address}/")));
    assert_eq!(refused.map(|_| ()), Err(ErrorCode::ConnectionRefused));
}

#[test]
fn a_target_is_needed() {
    for (uri, code) in [
        ("/path", ErrorCode::RequestUriInvalid),
        ("ftp://localhost/", ErrorCode::ProtocolError),
        ("http://localhost:99999/", ErrorCode::RequestUriInvalid),
    ] {
        assert_eq!(send(&client(), get(uri)).map(|_| ()), Err(code), "{uri}");
    }
}
