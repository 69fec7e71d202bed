//! Sends a request and prints the response: `fetch METHOD URL [BODY [MILLISECONDS]]`, where the time
//! is that until the response begins.

use std::io::{Read, Write};
use wasip2::http::outgoing_handler::handle;
use wasip2::http::types::{
    ErrorCode, Fields, IncomingBody, Method, OutgoingBody, OutgoingRequest, RequestOptions, Scheme,
};

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [method, url, rest @ ..] = &args[..] else {
        panic!("fetch METHOD URL [BODY [MILLISECONDS]]");
    };
    let body = rest.first().map_or("", |body| body);
    let time = rest.get(1).map(|time| time.parse().expect("milliseconds"));
    if let Err(code) = fetch(method, url, body, time) {
        println!("error: {code:?}");
        std::process::exit(1);
    }
}

fn fetch(method: &str, url: &str, body: &str, time: Option<u64>) -> Result<(), ErrorCode> {
    let (scheme, rest) = url.split_once("://").expect("a scheme");
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let headers = Fields::new();
    if !body.is_empty() {
        let length = body.len().to_string();
        headers.append("content-length", length.as_bytes()).expect("a length");
    }
    let request = OutgoingRequest::new(headers);
    let method = if method == "GET" { Method::Get } else { Method::Other(method.to_owned()) };
    request.set_method(&method).expect("a method");
    let scheme = if scheme == "http" { Scheme::Http } else { Scheme::Https };
    request.set_scheme(Some(&scheme)).expect("a scheme");
    request.set_authority(Some(authority)).expect("an authority");
    request.set_path_with_query(Some(&format!("/{path}"))).expect("a path");

    let outgoing = request.body().expect("the body, once");
    let options = RequestOptions::new();
    let time = time.map(|milliseconds| milliseconds * 1_000_000);
    options.set_first_byte_timeout(time).expect("a timeout");
    let coming = handle(request, Some(options))?;
    if !body.is_empty() {
        let mut stream = outgoing.write().expect("the stream, once");
        stream.write_all(body.as_bytes()).expect("room");
    }
    OutgoingBody::finish(outgoing, None)?;

    coming.subscribe().block();
    let response = coming.get().expect("it is there").expect("the first time")?;
    println!("status: {}", response.status());
    for (name, value) in response.headers().entries() {
        println!("{name}: {}", String::from_utf8_lossy(&value));
    }
    let incoming = response.consume().expect("the body, once");
    let mut text = String::new();
    let mut stream = incoming.stream().expect("the stream, once");
    let read = stream.read_to_string(&mut text);
    drop(stream);
    println!("\n{text}");
    if let Err(error) = read {
        println!("the body ended: {error}");
    }
    let trailers = IncomingBody::finish(incoming);
    trailers.subscribe().block();
    trailers.get().expect("they are there").expect("the first time").map(drop)
}
