//! `path_*`: what is below a folder, by path.

use super::call::{Call, Result};
use super::descriptor::{APPEND, DSYNC, Descriptor, Object, Origin, RSYNC, SYNC};
use super::fd::fdflags;
use super::io::transferred;
use super::rights::Rights;
use super::{Layout, filestat};
use wayleave_system::ErrorCode;
use wayleave_system::fs::{self, Node, OpenOptions, SyncKind};

const SYMLINK_FOLLOW: u32 = 1;

const CREAT: u32 = 1 << 0;
const DIRECTORY: u32 = 1 << 1;
const EXCL: u32 = 1 << 2;
const TRUNC: u32 = 1 << 3;

/// Opens a file or folder; stores its new descriptor. Its rights are those asked for, as far as
/// they apply to what was found and the folder passes them on.
#[expect(clippy::too_many_arguments, reason = "the specification's own")]
pub(super) fn open(
    call: &mut Call<'_>,
    dirfd: u32,
    dirflags: u32,
    path: u32,
    path_len: u32,
    oflags: u32,
    base: u64,
    inheriting: u64,
    flags: u32,
    opened: u32,
) -> Result<()> {
    let Call { host, memory } = call;
    // Nothing is opened, made or emptied in vain.
    memory.slice(opened, 4)?;
    host.table.vacancy()?;
    let (base, inheriting) = (Rights(base), Rights(inheriting));
    let flags = fdflags(flags)?;
    let folder = host.table.get(dirfd)?;
    let dir = folder.dir(needed_to_open(oflags)?)?;
    let options = open_options(dirflags, oflags, base, flags);
    let beyond = base.without(folder.inheriting);
    let explains = folder.explains();
    let beyond_write = options.write && beyond.has_any(WRITING) && !explains;
    if beyond_write || options.read && beyond.has(Rights::FD_READ) {
        return Err(folder.refusal().into());
    }
    let inheriting = inheriting.only(folder.inheriting);
    // Such a folder refuses by itself to open anything to write, but for what somebody has allowed.
    let base = if explains && options.write { base } else { base.only(folder.inheriting) };
    let path = memory.str(path, path_len)?;
    let descriptor = match host.waiter.in_parts(|| dir.open(path, &options))?? {
        Node::File(file) => {
            let origin =
                explains.then(|| Box::new(Origin { folder: dir.clone(), path: path.to_owned() }));
            let base = base.only(Rights::FILE);
            Descriptor { origin, ..Descriptor::new(Object::File(file), base, Rights::NONE, flags) }
        }
        Node::Dir(dir) => {
            Descriptor::new(Object::Dir(dir), base.only(Rights::DIR), inheriting, flags)
        }
    };
    let fd = host.table.insert(descriptor)?;
    Ok(memory.set_u32(opened, fd)?)
}

/// Makes a folder.
pub(super) fn create_directory(call: &mut Call<'_>, fd: u32, path: u32, len: u32) -> Result<()> {
    let dir = call.host.table.get(fd)?.dir(Rights::PATH_CREATE_DIRECTORY)?;
    Ok(dir.create_dir(call.memory.str(path, len)?)?)
}

/// Removes an empty folder.
pub(super) fn remove_directory(call: &mut Call<'_>, fd: u32, path: u32, len: u32) -> Result<()> {
    let dir = call.host.table.get(fd)?.dir(Rights::PATH_REMOVE_DIRECTORY)?;
    Ok(dir.remove_dir(call.memory.str(path, len)?)?)
}

/// Removes a file.
pub(super) fn unlink_file(call: &mut Call<'_>, fd: u32, path: u32, len: u32) -> Result<()> {
    let dir = call.host.table.get(fd)?.dir(Rights::PATH_UNLINK_FILE)?;
    Ok(dir.remove_file(call.memory.str(path, len)?)?)
}

/// Stores the `filestat` of what is at a path.
pub(super) fn filestat_get<L: Layout>(
    call: &mut Call<'_>,
    fd: u32,
    lookup: u32,
    path: u32,
    len: u32,
    stat: u32,
) -> Result<()> {
    let dir = call.host.table.get(fd)?.dir(Rights::PATH_FILESTAT_GET)?;
    let found = dir.stat_at(call.memory.str(path, len)?, follow(lookup))?;
    Ok(filestat::store::<L>(&mut call.memory, stat, &found)?)
}

/// Sets the times of what is at a path.
#[expect(clippy::too_many_arguments, reason = "the specification's own")]
pub(super) fn filestat_set_times(
    call: &mut Call<'_>,
    fd: u32,
    lookup: u32,
    path: u32,
    len: u32,
    accessed: u64,
    modified: u64,
    flags: u32,
) -> Result<()> {
    let (accessed, modified) = filestat::times(accessed, modified, flags)?;
    let dir = call.host.table.get(fd)?.dir(Rights::PATH_FILESTAT_SET_TIMES)?;
    let path = call.memory.str(path, len)?;
    let set = || dir.set_times_at(path, follow(lookup), accessed, modified);
    Ok(call.host.waiter.in_parts(set)??)
}

