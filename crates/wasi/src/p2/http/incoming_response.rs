//! `incoming-response`.

use super::fields::Fields;
use http::Response;
use wayleave_system::http::Body;

/// A response that the guest was given.
pub(crate) struct IncomingResponse {
    pub(super) status: u16,
    pub(super) headers: Fields,
    pub(super) body: Option<Body>,
}

impl IncomingResponse {
    pub(super) fn new(response: Response<Body>) -> Self {
        let (parts, body) = response.into_parts();
        Self {
            status: parts.status.as_u16(),
            headers: Fields::received(parts.headers),
            body: Some(body),
        }
    }
}
