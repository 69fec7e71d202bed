//! `incoming-body` and `future-trailers`.

use std::sync::Arc;
use wayleave_engine::{Stop, Trap};
use wayleave_system::http::{BodyReader, Trailers};

/// A body for the guest to read.
pub(crate) type IncomingBody = BodyReader;

/// Trailers that are still to come.
pub(crate) struct FutureTrailers {
    pub(super) coming: Arc<Trailers>,
    pub(super) taken: bool,
}

impl FutureTrailers {
    pub(super) fn new(body: IncomingBody) -> Self {
        Self { coming: body.finish(), taken: false }
    }
}

/// The guest's end, if it ends a body of which it still has the stream.
pub(super) fn check_ended(streaming: bool) -> Result<(), Stop> {
    if streaming {
        let reason = "the guest ends an HTTP body before it has dropped the body's stream";
        return Err(Trap::host(reason).into());
    }
    Ok(())
}
