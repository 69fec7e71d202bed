//! Requests, their bodies and answers.

use super::Log;
use crate::{Ended, Error, Recorder, Recording};
use http::{HeaderMap, HeaderValue, Request, Response};
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};
use std::time::Duration;
use tempfile::TempDir;
use wayleave_grants::Grants;
use wayleave_system::http::{
    Bodies, Body, BodyReader, BodyWriter, Client, Coming, ErrorCode, Message, Options, Pending,
    Taken,
};
use wayleave_system::stdio::Null;
use wayleave_system::stream::Output as _;
use wayleave_system::wait::Interrupt;

/// Answers by the path, with no network.
#[derive(Default)]
pub(super) struct Server {
    /// What was sent to it, so that it can be sent.
    asked: Mutex<Vec<Request<Body>>>,
    /// Answers that are not complete.
    unfinished: Mutex<Vec<BodyWriter>>,
}

fn trailers(value: &'static str) -> HeaderMap {
    HeaderMap::from_iter([(http::header::ETAG, HeaderValue::from_static(value))])
}

impl Client for Server {
    fn send(&self, request: Request<Body>, _: Options) -> Arc<dyn Coming> {
        let (mut writer, body) = BodyWriter::new(Message::Response, None);
        let sink = writer.sink().unwrap();
        let response = Response::builder().status(203).header("x", "1").header("x", "2").body(body);
        let path = request.uri().path().to_owned();
        self.asked.lock().unwrap().push(request);
        match &*path {
            "/none" => {
                let code = ErrorCode::DnsError { rcode: None, info_code: Some(3) };
                return Arc::new(Pending::done(Err(code)));
            }
            "/never" => return Arc::new(Pending::new(std::future::pending())),
            "/cut" => {
                sink.write(b"half").unwrap();
                drop(writer);
            }
            "/slow" => {
                sink.write(b"more is to come").unwrap();
                self.unfinished.lock().unwrap().push(writer);
            }
            _ => {
                sink.write(b"whole").unwrap();
                writer.finish(Some(trailers("answer"))).unwrap();
            }
        }
        Arc::new(Pending::done(response.map_err(|_| ErrorCode::InternalError(None))))
    }
}

/// What a guest does with requests.
pub(super) fn requests(grants: &Grants, log: &mut Log) {
    for path in ["whole", "cut", "slow", "none", "never"] {
        let request = Request::put(format!("http://host/{path}")).header("authorization", "secret");
        exchange(grants, log, request, b"cd", "asked");
    }
}

fn exchange(
    grants: &Grants,
    log: &mut Log,
    request: http::request::Builder,
    bytes: &[u8],
    trailer: &'static str,
) {
    let Some(client) = grants.guest_http(grants.network_meter()) else { return };
    let bodies = grants.between.as_ref().unwrap().bodies.as_ref().unwrap();
    let (mut writer, body) = BodyWriter::new(Message::Request, Some(4));
    let sink = bodies.sink(writer.sink().unwrap());
    log.see((sink.room(), sink.write(b"ab")));
    let options = Options { connect_timeout: Some(Duration::from_secs(3)), ..Options::default() };
    let coming = client.send(request.body(body).unwrap(), options);
    log.see((sink.write(bytes), sink.flush(), sink.room()));
    log.ready(sink.readiness());
    log.see((sink.write(b"too much"), sink.cause().map(|cause| cause.to_string())));
    assert!(writer.is_streaming());
    drop(sink);
    assert!(!writer.is_streaming());
    log.see(bodies.finish(writer, Some(trailers(trailer))));
    match coming.take() {
        Taken::Now(Ok(response)) => {
            log.see((response.status(), response.headers()));
            read(&**bodies, response.into_body(), log);
        }
        other => log.see(other),
    }
    log.see(coming.take());
}

