use super::copy_up::{open_file, upper_of};
use super::copying::Copying;
use super::dir::{Overlay, OverlayPlace, Target, find_at};
use super::direct;
use super::folder::{Folder, Found, Layer, text};
use super::lower_file::{LowerFile, Original};
use super::marks;
use super::spot::Spot;
use crate::fs::opening::place_to_open;
use crate::fs::path::GuestPath;
use crate::fs::{Dir, File, FileKind, Node, OpenOptions};
use crate::{ErrorCode, Result};
use std::sync::Arc;

pub(super) fn open(overlay: &Overlay, path: &GuestPath<'_>, options: &OpenOptions) -> Result<Node> {
    let changes = options.create || options.write || options.truncate;
    let _changing = changes.then(|| overlay.tree.change());
    let _looking = (!changes).then(|| overlay.tree.look());
    if let Some(opened) = direct::open(overlay, path, options) {
        return opened;
    }
    let exclusive = options.create && options.exclusive;
    let place = place_to_open(path, options, |path, follow| overlay.place(path, follow))?;
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
        Layer::Lower => open_lower(overlay, &place.folder, name),
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
    let copy = Copying::make(&overlay.tree, folder, name, found, !options.truncate)?;
    let file = copy.open(options)?;
    copy.finish(&overlay.tree)?;
    overlay.tree.identities.handed_out(file)
}

fn open_lower(overlay: &Overlay, folder: &Folder, name: &str) -> Result<Arc<dyn File>> {
    let file = open_file(&*folder.layer(Layer::Lower)?, name)?;
    Ok(lower_file(overlay, &folder.spot, name, file))
}

/// A file of the lower layer, as it is handed out.
pub(super) fn lower_file(
    overlay: &Overlay,
    spot: &Arc<Spot>,
    name: &str,
    file: Arc<dyn File>,
) -> Arc<dyn File> {
    let original = spot.original(name, |name| Original::new(Arc::clone(spot), Arc::clone(name)));
    Arc::new(LowerFile::new(Arc::clone(&overlay.tree), file, original))
}
