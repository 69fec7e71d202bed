//! `wasi:http`: requests for a guest to answer, and those that it makes.
//!
//! [`link`] adds the interfaces to a component's linker, apart from those of [`p2::link`]: a host may
//! offer none of them. A server hands a request to the guest's [`HANDLE`] with
//! [`Host::incoming_request`] and [`Host::response_outparam`]. A guest's own requests go through
//! the client of its grants; without one they are denied.
//!
//! [`p2::link`]: crate::p2::link

mod bindings;
mod convert;
mod error;
mod fields;
mod handler;
mod headers;
mod incoming_body;
mod incoming_request;
mod incoming_response;
mod outgoing_body;
mod outgoing_request;
mod outgoing_response;
mod outparam;
mod request_options;
#[cfg(test)]
mod tests;
mod types;

pub use incoming_request::IncomingRequest;
pub use outparam::{Respond, ResponseOutparam};

use super::buffers::Buffers;
use super::table::Table;
use super::{Host, State};
use bindings::wasi;
use fields::Fields;
use handler::FutureResponse;
use incoming_body::{FutureTrailers, IncomingBody};
use incoming_response::IncomingResponse;
use outgoing_body::OutgoingBody;
use outgoing_request::OutgoingRequest;
use outgoing_response::OutgoingResponse;
use request_options::RequestOptions;
use std::sync::Arc;
use wayleave_component::{Error, Linker, Own};
use wayleave_engine::{Engine, Stop};
use wayleave_system::http::{Bodies, Body, Client};
use wayleave_system::refusal::LimitWatch;

/// The interface that a program exports that answers requests; its function is `handle`, with an
/// [`IncomingRequest`] and a [`ResponseOutparam`].
pub const HANDLE: &str = "wasi:http/incoming-handler@0.2.12";

/// Adds `wasi:http/types` and `wasi:http/outgoing-handler` to a linker.
///
/// # Errors
/// What the linker says of a function it can not take.
pub fn link<E: Engine, T: State>(linker: &mut Linker<E, T>) -> Result<(), Error> {
    wasi::http::types::link(linker, T::p2)?;
    wasi::http::outgoing_handler::link(linker, T::p2)
}

impl Host {
    /// A request for the guest to answer, that came by this scheme.
    ///
    /// # Errors
    /// The guest has too many.
    pub fn incoming_request(
        &mut self,
        request: http::Request<Body>,
        scheme: http::uri::Scheme,
    ) -> Result<Own<IncomingRequest>, Stop> {
        self.http.incoming_requests.add_or_trap(IncomingRequest::new(request, scheme))
    }

    /// Where the guest's answer is to go: once at most.
    ///
    /// # Errors
    /// The guest has too many.
    pub fn response_outparam(
        &mut self,
        to: impl Respond + 'static,
    ) -> Result<Own<ResponseOutparam>, Stop> {
        self.http.outparams.add_or_trap(ResponseOutparam(Box::new(to)))
    }
}

/// Messages and bodies that a guest can have of each kind: each may keep 64 KiB on their way.
const MESSAGES: usize = 1024;

/// What a guest has of HTTP.
pub(super) struct Http {
    client: Option<Arc<dyn Client>>,
    /// What stands between the guest and bodies.
    bodies: Option<Arc<dyn Bodies>>,
    fields: Table<Fields>,
    /// What all fields need, those of messages included.
    field_bytes: usize,
    buffers: Buffers,
    incoming_requests: Table<IncomingRequest>,
    outgoing_requests: Table<OutgoingRequest>,
    options: Table<RequestOptions>,
    outparams: Table<ResponseOutparam>,
    incoming_responses: Table<IncomingResponse>,
    outgoing_responses: Table<OutgoingResponse>,
    incoming_bodies: Table<IncomingBody>,
    outgoing_bodies: Table<OutgoingBody>,
    trailers: Table<FutureTrailers>,
    responses_to_come: Table<FutureResponse>,
}

impl Http {
    /// Nothing yet.
    pub(super) fn new(
        client: Option<Arc<dyn Client>>,
        bodies: Option<Arc<dyn Bodies>>,
        limit: usize,
        handles: &LimitWatch,
        buffers: Buffers,
    ) -> Self {
        Self {
            client,
            bodies,
            fields: Table::watched(limit, handles.clone()),
            field_bytes: 0,
            buffers,
            incoming_requests: Table::of_few(limit, MESSAGES, handles),
            outgoing_requests: Table::of_few(limit, MESSAGES, handles),
            options: Table::watched(limit, handles.clone()),
            outparams: Table::of_few(limit, MESSAGES, handles),
            incoming_responses: Table::of_few(limit, MESSAGES, handles),
            outgoing_responses: Table::of_few(limit, MESSAGES, handles),
            incoming_bodies: Table::of_few(limit, MESSAGES, handles),
            outgoing_bodies: Table::of_few(limit, MESSAGES, handles),
            trailers: Table::of_few(limit, MESSAGES, handles),
            responses_to_come: Table::of_few(limit, MESSAGES, handles),
        }
    }

    fn add_fields(&mut self, fields: Fields) -> Result<Own<Fields>, Stop> {
        self.charge(fields.size())?;
        self.fields.add_or_trap(fields)
    }

    /// Counts what fields need.
    fn charge(&mut self, bytes: usize) -> Result<(), Stop> {
        self.field_bytes += bytes;
        if self.field_bytes > fields::MOST_OF_ALL || !self.buffers.allow(self.field_bytes) {
            return Err(fields::too_large());
        }
        Ok(())
    }

    /// Fields are gone, or no longer the guest's.
    fn refund(&mut self, bytes: usize) {
        self.field_bytes = self.field_bytes.saturating_sub(bytes);
    }
}
