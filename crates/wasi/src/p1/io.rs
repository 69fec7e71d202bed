//! `fd_read`, `fd_write` and their kin: bytes between descriptors and the guest's memory, by one
//! system call on the calling thread.
//!
//! Where the result goes is looked at first: no byte is read, written or sent whose count the guest
//! could not be told.

use super::Layout;
use super::call::{Call, Failure, Result};
use super::descriptor::{Descriptor, Object};
use super::rights::Rights;
use crate::wait::Waiter;
use std::io::{IoSlice, IoSliceMut, SeekFrom};
use wayleave_system::ErrorCode;
use wayleave_system::net::{Connection, ReceiveOptions};
use wayleave_system::wait::Interest;

/// Reads at the descriptor's position into the buffers that `iovs` lists; stores how many bytes.
#[inline]
pub(super) fn read(call: &mut Call<'_>, fd: u32, iovs: u32, count: u32, size: u32) -> Result<()> {
    let Call { host, memory } = call;
    memory.slice(size, 4)?;
    let descriptor = host.table.get(fd)?;
    let read = match &descriptor.object {
        Object::File(file) => {
            descriptor.check(Rights::FD_READ)?;
            host.waiter.prepare(&**file, None, false)?;
            let mut buffers = memory.buffers_mut(iovs, count)?;
            let ready = || file.readiness(Interest::Read);
            host.waiter.retry(descriptor.nonblocking(), Interest::Read, ready, |blocking| {
                file.read(&mut buffers, blocking)
            })?
        }
        Object::Connection(connection) => {
            descriptor.check(Rights::FD_READ)?;
            let mut buffers = memory.buffers_mut(iovs, count)?;
            let options = ReceiveOptions::default();
            receive(&host.waiter, descriptor, &**connection, &mut buffers, options)?
        }
        Object::Dir(_) => return Err(ErrorCode::IsDirectory.into()),
        Object::Listener(_) => return Err(ErrorCode::NotConnected.into()),
    };
    Ok(memory.set_u32(size, transferred(read))?)
}

/// Writes the buffers that `iovs` lists at the descriptor's position; stores how many bytes.
#[inline]
pub(super) fn write(call: &mut Call<'_>, fd: u32, iovs: u32, count: u32, size: u32) -> Result<()> {
    let Call { host, memory } = call;
    memory.slice(size, 4)?;
    let descriptor = host.table.get(fd)?;
    let written = match &descriptor.object {
        Object::File(file) => {
            descriptor.check(Rights::FD_WRITE)?;
            let buffers = memory.buffers(iovs, count)?;
            let ready = || file.readiness(Interest::Write);
            host.waiter.retry(descriptor.nonblocking(), Interest::Write, ready, |blocking| {
                file.write(&buffers, blocking)
            })?
        }
        Object::Connection(connection) => {
            descriptor.check(Rights::FD_WRITE)?;
            let buffers = memory.buffers(iovs, count)?;
            send(&host.waiter, descriptor, &**connection, &buffers)?
        }
        Object::Dir(_) => return Err(ErrorCode::IsDirectory.into()),
        Object::Listener(_) => return Err(ErrorCode::NotConnected.into()),
    };
    Ok(memory.set_u32(size, transferred(written))?)
}

