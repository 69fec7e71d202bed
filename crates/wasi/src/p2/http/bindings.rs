//! Types, traits and registration of the interfaces of HTTP. What they use of others is made once
//! more, and stands for the same resources.
#![allow(missing_docs, reason = "the interfaces' own documentation is in the WIT files")]
#![allow(dead_code, reason = "the interfaces of others are registered elsewhere")]

wayleave_bindgen::bindgen! {
    path: "../../wit/0.2",
    world: "http",
    features: ["informational-outbound-responses"],
    resources: {
        "wasi:io/error/error": crate::p2::error::IoError,
        "wasi:io/poll/pollable": crate::p2::poll::Pollable,
        "wasi:io/streams/input-stream": crate::p2::streams::InputStream,
        "wasi:io/streams/output-stream": crate::p2::streams::OutputStream,
        "wasi:http/types/fields": crate::p2::http::fields::Fields,
        "wasi:http/types/incoming-request": crate::p2::http::incoming_request::IncomingRequest,
        "wasi:http/types/outgoing-request": crate::p2::http::outgoing_request::OutgoingRequest,
        "wasi:http/types/request-options": crate::p2::http::request_options::RequestOptions,
        "wasi:http/types/response-outparam": crate::p2::http::outparam::ResponseOutparam,
        "wasi:http/types/incoming-response": crate::p2::http::incoming_response::IncomingResponse,
        "wasi:http/types/incoming-body": crate::p2::http::incoming_body::IncomingBody,
        "wasi:http/types/future-trailers": crate::p2::http::incoming_body::FutureTrailers,
        "wasi:http/types/outgoing-response": crate::p2::http::outgoing_response::OutgoingResponse,
        "wasi:http/types/outgoing-body": crate::p2::http::outgoing_body::OutgoingBody,
        "wasi:http/types/future-incoming-response": crate::p2::http::handler::FutureResponse,
    },
    returns: {
        "wasi:http/types.[method]fields.get": Vec<crate::p2::http::fields::Value>,
        "wasi:http/types.[method]fields.entries":
            Vec<(crate::p2::http::fields::Name, crate::p2::http::fields::Value)>,
    },
}
