//! Reading and writing: straight system calls, and waiting around them where that is asked.

use super::OsFile;
use crate::wait::{Blocking, Interest, block_until, is_ready};
use crate::{ErrorCode, Result};
use rustix::io::{Errno, retry_on_intr};
use std::io::{IoSlice, IoSliceMut};

/// What always fits into a pipe that poll calls writable (`PIPE_BUF` on Linux; a page).
const FITS_A_PIPE: usize = 4096;

pub(super) fn read(
    file: &OsFile,
    buffers: &mut [IoSliceMut<'_>],
    blocking: Blocking,
) -> Result<usize> {
    if must_ask_first(file, blocking) && !is_ready(&file.fd, Interest::Read)? {
        return Err(ErrorCode::Again);
    }
    waiting(file, Interest::Read, blocking, || match &mut *buffers {
        [one] => rustix::io::read(&file.fd, &mut one[..]),
        several => rustix::io::readv(&file.fd, several),
    })
}

pub(super) fn write(file: &OsFile, buffers: &[IoSlice<'_>], blocking: Blocking) -> Result<usize> {
    if must_ask_first(file, blocking) {
        if !is_ready(&file.fd, Interest::Write)? {
            return Err(ErrorCode::Again);
        }
        let first = buffers.iter().find(|buffer| !buffer.is_empty());
        let first = first.map_or(&[][..], |buffer| &buffer[..buffer.len().min(FITS_A_PIPE)]);
        return waiting(file, Interest::Write, blocking, || rustix::io::write(&file.fd, first));
    }
    waiting(file, Interest::Write, blocking, || match buffers {
        [one] => rustix::io::write(&file.fd, one),
        several => rustix::io::writev(&file.fd, several),
    })
}

pub(super) fn read_at(file: &OsFile, buffers: &mut [IoSliceMut<'_>], offset: u64) -> Result<usize> {
    Ok(retry_on_intr(|| match &mut *buffers {
        [one] => rustix::io::pread(&file.fd, &mut one[..], offset),
        several => rustix::io::preadv(&file.fd, several, offset),
    })?)
}

pub(super) fn write_at(file: &OsFile, buffers: &[IoSlice<'_>], offset: u64) -> Result<usize> {
    Ok(retry_on_intr(|| match buffers {
        [one] => rustix::io::pwrite(&file.fd, one, offset),
        several => rustix::io::pwritev(&file.fd, several, offset),
    })?)
}

/// Whether the system call itself might wait though it must not.
fn must_ask_first(file: &OsFile, blocking: Blocking) -> bool {
    blocking == Blocking::Never && file.shared && !file.is_always_ready()
}

#[inline]
fn waiting(
    file: &OsFile,
    interest: Interest,
    blocking: Blocking,
    mut call: impl FnMut() -> rustix::io::Result<usize>,
) -> Result<usize> {
    loop {
        match call() {
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) if blocking == Blocking::Allowed => {
                block_until(&file.fd, interest)?;
            }
            result => return Ok(result?),
        }
    }
}
