use super::Answer;
use std::fmt;
use std::sync::Arc;

/// Who is told that a guest wants more of something than it may have, and can let it have that all
/// the same. What stays below its limit costs nothing.
#[derive(Clone, Default)]
pub struct LimitWatch(Option<Arc<Tell>>);

type Tell = dyn Fn(u64) -> Answer + Send + Sync;

impl LimitWatch {
    /// Tells by `tell` how much the guest would have in all.
    pub fn new(tell: impl Fn(u64) -> Answer + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(tell)))
    }

    /// Tells that the guest wants to have `wanted` in all. Whether it may.
    #[cold]
    pub fn allows(&self, wanted: u64) -> bool {
        self.0.as_ref().is_some_and(|tell| tell(wanted).allows())
    }
}

impl fmt::Debug for LimitWatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LimitWatch").field(&self.0.is_some()).finish()
    }
}
