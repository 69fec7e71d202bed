//! The interfaces through their traits, with bodies in memory. What crosses the guest's memory is
//! tested with guests.

use super::Respond;
use super::bindings::wasi::http::outgoing_handler::Host as _;
use super::bindings::wasi::http::types::{ErrorCode, HeaderError, Host as _, Method, Scheme};
use super::fields::Fields;
use super::incoming_body::IncomingBody;
use super::outgoing_body::OutgoingBody;
use super::outgoing_request::OutgoingRequest;
use super::outgoing_response::OutgoingResponse;
use crate::p2::Host;
use crate::p2::bindings::wasi::io::error::Host as _;
use crate::p2::bindings::wasi::io::poll::Host as _;
use crate::p2::bindings::wasi::io::streams::{Host as _, StreamError};
use crate::p2::streams::{InputStream, OutputStream};
use http::header::{CONTENT_LENGTH, ETAG, HOST, HeaderMap, HeaderValue};
use http::{Request, Response, StatusCode, uri};
use http_body_util::BodyExt;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use wayleave_component::{Borrow, Own};
use wayleave_engine::{Stop, block_on};
use wayleave_grants::Grants;
use wayleave_system::http::{
    Body, BodyWriter, Client, Coming, Message, Options, Pending, empty, full,
};

type SystemCode = wayleave_system::http::ErrorCode;

fn lend<R>(own: &Own<R>) -> Borrow<R> {
    Borrow::new(own.rep())
}

fn host() -> Host {
    Host::new(Grants::new())
}

fn fields(host: &mut Host, entries: &[(&str, &str)]) -> Own<Fields> {
    host.fields_from_list(list(entries)).unwrap().unwrap()
}

fn list(entries: &[(&str, &str)]) -> Vec<(String, Vec<u8>)> {
    entries.iter().map(|(name, value)| (name.to_string(), value.as_bytes().to_vec())).collect()
}

fn values(host: &mut Host, fields: &Own<Fields>, name: &str) -> Vec<String> {
    let values = host.fields_get(lend(fields), name).unwrap();
    values.iter().map(|value| value.0.to_str().unwrap().to_owned()).collect()
}

fn ends<T>(result: Result<T, Stop>, words: &str) {
    match result {
        Err(Stop::Trap(trap)) => assert!(trap.to_string().contains(words), "{trap}"),
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("the guest goes on"),
    }
}

/// A guest's bytes, to the end.
fn read_all(host: &mut Host, body: &Own<IncomingBody>) -> Result<Vec<u8>, StreamError> {
    let stream = host.incoming_body_stream(lend(body)).unwrap().unwrap();
    let mut all = Vec::new();
    loop {
        match take(host, &stream, 3) {
            Ok(bytes) => all.extend(bytes),
            Err(StreamError::Closed) => break,
            Err(error) => return Err(error),
        }
    }
    host.input_stream_drop(stream).unwrap();
    Ok(all)
}

fn take(host: &mut Host, stream: &Own<InputStream>, len: u64) -> Result<Vec<u8>, StreamError> {
    let input = host.inputs.get(lend(stream)).unwrap();
    let taken = input.take(len, &host.waiter, false).unwrap();
    taken.map_err(|error| host.causes.explain(error, input.cause()))
}

fn write(host: &mut Host, stream: &Own<OutputStream>, bytes: &[u8]) -> Result<(), StreamError> {
    host.output_stream_blocking_write_and_flush(lend(stream), bytes).unwrap()
}

/// Collects what is sent.
fn collected(body: Body) -> Result<(String, Option<HeaderMap>), SystemCode> {
    let body = block_on(body.collect())?;
    let trailers = body.trailers().cloned();
    Ok((String::from_utf8(body.to_bytes().to_vec()).unwrap(), trailers))
}