/// Receives from a connection, waiting as its descriptor says. To receive nothing waits for
/// nothing.
pub(super) fn receive(
    waiter: &Waiter,
    descriptor: &Descriptor,
    connection: &dyn Connection,
    buffers: &mut [IoSliceMut<'_>],
    options: ReceiveOptions,
) -> Result<usize> {
    if buffers.iter().all(|buffer| buffer.is_empty()) {
        return Ok(0);
    }
    let nonblocking = descriptor.nonblocking();
    if options.wait_all && !options.peek && !nonblocking {
        return receive_all(waiter, connection, buffers);
    }
    let ready = || connection.readiness(Interest::Read);
    waiter.retry(nonblocking, Interest::Read, ready, |blocking| {
        connection.receive(buffers, options, blocking)
    })
}

/// Receives until the buffers are full or the peer ends; a part at a time, so that the guest can
/// be interrupted in between.
fn receive_all(
    waiter: &Waiter,
    connection: &dyn Connection,
    buffers: &mut [IoSliceMut<'_>],
) -> Result<usize> {
    let mut total = 0;
    for buffer in buffers {
        let mut filled = 0;
        while filled < buffer.len() {
            let rest = &mut [IoSliceMut::new(&mut buffer[filled..])];
            let ready = || connection.readiness(Interest::Read);
            let received = waiter.retry(false, Interest::Read, ready, |blocking| {
                connection.receive(rest, ReceiveOptions::default(), blocking)
            });
            match received {
                Ok(0) => return Ok(total),
                // What was received must not be lost; the error comes with the next call.
                Err(Failure::Errno(_)) if total > 0 => return Ok(total),
                Err(failure) => return Err(failure),
                Ok(received) => {
                    filled += received;
                    total += received;
                }
            }
        }
    }
    Ok(total)
}

/// Sends on a connection, waiting as its descriptor says.
pub(super) fn send(
    waiter: &Waiter,
    descriptor: &Descriptor,
    connection: &dyn Connection,
    buffers: &[IoSlice<'_>],
) -> Result<usize> {
    let ready = || connection.readiness(Interest::Write);
    waiter.retry(descriptor.nonblocking(), Interest::Write, ready, |blocking| {
        connection.send(buffers, blocking)
    })
}

/// Reads at an offset; the descriptor's position stays.
#[inline]
pub(super) fn pread(
    call: &mut Call<'_>,
    fd: u32,
    iovs: u32,
    count: u32,
    offset: u64,
    size: u32,
) -> Result<()> {
    call.memory.slice(size, 4)?;
    let needed = Rights::FD_READ.and(Rights::FD_SEEK);
    let file = call.host.table.get(fd)?.file(needed)?;
    call.host.waiter.prepare(&**file, Some(offset), false)?;
    let read = file.read_at(&mut call.memory.buffers_mut(iovs, count)?, offset)?;
    Ok(call.memory.set_u32(size, transferred(read))?)
}

/// Writes at an offset; the descriptor's position stays.
#[inline]
pub(super) fn pwrite(
    call: &mut Call<'_>,
    fd: u32,
    iovs: u32,
    count: u32,
    offset: u64,
    size: u32,
) -> Result<()> {
    call.memory.slice(size, 4)?;
    let needed = Rights::FD_WRITE.and(Rights::FD_SEEK);
    let file = call.host.table.get(fd)?.file(needed)?;
    let written = file.write_at(&call.memory.buffers(iovs, count)?, offset)?;
    Ok(call.memory.set_u32(size, transferred(written))?)
}

/// Moves the descriptor's position; stores the new one. Asking where it is needs less than moving
/// it.
#[inline]
pub(super) fn seek<L: Layout>(
    call: &mut Call<'_>,
    fd: u32,
    delta: i64,
    whence: u32,
    position: u32,
) -> Result<()> {
    call.memory.slice(position, 8)?;
    let to = L::whence(whence, delta).ok_or(ErrorCode::Invalid)?;
    let needed = match to {
        SeekFrom::Current(0) => Rights::FD_TELL,
        _ => Rights::FD_SEEK.and(Rights::FD_TELL),
    };
    let new = call.host.table.get(fd)?.file(needed)?.seek(to)?;
    Ok(call.memory.set_u64(position, new)?)
}

/// Stores the descriptor's position.
#[inline]
pub(super) fn tell(call: &mut Call<'_>, fd: u32, position: u32) -> Result<()> {
    let file = call.host.table.get(fd)?.file(Rights::FD_TELL)?;
    let current = file.seek(SeekFrom::Current(0))?;
    Ok(call.memory.set_u64(position, current)?)
}

/// A number of bytes as guests are told. Buffers together can hold more than 4 GiB where they
/// overlap; what a `u32` can not say, no operating system transfers in one call.
pub(super) fn transferred(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}
