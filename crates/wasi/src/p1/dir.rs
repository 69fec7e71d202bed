//! `fd_prestat_*` and `fd_readdir`: folders that are open.

use super::call::{Call, Result};
use super::descriptor::{Descriptor, Object};
use super::filestat::filetype;
use super::io::transferred;
use super::rights::Rights;
use wayleave_system::ErrorCode;
use wayleave_system::fs::DirEntry;

/// Bytes of a `dirent`, which the entry's name follows.
const DIRENT: usize = 24;

/// Stores the `prestat` of a folder that was there from the start: its tag, 0 for a folder, and
/// the length of its name.
///
/// Libraries ask for one number after the other until there is no such descriptor. To those that
/// come to the end, one more folder may be shown: [`Grants::elsewhere`](wayleave_grants::Grants).
pub(super) fn prestat_get(call: &mut Call<'_>, fd: u32, prestat: u32) -> Result<()> {
    let host = &mut *call.host;
    let is_next = |(number, _): &mut (u32, _)| *number == fd && host.table.len() == fd as usize;
    if let Some((_, preopen)) = host.elsewhere.take_if(is_next) {
        host.table.add(Descriptor::preopen(preopen));
    }
    let name = call.host.table.get(fd)?.preopen.as_ref().ok_or(ErrorCode::BadDescriptor)?;
    let len = u64::try_from(name.len()).map_err(|_| ErrorCode::Overflow)?;
    Ok(call.memory.set_u64(prestat, len << 32)?)
}

/// Stores the name of a folder that was there from the start; no NUL ends it.
pub(super) fn prestat_dir_name(call: &mut Call<'_>, fd: u32, path: u32, len: u32) -> Result<()> {
    let name = call.host.table.get(fd)?.preopen.as_ref().ok_or(ErrorCode::BadDescriptor)?;
    if name.len() > len as usize {
        return Err(ErrorCode::NameTooLong.into());
    }
    Ok(call.memory.set(path, name.as_bytes())?)
}

/// Fills the buffer with the folder's entries from `cookie` on; stores how many bytes. Fewer than
/// the buffer holds is the end; otherwise the last entry may be cut off, and the guest asks for it
/// again with the cookie of the one before.
///
/// The walk stays open in between and goes on where it was; cookie 0 starts a new one.
pub(super) fn readdir(
    call: &mut Call<'_>,
    fd: u32,
    buf: u32,
    len: u32,
    cookie: u64,
    size: u32,
) -> Result<()> {
    let Call { host, memory } = call;
    memory.slice(size, 4)?;
    let buffer = memory.slice_mut(buf, len)?;
    let descriptor = host.table.get_mut(fd)?;
    descriptor.dir(Rights::FD_READDIR)?;
    let Object::Dir(dir) = &descriptor.object else {
        return Err(ErrorCode::NotDirectory.into());
    };
    let entries = match &mut descriptor.entries {
        Some(entries) => entries,
        none => none.insert(dir.entries()?),
    };
    entries.seek(cookie)?;
    let mut used = 0;
    while let Some(entry) = entries.peek()? {
        let space = &mut buffer[used..];
        if !put(space, &entry)? {
            used = buffer.len();
            break;
        }
        used += DIRENT + entry.name.len();
        entries.advance();
    }
    Ok(memory.set_u32(size, transferred(used))?)
}

/// Writes an entry, as much of it as there is space for, and says whether that was all of it:
///
/// ```text
///  0 next   8 ino   16 namlen   20 type   24 name
/// ```
fn put(space: &mut [u8], entry: &DirEntry<'_>) -> std::result::Result<bool, ErrorCode> {
    let namlen = u32::try_from(entry.name.len()).map_err(|_| ErrorCode::NameTooLong)?;
    let mut dirent = [0; DIRENT];
    dirent[0..8].copy_from_slice(&entry.next.to_le_bytes());
    dirent[8..16].copy_from_slice(&entry.inode.to_le_bytes());
    dirent[16..20].copy_from_slice(&namlen.to_le_bytes());
    dirent[20] = filetype(entry.kind);
    let head = space.len().min(DIRENT);
    space[..head].copy_from_slice(&dirent[..head]);
    let name = (space.len() - head).min(entry.name.len());
    space[head..head + name].copy_from_slice(&entry.name[..name]);
    Ok(head == DIRENT && name == entry.name.len())
}