#[test]
fn fields_keep_values_by_name() {
    let mut host = host();
    let fields = host.fields_new().unwrap();
    let this = lend(&fields);
    host.fields_append(this, "X-One", b"1").unwrap().unwrap();
    host.fields_append(this, "x-one", b"2").unwrap().unwrap();
    host.fields_append(this, "x-empty", b"").unwrap().unwrap();
    assert_eq!(values(&mut host, &fields, "X-ONE"), ["1", "2"]);
    assert_eq!(values(&mut host, &fields, "x-empty"), [""]);
    assert!(values(&mut host, &fields, "x-none").is_empty());
    assert!(values(&mut host, &fields, "no name").is_empty());
    assert!(host.fields_has(this, "x-EMPTY").unwrap());
    assert!(!host.fields_has(this, "no name").unwrap());
    let copy = host.fields_clone(this).unwrap();
    host.fields_set(this, "x-one", vec![b"3".to_vec(), b"4".to_vec()]).unwrap().unwrap();
    assert_eq!(values(&mut host, &fields, "x-one"), ["3", "4"]);
    host.fields_set(this, "x-empty", Vec::new()).unwrap().unwrap();
    assert!(!host.fields_has(this, "x-empty").unwrap());
    host.fields_delete(this, "x-one").unwrap().unwrap();
    host.fields_delete(this, "x-one").unwrap().unwrap();
    assert!(host.fields_entries(this).unwrap().is_empty());
    assert_eq!(values(&mut host, &copy, "x-one"), ["1", "2"]);
    let entries = host.fields_entries(lend(&copy)).unwrap();
    let entries: Vec<_> =
        entries.iter().map(|(name, value)| (name.0.as_str(), value.0.as_bytes())).collect();
    let expected: [(&str, &[u8]); 3] = [("x-one", b"1"), ("x-one", b"2"), ("x-empty", b"")];
    assert_eq!(entries, expected);
    for fields in [fields, copy] {
        host.fields_drop(fields).unwrap();
    }
    assert_eq!(host.http.field_bytes, 0);
}

#[test]
fn fields_are_http_or_refused() {
    let mut host = host();
    let fields = host.fields_new().unwrap();
    let this = lend(&fields);
    let long = "x".repeat(1 << 20);
    for name in ["", "a b", "a:", "a\n", "ä", "\u{130}", "a\0", long.as_str()] {
        let syntax = Ok(Err::<(), _>(HeaderError::InvalidSyntax));
        let told = |result: Result<Result<(), HeaderError>, Stop>| result.map_err(|_| ());
        assert_eq!(told(host.fields_append(this, name, b"x")), syntax.clone(), "{name:.9}");
        assert_eq!(told(host.fields_set(this, name, Vec::new())), syntax.clone(), "{name:.9}");
        assert_eq!(told(host.fields_delete(this, name)), syntax.clone(), "{name:.9}");
        let listed = host.fields_from_list(list(&[("a", "b"), (name, "x")])).unwrap();
        assert_eq!(listed.map(|_| ()), Err(HeaderError::InvalidSyntax), "{name:.9}");
    }
    for value in ["a\r\nb: c", "\n", "a\0b", "\x7f", "\x01"] {
        let appended = host.fields_append(this, "x", value.as_bytes()).unwrap();
        assert_eq!(appended, Err(HeaderError::InvalidSyntax), "{value:?}");
        let set = vec![b"good".to_vec(), value.as_bytes().to_vec()];
        let set = host.fields_set(this, "x", set).unwrap();
        assert_eq!(set, Err(HeaderError::InvalidSyntax), "{value:?}");
    }
    for value in [&b"\xff\x80"[..], "ü".as_bytes(), b"a\tb", b" a "] {
        host.fields_set(this, "bytes", vec![value.to_vec()]).unwrap().unwrap();
        assert_eq!(host.fields_get(this, "bytes").unwrap()[0].0.as_bytes(), value);
    }
    for name in [
        "connection",
        "Keep-Alive",
        "host",
        "http2-settings",
        "Proxy-Authenticate",
        "proxy-authorization",
        "proxy-connection",
        "TRANSFER-ENCODING",
        "upgrade",
    ] {
        let forbidden = Err::<(), _>(HeaderError::Forbidden);
        assert_eq!(host.fields_append(this, name, b"x").unwrap(), forbidden.clone(), "{name}");
        assert_eq!(host.fields_set(this, name, Vec::new()).unwrap(), forbidden.clone(), "{name}");
        assert_eq!(host.fields_delete(this, name).unwrap(), forbidden.clone(), "{name}");
        let listed = host.fields_from_list(list(&[(name, "x")])).unwrap();
        assert_eq!(listed.map(|_| ()), forbidden, "{name}");
    }
    assert!(!host.fields_has(this, "x").unwrap());
}

#[test]
fn a_length_is_digits_and_there_is_one() {
    let mut host = host();
    for length in ["", "+5", "-5", "5,5", " 5", "0x5", "99999999999999999999"] {
        let fields = host.fields_new().unwrap();
        let appended = host.fields_append(lend(&fields), "content-length", length.as_bytes());
        assert_eq!(appended.unwrap(), Err(HeaderError::InvalidSyntax), "{length}");
        let set = vec![length.as_bytes().to_vec()];
        let set = host.fields_set(lend(&fields), "Content-Length", set).unwrap();
        assert_eq!(set, Err(HeaderError::InvalidSyntax), "{length}");
        let listed = host.fields_from_list(list(&[("content-length", length)])).unwrap();
        assert_eq!(listed.map(|_| ()), Err(HeaderError::InvalidSyntax), "{length}");
    }
    let twice = list(&[("content-length", "5"), ("CONTENT-LENGTH", "5")]);
    let listed = host.fields_from_list(twice).unwrap();
    assert_eq!(listed.map(|_| ()), Err(HeaderError::InvalidSyntax));
    let fields = fields(&mut host, &[("content-length", "5")]);
    let appended = host.fields_append(lend(&fields), "content-length", b"5").unwrap();
    assert_eq!(appended, Err(HeaderError::InvalidSyntax));
    let two = vec![b"5".to_vec(), b"6".to_vec()];
    let set = host.fields_set(lend(&fields), "content-length", two).unwrap();
    assert_eq!(set, Err(HeaderError::InvalidSyntax));
    assert_eq!(values(&mut host, &fields, "content-length"), ["5"]);
    host.fields_set(lend(&fields), "content-length", vec![b"6".to_vec()]).unwrap().unwrap();
    assert_eq!(values(&mut host, &fields, "content-length"), ["6"]);
}

