use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request};
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::ops::Deref;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// What a request is called in logs, and in its and its response's header. Cheap to clone.
///
/// Two requests that their clients call the same are not equal.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct RequestId {
    value: HeaderValue,
    number: u64,
}

impl RequestId {
    pub(crate) const HEADER: HeaderName = HeaderName::from_static("x-request-id");

    /// The client's own id for a request, if it has a harmless one; a new one otherwise.
    pub(crate) fn of<B>(request: &Request<B>) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let given = request.headers().get(Self::HEADER);
        match given.filter(|given| is_harmless(given.as_bytes())) {
            Some(given) => Self { value: given.clone(), number },
            None => Self { value: new_value(number), number },
        }
    }

    /// What belongs to no request.
    pub(crate) fn none() -> Self {
        Self { value: HeaderValue::from_static("-"), number: u64::MAX }
    }

    pub(crate) fn value(&self) -> HeaderValue {
        self.value.clone()
    }
}

fn new_value(number: u64) -> HeaderValue {
    static START: LazyLock<RandomState> = LazyLock::new(RandomState::new);
    // Shared by whoever needs it, from the first on.
    let digits = Bytes::from_owner(hex(START.hash_one(number)));
    let value = HeaderValue::from_maybe_shared(digits);
    value.unwrap_or_else(|_| HeaderValue::from_static("-"))
}

impl Deref for RequestId {
    type Target = str;

    fn deref(&self) -> &str {
        self.value.to_str().unwrap_or("-")
    }
}

/// A number in 16 digits. Each request needs it, and a formatter takes ten times as long.
fn hex(number: u64) -> [u8; 16] {
    let mut digits = [0; 16];
    for (pair, byte) in digits.chunks_exact_mut(2).zip(number.to_be_bytes()) {
        let digit = |nibble: u8| b"0123456789abcdef"[usize::from(nibble)];
        pair.copy_from_slice(&[digit(byte >> 4), digit(byte & 15)]);
    }
    digits
}

fn is_harmless(id: &[u8]) -> bool {
    (1..=128).contains(&id.len())
        && id.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(given: &'static str) -> String {
        let request = Request::builder().header(RequestId::HEADER, given).body(()).unwrap();
        RequestId::of(&request).to_string()
    }

    #[test]
    fn harmless_ids_are_kept() {
        assert_eq!(of("a-b_c.9"), "a-b_c.9");
        assert_ne!(of("a b"), "a b");
        assert_ne!(of(""), "");
    }

    #[test]
    fn numbers_have_all_their_digits() {
        assert_eq!(&hex(0), b"0000000000000000");
        assert_eq!(&hex(0x0123_4567_89ab_cdef), b"0123456789abcdef");
    }

    #[test]
    fn new_ones_differ_and_have_16_digits() {
        let (one, other) = (of(""), of(""));
        assert_ne!(one, other);
        for id in [one, other] {
            assert!(id.len() == 16 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
        }
    }
}
