//! Answers every request with a few words.

use std::io::Write;
use wasip2::exports::http::incoming_handler::Guest;
use wasip2::http::types::{
    Fields, IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam,
};

struct Hello;
wasip2::http::proxy::export!(Hello);

impl Guest for Hello {
    fn handle(_: IncomingRequest, out: ResponseOutparam) {
        let response = OutgoingResponse::new(Fields::new());
        let body = response.body().expect("the body, once");
        ResponseOutparam::set(out, Ok(response));
        let mut stream = body.write().expect("the stream, once");
        stream.write_all(b"Hello, world!\n").expect("room");
        drop(stream);
        OutgoingBody::finish(body, None).expect("complete");
    }
}
