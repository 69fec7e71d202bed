//! Error codes as 0.2 has them.

use super::bindings::wasi::http::types::{
    DnsErrorPayload, ErrorCode as GuestCode, FieldSizePayload, TlsAlertReceivedPayload,
};
use wayleave_system::http::{ErrorCode, FieldSize};

/// Both directions from one table: codes without a payload, those whose payload is the same, and
/// those that name a field.
macro_rules! codes {
    (
        plain { $($plain:ident = $guest_plain:ident,)* }
        same { $($same:ident = $guest_same:ident,)* }
        field { $($field:ident = $guest_field:ident,)* }
    ) => {
        impl From<ErrorCode> for GuestCode {
            fn from(code: ErrorCode) -> Self {
                match code {
                    $(ErrorCode::$plain => Self::$guest_plain,)*
                    $(ErrorCode::$same(payload) => Self::$guest_same(payload),)*
                    $(ErrorCode::$field(payload) => Self::$guest_field(payload.into()),)*
                    ErrorCode::RequestHeaderSize(payload) => {
                        Self::HttpRequestHeaderSize(payload.map(Into::into))
                    }
                    ErrorCode::DnsError { rcode, info_code } => {
                        Self::DnsError(DnsErrorPayload { rcode, info_code })
                    }
                    ErrorCode::TlsAlertReceived { id, message } => {
                        let payload =
                            TlsAlertReceivedPayload { alert_id: id, alert_message: message };
                        Self::TlsAlertReceived(payload)
                    }
                }
            }
        }

        impl From<GuestCode> for ErrorCode {
            fn from(code: GuestCode) -> Self {
                match code {
                    $(GuestCode::$guest_plain => Self::$plain,)*
                    $(GuestCode::$guest_same(payload) => Self::$same(payload),)*
                    $(GuestCode::$guest_field(payload) => Self::$field(payload.into()),)*
                    GuestCode::HttpRequestHeaderSize(payload) => {
                        Self::RequestHeaderSize(payload.map(Into::into))
                    }
                    GuestCode::DnsError(payload) => {
                        Self::DnsError { rcode: payload.rcode, info_code: payload.info_code }
                    }
                    GuestCode::TlsAlertReceived(payload) => Self::TlsAlertReceived {
                        id: payload.alert_id,
                        message: payload.alert_message,
                    },
                }
            }
        }

        #[cfg(test)]
        fn some_of_each() -> Vec<ErrorCode> {
            let field = FieldSize { name: Some("x".to_owned()), size: Some(7) };
            vec![
                $(ErrorCode::$plain,)*
                $(ErrorCode::$same(Default::default()),)*
                $(ErrorCode::$field(field.clone()),)*
                ErrorCode::RequestHeaderSize(None),
                ErrorCode::RequestHeaderSize(Some(field)),
                ErrorCode::DnsError { rcode: Some("NXDOMAIN".to_owned()), info_code: Some(3) },
                ErrorCode::TlsAlertReceived { id: Some(40), message: Some("x".to_owned()) },
                ErrorCode::RequestBodySize(Some(1 << 40)),
            ]
        }
    };
}

codes! {
    plain {
        DnsTimeout = DnsTimeout,
        DestinationNotFound = DestinationNotFound,
        DestinationUnavailable = DestinationUnavailable,
        DestinationIpProhibited = DestinationIpProhibited,
        DestinationIpUnroutable = DestinationIpUnroutable,
        ConnectionRefused = ConnectionRefused,
        ConnectionTerminated = ConnectionTerminated,
        ConnectionTimeout = ConnectionTimeout,
        ConnectionReadTimeout = ConnectionReadTimeout,
        ConnectionWriteTimeout = ConnectionWriteTimeout,
        ConnectionLimitReached = ConnectionLimitReached,
        TlsProtocolError = TlsProtocolError,
        TlsCertificateError = TlsCertificateError,
        RequestDenied = HttpRequestDenied,
        RequestLengthRequired = HttpRequestLengthRequired,
        RequestMethodInvalid = HttpRequestMethodInvalid,
        RequestUriInvalid = HttpRequestUriInvalid,
        RequestUriTooLong = HttpRequestUriTooLong,
        ResponseIncomplete = HttpResponseIncomplete,
        ResponseTimeout = HttpResponseTimeout,
        UpgradeFailed = HttpUpgradeFailed,
        ProtocolError = HttpProtocolError,
        LoopDetected = LoopDetected,
        ConfigurationError = ConfigurationError,
    }
    same {
        RequestBodySize = HttpRequestBodySize,
        RequestHeaderSectionSize = HttpRequestHeaderSectionSize,
        RequestTrailerSectionSize = HttpRequestTrailerSectionSize,
        ResponseHeaderSectionSize = HttpResponseHeaderSectionSize,
        ResponseBodySize = HttpResponseBodySize,
        ResponseTrailerSectionSize = HttpResponseTrailerSectionSize,
        ResponseTransferCoding = HttpResponseTransferCoding,
        ResponseContentCoding = HttpResponseContentCoding,
        InternalError = InternalError,
    }
    field {
        RequestTrailerSize = HttpRequestTrailerSize,
        ResponseHeaderSize = HttpResponseHeaderSize,
        ResponseTrailerSize = HttpResponseTrailerSize,
    }
}

impl From<FieldSize> for FieldSizePayload {
    fn from(field: FieldSize) -> Self {
        Self { field_name: field.name, field_size: field.size }
    }
}

impl From<FieldSizePayload> for FieldSize {
    fn from(field: FieldSizePayload) -> Self {
        Self { name: field.field_name, size: field.field_size }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_come_back_as_they_went() {
        for code in some_of_each() {
            assert_eq!(ErrorCode::from(GuestCode::from(code.clone())), code);
            assert!(!code.to_string().is_empty());
        }
    }
}
