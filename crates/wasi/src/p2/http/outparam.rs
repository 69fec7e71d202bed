//! `response-outparam`.

use http::{HeaderMap, Response, StatusCode};
use wayleave_system::http::{Body, ErrorCode};

/// Where a guest's answer goes, for one request. It is dropped if the guest does not answer.
///
/// A closure that takes the answer is one.
pub trait Respond: Send {
    /// Takes the answer: a response whose body may still be written, or what the guest says went
    /// wrong.
    fn respond(self: Box<Self>, response: Result<Response<Body>, ErrorCode>);

    /// Sends a response with a status of 1xx, before the answer.
    ///
    /// # Errors
    /// Why that was not possible: in general, that nobody has thought of it.
    fn inform(&mut self, status: StatusCode, headers: HeaderMap) -> Result<(), ErrorCode> {
        let _ = (status, headers);
        Err(ErrorCode::internal("responses before the last one can not be sent here"))
    }
}

impl<F: FnOnce(Result<Response<Body>, ErrorCode>) + Send> Respond for F {
    fn respond(self: Box<Self>, response: Result<Response<Body>, ErrorCode>) {
        self(response);
    }
}

/// The guest's right to answer a request.
pub struct ResponseOutparam(pub(super) Box<dyn Respond>);

impl ResponseOutparam {
    pub(super) fn inform(&mut self, status: u16, headers: HeaderMap) -> Result<(), ErrorCode> {
        match StatusCode::from_u16(status) {
            // It would be the last of HTTP on this connection.
            Ok(StatusCode::SWITCHING_PROTOCOLS) => Err(ErrorCode::UpgradeFailed),
            Ok(status) if status.is_informational() => self.0.inform(status, headers),
            _ => Err(ErrorCode::ProtocolError),
        }
    }
}
