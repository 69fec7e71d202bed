//! Bodies that come and go in parts.

use super::server::{Server, reply};
use super::{block_on, client, get, never, send, wait};
use bytes::Bytes;
use http::{Request, Response};
use http_body::Frame;
use http_body_util::BodyExt;
use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use wayleave_system::http::{BodyReader, BodyWriter, Client, Ending, ErrorCode, Message, Options};
use wayleave_system::stream::{Input, Output};
use wayleave_system::wait::{Interest, Readiness};

#[test]
fn both_directions_are_streamed_at_once() {
    let server = Server::plain(async |request: Request<hyper::body::Incoming>| {
        Response::new(request.into_body().boxed())
    });
    let (mut writer, body) = BodyWriter::new(Message::Request, None);
    let request = Request::post(server.uri("/")).body(body).unwrap();
    let client = client();
    let response = wait(&client.send(request, Options::default())).unwrap();
    let sink = writer.sink().unwrap();
    let mut reader = BodyReader::new(response.into_body());
    let stream = reader.stream().unwrap();
    for number in 0..20 {
        let line = format!("line {number}");
        assert_eq!(sink.write(line.as_bytes()), Ok(line.len()));
        assert_eq!(read(&*stream), line, "before the next one is written");
    }
    drop(sink);
    writer.finish(None).unwrap();
    assert_eq!(read(&*stream), "");
}

fn read(stream: &impl Input) -> String {
    let Readiness::Source(source) = stream.readiness() else { panic!("it has to be waited for") };
    block_on(std::future::poll_fn(|context| source.poll_ready(Interest::Read, context)));
    let mut buffer = [0; 100];
    let read = stream.read(&mut buffer).unwrap();
    String::from_utf8(buffer[..read].to_vec()).unwrap()
}

#[test]
fn large_bodies_go_through() {
    let server = Server::plain(async |request: Request<hyper::body::Incoming>| {
        let body = request.into_body().collect().await.unwrap().to_bytes();
        reply(body)
    });
    let (mut writer, body) = BodyWriter::new(Message::Request, Some(10 << 20));
    let request = Request::post(server.uri("/")).body(body).unwrap();
    let client = client();
    let pending = client.send(request, Options::default());
    let sink = writer.sink().unwrap();
    let all: Vec<u8> = (0..10_u32 << 20).map(|at| (at % 251) as u8 | 1).collect();
    let mut rest = &all[..];
    while !rest.is_empty() {
        let Readiness::Source(source) = sink.readiness() else { panic!() };
        block_on(std::future::poll_fn(|context| source.poll_ready(Interest::Write, context)));
        let written = sink.write(rest).unwrap();
        rest = &rest[written..];
    }
    drop(sink);
    writer.finish(None).unwrap();
    let response = wait(&pending).unwrap();
    let back = block_on(response.into_body().collect()).unwrap().to_bytes();
    assert!(back == all, "{} bytes came back", back.len());
}

#[test]
fn a_request_that_is_given_up_fails() {
    let server = Server::plain(async |request: Request<hyper::body::Incoming>| {
        let complete = request.into_body().collect().await.is_ok();
        reply(format!("complete: {complete}"))
    });
    let (mut writer, body) = BodyWriter::new(Message::Request, None);
    let request = Request::post(server.uri("/")).body(body).unwrap();
    let client = client();
    let pending = client.send(request, Options::default());
    writer.sink().unwrap().write(b"half").unwrap();
    drop(writer);
    assert_eq!(wait(&pending).map(|_| ()), Err(ErrorCode::ProtocolError));
}

/// A body of these frames, and of nothing more: not even an end, if it is `stalled`.
struct Frames(VecDeque<Frame<Bytes>>, bool);

impl http_body::Body for Frames {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match (self.0.pop_front(), self.1) {
            (None, true) => Poll::Pending,
            (frame, _) => Poll::Ready(frame.map(Ok)),
        }
    }
}

#[test]
fn a_body_that_stalls_fails_in_time() {
    let server = Server::plain(async |_| {
        let parts = ["a", "b"].map(|part| Frame::data(Bytes::from_static(part.as_bytes())));
        Response::new(Frames(parts.into(), true).boxed())
    });
    let between_bytes_timeout = Some(Duration::from_millis(100));
    let options = Options { between_bytes_timeout, ..Options::default() };
    let client = client();
    let response = wait(&client.send(get(server.uri("/")), options)).unwrap();
    // Who is busy with something else does not wait.
    std::thread::sleep(Duration::from_millis(200));
    let mut body = response.into_body();
    let mut next = || {
        let frame = block_on(body.frame()).unwrap()?;
        Ok::<_, ErrorCode>(frame.into_data().unwrap())
    };
    let mut got = Vec::new();
    while got.len() < 2 {
        got.extend(next().unwrap());
    }
    assert_eq!(got, b"ab");
    let start = Instant::now();
    assert_eq!(next(), Err(ErrorCode::ConnectionReadTimeout));
    assert!(start.elapsed() >= Duration::from_millis(100), "{:?}", start.elapsed());
}

#[test]
fn a_response_that_does_not_begin_fails_in_time() {
    let server = Server::plain(async |_| {
        never().await;
        reply("")
    });
    let first_byte_timeout = Some(Duration::from_millis(100));
    let options = Options { first_byte_timeout, ..Options::default() };
    let client = client();
    let start = Instant::now();
    let outcome = wait(&client.send(get(server.uri("/")), options));
    assert_eq!(outcome.map(|_| ()), Err(ErrorCode::ConnectionReadTimeout));
    assert!(start.elapsed() >= Duration::from_millis(100), "{:?}", start.elapsed());
}

#[test]
fn trailers_come_through() {
    let server = Server::plain(async |_| {
        let trailers = http::HeaderMap::from_iter([(http::header::ETAG, "x".parse().unwrap())]);
        let frames = [Frame::data(Bytes::from_static(b"body")), Frame::trailers(trailers)];
        let mut response = Response::new(BodyExt::boxed(Frames(frames.into(), false)));
        response.headers_mut().insert("trailer", "etag".parse().unwrap());
        response
    });
    let mut request = get(server.uri("/"));
    request.headers_mut().insert("te", "trailers".parse().unwrap());
    let client = client();
    let response = send(&client, request).unwrap();
    let mut reader = BodyReader::new(response.into_body());
    assert_eq!(read(&*reader.stream().unwrap()), "body");
    let coming = reader.finish();
    block_on(std::future::poll_fn(|context| {
        wayleave_system::wait::Source::poll_ready(&*coming, Interest::Read, context)
    }));
    let trailers = coming.result().unwrap().unwrap().unwrap();
    assert_eq!(trailers["etag"], "x");
}
