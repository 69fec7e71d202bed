//! Serves a TCP echo on a listening socket that the host opened for it.
//!
//! `tcp_echo [CONNECTIONS] [FD]` serves that many connections, one after the other (1 without an
//! argument), on descriptor 3 or the one given. The first connection of each pair is served with
//! `fd_read` and `fd_write`, the second with `sock_recv` and `sock_send`, so that both ways are used.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsRawFd, FromRawFd, RawFd};

fn main() -> io::Result<()> {
    let mut args = std::env::args().skip(1).map(|arg| arg.parse().expect("a number"));
    let connections: i32 = args.next().unwrap_or(1);
    let fd: RawFd = args.next().unwrap_or(3);
    // SAFETY: the host gave this descriptor to the program; nothing else here owns it.
    let listener = unsafe { TcpListener::from_raw_fd(fd) };

    for number in 0..connections {
        wasi::wait_readable(listener.as_raw_fd())?;
        let (mut stream, _) = listener.accept()?;
        let bytes = if number % 2 == 0 { echo_file(&mut stream)? } else { echo_socket(&stream)? };
        wasi::shutdown_write(stream.as_raw_fd())?;
        println!("connection {number}: {bytes} bytes");
    }
    Ok(())
}

/// Echoes through `fd_read` and `fd_write`.
fn echo_file(stream: &mut TcpStream) -> io::Result<u64> {
    let mut buffer = [0; 4096];
    let mut total = 0;
    loop {
        wasi::wait_readable(stream.as_raw_fd())?;
        let read = stream.read(&mut buffer)?;
        if read == 0 {
            return Ok(total);
        }
        stream.write_all(&buffer[..read])?;
        total += read as u64;
    }
}

/// Echoes through `sock_recv` and `sock_send`.
fn echo_socket(stream: &TcpStream) -> io::Result<u64> {
    let mut buffer = [0; 4096];
    let mut total = 0;
    loop {
        wasi::wait_readable(stream.as_raw_fd())?;
        let read = wasi::receive(stream.as_raw_fd(), &mut buffer)?;
        if read == 0 {
            return Ok(total);
        }
        let mut rest = &buffer[..read];
        while !rest.is_empty() {
            rest = &rest[wasi::send(stream.as_raw_fd(), rest)?..];
        }
        total += read as u64;
    }
}

/// The calls that std does not make by itself.
#[cfg(target_os = "wasi")]
mod wasi {
    use std::io;
    use std::os::fd::RawFd;

    #[repr(C)]
    struct Buffer {
        pointer: *const u8,
        length: usize,
    }

    #[repr(C)]
    struct Subscription {
        userdata: u64,
        kind: u8,
        of: FdReadwrite,
    }

    /// Padded to the size of the largest kind of subscription, a clock.
    #[repr(C, align(8))]
    struct FdReadwrite {
        fd: u32,
        unused: [u32; 7],
    }

    #[repr(C)]
    struct Event {
        userdata: u64,
        error: u16,
        kind: u8,
        bytes: u64,
        flags: u16,
    }

    // What the ABI says these are; a wrong guess here would corrupt memory silently.
    const _: () = assert!(size_of::<Subscription>() == 48 && size_of::<Event>() == 32);

    const FD_READ: u8 = 1;
    const SHUTDOWN_WRITE: u8 = 2;

    #[link(wasm_import_module = "wasi_snapshot_preview1")]
    unsafe extern "C" {
        fn poll_oneoff(s: *const Subscription, e: *mut Event, n: usize, found: *mut usize) -> u16;
        fn sock_recv(
            fd: RawFd,
            buffers: *const Buffer,
            count: usize,
            flags: u16,
            read: *mut usize,
            out_flags: *mut u16,
        ) -> u16;
        fn sock_send(
            fd: RawFd,
            buffers: *const Buffer,
            count: usize,
            flags: u16,
            written: *mut usize,
        ) -> u16;
        fn sock_shutdown(fd: RawFd, how: u8) -> u16;
    }

    fn check(errno: u16) -> io::Result<()> {
        if errno == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(errno.into())) }
    }

    /// Blocks until `fd` has something to read, a connection to accept, or its end.
    pub fn wait_readable(fd: RawFd) -> io::Result<()> {
        let of = FdReadwrite { fd: fd as u32, unused: [0; 7] };
        let subscription = Subscription { userdata: 7, kind: FD_READ, of };
        let mut event = Event { userdata: 0, error: 0, kind: 0, bytes: 0, flags: 0 };
        let mut found = 0;
        // SAFETY: one subscription in, room for one event out.
        check(unsafe { poll_oneoff(&subscription, &mut event, 1, &mut found) })?;
        assert_eq!((found, event.userdata, event.kind), (1, 7, FD_READ));
        check(event.error)
    }

    pub fn receive(fd: RawFd, into: &mut [u8]) -> io::Result<usize> {
        let buffer = Buffer { pointer: into.as_mut_ptr(), length: into.len() };
        let (mut read, mut flags) = (0, 0);
        // SAFETY: the buffer describes `into`, which is borrowed for writing.
        check(unsafe { sock_recv(fd, &buffer, 1, 0, &mut read, &mut flags) })?;
        Ok(read)
    }

    pub fn send(fd: RawFd, from: &[u8]) -> io::Result<usize> {
        let buffer = Buffer { pointer: from.as_ptr(), length: from.len() };
        let mut written = 0;
        // SAFETY: the buffer describes `from`, which is only read.
        check(unsafe { sock_send(fd, &buffer, 1, 0, &mut written) })?;
        Ok(written)
    }

    pub fn shutdown_write(fd: RawFd) -> io::Result<()> {
        // SAFETY: no memory is involved.
        check(unsafe { sock_shutdown(fd, SHUTDOWN_WRITE) })
    }
}
