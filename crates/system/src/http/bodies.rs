use super::{BodySink, BodyStream, BodyWriter, Ending, ErrorCode, Trailers};
use crate::stream::{Input, Output};
use http::HeaderMap;
use std::sync::Arc;

/// What stands between a guest and the bodies of its messages: one that keeps what becomes of them,
/// or that knows it from before.
///
/// The guest uses what this gives in place of the real ones. Those have to live as long: by that
/// it is known whether a guest still has a stream.
pub trait Bodies: Send + Sync {
    /// Where the guest writes a body.
    fn sink(&self, sink: Arc<BodySink>) -> Arc<dyn Output>;

    /// The guest has completed a body.
    ///
    /// # Errors
    /// As [`BodyWriter::finish`].
    fn finish(&self, body: BodyWriter, trailers: Option<HeaderMap>) -> Result<(), ErrorCode>;

    /// What the guest reads a body from.
    fn stream(&self, stream: Arc<BodyStream>) -> Arc<dyn Input>;

    /// What the guest is told after a body.
    fn trailers(&self, trailers: Arc<Trailers>) -> Arc<dyn Ending>;
}
