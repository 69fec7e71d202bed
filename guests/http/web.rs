//! Answers by its path, well and badly: what a server has to live with.
//!
//! | path | what happens |
//! |---|---|
//! | `/hello` | a few words |
//! | `/echo` | the request's body comes back, as it arrives |
//! | `/headers` | the request: method, path, scheme, authority, headers |
//! | `/status/N` | status N |
//! | `/bytes/N` | N bytes |
//! | `/slowly/N` | N lines, one each 10 ms |
//! | `/sleep/MS` | a few words, after so long |
//! | `/log` | writes to both standard streams |
//! | `/trailers` | a body with a trailer |
//! | `/length/N` | announces N bytes and writes 5 |
//! | `/after` | goes on for 50 ms after its response, then says so on standard error |
//! | `/count` | how many requests this instance has answered |
//! | `/trap`, `/exit` | ends itself without a response |
//! | `/trap-in-body` | ends itself in the middle of a response |
//! | `/nothing` | returns without a response |
//! | `/error` | responds with an error code |
//! | `/compute/N` | computes for N ms before its response, and again in the middle of its body |
//! | `/hold` | keeps its response's body open, and waits forever |
//! | `/loop`, `/wait`, `/read` | never answers: computes, waits, reads a body that does not come |
//! | `/leak/N` | leaves N handles open |
//! | `/memory/N` | touches N MiB of memory |

use std::io::{Read, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use wasip2::clocks::monotonic_clock::subscribe_duration;
use wasip2::exports::http::incoming_handler::Guest;
use wasip2::http::types::{
    ErrorCode, Fields, IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam,
};
use wasip2::io::streams::OutputStream;

struct Web;
wasip2::http::proxy::export!(Web);

static ANSWERED: AtomicU64 = AtomicU64::new(0);

impl Guest for Web {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let answered = ANSWERED.fetch_add(1, Ordering::Relaxed) + 1;
        let target = request.path_with_query().unwrap_or_default();
        let path = target.split('?').next().unwrap_or_default();
        let (name, number) = match path[1..].split_once('/') {
            Some((name, number)) => (name, number.parse::<u64>().unwrap_or(0)),
            None => (&path[1..], 0),
        };
        match name {
            "hello" => text(out, "Hello, world!\n"),
            "echo" => echo(&request, out),
            "headers" => text(out, &describe(&request)),
            "status" => answer(out, number as u16, Fields::new(), |_| {}),
            "bytes" => answer(out, 200, Fields::new(), |stream| write_many(stream, number)),
            "slowly" => answer(out, 200, Fields::new(), |stream| {
                for line in 0..number {
                    sleep(10);
                    writeln!(stream, "{line}").expect("somebody who reads");
                }
            }),
            "sleep" => {
                sleep(number);
                text(out, "slept\n");
            }
            "log" => {
                println!("to standard output\nand a second line");
                eprintln!("to standard error");
                text(out, "logged\n");
            }
            "trailers" => trailers(out),
            "length" => {
                let headers = fields(&[("content-length", &number.to_string())]);
                let (body, mut stream) = start(out, 200, headers);
                let _ = stream.write_all(b"12345");
                drop(stream);
                let _ = OutgoingBody::finish(body, None);
            }
            "after" => {
                text(out, "first\n");
                sleep(50);
                eprintln!("and afterwards");
            }
            "count" => text(out, &format!("{answered}\n")),
            "trap" => panic!("on purpose"),
            "exit" => std::process::exit(1),
            "trap-in-body" => {
                let (_body, stream) = start(out, 200, Fields::new());
                stream.blocking_write_and_flush(b"half of ").expect("room");
                let _ = stream.flush();
                sleep(20);
                panic!("on purpose");
            }
            "nothing" => {}
            "error" => ResponseOutparam::set(out, Err(ErrorCode::DestinationNotFound)),
            "compute" => {
                compute(number);
                answer(out, 200, Fields::new(), |stream| {
                    stream.write_all(b"half of ").expect("somebody who reads");
                    compute(number);
                    stream.write_all(b"it all\n").expect("somebody who reads");
                });
            }
            "hold" => {
                let (_body, mut stream) = start(out, 200, Fields::new());
                stream.write_all(b"and then nothing\n").expect("room");
                sleep(u64::MAX / 1_000_000);
            }
            "loop" => endless(),
            "wait" => sleep(u64::MAX / 1_000_000),
            "read" => {
                let body = request.consume().expect("the body, once");
                let mut stream = body.stream().expect("the stream, once");
                let read = stream.read_to_end(&mut Vec::new()).expect("a body");
                drop(stream);
                text(out, &format!("{read}\n"));
            }
            "leak" => {
                for _ in 0..number {
                    std::mem::forget(Fields::new());
                }
                text(out, "leaked\n");
            }
            "memory" => {
                let bytes = vec![1_u8; (number << 20) as usize];
                let sum: u64 = bytes.iter().step_by(4096).map(|byte| u64::from(*byte)).sum();
                text(out, &format!("{sum}\n"));
            }
            _ => answer(out, 404, Fields::new(), |_| {}),
        }
    }
}

