use super::MemoryFile;
use super::dir::{MemoryDir, MemoryPlace, find_at};
use super::inode::Inode;
use super::volume::Volume;
use crate::fs::opening::place_to_open;
use crate::fs::path::GuestPath;
use crate::fs::{FileKind, Node, OpenOptions};
use crate::{ErrorCode, Result};
use std::sync::Arc;

pub(super) fn open(dir: &MemoryDir, path: &GuestPath<'_>, options: &OpenOptions) -> Result<Node> {
    let exclusive = options.create && options.exclusive;
    let place = place_to_open(path, options, |path, follow| dir.place(path, follow))?;
    let inode =
        if options.create { find_or_create(dir, &place, exclusive)? } else { find(&place)? };
    node(dir, inode, options, place.slash)
}

pub(super) fn open_direct(
    dir: &MemoryDir,
    path: &GuestPath<'_>,
    options: &OpenOptions,
) -> Option<Result<Node>> {
    let mut inode = Arc::clone(&dir.inode);
    for name in path.names() {
        inode = match inode.child(name.as_bytes()) {
            Ok(Some(child)) if child.kind == FileKind::SymbolicLink => return None,
            Ok(Some(child)) => child,
            Ok(None) => return Some(Err(ErrorCode::NoEntry)),
            Err(error) => return Some(Err(error)),
        };
    }
    Some(node(dir, inode, options, false))
}

fn node(dir: &MemoryDir, inode: Arc<Inode>, options: &OpenOptions, slash: bool) -> Result<Node> {
    match inode.kind {
        FileKind::Directory if options.create || options.write || options.truncate => {
            Err(ErrorCode::IsDirectory)
        }
        FileKind::Directory => {
            Ok(Node::Dir(Arc::new(MemoryDir { volume: Arc::clone(&dir.volume), inode })))
        }
        _ if options.directory || slash => Err(ErrorCode::NotDirectory),
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