#[test]
fn too_many_fields_end_the_guest() {
    const COUNT: u32 = 40_000;
    let words = "HTTP fields are too large";
    let mut one = host();
    let fields = one.fields_new().unwrap();
    let mut append = |number: u32| one.fields_append(lend(&fields), &format!("n{number}"), b"");
    ends((0..COUNT).try_for_each(|number| append(number).map(|told| told.unwrap())), words);
    let mut same = host();
    let fields = same.fields_new().unwrap();
    let mut append = |_| same.fields_append(lend(&fields), "name", b"");
    ends((0..COUNT).try_for_each(|number| append(number).map(|told| told.unwrap())), words);
    let entries = (0..COUNT).map(|number| (format!("n{number}"), Vec::new())).collect();
    ends(host().fields_from_list(entries), words);
    let mut many = host();
    let fields = many.fields_new().unwrap();
    ends(many.fields_set(lend(&fields), "name", vec![Vec::new(); COUNT as usize]), words);
    let mut large = host();
    let fields = large.fields_new().unwrap();
    ends(large.fields_append(lend(&fields), "name", &vec![b'x'; 1 << 20]), words);
    // Each of them small, all of them too large, whatever keeps them.
    let mut all = host();
    let value = "x".repeat(100 << 10);
    let mut add = |_| {
        let fields = all.fields_from_list(list(&[("name", &value)]))?.unwrap();
        all.outgoing_request_new(fields).map(drop)
    };
    ends((0..100).try_for_each(&mut add), words);
    // What was dropped is not counted.
    let mut few = host();
    for _ in 0..100 {
        let fields = few.fields_from_list(list(&[("name", &value)])).unwrap().unwrap();
        let request = few.outgoing_request_new(fields).unwrap();
        let headers = few.outgoing_request_headers(lend(&request)).unwrap();
        few.fields_drop(headers).unwrap();
        few.outgoing_request_drop(request).unwrap();
    }
    assert_eq!(few.http.field_bytes, 0);
}

#[test]
fn requests_and_bodies_are_limited() {
    let mut host = host();
    let open = |_| {
        let fields = host.fields_new()?;
        let request = host.outgoing_request_new(fields)?;
        host.outgoing_request_body(lend(&request)).map(drop)
    };
    ends((0..super::MESSAGES + 1).try_for_each(open), "too many resources");
}

fn request(uri: &str, body: Body) -> Request<Body> {
    let mut request = Request::new(body);
    *request.uri_mut() = uri.parse().unwrap();
    request
}

