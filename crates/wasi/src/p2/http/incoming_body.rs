//! `incoming-body` and `future-trailers`.

use std::sync::Arc;
use wayleave_engine::{Stop, Trap};
use wayleave_system::http::{Bodies, BodyReader, Ending};

/// A body for the guest to read.
pub(crate) type IncomingBody = BodyReader;

/// Trailers that are still to come.
pub(crate) struct FutureTrailers {
    pub(super) coming: Arc<dyn Ending>,
    pub(super) taken: bool,
}

impl FutureTrailers {
    pub(super) fn new(body: IncomingBody, bodies: Option<&Arc<dyn Bodies>>) -> Self {
        let trailers = body.finish();
        let coming: Arc<dyn Ending> = match bodies {
            Some(bodies) => bodies.trailers(trailers),
            None => trailers,
        };
        Self { coming, taken: false }
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
