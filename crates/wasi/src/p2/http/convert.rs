//! Methods and schemes.

use super::bindings::wasi::http::types::{Method, Scheme};
use http::uri;

impl From<&http::Method> for Method {
    fn from(method: &http::Method) -> Self {
        match *method {
            http::Method::GET => Self::Get,
            http::Method::HEAD => Self::Head,
            http::Method::POST => Self::Post,
            http::Method::PUT => Self::Put,
            http::Method::DELETE => Self::Delete,
            http::Method::CONNECT => Self::Connect,
            http::Method::OPTIONS => Self::Options,
            http::Method::TRACE => Self::Trace,
            http::Method::PATCH => Self::Patch,
            _ => Self::Other(method.as_str().to_owned()),
        }
    }
}

/// `None` for what is no method.
pub(super) fn method(method: &Method) -> Option<http::Method> {
    Some(match method {
        Method::Get => http::Method::GET,
        Method::Head => http::Method::HEAD,
        Method::Post => http::Method::POST,
        Method::Put => http::Method::PUT,
        Method::Delete => http::Method::DELETE,
        Method::Connect => http::Method::CONNECT,
        Method::Options => http::Method::OPTIONS,
        Method::Trace => http::Method::TRACE,
        Method::Patch => http::Method::PATCH,
        Method::Other(name) => http::Method::from_bytes(name.as_bytes()).ok()?,
    })
}

impl From<&uri::Scheme> for Scheme {
    fn from(scheme: &uri::Scheme) -> Self {
        if *scheme == uri::Scheme::HTTP {
            Self::Http
        } else if *scheme == uri::Scheme::HTTPS {
            Self::Https
        } else {
            Self::Other(scheme.as_str().to_owned())
        }
    }
}

/// `None` for what is no scheme.
pub(super) fn scheme(scheme: &Scheme) -> Option<uri::Scheme> {
    match scheme {
        Scheme::Http => Some(uri::Scheme::HTTP),
        Scheme::Https => Some(uri::Scheme::HTTPS),
        // A parser takes an empty one, too.
        Scheme::Other(name) if !name.starts_with(|c: char| c.is_ascii_alphabetic()) => None,
        Scheme::Other(name) => name.parse().ok(),
    }
}
