//! `outgoing-handler` and `future-incoming-response`.

use super::bindings::wasi::http::outgoing_handler;
use super::bindings::wasi::http::types::ErrorCode as GuestCode;
use super::outgoing_request::OutgoingRequest;
use super::request_options::RequestOptions;
use crate::p2::Host;
use std::sync::Arc;
use wayleave_component::Own;
use wayleave_engine::Stop;
use wayleave_system::http::{Coming, ErrorCode};

/// A response that is still to come.
pub(crate) struct FutureResponse(pub(super) Arc<dyn Coming>);

impl outgoing_handler::Host for Host {
    fn handle(
        &mut self,
        request: Own<OutgoingRequest>,
        options: Option<Own<RequestOptions>>,
    ) -> Result<Result<Own<FutureResponse>, GuestCode>, Stop> {
        let http = &mut self.http;
        let request = http.outgoing_requests.remove(&request)?;
        http.refund(request.headers().size());
        let options = match options {
            Some(options) => http.options.remove(&options)?.0,
            None => Default::default(),
        };
        let request = match request.into_request() {
            Ok(request) => request,
            Err(code) => return Ok(Err(code.into())),
        };
        let Some(client) = &http.client else {
            tracing::info!(uri = %request.uri(), "request denied: no HTTP client is granted");
            return Ok(Err(ErrorCode::RequestDenied.into()));
        };
        let pending = client.send(request, options);
        http.responses_to_come.add_or_trap(FutureResponse(pending)).map(Ok)
    }
}
