use super::MemoryFile;
use super::dir::{MemoryDir, MemoryPlace, find_at};
use super::inode::Inode;
use super::volume::Volume;
use crate::fs::path::{GuestPath, Last};
use crate::fs::walk::Follow;
use crate::fs::{FileKind, Node, OpenOptions};
use crate::{ErrorCode, Result};
use std::sync::Arc;

pub(super) fn open(dir: &MemoryDir, path: &GuestPath<'_>, options: &OpenOptions) -> Result<Node> {
    if options.create && options.directory {
        return Err(ErrorCode::Invalid);
    }
    // What is created is a file, whatever the slash says, and nothing is followed for that.
    let create_folder = options.create && path.slash;
    let exclusive = options.create && options.exclusive;
    let follow = match options.follow || path.slash {
        _ if exclusive || create_folder => Follow::Never,
        false => Follow::Never,
        true if options.create => Follow::UnlessSlash,
        true => Follow::Always,
    };
    let place = dir.place(path, follow)?;
    if create_folder || options.create && place.slash {
        let dots = !matches!(place.last, Last::Name(_));
        let exists = exclusive && dots;
        return Err(if exists { ErrorCode::Exists } else { ErrorCode::IsDirectory });
    }
    let inode =
        if options.create { find_or_create(dir, &place, exclusive)? } else { find(&place)? };
    match inode.kind {
        FileKind::Directory if options.create || options.write || options.truncate => {
            Err(ErrorCode::IsDirectory)
        }
        FileKind::Directory => {
            Ok(Node::Dir(Arc::new(MemoryDir { volume: Arc::clone(&dir.volume), inode })))
        }
        _ if options.directory || place.slash => Err(ErrorCode::NotDirectory),
        FileKind::SymbolicLink => Err(ErrorCode::Loop),
        _ => open_file(inode, options),
    }
}

/// Gives something that is new, or has other names already, a name. The volume's names are locked.
///
/// # Errors
/// `Exists`, `NoSpace`, `NameTooLong`, and `NoEntry` in a folder that was removed.
pub(super) fn add(volume: &Volume, folder: &Inode, name: &[u8], inode: Arc<Inode>) -> Result<()> {
    let is_folder = inode.kind == FileKind::Directory;
    let mut state = folder.lock();
    state.names()?.check_new(name)?;
    let charge = volume.charge_name(name)?;
    state.names()?.insert(name, inode, charge);
    if is_folder {
        // By its `..`.
        state.links += 1;
    }
    state.touch();
    Ok(())
}

fn find(place: &MemoryPlace) -> Result<Arc<Inode>> {
    // Slashes are looked at by the caller, who knows which error they make.
    let place =
        MemoryPlace { folder: Arc::clone(&place.folder), last: place.last.clone(), slash: false };
    find_at(&place)
}

fn find_or_create(dir: &MemoryDir, place: &MemoryPlace, exclusive: bool) -> Result<Arc<Inode>> {
    let _lock = dir.volume.lock_names();
    match find(place) {
        Ok(_) if exclusive => Err(ErrorCode::Exists),
        Err(ErrorCode::NoEntry) => {
            let file = dir.volume.file()?;
            add(&dir.volume, &place.folder, place.name(), Arc::clone(&file))?;
            Ok(file)
        }
        found => found,
    }
}

fn open_file(inode: Arc<Inode>, options: &OpenOptions) -> Result<Node> {
    if options.truncate {
        let mut state = inode.lock();
        state.contents()?.set_size(0)?;
        state.touch();
    }
    Ok(Node::File(Arc::new(MemoryFile::new(inode, options))))
}
