//! `incoming-request`.

use super::bindings::wasi::http::types::{Method, Scheme};
use super::fields::Fields;
use super::headers::Headers;
use http::header::{HOST, HeaderValue};
use http::uri::{self, Uri};
use wayleave_system::http::Body;

/// A request for the guest to answer.
pub struct IncomingRequest {
    method: http::Method,
    uri: Uri,
    scheme: uri::Scheme,
    /// What the client calls us.
    host: Option<HeaderValue>,
    headers: Headers,
    body: Option<Body>,
}

impl IncomingRequest {
    pub(super) fn new(request: http::Request<Body>, scheme: uri::Scheme) -> Self {
        let (parts, body) = request.into_parts();
        Self {
            method: parts.method,
            uri: parts.uri,
            scheme,
            host: parts.headers.get(HOST).cloned(),
            headers: Headers::Received(parts.headers),
            body: Some(body),
        }
    }

    pub(super) fn method(&self) -> Method {
        Method::from(&self.method)
    }

    pub(super) fn path_with_query(&self) -> Option<String> {
        self.uri.path_and_query().map(|path| path.as_str().to_owned())
    }

    pub(super) fn scheme(&self) -> Scheme {
        Scheme::from(&self.scheme)
    }

    /// Of the target, if it is a whole URI (HTTP/2, proxies), else what the client calls us.
    pub(super) fn authority(&self) -> Option<String> {
        if let Some(authority) = self.uri.authority() {
            return Some(authority.as_str().to_owned());
        }
        self.host.as_ref()?.to_str().ok().map(str::to_owned)
    }

    pub(super) fn headers(&mut self) -> Fields {
        self.headers.share()
    }

    pub(super) fn consume(&mut self) -> Option<Body> {
        self.body.take()
    }
}
