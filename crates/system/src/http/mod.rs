//! HTTP: bodies that a guest reads or writes, and the client that sends its requests.
//!
//! Messages are those of the crate `http`. Nothing here speaks the protocol: a server and a
//! [`Client`] are providers, which the embedder has.

mod bodies;
mod client;
mod error;
mod incoming;
mod length;
mod metered;
mod outgoing;
mod pending;

pub use bodies::Bodies;
pub use client::{Client, Destination, Options, Policy};
pub use error::{ErrorCode, FieldSize};
pub use http::uri::Scheme;
pub use incoming::{BodyReader, BodyStream, Ending, Trailers};
pub use length::{content_length, parse_length};
pub use metered::Metered;
pub use outgoing::{BodySink, BodyWriter, Message};
pub use pending::{Coming, Pending, Taken};

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Empty, Full};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A body, from whatever it comes.
pub type Body = UnsyncBoxBody<Bytes, ErrorCode>;

/// A body without content.
#[must_use]
pub fn empty() -> Body {
    Body::new(Empty::new().map_err(|never| match never {}))
}

/// A body of these bytes.
#[must_use]
pub fn full(bytes: impl Into<Bytes>) -> Body {
    Body::new(Full::new(bytes.into()).map_err(|never| match never {}))
}

/// What is behind the lock. Whoever panicked with it has left it whole: each change is one step.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