fn read(bodies: &dyn Bodies, body: Body, log: &mut Log) {
    let mut reader = BodyReader::new(body);
    let stream = bodies.stream(reader.stream().unwrap());
    log.ready(stream.readiness());
    for _ in 0..4 {
        let mut bytes = [0; 3];
        log.see((stream.read(&mut bytes), bytes, stream.cause().map(|cause| cause.to_string())));
    }
    assert!(reader.is_streaming());
    drop(stream);
    assert!(!reader.is_streaming());
    let trailers = bodies.trailers(reader.finish());
    log.see(trailers.result());
    log.see(trailers.result());
}

/// Records one exchange.
fn recorded(path: &Path, ask: impl Fn(&Grants)) {
    let recorder = Recorder::new(fs::File::create(path).unwrap(), b"program");
    let grants = Grants::new().http(Arc::<Server>::default());
    let (grants, session) = recorder.start(grants).unwrap();
    ask(&grants);
    session.finish(&Ended::Exit(0)).unwrap();
}

/// Does it with nothing but the recording; how that was.
fn replayed(path: &Path, ask: impl Fn(&Grants)) -> Result<Ended, Error> {
    let recording = Recording::open(path).unwrap();
    let (null, interrupt) = (Arc::new(Null), Interrupt::new());
    let (grants, replay) = recording.replay(null.clone(), null, interrupt, || ()).unwrap();
    ask(&grants);
    replay.finish(Ended::Exit(0))
}

#[test]
fn another_request_is_told() {
    let ask = |request: fn() -> http::request::Builder, bytes: &'static [u8], trailer| {
        move |grants: &Grants| exchange(grants, &mut Log::default(), request(), bytes, trailer)
    };
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("recording");
    let asked = || Request::get("http://host/a").header("x", "1");
    recorded(&path, ask(asked, b"cd", "t"));
    replayed(&path, ask(asked, b"cd", "t")).unwrap();
    let told = |result: Result<Ended, Error>, words: &str| {
        let error = result.unwrap_err().to_string();
        assert!(error.starts_with("the program strays") && error.contains(words), "{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    };
    let other: [fn() -> http::request::Builder; 5] = [
        || Request::get("http://host/b").header("x", "1"),
        || Request::get("https://host/a").header("x", "1"),
        || Request::put("http://host/a").header("x", "1"),
        || Request::get("http://host/a").header("x", "2"),
        || Request::get("http://host/a").header("x", "1").header("x", "1"),
    ];
    for other in other {
        told(replayed(&path, ask(other, b"cd", "t")), "now the request of \"");
    }
    told(replayed(&path, ask(asked, b"ce", "t")), "bytes of a body with other bytes");
    told(replayed(&path, ask(asked, b"cd", "u")), "the end of a body in another way");
}

/// A recording shows what a guest was told, and not what it sent: that may be a password.
#[test]
fn what_was_sent_is_not_kept() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("recording");
    recorded(&path, |grants| requests(grants, &mut Log::default()));
    let bytes = fs::read(&path).unwrap();
    let has = |text: &str| bytes.windows(text.len()).any(|part| part == text.as_bytes());
    assert!(has("who") && has("answer"), "it holds the answers");
    assert!(!has("secret") && !has("asked") && !has("host"), "it holds the requests");
}

/// Waiting asks the real ones; a replay's are never ready, and nobody asks them.
#[test]
fn what_is_waited_for_is_the_real_one() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("recording");
    let ready = Mutex::new(Vec::new());
    let ask = |grants: &Grants| {
        let client = grants.guest_http(grants.network_meter()).unwrap();
        for uri in ["http://host/", "http://host/never"] {
            let request = Request::get(uri).body(wayleave_system::http::empty()).unwrap();
            let coming = client.send(request, Options::default());
            let mut context = Context::from_waker(Waker::noop());
            let interest = wayleave_system::wait::Interest::Read;
            ready.lock().unwrap().push(coming.poll_ready(interest, &mut context).is_ready());
        }
    };
    recorded(&path, ask);
    replayed(&path, ask).unwrap();
    assert_eq!(ready.into_inner().unwrap(), [true, false, false, false]);
}
