//! Messages of HTTP, and why there are none.

use super::Wire;
use crate::file::{Broken, In, Out};
use crate::tape::Answer;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use wayleave_system::http::{ErrorCode, FieldSize, Taken, empty};

/// Each code by its number, and what goes with it.
macro_rules! codes {
    (
        $($number:literal = $plain:ident,)*
        with a payload: $($payload_number:literal = $with:ident,)*
    ) => {
        impl Wire for ErrorCode {
            fn put(&self, out: &mut Out) {
                match self {
                    $(Self::$plain => ($number as u8).put(out),)*
                    $(Self::$with(payload) => {
                        ($payload_number as u8).put(out);
                        payload.put(out);
                    })*
                    Self::DnsError { rcode, info_code } => {
                        60_u8.put(out);
                        (rcode.clone(), *info_code).put(out);
                    }
                    Self::TlsAlertReceived { id, message } => {
                        61_u8.put(out);
                        (*id, message.clone()).put(out);
                    }
                }
            }

            fn take(from: &mut In) -> Result<Self, Broken> {
                Ok(match u8::take(from)? {
                    $($number => Self::$plain,)*
                    $($payload_number => Self::$with(Wire::take(from)?),)*
                    60 => {
                        let (rcode, info_code) = Wire::take(from)?;
                        Self::DnsError { rcode, info_code }
                    }
                    61 => {
                        let (id, message) = Wire::take(from)?;
                        Self::TlsAlertReceived { id, message }
                    }
                    _ => return Err(from.damaged()),
                })
            }
        }

        #[cfg(test)]
        fn some_of_each() -> Vec<ErrorCode> {
            vec![
                $(ErrorCode::$plain,)*
                $(ErrorCode::$with(Default::default()),)*
                ErrorCode::DnsError { rcode: Some("NXDOMAIN".to_owned()), info_code: Some(3) },
                ErrorCode::TlsAlertReceived { id: Some(40), message: None },
            ]
        }
    };
}

codes! {
    1 = DnsTimeout,
    2 = DestinationNotFound,
    3 = DestinationUnavailable,
    4 = DestinationIpProhibited,
    5 = DestinationIpUnroutable,
    6 = ConnectionRefused,
    7 = ConnectionTerminated,
    8 = ConnectionTimeout,
    9 = ConnectionReadTimeout,
    10 = ConnectionWriteTimeout,
    11 = ConnectionLimitReached,
    12 = TlsProtocolError,
    13 = TlsCertificateError,
    14 = RequestDenied,
    15 = RequestLengthRequired,
    16 = RequestMethodInvalid,
    17 = RequestUriInvalid,
    18 = RequestUriTooLong,
    19 = ResponseIncomplete,
    20 = ResponseTimeout,
    21 = UpgradeFailed,
    22 = ProtocolError,
    23 = LoopDetected,
    24 = ConfigurationError,
    with a payload:
    40 = RequestBodySize,
    41 = RequestHeaderSectionSize,
    42 = RequestHeaderSize,
    43 = RequestTrailerSectionSize,
    44 = RequestTrailerSize,
    45 = ResponseHeaderSectionSize,
    46 = ResponseHeaderSize,
    47 = ResponseBodySize,
    48 = ResponseTrailerSectionSize,
    49 = ResponseTrailerSize,
    50 = ResponseTransferCoding,
    51 = ResponseContentCoding,
    52 = InternalError,
}

impl Wire for FieldSize {
    fn put(&self, out: &mut Out) {
        (self.name.clone(), self.size).put(out);
    }

    fn take(from: &mut In) -> Result<Self, Broken> {
        let (name, size) = Wire::take(from)?;
        Ok(Self { name, size })
    }
}

/// A result that fails in HTTP's words.
pub(crate) struct Outcome<T>(pub(crate) Result<T, ErrorCode>);

impl<T: Wire> Wire for Outcome<T> {
    fn put(&self, out: &mut Out) {
        match &self.0 {
            Ok(value) => {
                false.put(out);
                value.put(out);
            }
            Err(code) => {
                true.put(out);
                code.put(out);
            }
        }
    }

    fn take(from: &mut In) -> Result<Self, Broken> {
        let failed = bool::take(from)?;
        Ok(Self(if failed { Err(ErrorCode::take(from)?) } else { Ok(T::take(from)?) }))
    }
}

impl<T: Wire> Answer for Outcome<T> {
    fn none() -> Self {
        Self(Err(ErrorCode::InternalError(None)))
    }
}

/// In their order, which they have again when they are read.
impl Wire for HeaderMap {
    fn put(&self, out: &mut Out) {
        self.len().put(out);
        for (name, value) in self {
            name.as_str().as_bytes().to_vec().put(out);
            value.as_bytes().to_vec().put(out);
        }
    }

    fn take(from: &mut In) -> Result<Self, Broken> {
        let mut headers = Self::new();
        for _ in 0..u64::take(from)? {
            let (name, value): (Vec<u8>, Vec<u8>) = Wire::take(from)?;
            let name = HeaderName::from_bytes(&name).map_err(|_| from.damaged())?;
            let value = HeaderValue::from_bytes(&value).map_err(|_| from.damaged())?;
            // A map has an end, and whoever reaches it otherwise panics.
            headers.try_append(name, value).map_err(|_| from.damaged())?;
        }
        Ok(headers)
    }
}

/// A response without its body, which the guest asks for by itself.
impl Wire for Taken {
    fn put(&self, out: &mut Out) {
        match self {
            Self::NotYet => 0_u8.put(out),
            Self::Before => 1_u8.put(out),
            Self::Now(Err(code)) => {
                2_u8.put(out);
                code.put(out);
            }
            Self::Now(Ok(response)) => {
                (3_u8, response.status().as_u16()).put(out);
                response.headers().put(out);
            }
        }
    }

    fn take(from: &mut In) -> Result<Self, Broken> {
        Ok(match u8::take(from)? {
            0 => Self::NotYet,
            1 => Self::Before,
            2 => Self::Now(Err(ErrorCode::take(from)?)),
            3 => {
                let status = StatusCode::from_u16(Wire::take(from)?);
                let mut response = Response::new(empty());
                *response.status_mut() = status.map_err(|_| from.damaged())?;
                *response.headers_mut() = Wire::take(from)?;
                Self::Now(Ok(response))
            }
            _ => return Err(from.damaged()),
        })
    }
}

impl Answer for Taken {
    fn none() -> Self {
        Self::Now(Err(ErrorCode::InternalError(None)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;

    #[test]
    fn codes_come_back_as_they_went() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("codes");
        let codes = some_of_each();
        let field = FieldSize { name: Some("x".to_owned()), size: Some(7) };
        let codes = [codes, vec![ErrorCode::RequestHeaderSize(Some(field))]].concat();
        let mut out = Out::new(File::create(&path).unwrap()).unwrap();
        codes.iter().for_each(|code| code.put(&mut out));
        out.finish().unwrap();
        let mut from = In::new(File::open(&path).unwrap()).unwrap();
        for code in codes {
            assert_eq!(ErrorCode::take(&mut from).unwrap(), code);
        }
        assert!(from.at_end().unwrap());
    }
}