#[test]
fn a_request_is_told_to_the_guest() {
    let mut host = host();
    let mut asked = request("/a/b?c=d", full("some body"));
    *asked.method_mut() = http::Method::from_bytes(b"PURGE").unwrap();
    for (name, value) in [("host", "example.com:8080"), ("connection", "close"), ("etag", "x")] {
        asked.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    let asked = host.incoming_request(asked, uri::Scheme::HTTP).unwrap();
    let this = lend(&asked);
    assert_eq!(host.incoming_request_method(this).unwrap(), Method::Other("PURGE".to_owned()));
    let path = host.incoming_request_path_with_query(this).unwrap();
    assert_eq!(path.as_deref(), Some("/a/b?c=d"));
    assert_eq!(host.incoming_request_scheme(this).unwrap(), Some(Scheme::Http));
    let authority = host.incoming_request_authority(this).unwrap();
    assert_eq!(authority.as_deref(), Some("example.com:8080"));
    for _ in 0..2 {
        let headers = host.incoming_request_headers(this).unwrap();
        let entries = host.fields_entries(lend(&headers)).unwrap();
        let names: Vec<_> = entries.iter().map(|(name, _)| name.0.as_str()).collect();
        assert_eq!(names, ["etag"], "without what is the host's");
        let changed = host.fields_append(lend(&headers), "a", b"b").unwrap();
        assert_eq!(changed, Err(HeaderError::Immutable));
        let changed = host.fields_set(lend(&headers), "a", Vec::new()).unwrap();
        assert_eq!(changed, Err(HeaderError::Immutable));
        let changed = host.fields_delete(lend(&headers), "etag").unwrap();
        assert_eq!(changed, Err(HeaderError::Immutable));
        let copy = host.fields_clone(lend(&headers)).unwrap();
        host.fields_append(lend(&copy), "a", b"b").unwrap().unwrap();
        assert!(!host.fields_has(lend(&headers), "a").unwrap());
        host.fields_drop(headers).unwrap();
        host.fields_drop(copy).unwrap();
    }
    let body = host.incoming_request_consume(this).unwrap().unwrap();
    assert!(host.incoming_request_consume(this).unwrap().is_err(), "once");
    host.incoming_request_drop(asked).unwrap();
    assert_eq!(read_all(&mut host, &body).unwrap(), b"some body");
    assert!(host.incoming_body_stream(lend(&body)).unwrap().is_err(), "once");
    host.incoming_body_drop(body).unwrap();

    let asked = request("https://example.org/", empty());
    let asked = host.incoming_request(asked, uri::Scheme::HTTPS).unwrap();
    assert_eq!(host.incoming_request_method(lend(&asked)).unwrap(), Method::Get);
    let authority = host.incoming_request_authority(lend(&asked)).unwrap();
    assert_eq!(authority.as_deref(), Some("example.org"));
    assert_eq!(host.incoming_request_scheme(lend(&asked)).unwrap(), Some(Scheme::Https));
}

#[test]
fn trailers_come_after_the_bytes() {
    let mut host = host();
    let (mut writer, body) = BodyWriter::new(Message::Request, None);
    let asked = host.incoming_request(request("/", body), uri::Scheme::HTTP).unwrap();
    let body = host.incoming_request_consume(lend(&asked)).unwrap().unwrap();
    let stream = host.incoming_body_stream(lend(&body)).unwrap().unwrap();
    let sink = writer.sink().unwrap();
    let late = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(20));
        wayleave_system::stream::Output::write(&*sink, b"late").unwrap();
        std::thread::sleep(Duration::from_millis(20));
        drop(sink);
        let mut trailers = HeaderMap::new();
        trailers.insert(ETAG, HeaderValue::from_static("x"));
        trailers.insert(HOST, HeaderValue::from_static("x"));
        writer.finish(Some(trailers)).unwrap();
    });
    let ready = host.input_stream_subscribe(lend(&stream)).unwrap();
    assert!(!host.pollable_ready(lend(&ready)).unwrap());
    host.pollable_block(lend(&ready)).unwrap();
    host.pollable_drop(ready).unwrap();
    assert_eq!(take(&mut host, &stream, 10).unwrap(), b"late");
    host.input_stream_drop(stream).unwrap();
    let coming = host.incoming_body_finish(body).unwrap();
    assert!(host.future_trailers_get(lend(&coming)).unwrap().is_none());
    let ready = host.future_trailers_subscribe(lend(&coming)).unwrap();
    host.pollable_block(lend(&ready)).unwrap();
    host.pollable_drop(ready).unwrap();
    let trailers = host.future_trailers_get(lend(&coming)).unwrap();
    let trailers = trailers.unwrap().unwrap().unwrap().unwrap();
    assert_eq!(values(&mut host, &trailers, "etag"), ["x"]);
    assert!(!host.fields_has(lend(&trailers), "host").unwrap());
    let changed = host.fields_delete(lend(&trailers), "etag").unwrap();
    assert_eq!(changed, Err(HeaderError::Immutable));
    assert!(matches!(host.future_trailers_get(lend(&coming)).unwrap(), Some(Err(()))), "once");
    host.future_trailers_drop(coming).unwrap();
    late.join().unwrap();
}

#[test]
fn a_body_outlives_its_stream() {
    let body = |host: &mut Host| {
        let asked = host.incoming_request(request("/", full("x")), uri::Scheme::HTTP).unwrap();
        host.incoming_request_consume(lend(&asked)).unwrap().unwrap()
    };
    let words = "before it has dropped the body's stream";
    let mut host = host();
    let one = body(&mut host);
    host.incoming_body_stream(lend(&one)).unwrap().unwrap();
    ends(host.incoming_body_finish(one), words);
    let one = body(&mut host);
    host.incoming_body_stream(lend(&one)).unwrap().unwrap();
    ends(host.incoming_body_drop(one), words);
    let (_, one) = response(&mut host, &[]);
    host.outgoing_body_write(lend(&one)).unwrap().unwrap();
    ends(host.outgoing_body_finish(one, None), words);
    let (_, one) = response(&mut host, &[]);
    host.outgoing_body_write(lend(&one)).unwrap().unwrap();
    ends(host.outgoing_body_drop(one), words);
}

