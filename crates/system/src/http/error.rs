use std::fmt;

/// Why an exchange failed: the error types that RFC 9209 registers for proxies, as WASI has them.
///
/// Sizes are in bytes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ErrorCode {
    /// No name server answered in time.
    #[error("no name server answered in time")]
    DnsTimeout,
    /// A name server answered with an error: its response code by name, its extended error by
    /// number.
    #[error("the name could not be resolved{}", words(.rcode))]
    DnsError {
        /// The response code, by name.
        rcode: Option<String>,
        /// The extended error.
        info_code: Option<u16>,
    },
    /// There is no telling where the request is to go.
    #[error("the destination is not known")]
    DestinationNotFound,
    /// It is known where, and known to be out of service.
    #[error("the destination is not available")]
    DestinationUnavailable,
    /// The address is one that must not be connected to.
    #[error("the destination's address is prohibited")]
    DestinationIpProhibited,
    /// There is no route to the address.
    #[error("there is no route to the destination")]
    DestinationIpUnroutable,
    /// The other end does not accept connections.
    #[error("the connection was refused")]
    ConnectionRefused,
    /// The connection ended before the exchange was complete.
    #[error("the connection ended before its time")]
    ConnectionTerminated,
    /// No connection came about in time.
    #[error("no connection came about in time")]
    ConnectionTimeout,
    /// Nothing more was received in time.
    #[error("nothing more was received in time")]
    ConnectionReadTimeout,
    /// Nothing more could be sent in time.
    #[error("nothing more could be sent in time")]
    ConnectionWriteTimeout,
    /// There are as many connections as there may be.
    #[error("there are too many connections")]
    ConnectionLimitReached,
    /// TLS failed, other than by a certificate.
    #[error("TLS failed")]
    TlsProtocolError,
    /// The certificate is missing, not valid, or not for this name.
    #[error("the certificate was not accepted")]
    TlsCertificateError,
    /// The other end ended TLS with an alert.
    #[error("the other end sent a TLS alert{}", words(.message))]
    TlsAlertReceived {
        /// The alert's number.
        id: Option<u8>,
        /// The alert's name.
        message: Option<String>,
    },
    /// The request may not be made.
    #[error("the request is not permitted")]
    RequestDenied,
    /// The length of the body has to be told in advance.
    #[error("the request needs a length")]
    RequestLengthRequired,
    /// The body's size is not permitted, or not what was announced.
    #[error("the request's body has the wrong size{}", bytes(.0))]
    RequestBodySize(Option<u64>),
    /// The method is none.
    #[error("the request's method is not valid")]
    RequestMethodInvalid,
    /// The target is none.
    #[error("the request's URI is not valid")]
    RequestUriInvalid,
    /// The target is too long.
    #[error("the request's URI is too long")]
    RequestUriTooLong,
    /// All headers together are too large.
    #[error("the request's headers are too large{}", bytes(.0))]
    RequestHeaderSectionSize(Option<u32>),
    /// One header is too large.
    #[error("a header of the request is too large{}", field(.0.as_ref()))]
    RequestHeaderSize(Option<FieldSize>),
    /// All trailers together are too large.
    #[error("the request's trailers are too large{}", bytes(.0))]
    RequestTrailerSectionSize(Option<u32>),
    /// One trailer is too large.
    #[error("a trailer of the request is too large{}", field(Some(.0)))]
    RequestTrailerSize(FieldSize),
    /// The response ended too early.
    #[error("the response is not complete")]
    ResponseIncomplete,
    /// All headers together are too large.
    #[error("the response's headers are too large{}", bytes(.0))]
    ResponseHeaderSectionSize(Option<u32>),
    /// One header is too large.
    #[error("a header of the response is too large{}", field(Some(.0)))]
    ResponseHeaderSize(FieldSize),
    /// The body's size is not permitted, or not what was announced.
    #[error("the response's body has the wrong size{}", bytes(.0))]
    ResponseBodySize(Option<u64>),
    /// All trailers together are too large.
    #[error("the response's trailers are too large{}", bytes(.0))]
    ResponseTrailerSectionSize(Option<u32>),
    /// One trailer is too large.
    #[error("a trailer of the response is too large{}", field(Some(.0)))]
    ResponseTrailerSize(FieldSize),
    /// The transfer coding could not be undone.
    #[error("the response's transfer coding is not known{}", words(.0))]
    ResponseTransferCoding(Option<String>),
    /// The content coding could not be undone.
    #[error("the response's content coding is not known{}", words(.0))]
    ResponseContentCoding(Option<String>),
    /// No complete response came in time.
    #[error("no response came in time")]
    ResponseTimeout,
    /// Changing to another protocol failed.
    #[error("changing to another protocol failed")]
    UpgradeFailed,
    /// Something is not HTTP.
    #[error("HTTP was not spoken as it should be")]
    ProtocolError,
    /// The request has been here before.
    #[error("the request goes in circles")]
    LoopDetected,
    /// The host is set up wrongly.
    #[error("the host's HTTP is set up wrongly")]
    ConfigurationError,
    /// Anything else, perhaps with words for a person.
    #[error("HTTP failed{}", words(.0))]
    InternalError(Option<String>),
}

impl ErrorCode {
    /// What has no code of its own.
    pub fn internal(words: impl Into<String>) -> Self {
        Self::InternalError(Some(words.into()))
    }
}

/// Which field was too large.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldSize {
    /// Its name.
    pub name: Option<String>,
    /// Its size.
    pub size: Option<u32>,
}

fn words(words: &Option<String>) -> String {
    words.as_ref().map_or(String::new(), |words| format!(": {words}"))
}

fn bytes(size: &Option<impl fmt::Display>) -> String {
    size.as_ref().map_or(String::new(), |size| format!(" ({size} bytes)"))
}

fn field(field: Option<&FieldSize>) -> String {
    let name = field.and_then(|field| field.name.as_ref());
    name.map_or(String::new(), |name| format!(": {name}"))
}
