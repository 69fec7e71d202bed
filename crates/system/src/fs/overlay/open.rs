use super::copy_up::{Copying, open_file, upper_of};
use super::dir::{Overlay, OverlayPlace, Target, find_at};
use super::folder::{Folder, Found, Layer, text};
use super::lower_file::{LowerFile, Original};
use super::marks;
use crate::fs::path::{GuestPath, Last};
use crate::fs::walk::Follow;
use crate::fs::{File, FileKind, Node, OpenOptions};
use crate::{ErrorCode, Result};
use std::sync::Arc;

pub(super) fn open(overlay: &Overlay, path: &GuestPath<'_>, options: &OpenOptions) -> Result<Node> {
    if options.create && options.directory {
        return Err(ErrorCode::Invalid);
    }
    let changes = options.create || options.write || options.truncate;
    let _changing = changes.then(|| overlay.tree.change());
    let _looking = (!changes).then(|| overlay.tree.look());
    // What is created is a file, whatever the slash says, and nothing is followed for that.
    let create_folder = options.create && path.slash;
    let exclusive = options.create && options.exclusive;
    let follow = match options.follow || path.slash {
        _ if exclusive || create_folder => Follow::Never,
        false => Follow::Never,
        true if options.create => Follow::UnlessSlash,
        true => Follow::Always,
    };
    let place = overlay.place(path, follow)?;
    if create_folder || options.create && place.slash {
        let dots = !matches!(place.last, Last::Name(_));
        let exists = exclusive && dots;
        return Err(if exists { ErrorCode::Exists } else { ErrorCode::IsDirectory });
    }
    let slash = place.slash;
    // Slashes are looked at below, where it is known which error they make.
    let place = OverlayPlace { slash: false, ..place };
    let (name, found) = match find_at(&place) {
        Ok(_) if exclusive => return Err(ErrorCode::Exists),
        Err(ErrorCode::NoEntry) if options.create => return create(&place, options),
        Ok(Target::Name(name, found)) if found.stat.kind != FileKind::Directory => (name, found),
        Ok(_) if changes => return Err(ErrorCode::IsDirectory),
        Ok(Target::Folder(folder)) => {
            return Ok(Node::Dir(Arc::new(overlay.handle(Arc::clone(folder)))));
        }
        Ok(Target::Name(name, _)) => {
            return Ok(Node::Dir(Arc::new(overlay.handle(place.folder.child(name)?))));
        }
        Err(error) => return Err(error),
    };
    if options.directory || slash {
        return Err(ErrorCode::NotDirectory);
    }
    if found.stat.kind == FileKind::SymbolicLink {
        return Err(ErrorCode::Loop);
    }
    let options = OpenOptions { create: false, exclusive: false, follow: false, ..*options };
    let file = match found.layer {
        Layer::Upper => open_upper(overlay, &place.folder, name, &options),
        Layer::Lower if options.write || options.truncate => {
            open_copy(overlay, &place.folder, name, &found, &options)
        }
        Layer::Lower => open_lower(overlay, &place.folder, name, &found),
    };
    file.map(Node::File)
}

fn create(place: &OverlayPlace, options: &OpenOptions) -> Result<Node> {
    let name = text(place.name())?;
    marks::check(name)?;
    let options = OpenOptions { exclusive: true, truncate: false, follow: false, ..*options };
    upper_of(&place.folder)?.open(name, &options)
}

fn open_upper(
    overlay: &Overlay,
    folder: &Folder,
    name: &str,
    options: &OpenOptions,
) -> Result<Arc<dyn File>> {
    match folder.layer(Layer::Upper)?.open(name, options)? {
        Node::File(file) => overlay.tree.identities.handed_out(file),
        Node::Dir(_) => Err(ErrorCode::IsDirectory),
    }
}

/// Opens a file of the lower folder for writing: the copy, which is put in place only when that
/// has worked.
fn open_copy(
    overlay: &Overlay,
    folder: &Arc<Folder>,
    name: &str,
    found: &Found,
    options: &OpenOptions,
) -> Result<Arc<dyn File>> {
    let copy = Copying::begin(folder, name, found, !options.truncate)?;
    let file = copy.open(options)?;
    copy.finish(&overlay.tree)?;
    overlay.tree.identities.handed_out(file)
}

fn open_lower(
    overlay: &Overlay,
    folder: &Arc<Folder>,
    name: &str,
    found: &Found,
) -> Result<Arc<dyn File>> {
    let file = open_file(&*folder.layer(Layer::Lower)?, name)?;
    let spot = &folder.spot;
    let original = spot.original(name, || Original::new(Arc::clone(spot), name, &found.stat));
    Ok(Arc::new(LowerFile::new(Arc::clone(&overlay.tree), file, original)))
}