#[test]
fn what_is_wrong_with_a_body_is_told() {
    let mut host = host();
    let (writer, body) = BodyWriter::new(Message::Request, None);
    drop(writer);
    let asked = host.incoming_request(request("/", body), uri::Scheme::HTTP).unwrap();
    let body = host.incoming_request_consume(lend(&asked)).unwrap().unwrap();
    let Err(StreamError::LastOperationFailed(error)) = read_all(&mut host, &body) else {
        panic!("there is an error")
    };
    let code = host.http_error_code(lend(&error)).unwrap();
    assert!(matches!(code, Some(ErrorCode::HttpProtocolError)), "{code:?}");
    let words = host.error_to_debug_string(lend(&error)).unwrap();
    assert!(words.contains("HTTP"), "{words}");
    host.error_drop(error).unwrap();
    let other = crate::p2::error::io_error(wayleave_system::ErrorCode::Io);
    assert!(host.http_error_code(lend(&other)).unwrap().is_none());
}

fn response(
    host: &mut Host,
    headers: &[(&str, &str)],
) -> (Own<OutgoingResponse>, Own<OutgoingBody>) {
    let headers = fields(host, headers);
    let response = host.outgoing_response_new(headers).unwrap();
    let body = host.outgoing_response_body(lend(&response)).unwrap().unwrap();
    (response, body)
}

type Answer = Result<Response<Body>, SystemCode>;

/// Keeps an answer.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Option<Answer>>>);

impl Kept {
    fn take(&self) -> Option<Answer> {
        self.0.lock().unwrap().take()
    }
}

impl Respond for Kept {
    fn respond(self: Box<Self>, response: Answer) {
        *self.0.lock().unwrap() = Some(response);
    }
}

fn answer(host: &mut Host, response: Result<Own<OutgoingResponse>, ErrorCode>) -> Answer {
    let kept = Kept::default();
    let outparam = host.response_outparam(kept.clone()).unwrap();
    host.response_outparam_set(outparam, response).unwrap();
    kept.take().unwrap()
}

#[test]
fn the_guest_answers() {
    let mut host = host();
    let (response, body) = response(&mut host, &[("etag", "x")]);
    assert!(host.outgoing_response_body(lend(&response)).unwrap().is_err(), "once");
    assert_eq!(host.outgoing_response_status_code(lend(&response)).unwrap(), 200);
    host.outgoing_response_set_status_code(lend(&response), 404).unwrap().unwrap();
    for none in [0, 99, 1000] {
        assert!(host.outgoing_response_set_status_code(lend(&response), none).unwrap().is_err());
    }
    let headers = host.outgoing_response_headers(lend(&response)).unwrap();
    let changed = host.fields_append(lend(&headers), "a", b"b").unwrap();
    assert_eq!(changed, Err(HeaderError::Immutable));
    host.fields_drop(headers).unwrap();
    let got = answer(&mut host, Ok(response)).unwrap();
    assert_eq!(got.status(), StatusCode::NOT_FOUND);
    assert_eq!(got.headers().get(ETAG).unwrap(), "x");
    let stream = host.outgoing_body_write(lend(&body)).unwrap().unwrap();
    assert!(host.outgoing_body_write(lend(&body)).unwrap().is_err(), "once");
    assert!(host.output_stream_check_write(lend(&stream)).unwrap().unwrap() > 4096);
    write(&mut host, &stream, b"hello ").unwrap();
    write(&mut host, &stream, b"world").unwrap();
    host.output_stream_drop(stream).unwrap();
    let trailers = fields(&mut host, &[("etag", "y")]);
    host.outgoing_body_finish(body, Some(trailers)).unwrap().unwrap();
    let (bytes, trailers) = collected(got.into_body()).unwrap();
    assert_eq!(bytes, "hello world");
    assert_eq!(trailers.unwrap().get(ETAG).unwrap(), "y");
    assert_eq!(host.http.field_bytes, 0);
}

#[test]
fn the_guest_answers_without_a_body_or_with_an_error_or_not_at_all() {
    let mut host = host();
    let headers = host.fields_new().unwrap();
    let response = host.outgoing_response_new(headers).unwrap();
    let got = answer(&mut host, Ok(response)).unwrap();
    assert_eq!(collected(got.into_body()).unwrap(), (String::new(), None));
    let got = answer(&mut host, Err(ErrorCode::LoopDetected));
    assert!(matches!(got, Err(SystemCode::LoopDetected)));
    let (early, _body) = self::response(&mut host, &[]);
    host.outgoing_response_set_status_code(lend(&early), 103).unwrap().unwrap();
    assert!(matches!(answer(&mut host, Ok(early)), Err(SystemCode::ProtocolError)));
    let kept = Kept::default();
    let outparam = host.response_outparam(kept.clone()).unwrap();
    host.response_outparam_drop(outparam).unwrap();
    assert!(kept.take().is_none());
    assert_eq!(Arc::strong_count(&kept.0), 1, "nobody can answer any more");
}

