//! Sends several requests at once and prints which is answered first, then sends a long body while it
//! reads the answer, and prints how that went, turn by turn: `many AUTHORITY`, of a server that has
//! `/slow`, `/fast`, `/echo` and `/cut`.

use wasip2::http::outgoing_handler::handle;
use wasip2::http::types::{
    ErrorCode, Fields, FutureIncomingResponse, IncomingBody, IncomingResponse, Method,
    OutgoingBody, OutgoingRequest, Scheme,
};
use wasip2::io::poll::{Pollable, poll};
use wasip2::io::streams::{InputStream, OutputStream, StreamError};

fn main() {
    let authority = std::env::args().nth(1).expect("an authority");
    race(&authority, ["/slow", "/fast", "/cut"]);
    match echo(&authority, 400_000) {
        Ok(()) => println!("echoed"),
        Err(code) => println!("not echoed: {code:?}"),
    }
}

fn send(authority: &str, path: &str, method: &Method) -> (OutgoingBody, FutureIncomingResponse) {
    let headers = Fields::new();
    headers.append("x-asked", path.as_bytes()).expect("a header");
    headers.append("trailer", b"x-sum").expect("a header");
    let request = OutgoingRequest::new(headers);
    request.set_method(method).expect("a method");
    request.set_scheme(Some(&Scheme::Http)).expect("a scheme");
    request.set_authority(Some(authority)).expect("an authority");
    request.set_path_with_query(Some(path)).expect("a path");
    let body = request.body().expect("the body, once");
    (body, handle(request, None).expect("it is sent"))
}

fn race(authority: &str, paths: [&str; 3]) {
    let asked = paths.map(|path| {
        let (body, coming) = send(authority, path, &Method::Get);
        OutgoingBody::finish(body, None).expect("no body");
        let pollable = coming.subscribe();
        (path, pollable, coming)
    });
    let mut left: Vec<_> = asked.iter().collect();
    while !left.is_empty() {
        let pollables: Vec<&Pollable> = left.iter().map(|(_, pollable, _)| pollable).collect();
        let mut ready = poll(&pollables);
        ready.sort();
        for index in ready.into_iter().rev() {
            let (path, _, coming) = left.remove(index as usize);
            match coming.get().expect("it is there").expect("the first time") {
                Ok(response) => println!("{path}: {} {}", response.status(), text(response)),
                Err(code) => println!("{path}: {code:?}"),
            }
        }
    }
}

/// A body as text, and how it ends.
fn text(response: IncomingResponse) -> String {
    let body = response.consume().expect("the body, once");
    let stream = body.stream().expect("the stream, once");
    let mut bytes = Vec::new();
    let end = loop {
        match stream.blocking_read(1 << 16) {
            Ok(some) => bytes.extend(some),
            Err(StreamError::Closed) => break "complete".to_owned(),
            Err(StreamError::LastOperationFailed(error)) => {
                let code = wasip2::http::types::http_error_code(&error);
                break format!("{code:?}");
            }
        }
    };
    drop(stream);
    format!("{:?} {end}, {}", String::from_utf8_lossy(&bytes), trailers(body))
}

fn trailers(body: IncomingBody) -> String {
    let trailers = IncomingBody::finish(body);
    trailers.subscribe().block();
    match trailers.get().expect("they are there").expect("the first time") {
        Ok(None) => "no trailers".to_owned(),
        Ok(Some(fields)) => format!("trailers {:?}", fields.entries()),
        Err(code) => format!("{code:?}"),
    }
}

/// What comes back of a body that is being sent. A body lives in its response.
enum Back {
    NotYet(FutureIncomingResponse),
    Coming(InputStream, IncomingBody, IncomingResponse),
    All(IncomingBody, IncomingResponse),
}

fn echo(authority: &str, length: usize) -> Result<(), ErrorCode> {
    let (body, coming) = send(authority, "/echo", &Method::Post);
    let bytes: Vec<u8> = (0..length).map(|index| (index % 251) as u8).collect();
    let mut out: Option<(OutputStream, OutgoingBody)> =
        Some((body.write().expect("the stream, once"), body));
    let mut back = Back::NotYet(coming);
    let (mut written, mut received) = (0, Vec::new());
    for turn in 0.. {
        let writable = out.as_ref().map(|(stream, _)| stream.subscribe());
        let readable = match &back {
            Back::NotYet(coming) => Some(coming.subscribe()),
            Back::Coming(stream, ..) => Some(stream.subscribe()),
            Back::All(..) => None,
        };
        let both: Vec<&Pollable> = writable.iter().chain(&readable).collect();
        if both.is_empty() {
            break;
        }
        let ready = poll(&both);
        drop((writable, readable));
        println!("turn {turn}: ready {ready:?}, written {written}, received {}", received.len());
        if let Some((stream, body)) = out.take() {
            let room = stream.check_write().expect("room") as usize;
            let part = &bytes[written..length.min(written + room)];
            stream.write(part).expect("there was room");
            written += part.len();
            if written < length {
                out = Some((stream, body));
            } else {
                stream.flush().expect("a flush");
                drop(stream);
                let trailers = Fields::new();
                trailers.append("x-sum", written.to_string().as_bytes()).expect("a trailer");
                OutgoingBody::finish(body, Some(trailers))?;
            }
        }
        back = match back {
            Back::NotYet(coming) => match coming.get() {
                None => Back::NotYet(coming),
                Some(response) => {
                    let response = response.expect("the first time")?;
                    println!("status: {}", response.status());
                    let body = response.consume().expect("the body, once");
                    Back::Coming(body.stream().expect("the stream, once"), body, response)
                }
            },
            Back::Coming(stream, body, response) => match stream.read(1 << 14) {
                Ok(some) => {
                    received.extend(some);
                    Back::Coming(stream, body, response)
                }
                Err(StreamError::Closed) => {
                    drop(stream);
                    Back::All(body, response)
                }
                Err(error) => panic!("{error}"),
            },
            all => all,
        };
    }
    println!("the same came back: {}", received == bytes);
    if let Back::All(body, _response) = back {
        println!("{}", trailers(body));
    }
    Ok(())
}