/// Keeps the processor busy for so many milliseconds.
fn compute(milliseconds: u64) {
    let begun = std::time::Instant::now();
    while begun.elapsed().as_millis() < milliseconds.into() {
        std::hint::spin_loop();
    }
}

fn start(out: ResponseOutparam, status: u16, headers: Fields) -> (OutgoingBody, OutputStream) {
    let response = OutgoingResponse::new(headers);
    response.set_status_code(status).expect("a status");
    let body = response.body().expect("the body, once");
    ResponseOutparam::set(out, Ok(response));
    let stream = body.write().expect("the stream, once");
    (body, stream)
}

fn answer(
    out: ResponseOutparam,
    status: u16,
    headers: Fields,
    write: impl FnOnce(&mut OutputStream),
) {
    let (body, mut stream) = start(out, status, headers);
    write(&mut stream);
    drop(stream);
    OutgoingBody::finish(body, None).expect("complete");
}

fn text(out: ResponseOutparam, text: &str) {
    answer(out, 200, fields(&[("content-type", "text/plain")]), |stream| {
        stream.write_all(text.as_bytes()).expect("somebody who reads");
    });
}

fn echo(request: &IncomingRequest, out: ResponseOutparam) {
    let body = request.consume().expect("the body, once");
    let mut from = body.stream().expect("the stream, once");
    answer(out, 200, Fields::new(), |stream| {
        std::io::copy(&mut from, stream).map(drop).expect("as much as there is");
    });
}

fn write_many(stream: &mut OutputStream, mut left: u64) {
    let block = [b'x'; 16 << 10];
    while left > 0 {
        let part = left.min(block.len() as u64);
        stream.write_all(&block[..part as usize]).expect("somebody who reads");
        left -= part;
    }
}

fn trailers(out: ResponseOutparam) {
    let (body, mut stream) = start(out, 200, fields(&[("trailer", "x-checksum")]));
    stream.write_all(b"body\n").expect("somebody who reads");
    drop(stream);
    OutgoingBody::finish(body, Some(fields(&[("x-checksum", "42")]))).expect("complete");
}

fn describe(request: &IncomingRequest) -> String {
    let mut text = format!(
        "{:?} {} {:?} {}\n",
        request.method(),
        request.path_with_query().unwrap_or_default(),
        request.scheme(),
        request.authority().unwrap_or_default()
    );
    for (name, value) in request.headers().entries() {
        text += &format!("{name}: {}\n", String::from_utf8_lossy(&value));
    }
    text
}

fn fields(list: &[(&str, &str)]) -> Fields {
    let list: Vec<_> =
        list.iter().map(|(name, value)| (name.to_string(), value.as_bytes().to_vec())).collect();
    Fields::from_list(&list).expect("valid fields")
}

fn sleep(milliseconds: u64) {
    subscribe_duration(milliseconds * 1_000_000).block();
}

fn endless() -> ! {
    let mut number = 0_u64;
    loop {
        number = std::hint::black_box(number).wrapping_add(1);
    }
}