#[test]
fn responses_before_the_last_are_for_who_can_send_them() {
    struct Informed(Arc<Mutex<Vec<(StatusCode, HeaderMap)>>>);

    impl Respond for Informed {
        fn respond(self: Box<Self>, _: Answer) {}

        fn inform(&mut self, status: StatusCode, headers: HeaderMap) -> Result<(), SystemCode> {
            self.0.lock().unwrap().push((status, headers));
            Ok(())
        }
    }

    let mut host = host();
    let got = Arc::new(Mutex::new(Vec::new()));
    let able = host.response_outparam(Informed(got.clone())).unwrap();
    let unable = host.response_outparam(Kept::default()).unwrap();
    let mut send = |outparam: &_, status| {
        let headers = fields(&mut host, &[("link", "x")]);
        host.response_outparam_send_informational(lend(outparam), status, headers).unwrap()
    };
    send(&able, 103).unwrap();
    for status in [99, 200, 1000] {
        assert!(matches!(send(&able, status), Err(ErrorCode::HttpProtocolError)), "{status}");
    }
    assert!(matches!(send(&able, 101), Err(ErrorCode::HttpUpgradeFailed)));
    assert!(matches!(send(&unable, 103), Err(ErrorCode::InternalError(Some(_)))));
    let got = got.lock().unwrap();
    assert_eq!((got.len(), got[0].0.as_u16()), (1, 103));
    assert_eq!(got[0].1.get("link").unwrap(), "x");
}

#[test]
fn a_body_has_the_length_that_was_announced() {
    for (written, whole) in [("ab", false), ("abc", true), ("", false)] {
        let mut host = host();
        let (response, body) = response(&mut host, &[("content-length", "3")]);
        let got = answer(&mut host, Ok(response)).unwrap();
        assert_eq!(got.headers().get(CONTENT_LENGTH).unwrap(), "3");
        let stream = host.outgoing_body_write(lend(&body)).unwrap().unwrap();
        write(&mut host, &stream, written.as_bytes()).unwrap();
        host.output_stream_drop(stream).unwrap();
        let finished = host.outgoing_body_finish(body, None).unwrap();
        if whole {
            finished.unwrap();
            assert_eq!(collected(got.into_body()).unwrap().0, written);
        } else {
            let size = Some(written.len() as u64);
            assert!(matches!(finished, Err(ErrorCode::HttpResponseBodySize(got)) if got == size));
            let code = SystemCode::ResponseBodySize(size);
            assert_eq!(collected(got.into_body()).unwrap_err(), code);
        }
    }
    let mut host = host();
    let (_response, body) = response(&mut host, &[("content-length", "3")]);
    let stream = host.outgoing_body_write(lend(&body)).unwrap().unwrap();
    let Err(StreamError::LastOperationFailed(error)) = write(&mut host, &stream, b"abcd") else {
        panic!("it is too long")
    };
    let code = host.http_error_code(lend(&error)).unwrap();
    assert!(matches!(code, Some(ErrorCode::HttpResponseBodySize(Some(4)))), "{code:?}");
    assert!(matches!(write(&mut host, &stream, b"a"), Err(StreamError::Closed)));
}

#[test]
fn a_body_that_is_dropped_is_incomplete() {
    let mut host = host();
    let (response, body) = response(&mut host, &[]);
    let got = answer(&mut host, Ok(response)).unwrap();
    let stream = host.outgoing_body_write(lend(&body)).unwrap().unwrap();
    write(&mut host, &stream, b"half").unwrap();
    host.output_stream_drop(stream).unwrap();
    host.outgoing_body_drop(body).unwrap();
    assert_eq!(collected(got.into_body()).unwrap_err(), SystemCode::ProtocolError);
}

/// Answers each request with what was asked.
#[derive(Default)]
struct Echo(Mutex<Vec<(http::Method, String, Options)>>);

impl Client for Echo {
    fn send(&self, request: Request<Body>, options: Options) -> Arc<dyn Coming> {
        let (parts, body) = request.into_parts();
        self.0.lock().unwrap().push((parts.method, parts.uri.to_string(), options));
        let mut response = Response::new(body);
        *response.headers_mut() = parts.headers;
        response.headers_mut().insert("keep-alive", HeaderValue::from_static("x"));
        Arc::new(Pending::done(Ok(response)))
    }
}

