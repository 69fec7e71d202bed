//! What went wrong, as the codes that a guest is told.

use std::error::Error;
use std::io;
use tokio_rustls::rustls;
use wayleave_system::http::ErrorCode;

/// How far an exchange had come.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// No response yet.
    Response,
    /// The response's body.
    Body,
}

/// What hyper says went wrong.
pub(crate) fn of_hyper(error: &hyper::Error, stage: Stage) -> ErrorCode {
    // What is below knows more.
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(code) = error.downcast_ref::<ErrorCode>() {
            return code.clone();
        }
        if let Some(code) = error.downcast_ref::<io::Error>().and_then(of_tls) {
            return code;
        }
        cause = error.source();
    }
    match stage {
        // It can be asked only where there is a server, too.
        _ if error.is_parse() && error.to_string().contains("too large") => {
            ErrorCode::ResponseHeaderSectionSize(None)
        }
        _ if error.is_parse() => ErrorCode::ProtocolError,
        Stage::Body if error.is_incomplete_message() => ErrorCode::ResponseIncomplete,
        _ if error.is_timeout() => ErrorCode::ConnectionReadTimeout,
        _ if error.is_closed() || error.is_canceled() || error.is_incomplete_message() => {
            ErrorCode::ConnectionTerminated
        }
        _ => match io_error(error).map(io::Error::kind) {
            Some(io::ErrorKind::UnexpectedEof) if stage == Stage::Body => {
                ErrorCode::ResponseIncomplete
            }
            Some(_) => ErrorCode::ConnectionTerminated,
            None => ErrorCode::ProtocolError,
        },
    }
}

fn io_error(error: &hyper::Error) -> Option<&io::Error> {
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref() {
            return Some(error);
        }
        cause = error.source();
    }
    None
}

/// Why there is no connection to an address.
pub(crate) fn of_connect(error: &io::Error) -> ErrorCode {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => ErrorCode::ConnectionRefused,
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted => {
            ErrorCode::ConnectionTerminated
        }
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
            ErrorCode::DestinationIpUnroutable
        }
        io::ErrorKind::AddrNotAvailable | io::ErrorKind::NetworkDown => {
            ErrorCode::DestinationUnavailable
        }
        io::ErrorKind::PermissionDenied => ErrorCode::DestinationIpProhibited,
        io::ErrorKind::TimedOut => ErrorCode::ConnectionTimeout,
        _ => ErrorCode::internal(error.to_string()),
    }
}

/// Why a name has no addresses. The system's resolver says so only in words.
pub(crate) fn of_resolving(error: &io::Error) -> ErrorCode {
    let words = error.to_string();
    let rcode = match () {
        () if words.contains("not known") || words.contains("No address") => Some("NXDOMAIN"),
        () if words.contains("emporary failure") => Some("SERVFAIL"),
        () => None,
    };
    ErrorCode::DnsError { rcode: rcode.map(str::to_owned), info_code: None }
}

/// Why a handshake of TLS failed.
pub(crate) fn of_handshake(error: &io::Error) -> ErrorCode {
    of_tls(error).unwrap_or(match error.kind() {
        io::ErrorKind::UnexpectedEof
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe => ErrorCode::ConnectionTerminated,
        _ => ErrorCode::TlsProtocolError,
    })
}

fn of_tls(error: &io::Error) -> Option<ErrorCode> {
    Some(match error.get_ref()?.downcast_ref::<rustls::Error>()? {
        rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented => {
            ErrorCode::TlsCertificateError
        }
        rustls::Error::AlertReceived(alert) => ErrorCode::TlsAlertReceived {
            id: Some(u8::from(*alert)),
            message: Some(format!("{alert:?}")),
        },
        _ => ErrorCode::TlsProtocolError,
    })
}
