//! `fd_*` but for reading, writing and folders: state and metadata of descriptors.

use super::call::{Call, Result};
use super::descriptor::{APPEND, DSYNC, NONBLOCK, Object, RSYNC, SYNC};
use super::filestat;
use super::rights::Rights;
use super::{Host, Layout};
use wayleave_system::ErrorCode;
use wayleave_system::fs::{Advice, FileKind, Stat, SyncKind};

/// Closes a descriptor.
pub(super) fn close(host: &mut Host, fd: u32) -> Result<()> {
    host.table.remove(fd)?;
    Ok(())
}

/// Moves a descriptor to the number of another, which is closed.
pub(super) fn renumber(host: &mut Host, from: u32, to: u32) -> Result<()> {
    Ok(host.table.renumber(from, to)?)
}

/// Says how a range of a file will be used.
pub(super) fn advise(host: &mut Host, fd: u32, offset: u64, len: u64, advice: u32) -> Result<()> {
    let advice = match advice {
        0 => Advice::Normal,
        1 => Advice::Sequential,
        2 => Advice::Random,
        3 => Advice::WillNeed,
        4 => Advice::DontNeed,
        5 => Advice::NoReuse,
        _ => return Err(ErrorCode::Invalid.into()),
    };
    let descriptor = host.table.get(fd)?;
    if let Object::Dir(_) = descriptor.object {
        descriptor.check(Rights::FD_ADVISE)?;
        return Ok(());
    }
    Ok(descriptor.file(Rights::FD_ADVISE)?.advise(offset, len, advice)?)
}

/// Makes sure that a range of a file exists.
pub(super) fn allocate(host: &mut Host, fd: u32, offset: u64, len: u64) -> Result<()> {
    Ok(host.table.get(fd)?.file(Rights::FD_ALLOCATE)?.allocate(offset, len)?)
}

/// Returns when a file's data is on the disk.
pub(super) fn datasync(host: &mut Host, fd: u32) -> Result<()> {
    synchronise(host, fd, Rights::FD_DATASYNC, SyncKind::Data)
}

/// Returns when a file's data and metadata are on the disk.
pub(super) fn sync(host: &mut Host, fd: u32) -> Result<()> {
    synchronise(host, fd, Rights::FD_SYNC, SyncKind::All)
}

/// Stores the descriptor's `fdstat`:
///
/// ```text
///  0 filetype   2 flags   8 rights base   16 rights inheriting   24
/// ```
pub(super) fn fdstat_get(call: &mut Call<'_>, fd: u32, stat: u32) -> Result<()> {
    let descriptor = call.host.table.get(fd)?;
    let kind = match &descriptor.object {
        Object::File(file) => file.kind()?,
        Object::Dir(_) => FileKind::Directory,
        Object::Listener(_) | Object::Connection(_) => FileKind::Socket,
    };
    let mut bytes = [0; 24];
    bytes[0] = filestat::filetype(kind);
    bytes[2..4].copy_from_slice(&descriptor.flags.to_le_bytes());
    bytes[8..16].copy_from_slice(&descriptor.base.0.to_le_bytes());
    bytes[16..24].copy_from_slice(&descriptor.inheriting.0.to_le_bytes());
    Ok(call.memory.set(stat, &bytes)?)
}

/// Sets `fdflags`: whether writes append and whether calls wait. How writes are synchronised is
/// settled when a file is opened.
pub(super) fn fdstat_set_flags(host: &mut Host, fd: u32, flags: u32) -> Result<()> {
    let flags = fdflags(flags)?;
    let descriptor = host.table.get_mut(fd)?;
    descriptor.check(Rights::FD_FDSTAT_SET_FLAGS)?;
    let changed = descriptor.flags ^ flags;
    if changed & !(APPEND | NONBLOCK) != 0 {
        return Err(ErrorCode::NotSupported.into());
    }
    if changed & APPEND != 0 {
        match &descriptor.object {
            Object::File(file) => file.set_append(flags & APPEND != 0)?,
            _ => return Err(ErrorCode::Invalid.into()),
        }
    }
    descriptor.flags = flags;
    Ok(())
}

/// Gives up rights. None can be gained.
pub(super) fn fdstat_set_rights(
    host: &mut Host,
    fd: u32,
    base: u64,
    inheriting: u64,
) -> Result<()> {
    let (base, inheriting) = (Rights(base), Rights(inheriting));
    let descriptor = host.table.get_mut(fd)?;
    if !descriptor.base.has(base) || !descriptor.inheriting.has(inheriting) {
        return Err(ErrorCode::NotCapable.into());
    }
    descriptor.base = base;
    descriptor.inheriting = inheriting;
    Ok(())
}

/// Stores the file's `filestat`.
pub(super) fn filestat_get<L: Layout>(call: &mut Call<'_>, fd: u32, stat: u32) -> Result<()> {
    let descriptor = call.host.table.get(fd)?;
    descriptor.check(Rights::FD_FILESTAT_GET)?;
    let found = match &descriptor.object {
        Object::File(file) => file.stat()?,
        Object::Dir(dir) => dir.stat()?,
        Object::Listener(_) | Object::Connection(_) => SOCKET,
    };
    Ok(filestat::store::<L>(&mut call.memory, stat, &found)?)
}

/// Cuts or extends a file.
pub(super) fn filestat_set_size(host: &mut Host, fd: u32, size: u64) -> Result<()> {
    Ok(host.table.get(fd)?.file(Rights::FD_FILESTAT_SET_SIZE)?.set_size(size)?)
}

/// Sets a file's times.
pub(super) fn filestat_set_times(
    host: &mut Host,
    fd: u32,
    accessed: u64,
    modified: u64,
    flags: u32,
) -> Result<()> {
    let (accessed, modified) = filestat::times(accessed, modified, flags)?;
    let descriptor = host.table.get(fd)?;
    descriptor.check(Rights::FD_FILESTAT_SET_TIMES)?;
    match &descriptor.object {
        Object::File(file) => host.waiter.in_parts(|| file.set_times(accessed, modified))??,
        Object::Dir(dir) => dir.set_times(accessed, modified)?,
        Object::Listener(_) | Object::Connection(_) => return Err(ErrorCode::Invalid.into()),
    }
    Ok(())
}

/// Flags that a guest gives, if they all are ones.
pub(super) fn fdflags(flags: u32) -> std::result::Result<u16, ErrorCode> {
    match u16::try_from(flags) {
        Ok(flags) if flags & !(APPEND | DSYNC | NONBLOCK | RSYNC | SYNC) == 0 => Ok(flags),
        _ => Err(ErrorCode::Invalid),
    }
}

/// Sockets have no metadata in 0.1 but their kind.
const SOCKET: Stat = {
    let never = wayleave_system::fs::Timestamp { seconds: 0, nanoseconds: 0 };
    Stat {
        device: 0,
        inode: 0,
        kind: FileKind::Socket,
        links: 0,
        size: 0,
        accessed: never,
        modified: never,
        changed: never,
    }
};

fn synchronise(host: &mut Host, fd: u32, needed: Rights, kind: SyncKind) -> Result<()> {
    let descriptor = host.table.get(fd)?;
    descriptor.check(needed)?;
    match &descriptor.object {
        Object::File(file) => file.sync(kind)?,
        Object::Dir(dir) => dir.sync(kind)?,
        Object::Listener(_) | Object::Connection(_) => return Err(ErrorCode::Invalid.into()),
    }
    Ok(())
}