fn outgoing(host: &mut Host, headers: &[(&str, &str)]) -> Own<OutgoingRequest> {
    let headers = fields(host, headers);
    let request = host.outgoing_request_new(headers).unwrap();
    let authority = Some("example.com:81".to_owned());
    host.outgoing_request_set_authority(lend(&request), authority).unwrap().unwrap();
    request
}

#[test]
fn the_guest_makes_a_request() {
    let echo = Arc::new(Echo::default());
    let mut host = Host::new(Grants::new().http(echo.clone()));
    let request = outgoing(&mut host, &[("content-length", "4"), ("etag", "x")]);
    let this = lend(&request);
    host.outgoing_request_set_method(this, Method::Put).unwrap().unwrap();
    let path = Some("/p?q".to_owned());
    host.outgoing_request_set_path_with_query(this, path).unwrap().unwrap();
    host.outgoing_request_set_scheme(this, Some(Scheme::Http)).unwrap().unwrap();
    let body = host.outgoing_request_body(this).unwrap().unwrap();
    assert!(host.outgoing_request_body(this).unwrap().is_err(), "once");
    let options = host.request_options_new().unwrap();
    assert_eq!(host.request_options_connect_timeout(lend(&options)).unwrap(), None);
    host.request_options_set_connect_timeout(lend(&options), Some(5)).unwrap().unwrap();
    host.request_options_set_first_byte_timeout(lend(&options), Some(u64::MAX)).unwrap().unwrap();
    host.request_options_set_between_bytes_timeout(lend(&options), Some(7)).unwrap().unwrap();
    host.request_options_set_between_bytes_timeout(lend(&options), None).unwrap().unwrap();
    let first = host.request_options_first_byte_timeout(lend(&options)).unwrap();
    assert_eq!(first, Some(u64::MAX));
    assert_eq!(host.request_options_between_bytes_timeout(lend(&options)).unwrap(), None);
    let coming = host.handle(request, Some(options)).unwrap().unwrap();
    let (method, uri, options) = echo.0.lock().unwrap().pop().unwrap();
    assert_eq!((method.as_str(), uri.as_str()), ("PUT", "http://example.com:81/p?q"));
    assert_eq!(options.connect_timeout, Some(Duration::from_nanos(5)));
    let stream = host.outgoing_body_write(lend(&body)).unwrap().unwrap();
    write(&mut host, &stream, b"body").unwrap();
    host.output_stream_drop(stream).unwrap();
    host.outgoing_body_finish(body, None).unwrap().unwrap();
    let ready = host.future_incoming_response_subscribe(lend(&coming)).unwrap();
    host.pollable_block(lend(&ready)).unwrap();
    host.pollable_drop(ready).unwrap();
    let response = host.future_incoming_response_get(lend(&coming)).unwrap();
    let response = response.unwrap().unwrap().unwrap();
    let again = host.future_incoming_response_get(lend(&coming)).unwrap();
    assert!(matches!(again, Some(Err(()))), "once");
    host.future_incoming_response_drop(coming).unwrap();
    assert_eq!(host.incoming_response_status(lend(&response)).unwrap(), 200);
    let headers = host.incoming_response_headers(lend(&response)).unwrap();
    assert_eq!(values(&mut host, &headers, "etag"), ["x"]);
    assert!(!host.fields_has(lend(&headers), "keep-alive").unwrap());
    let changed = host.fields_append(lend(&headers), "a", b"b").unwrap();
    assert_eq!(changed, Err(HeaderError::Immutable));
    host.fields_drop(headers).unwrap();
    let body = host.incoming_response_consume(lend(&response)).unwrap().unwrap();
    assert!(host.incoming_response_consume(lend(&response)).unwrap().is_err(), "once");
    host.incoming_response_drop(response).unwrap();
    assert_eq!(read_all(&mut host, &body).unwrap(), b"body");
    assert_eq!(host.http.field_bytes, 0);
}

