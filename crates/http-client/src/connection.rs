use super::target::Target;
use http::header::{HOST, HeaderValue};
use http::{Request, Response, Version};
use hyper::body::Incoming;
use hyper::client::conn::{TrySendError, http1, http2};
use std::net::{IpAddr, SocketAddr};
use wayleave_system::http::Body;

/// A connection that can take a request.
pub(crate) struct Connection {
    pub(crate) sender: Sender,
    pub(crate) ends: Ends,
}

/// Where a connection leads.
#[derive(Clone, Copy)]
pub(crate) struct Ends {
    /// The host's address.
    pub(crate) asked: IpAddr,
    /// What the policy made of it; `None` when it was against the policy, for once.
    pub(crate) dialled: Option<SocketAddr>,
}

pub(crate) enum Sender {
    /// One request at a time.
    Http1(http1::SendRequest<Body>),
    /// Any number of them.
    Http2(http2::SendRequest<Body>),
}

impl Connection {
    /// Whether it is of use to anybody.
    pub(crate) fn is_usable(&self) -> bool {
        match &self.sender {
            Sender::Http1(sender) => sender.is_ready(),
            Sender::Http2(sender) => !sender.is_closed(),
        }
    }

    /// The same once more, if it can take several requests.
    pub(crate) fn share(&self) -> Option<Self> {
        match &self.sender {
            Sender::Http1(_) => None,
            Sender::Http2(sender) => {
                let sender = Sender::Http2(sender.clone());
                Some(Self { sender, ends: self.ends })
            }
        }
    }

    /// Ends when it can take another request, or never will.
    pub(crate) async fn ready(&mut self) -> Result<(), hyper::Error> {
        match &mut self.sender {
            Sender::Http1(sender) => sender.ready().await,
            Sender::Http2(sender) => sender.ready().await,
        }
    }

    /// Sends a request, in the form that the protocol has for it. A request that was not sent comes
    /// back with the error.
    pub(crate) async fn send(
        &mut self,
        mut request: Request<Body>,
        target: &Target,
    ) -> Result<Response<Incoming>, TrySendError<Request<Body>>> {
        match &mut self.sender {
            Sender::Http1(sender) => {
                *request.version_mut() = Version::HTTP_11;
                *request.uri_mut() = target.origin_form();
                if let Ok(host) = HeaderValue::from_str(target.authority.as_str()) {
                    request.headers_mut().insert(HOST, host);
                }
                sender.try_send_request(request).await
            }
            Sender::Http2(sender) => {
                *request.version_mut() = Version::HTTP_2;
                *request.uri_mut() = target.absolute_form();
                // The URI says it.
                request.headers_mut().remove(HOST);
                sender.try_send_request(request).await
            }
        }
    }
}
