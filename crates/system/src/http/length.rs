use super::ErrorCode;
use http::header::{CONTENT_LENGTH, HeaderMap};

/// The length that headers announce; `None` when they announce none.
///
/// # Errors
/// [`ProtocolError`](ErrorCode::ProtocolError) when there are several, or something else than
/// digits: two ends that read that differently would not agree where a message ends.
pub fn content_length(headers: &HeaderMap) -> Result<Option<u64>, ErrorCode> {
    let mut values = headers.get_all(CONTENT_LENGTH).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => {
            parse_length(value.as_bytes()).map(Some).ok_or(ErrorCode::ProtocolError)
        }
        (Some(_), Some(_)) => Err(ErrorCode::ProtocolError),
    }
}

/// A length as RFC 9110 writes it: digits and nothing else.
#[must_use]
pub fn parse_length(text: &[u8]) -> Option<u64> {
    // Rust's own parsing takes a sign, too.
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn length(values: &[&str]) -> Result<Option<u64>, ErrorCode> {
        let value = |text: &&str| HeaderValue::from_bytes(text.as_bytes()).unwrap();
        let mut headers = HeaderMap::new();
        for value in values.iter().map(value) {
            headers.append(CONTENT_LENGTH, value);
        }
        content_length(&headers)
    }

    #[test]
    fn a_length_is_digits_once() {
        assert_eq!(length(&[]), Ok(None));
        assert_eq!(length(&["0"]), Ok(Some(0)));
        assert_eq!(length(&["18446744073709551615"]), Ok(Some(u64::MAX)));
        for bad in ["", "+5", "-5", " 5", "5 ", "5,5", "0x5", "5.0", "18446744073709551616", "٣"] {
            assert_eq!(length(&[bad]), Err(ErrorCode::ProtocolError), "{bad:?}");
        }
        assert_eq!(length(&["5", "5"]), Err(ErrorCode::ProtocolError));
    }
}
