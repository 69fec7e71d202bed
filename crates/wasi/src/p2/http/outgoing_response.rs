//! `outgoing-response`.

use super::fields::Fields;
use super::outgoing_body::OutgoingBody;
use http::{Response, StatusCode};
use wayleave_system::http::{Body, ErrorCode, Message, content_length, empty};

/// A response that the guest gives.
pub(crate) struct OutgoingResponse {
    status: StatusCode,
    headers: Fields,
    body: Option<Body>,
}

impl OutgoingResponse {
    pub(super) fn new(headers: Fields) -> Self {
        Self { status: StatusCode::OK, headers: headers.freeze(), body: None }
    }

    pub(super) fn status(&self) -> u16 {
        self.status.as_u16()
    }

    pub(super) fn set_status(&mut self, status: u16) -> Result<(), ()> {
        self.status = StatusCode::from_u16(status).map_err(drop)?;
        Ok(())
    }

    pub(super) fn headers(&self) -> &Fields {
        &self.headers
    }

    pub(super) fn body(&mut self) -> Result<OutgoingBody, ()> {
        super::outgoing_body::begin(&mut self.body, Message::Response, &self.headers)
    }

    /// The response as it is sent.
    ///
    /// # Errors
    /// Why it can not be.
    pub(super) fn into_response(self) -> Result<Response<Body>, ErrorCode> {
        content_length(self.headers.map())?;
        if self.status.is_informational() {
            return Err(ErrorCode::ProtocolError);
        }
        let mut response = Response::new(self.body.unwrap_or_else(empty));
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers.into_map();
        Ok(response)
    }
}
