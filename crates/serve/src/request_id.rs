use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request};
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::io::Write;
use std::ops::Deref;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// What a request is called in logs, and in its and its response's header. Cheap to clone.
#[derive(Clone)]
pub(crate) struct RequestId(HeaderValue);

impl RequestId {
    pub(crate) const HEADER: HeaderName = HeaderName::from_static("x-request-id");

    /// The client's own id for a request, if it has a harmless one; a new one otherwise.
    pub(crate) fn of<B>(request: &Request<B>) -> Self {
        match request.headers().get(Self::HEADER).filter(|given| is_harmless(given.as_bytes())) {
            Some(given) => Self(given.clone()),
            None => Self::new(),
        }
    }

    fn new() -> Self {
        static START: LazyLock<RandomState> = LazyLock::new(RandomState::new);
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let mut digits = [0; 16];
        let _ = write!(&mut digits[..], "{:016x}", START.hash_one(number));
        // Shared by whoever needs it, from the first on.
        let value = HeaderValue::from_maybe_shared(Bytes::from_owner(digits));
        Self(value.unwrap_or_else(|_| HeaderValue::from_static("-")))
    }

    pub(crate) fn value(&self) -> HeaderValue {
        self.0.clone()
    }
}

impl Deref for RequestId {
    type Target = str;

    fn deref(&self) -> &str {
        self.0.to_str().unwrap_or("-")
    }
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
    fn new_ones_differ_and_have_16_digits() {
        let (one, other) = (RequestId::new(), RequestId::new());
        assert_ne!(&*one, &*other);
        for id in [one, other] {
            assert!(id.len() == 16 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{}", &*id);
        }
    }
}
