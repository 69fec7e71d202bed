use super::fields::Fields;
use http::HeaderMap;

/// The headers of a message that was received. Many guests never look at them: they become
/// [`Fields`] when one does.
pub(super) enum Headers {
    Received(HeaderMap),
    Shared(Fields),
}

impl Headers {
    pub(super) fn share(&mut self) -> Fields {
        match self {
            Self::Shared(fields) => fields.share(),
            Self::Received(map) => {
                let fields = Fields::received(std::mem::take(map));
                *self = Self::Shared(fields.share());
                fields
            }
        }
    }
}
