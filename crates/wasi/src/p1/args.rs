//! `args_*` and `environ_*`: strings, each ended by a NUL, and a list of pointers to them.

use super::call::{Call, Result};
use crate::GuestMemory;
use wayleave_system::ErrorCode;

/// The arguments: pointers at `argv`, strings at `argv_buf`.
pub(super) fn args_get(call: &mut Call<'_>, argv: u32, argv_buf: u32) -> Result<()> {
    write_strings(&mut call.memory, &call.host.args, argv, argv_buf)
}

/// How many arguments there are, and the bytes that all of them take.
pub(super) fn args_sizes_get(call: &mut Call<'_>, argc: u32, buf_size: u32) -> Result<()> {
    write_sizes(&mut call.memory, &call.host.args, argc, buf_size)
}

/// The environment, as `NAME=VALUE`: pointers at `environ`, strings at `environ_buf`.
pub(super) fn environ_get(call: &mut Call<'_>, environ: u32, environ_buf: u32) -> Result<()> {
    write_strings(&mut call.memory, &call.host.environ, environ, environ_buf)
}

/// How many variables there are, and the bytes that all of them take.
#[inline]
pub(super) fn environ_sizes_get(call: &mut Call<'_>, count: u32, buf_size: u32) -> Result<()> {
    write_sizes(&mut call.memory, &call.host.environ, count, buf_size)
}

fn write_strings(
    memory: &mut GuestMemory<'_>,
    strings: &[String],
    mut pointers: u32,
    mut buffer: u32,
) -> Result<()> {
    let (count, total) = sizes(strings)?;
    memory.slice(pointers, count.checked_mul(4).ok_or(ErrorCode::Fault)?)?;
    memory.slice(buffer, total)?;
    for string in strings {
        memory.set_u32(pointers, buffer)?;
        memory.set(buffer, string.as_bytes())?;
        let end = buffer.checked_add(size(string)? - 1).ok_or(ErrorCode::Fault)?;
        memory.set(end, &[0])?;
        pointers = pointers.checked_add(4).ok_or(ErrorCode::Fault)?;
        buffer = end.checked_add(1).ok_or(ErrorCode::Fault)?;
    }
    Ok(())
}

fn write_sizes(
    memory: &mut GuestMemory<'_>,
    strings: &[String],
    count: u32,
    total: u32,
) -> Result<()> {
    let (number, bytes) = sizes(strings)?;
    memory.slice(total, 4)?;
    memory.set_u32(count, number)?;
    Ok(memory.set_u32(total, bytes)?)
}

/// How many strings, and the bytes of all of them.
fn sizes(strings: &[String]) -> std::result::Result<(u32, u32), ErrorCode> {
    let count = u32::try_from(strings.len()).map_err(|_| ErrorCode::Overflow)?;
    let bytes = strings
        .iter()
        .try_fold(0u32, |sum, string| sum.checked_add(size(string)?).ok_or(ErrorCode::Overflow))?;
    Ok((count, bytes))
}

/// Bytes of a string with its NUL.
fn size(string: &str) -> std::result::Result<u32, ErrorCode> {
    u32::try_from(string.len() + 1).map_err(|_| ErrorCode::Overflow)
}
