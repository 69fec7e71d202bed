//! `sock_*`: listeners and connections.

use super::Host;
use super::call::{Call, Result};
use super::descriptor::{Descriptor, NONBLOCK, Object};
use super::fd::fdflags;
use super::io::{self, transferred};
use super::rights::Rights;
use std::net::Shutdown;
use std::sync::Arc;
use wayleave_system::ErrorCode;
use wayleave_system::net::{Connection, ReceiveOptions};
use wayleave_system::wait::Interest;

const RECV_PEEK: u32 = 1 << 0;
const RECV_WAITALL: u32 = 1 << 1;

/// Accepts a connection; stores its new descriptor.
pub(super) fn accept(call: &mut Call<'_>, fd: u32, flags: u32, accepted: u32) -> Result<()> {
    let Call { host, memory } = call;
    memory.slice(accepted, 4)?;
    host.table.vacancy()?;
    let flags = fdflags(flags)?;
    if flags & !NONBLOCK != 0 {
        return Err(ErrorCode::Invalid.into());
    }
    let descriptor = host.table.get(fd)?;
    let Object::Listener(listener) = &descriptor.object else {
        return Err(not_that_socket(descriptor).into());
    };
    descriptor.check(Rights::SOCK_ACCEPT)?;
    let ready = || listener.readiness();
    let connection =
        host.waiter.retry(descriptor.nonblocking(), Interest::Read, ready, |blocking| {
            listener.accept(blocking)
        })?;
    let rights = Rights::CONNECTION.only(descriptor.inheriting);
    let object = Object::Connection(connection);
    let fd = host.table.insert(Descriptor::new(object, rights, Rights::NONE, flags))?;
    Ok(memory.set_u32(accepted, fd)?)
}

/// Receives into the buffers that `data` lists; stores how many bytes, and no flags: streams cut
/// no message off.
pub(super) fn recv(
    call: &mut Call<'_>,
    fd: u32,
    data: u32,
    count: u32,
    flags: u32,
    size: u32,
    out_flags: u32,
) -> Result<()> {
    let Call { host, memory } = call;
    memory.slice(size, 4)?;
    memory.slice(out_flags, 2)?;
    let descriptor = host.table.get(fd)?;
    let connection = connection(descriptor, Rights::FD_READ)?;
    if flags & !(RECV_PEEK | RECV_WAITALL) != 0 {
        return Err(ErrorCode::NotSupported.into());
    }
    let options =
        ReceiveOptions { peek: flags & RECV_PEEK != 0, wait_all: flags & RECV_WAITALL != 0 };
    let received = {
        let mut buffers = memory.buffers_mut(data, count)?;
        io::receive(&host.waiter, descriptor, &**connection, &mut buffers, options)?
    };
    memory.set_u32(size, transferred(received))?;
    Ok(memory.set(out_flags, &[0; 2])?)
}

/// Sends the buffers that `data` lists; stores how many bytes.
pub(super) fn send(
    call: &mut Call<'_>,
    fd: u32,
    data: u32,
    count: u32,
    flags: u32,
    size: u32,
) -> Result<()> {
    let Call { host, memory } = call;
    memory.slice(size, 4)?;
    let descriptor = host.table.get(fd)?;
    let connection = connection(descriptor, Rights::FD_WRITE)?;
    if flags != 0 {
        return Err(ErrorCode::NotSupported.into());
    }
    let sent = {
        let buffers = memory.buffers(data, count)?;
        io::send(&host.waiter, descriptor, &**connection, &buffers)?
    };
    Ok(memory.set_u32(size, transferred(sent))?)
}

/// Ends one or both directions of a connection.
pub(super) fn shutdown(host: &mut Host, fd: u32, how: u32) -> Result<()> {
    let descriptor = host.table.get(fd)?;
    let connection = connection(descriptor, Rights::SOCK_SHUTDOWN)?;
    let how = match how {
        1 => Shutdown::Read,
        2 => Shutdown::Write,
        3 => Shutdown::Both,
        _ => return Err(ErrorCode::Invalid.into()),
    };
    Ok(connection.shutdown(how)?)
}

fn connection(
    descriptor: &Descriptor,
    needed: Rights,
) -> std::result::Result<&Arc<dyn Connection>, ErrorCode> {
    let Object::Connection(connection) = &descriptor.object else {
        return Err(not_that_socket(descriptor));
    };
    descriptor.check(needed)?;
    Ok(connection)
}

/// What a call on the wrong object is told.
fn not_that_socket(descriptor: &Descriptor) -> ErrorCode {
    match &descriptor.object {
        Object::Listener(_) => ErrorCode::NotConnected,
        Object::Connection(_) => ErrorCode::Invalid,
        Object::File(_) | Object::Dir(_) => ErrorCode::NotSocket,
    }
}