/// Makes a second name.
#[expect(clippy::too_many_arguments, reason = "the specification's own")]
pub(super) fn link(
    call: &mut Call<'_>,
    old_fd: u32,
    lookup: u32,
    old: u32,
    old_len: u32,
    new_fd: u32,
    new: u32,
    new_len: u32,
) -> Result<()> {
    let table = &call.host.table;
    let from = table.get(old_fd)?.dir(Rights::PATH_LINK_SOURCE)?;
    let to = table.get(new_fd)?.dir(Rights::PATH_LINK_TARGET)?;
    let (old, new) = (call.memory.str(old, old_len)?, call.memory.str(new, new_len)?);
    let link = || fs::link(&**from, old, follow(lookup), &**to, new);
    Ok(call.host.waiter.in_parts(link)??)
}

/// Renames.
pub(super) fn rename(
    call: &mut Call<'_>,
    old_fd: u32,
    old: u32,
    old_len: u32,
    new_fd: u32,
    new: u32,
    new_len: u32,
) -> Result<()> {
    let table = &call.host.table;
    let from = table.get(old_fd)?.dir(Rights::PATH_RENAME_SOURCE)?;
    let to = table.get(new_fd)?.dir(Rights::PATH_RENAME_TARGET)?;
    let (old, new) = (call.memory.str(old, old_len)?, call.memory.str(new, new_len)?);
    Ok(call.host.waiter.in_parts(|| fs::rename(&**from, old, &**to, new))??)
}

/// Makes a symbolic link whose text is `target`.
pub(super) fn symlink(
    call: &mut Call<'_>,
    target: u32,
    target_len: u32,
    fd: u32,
    path: u32,
    len: u32,
) -> Result<()> {
    let dir = call.host.table.get(fd)?.dir(Rights::PATH_SYMLINK)?;
    let target = call.memory.str(target, target_len)?;
    Ok(dir.symlink(target, call.memory.str(path, len)?)?)
}

/// Stores the text of a symbolic link, as much of it as the buffer holds, and how many bytes.
pub(super) fn readlink(
    call: &mut Call<'_>,
    fd: u32,
    path: u32,
    len: u32,
    buf: u32,
    buf_len: u32,
    size: u32,
) -> Result<()> {
    let dir = call.host.table.get(fd)?.dir(Rights::PATH_READLINK)?;
    let text = dir.read_link(call.memory.str(path, len)?)?;
    let kept = &text[..text.len().min(buf_len as usize)];
    call.memory.slice(size, 4)?;
    call.memory.set(buf, kept)?;
    Ok(call.memory.set_u32(size, transferred(kept.len()))?)
}

/// Rights that only a file opened to be written has a use for.
const WRITING: Rights = Rights::FD_WRITE.and(Rights::FD_ALLOCATE).and(Rights::FD_FILESTAT_SET_SIZE);

/// Rights that only what is opened to be read has a use for.
const READING: Rights = Rights::FD_READ.and(Rights::FD_READDIR);

fn needed_to_open(oflags: u32) -> std::result::Result<Rights, ErrorCode> {
    if oflags & !(CREAT | DIRECTORY | EXCL | TRUNC) != 0 {
        return Err(ErrorCode::Invalid);
    }
    let create = if oflags & CREAT != 0 { Rights::PATH_CREATE_FILE } else { Rights::NONE };
    let truncate = if oflags & TRUNC != 0 { Rights::PATH_FILESTAT_SET_SIZE } else { Rights::NONE };
    Ok(Rights::PATH_OPEN.and(create).and(truncate))
}

/// 0.1 has no access mode: what a file is opened for follows from the rights that are asked for.
fn open_options(dirflags: u32, oflags: u32, base: Rights, flags: u16) -> OpenOptions {
    let write = base.has_any(WRITING);
    OpenOptions {
        read: base.has_any(READING) || !write,
        write,
        append: flags & APPEND != 0,
        create: oflags & CREAT != 0,
        exclusive: oflags & EXCL != 0,
        truncate: oflags & TRUNC != 0,
        directory: oflags & DIRECTORY != 0,
        follow: follow(dirflags),
        sync: if flags & (SYNC | RSYNC) != 0 {
            Some(SyncKind::All)
        } else if flags & DSYNC != 0 {
            Some(SyncKind::Data)
        } else {
            None
        },
    }
}

fn follow(lookup: u32) -> bool {
    lookup & SYMLINK_FOLLOW != 0
}
