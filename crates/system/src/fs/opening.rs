//! What opening a path asks of the way there, the same in every tree that walks itself.

use super::OpenOptions;
use super::path::{GuestPath, Last, Place};
use super::walk::Follow;
use crate::{ErrorCode, Result};

/// The place of what is to be opened, or made; `place` walks there.
///
/// # Errors
/// `Invalid` for making a directory, and `Exists` or `IsDirectory` for making something behind
/// which a slash is: what is made is a file. Otherwise what the walk says.
pub(super) fn place_to_open<'p, F>(
    path: &GuestPath<'p>,
    options: &OpenOptions,
    place: impl FnOnce(&GuestPath<'p>, Follow) -> Result<Place<'static, F>>,
) -> Result<Place<'static, F>> {
    if options.create && options.directory {
        return Err(ErrorCode::Invalid);
    }
    let exclusive = options.create && options.exclusive;
    let follow = match options.follow || path.slash {
        // Nothing is followed to make what must be new, or what can not be made.
        _ if exclusive || options.create && path.slash => Follow::Never,
        false => Follow::Never,
        true if options.create => Follow::UnlessSlash,
        true => Follow::Always,
    };
    let place = place(path, follow)?;
    if options.create && place.slash {
        let exists = exclusive && !matches!(place.last, Last::Name(_));
        return Err(if exists { ErrorCode::Exists } else { ErrorCode::IsDirectory });
    }
    Ok(place)
}
