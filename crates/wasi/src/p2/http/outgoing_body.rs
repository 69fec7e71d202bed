//! `outgoing-body`.

use super::fields::Fields;
use wayleave_system::http::{Body, BodyWriter, Message, content_length};

/// A body for the guest to write.
pub(crate) type OutgoingBody = BodyWriter;

/// The body of a message, once.
pub(super) fn begin(
    body: &mut Option<Body>,
    message: Message,
    headers: &Fields,
) -> Result<OutgoingBody, ()> {
    if body.is_some() {
        return Err(());
    }
    let length = content_length(headers.map()).map_err(drop)?;
    let (writer, received) = BodyWriter::new(message, length);
    *body = Some(received);
    Ok(writer)
}
