//! `outgoing-request`.

use super::bindings::wasi::http::types::{Method, Scheme};
use super::convert;
use super::fields::Fields;
use super::outgoing_body::OutgoingBody;
use http::uri::{Authority, PathAndQuery, Uri};
use wayleave_system::http::{Body, ErrorCode, Message, content_length, empty};

/// A request that the guest makes.
pub(crate) struct OutgoingRequest {
    method: http::Method,
    path: Option<Path>,
    scheme: Option<http::uri::Scheme>,
    authority: Option<Authority>,
    headers: Fields,
    body: Option<Body>,
}

/// A path with a query, as the guest has given it and as it is sent.
struct Path {
    given: String,
    sent: PathAndQuery,
}

impl OutgoingRequest {
    pub(super) fn new(headers: Fields) -> Self {
        let headers = headers.freeze();
        Self {
            method: http::Method::GET,
            path: None,
            scheme: None,
            authority: None,
            headers,
            body: None,
        }
    }

    pub(super) fn headers(&self) -> &Fields {
        &self.headers
    }

    pub(super) fn body(&mut self) -> Result<OutgoingBody, ()> {
        super::outgoing_body::begin(&mut self.body, Message::Request, &self.headers)
    }

    pub(super) fn method(&self) -> Method {
        Method::from(&self.method)
    }

    pub(super) fn set_method(&mut self, method: &Method) -> Result<(), ()> {
        self.method = convert::method(method).ok_or(())?;
        Ok(())
    }

    pub(super) fn path_with_query(&self) -> Option<String> {
        self.path.as_ref().map(|path| path.given.clone())
    }

    pub(super) fn set_path_with_query(&mut self, path: Option<String>) -> Result<(), ()> {
        self.path = path.map(Path::parse).transpose()?;
        Ok(())
    }

    pub(super) fn scheme(&self) -> Option<Scheme> {
        self.scheme.as_ref().map(Scheme::from)
    }

    pub(super) fn set_scheme(&mut self, scheme: Option<&Scheme>) -> Result<(), ()> {
        self.scheme = scheme.map(|scheme| convert::scheme(scheme).ok_or(())).transpose()?;
        Ok(())
    }

    pub(super) fn authority(&self) -> Option<String> {
        self.authority.as_ref().map(|authority| authority.as_str().to_owned())
    }

    pub(super) fn set_authority(&mut self, authority: Option<&str>) -> Result<(), ()> {
        self.authority = authority.map(|text| text.parse().map_err(drop)).transpose()?;
        Ok(())
    }

    /// The request as it is sent.
    ///
    /// # Errors
    /// Why it can not be.
    pub(super) fn into_request(self) -> Result<http::Request<Body>, ErrorCode> {
        let length = content_length(self.headers.map())?;
        if self.body.is_none() && length.is_some_and(|length| length > 0) {
            return Err(ErrorCode::RequestBodySize(Some(0)));
        }
        // What would come after the answer is no HTTP.
        if self.method == http::Method::CONNECT {
            return Err(ErrorCode::RequestMethodInvalid);
        }
        let scheme = self.scheme.unwrap_or(http::uri::Scheme::HTTPS);
        if scheme != http::uri::Scheme::HTTP && scheme != http::uri::Scheme::HTTPS {
            return Err(ErrorCode::ProtocolError);
        }
        let authority = self.authority.ok_or(ErrorCode::RequestUriInvalid)?;
        // RFC 9110, 4.2.4: who sends a URI leaves out what is before an `@`.
        if authority.host().is_empty() || authority.as_str().contains('@') {
            return Err(ErrorCode::RequestUriInvalid);
        }
        let path = match self.path {
            Some(path) => path.sent,
            None => PathAndQuery::from_static("/"),
        };
        let uri = Uri::builder().scheme(scheme).authority(authority).path_and_query(path);
        let mut request = http::Request::new(self.body.unwrap_or_else(empty));
        *request.method_mut() = self.method;
        *request.uri_mut() = uri.build().map_err(|_| ErrorCode::RequestUriInvalid)?;
        *request.headers_mut() = self.headers.into_map();
        Ok(request)
    }
}

impl Path {
    /// What is after the authority: anything else would make the request one to somebody else.
    fn parse(given: String) -> Result<Self, ()> {
        let sent = match given.as_bytes().first() {
            Some(b'/') => given.parse(),
            Some(b'?') => format!("/{given}").parse(),
            None => Ok(PathAndQuery::from_static("/")),
            Some(_) => return Err(()),
        };
        let sent: PathAndQuery = sent.map_err(drop)?;
        // A fragment is not sent, and a parser leaves it out without a word.
        if given.contains('#') {
            return Err(());
        }
        Ok(Self { given, sent })
    }
}