#[test]
fn a_request_is_what_it_is_set_to_be() {
    let mut host = host();
    let request = outgoing(&mut host, &[]);
    let this = lend(&request);
    assert_eq!(host.outgoing_request_method(this).unwrap(), Method::Get);
    let method = |host: &mut Host, name: &str| {
        host.outgoing_request_set_method(this, Method::Other(name.to_owned())).unwrap()
    };
    method(&mut host, "PURGE").unwrap();
    for bad in ["", "A B", "a\r\nb", "ä"] {
        method(&mut host, bad).unwrap_err();
    }
    let got = host.outgoing_request_method(this).unwrap();
    assert_eq!(got, Method::Other("PURGE".to_owned()));

    assert_eq!(host.outgoing_request_path_with_query(this).unwrap(), None);
    let path = |host: &mut Host, path: &str| {
        host.outgoing_request_set_path_with_query(this, Some(path.to_owned())).unwrap()
    };
    for good in ["/", "/a?b=c", "?b", "", "/%20", "//x"] {
        path(&mut host, good).unwrap();
        let got = host.outgoing_request_path_with_query(this).unwrap();
        assert_eq!(got.as_deref(), Some(good));
    }
    for bad in ["a", "*", "http://other/", "/ ", "/a b", "/\r\nx: y", "/#x", "/a#", "/\0"] {
        assert!(path(&mut host, bad).is_err(), "{bad:?}");
    }

    assert_eq!(host.outgoing_request_scheme(this).unwrap(), None);
    let scheme = |host: &mut Host, name: &str| {
        host.outgoing_request_set_scheme(this, Some(Scheme::Other(name.to_owned()))).unwrap()
    };
    scheme(&mut host, "ws").unwrap();
    assert_eq!(host.outgoing_request_scheme(this).unwrap(), Some(Scheme::Other("ws".to_owned())));
    for bad in ["", "a b", "http://", "ä"] {
        assert!(scheme(&mut host, bad).is_err(), "{bad}");
    }

    let authority = |host: &mut Host, text: &str| {
        host.outgoing_request_set_authority(this, Some(text.to_owned())).unwrap()
    };
    for good in ["a.b", "a:1", "[::1]:80", "127.0.0.1"] {
        authority(&mut host, good).unwrap();
        assert_eq!(host.outgoing_request_authority(this).unwrap().as_deref(), Some(good));
    }
    for bad in ["", "a b", "a/b", "a\r\nb", "a?b"] {
        assert!(authority(&mut host, bad).is_err(), "{bad:?}");
    }
}

#[test]
fn what_can_not_be_sent_is_refused_at_once() {
    let refused = |change: &dyn Fn(&mut Host, Borrow<OutgoingRequest>)| {
        let echo = Arc::new(Echo::default());
        let mut host = Host::new(Grants::new().http(echo.clone()));
        let request = outgoing(&mut host, &[]);
        change(&mut host, lend(&request));
        let code = host.handle(request, None).unwrap().map(|_| ()).unwrap_err();
        assert!(echo.0.lock().unwrap().is_empty(), "it was sent");
        code
    };
    let authority = |text: Option<&str>| {
        let text = text.map(str::to_owned);
        refused(&move |host: &mut Host, this| {
            host.outgoing_request_set_authority(this, text.clone()).unwrap().unwrap();
        })
    };
    assert!(matches!(authority(None), ErrorCode::HttpRequestUriInvalid));
    assert!(matches!(authority(Some("me@example.com")), ErrorCode::HttpRequestUriInvalid));
    assert!(matches!(authority(Some(":80")), ErrorCode::HttpRequestUriInvalid));
    let code = refused(&|host, this| {
        let scheme = Some(Scheme::Other("ftp".to_owned()));
        host.outgoing_request_set_scheme(this, scheme).unwrap().unwrap();
    });
    assert!(matches!(code, ErrorCode::HttpProtocolError));
    let code = refused(&|host, this| {
        host.outgoing_request_set_method(this, Method::Connect).unwrap().unwrap();
    });
    assert!(matches!(code, ErrorCode::HttpRequestMethodInvalid));
    // A length and nothing to send.
    let mut host = Host::new(Grants::new().http(Arc::new(Echo::default())));
    let request = outgoing(&mut host, &[("content-length", "1")]);
    let code = host.handle(request, None).unwrap().map(|_| ()).unwrap_err();
    assert!(matches!(code, ErrorCode::HttpRequestBodySize(Some(0))));
}

#[test]
fn without_a_grant_every_request_is_denied() {
    let mut host = host();
    let request = outgoing(&mut host, &[("etag", "x")]);
    let options = host.request_options_new().unwrap();
    let code = host.handle(request, Some(options)).unwrap().map(|_| ()).unwrap_err();
    assert!(matches!(code, ErrorCode::HttpRequestDenied));
    assert_eq!(host.http.field_bytes, 0);
}

/// Two lengths can come from outside, and are not sent on.
#[test]
fn lengths_of_a_message_that_was_received_are_checked_again() {
    let mut host = host();
    let mut asked = request("/", empty());
    for length in ["1", "2"] {
        asked.headers_mut().append(CONTENT_LENGTH, HeaderValue::from_static(length));
    }
    let asked = host.incoming_request(asked, uri::Scheme::HTTP).unwrap();
    let headers = host.incoming_request_headers(lend(&asked)).unwrap();
    let headers = host.fields_clone(lend(&headers)).unwrap();
    let response = host.outgoing_response_new(headers).unwrap();
    assert!(host.outgoing_response_body(lend(&response)).unwrap().is_err());
    assert!(matches!(answer(&mut host, Ok(response)), Err(SystemCode::ProtocolError)));
}
