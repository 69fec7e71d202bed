use http::uri::{Authority, PathAndQuery, Scheme, Uri};
use wayleave_system::http::{Destination, ErrorCode};
use wayleave_system::net::{Host, host as host_of};

/// Where a request goes.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) scheme: Scheme,
    /// A name in lower case and without a dot at its end, or an address without brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
    /// Whether the policy was against the host, and it was let through.
    pub(crate) let_through: bool,
    pub(crate) authority: Authority,
    path: PathAndQuery,
}

/// What connections are kept by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    tls: bool,
    host: String,
    port: u16,
}

impl Target {
    pub(crate) fn of(uri: &Uri) -> Result<Self, ErrorCode> {
        let parts = uri.clone().into_parts();
        let (Some(scheme), Some(authority)) = (parts.scheme, parts.authority) else {
            return Err(ErrorCode::RequestUriInvalid);
        };
        let default_port = match scheme.as_str() {
            "http" => 80,
            "https" => 443,
            _ => return Err(ErrorCode::ProtocolError),
        };
        let host = authority.host();
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        // What resolvers would take for an address that it does not look like is neither.
        let host = match host_of(host) {
            Ok(Host::Name(name)) => name,
            Ok(Host::Address(address)) => address.to_string(),
            Err(_) => return Err(ErrorCode::RequestUriInvalid),
        };
        // A number that is too large is no port to the parser, which goes on without one.
        let port = match authority.as_str().strip_prefix(authority.host()) {
            Some("" | ":") => default_port,
            Some(port) => {
                port.trim_start_matches(':').parse().map_err(|_| ErrorCode::RequestUriInvalid)?
            }
            // There is something before the host that is not to be sent (RFC 9110, 4.2.4).
            None => return Err(ErrorCode::RequestUriInvalid),
        };
        if port == 0 {
            return Err(ErrorCode::RequestUriInvalid);
        }
        let path = parts.path_and_query.unwrap_or(PathAndQuery::from_static("/"));
        Ok(Self { scheme, host, port, let_through: false, authority, path })
    }

    pub(crate) fn destination(&self) -> Destination<'_> {
        let Self { scheme, host, port, let_through, .. } = self;
        Destination { scheme, host, port: *port, let_through: *let_through }
    }

    pub(crate) fn is_tls(&self) -> bool {
        self.scheme == Scheme::HTTPS
    }

    pub(crate) fn key(&self) -> Key {
        Key { tls: self.is_tls(), host: self.host.clone(), port: self.port }
    }

    /// The path and the query alone, as HTTP/1.1 sends them.
    pub(crate) fn origin_form(&self) -> Uri {
        Uri::from(self.path.clone())
    }

    /// All of it, as HTTP/2 does.
    pub(crate) fn absolute_form(&self) -> Uri {
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = Some(self.path.clone());
        Uri::from_parts(parts).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uri_says_where_to() {
        for (uri, tls, host, port) in [
            ("http://Example.COM", false, "example.com", 80),
            ("https://example.com/x?y", true, "example.com", 443),
            ("http://a:8080/", false, "a", 8080),
            ("http://a:/", false, "a", 80),
            ("https://[::1]/", true, "::1", 443),
            ("https://[::1]:8443/", true, "::1", 8443),
            ("http://127.0.0.1:1", false, "127.0.0.1", 1),
            ("http://a.example.:1", false, "a.example", 1),
            ("http://[::ffff:127.0.0.1]", false, "127.0.0.1", 80),
        ] {
            let target = Target::of(&uri.parse().unwrap()).unwrap();
            let got = (target.is_tls(), target.host.as_str(), target.port);
            assert_eq!(got, (tls, host, port), "{uri}");
        }
        for uri in [
            "/",
            "ftp://a/",
            "http://a:99999/",
            "http://a:0/",
            "http://me@a/",
            "a:80",
            "http://0x7f.1/",
            "http://127.1/",
            "http://017700000001/",
            "http://1.2.3.4.5/",
            "http://a..b/",
        ] {
            assert!(Target::of(&uri.parse().unwrap()).is_err(), "{uri}");
        }
        let target = Target::of(&"http://a:81/b?c".parse().unwrap()).unwrap();
        assert_eq!(target.origin_form().to_string(), "/b?c");
        assert_eq!(target.absolute_form().to_string(), "http://a:81/b?c");
    }
}
