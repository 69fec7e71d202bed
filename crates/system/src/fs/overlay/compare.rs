use super::copy_up::open_file;
use crate::Result;
use crate::fs::{Dir, File, FileKind, Stat};
use std::io::IoSliceMut;

/// How much of each file is in memory at a time.
const PIECE: usize = 64 * 1024;

/// Whether two folders have the same at a name: of one kind, with the same time and contents.
pub(super) fn is_same(
    name: &str,
    one: (&dyn Dir, &Stat),
    other: (&dyn Dir, &Stat),
) -> Result<bool> {
    let ((one, stat), (other, other_stat)) = (one, other);
    if stat.size != other_stat.size || stat.modified != other_stat.modified {
        return Ok(false);
    }
    match stat.kind {
        FileKind::SymbolicLink => Ok(one.read_link(name)? == other.read_link(name)?),
        FileKind::Regular => have_same_bytes(&*open_file(one, name)?, &*open_file(other, name)?),
        _ => Ok(true),
    }
}

fn have_same_bytes(one: &dyn File, other: &dyn File) -> Result<bool> {
    let (mut a, mut b) = (vec![0; PIECE], vec![0; PIECE]);
    let mut offset = 0;
    loop {
        let length = fill(one, &mut a, offset)?;
        if fill(other, &mut b, offset)? != length || a[..length] != b[..length] {
            return Ok(false);
        }
        if length < PIECE {
            return Ok(true);
        }
        offset += length as u64;
    }
}

/// Reads until the buffer is full or the file ends.
fn fill(file: &dyn File, buffer: &mut [u8], offset: u64) -> Result<usize> {
    let mut length = 0;
    while length < buffer.len() {
        let rest = &mut [IoSliceMut::new(&mut buffer[length..])];
        match file.read_at(rest, offset + length as u64)? {
            0 => break,
            read => length += read,
        }
    }
    Ok(length)
}
