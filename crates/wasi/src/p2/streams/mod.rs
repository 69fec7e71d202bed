//! `wasi:io/streams`.

mod input;
mod output;

pub(crate) use input::{FileInput, InputStream};
pub(crate) use output::OutputStream;

use output::Bytes;

use super::Host;
use super::bindings::wasi::io::streams::{self, StreamError};
use super::error::{Causes, stream_error};
use super::poll::Pollable;
use crate::wait::{Failure, Waiter};
use wayleave_component::abi::GuestBytes;
use wayleave_component::{Borrow, Caller, Own};
use wayleave_engine::Stop;
use wayleave_system::ErrorCode;

/// What a stream operation gives: its result, what the guest is told instead, or the guest's end.
type Outcome<T> = Result<Result<T, StreamError>, Stop>;

/// What a read gives, in the guest's memory already.
pub(crate) type Read = Result<GuestBytes, StreamError>;

/// What the guest is told of a failure.
fn told<T>(result: Result<T, Failure>) -> Outcome<T> {
    match result {
        Ok(value) => Ok(Ok(value)),
        Err(Failure::Errno(code)) => Ok(Err(stream_error(code))),
        Err(Failure::Stop(stop)) => Err(*stop),
    }
}

/// The same of a failure to write, with its cause.
#[cold]
#[inline(never)]
fn explained<T>(causes: &mut Causes, failure: Failure, output: &OutputStream) -> Outcome<T> {
    let failed = told(Err(failure))?;
    Ok(failed.map_err(|error| causes.explain(error, output.cause())))
}

impl streams::Host for Host {
    // So that what it returns is nowhere put together to be taken apart again.
    #[inline(always)]
    fn input_stream_read(
        caller: &mut impl Caller<Self>,
        this: Borrow<InputStream>,
        len: u64,
    ) -> Outcome<GuestBytes> {
        read(caller, this, len, true)
    }

    #[inline(always)]
    fn input_stream_blocking_read(
        caller: &mut impl Caller<Self>,
        this: Borrow<InputStream>,
        len: u64,
    ) -> Outcome<GuestBytes> {
        read(caller, this, len, false)
    }

    fn input_stream_skip(&mut self, this: Borrow<InputStream>, len: u64) -> Outcome<u64> {
        let input = self.inputs.get(this)?;
        let skipped = input.skip(len, &self.waiter, true)?;
        Ok(skipped.map_err(|error| self.causes.explain(error, input.cause())))
    }

    fn input_stream_blocking_skip(&mut self, this: Borrow<InputStream>, len: u64) -> Outcome<u64> {
        let input = self.inputs.get(this)?;
        let skipped = input.skip(len, &self.waiter, false)?;
        Ok(skipped.map_err(|error| self.causes.explain(error, input.cause())))
    }

    fn input_stream_subscribe(&mut self, this: Borrow<InputStream>) -> Result<Own<Pollable>, Stop> {
        let pollable = self.inputs.get(this)?.pollable();
        self.pollables.add_or_trap(pollable)
    }

    fn input_stream_drop(&mut self, this: Own<InputStream>) -> Result<(), Stop> {
        self.inputs.remove(&this).map(drop)
    }

    // The three calls that C libraries make of a write, each in its one place.
    #[inline(always)]
    fn output_stream_check_write(&mut self, this: Borrow<OutputStream>) -> Outcome<u64> {
        let output = self.outputs.get(this)?;
        match output.room(&self.waiter) {
            Ok(room) => Ok(Ok(room)),
            Err(failure) => explained(&mut self.causes, failure, output),
        }
    }

    #[inline(always)]
    fn output_stream_write(&mut self, this: Borrow<OutputStream>, contents: &[u8]) -> Outcome<()> {
        self.put(this, |output, waiter| output.write(Bytes::These(contents), waiter))
    }

    #[inline]
    fn output_stream_blocking_write_and_flush(
        &mut self,
        this: Borrow<OutputStream>,
        contents: &[u8],
    ) -> Outcome<()> {
        self.put(this, |output, waiter| output.write_and_flush(Bytes::These(contents), waiter))
    }

    fn output_stream_flush(&mut self, this: Borrow<OutputStream>) -> Outcome<()> {
        told(self.outputs.get(this)?.begin_flush())
    }

    #[inline(always)]
    fn output_stream_blocking_flush(&mut self, this: Borrow<OutputStream>) -> Outcome<()> {
        self.put(this, |output, waiter| output.flush(waiter))
    }

    fn output_stream_subscribe(
        &mut self,
        this: Borrow<OutputStream>,
    ) -> Result<Own<Pollable>, Stop> {
        let pollable = self.outputs.get(this)?.pollable();
        self.pollables.add_or_trap(pollable)
    }

    fn output_stream_write_zeroes(&mut self, this: Borrow<OutputStream>, len: u64) -> Outcome<()> {
        self.put(this, |output, waiter| output.write(Bytes::Zeroes(len), waiter))
    }

    fn output_stream_blocking_write_zeroes_and_flush(
        &mut self,
        this: Borrow<OutputStream>,
        len: u64,
    ) -> Outcome<()> {
        self.put(this, |output, waiter| output.write_and_flush(Bytes::Zeroes(len), waiter))
    }

    fn output_stream_splice(
        &mut self,
        this: Borrow<OutputStream>,
        src: Borrow<InputStream>,
        len: u64,
    ) -> Outcome<u64> {
        self.splice(this, src, len, true)
    }

    fn output_stream_blocking_splice(
        &mut self,
        this: Borrow<OutputStream>,
        src: Borrow<InputStream>,
        len: u64,
    ) -> Outcome<u64> {
        self.splice(this, src, len, false)
    }

    fn output_stream_drop(&mut self, this: Own<OutputStream>) -> Result<(), Stop> {
        self.outputs.remove(&this).map(drop)
    }
}

/// Reads from a stream: from a file straight into the guest's memory.
#[inline(always)]
fn read(
    caller: &mut impl Caller<Host>,
    this: Borrow<InputStream>,
    len: u64,
    nonblocking: bool,
) -> Outcome<GuestBytes> {
    let host = caller.state();
    let InputStream::File(file) = host.inputs.get(this)? else {
        return read_next(caller, this, len, nonblocking);
    };
    let room = match file.room(len, &host.waiter, nonblocking)? {
        Ok(Some(room)) => room,
        Ok(None) => return caller.bytes(0, |_, _| Ok(0)),
        Err(error) => return Ok(Err(error)),
    };
    // The stream is looked for again, as the guest has run: it can not have dropped it meanwhile.
    let bytes = caller.bytes(room, |host, buffer| match host.inputs.get(this) {
        Ok(InputStream::File(file)) => file.read(buffer),
        _ => Err(ErrorCode::BadDescriptor),
    })?;
    Ok(match bytes {
        Ok(bytes) if bytes.is_empty() && room > 0 => Err(StreamError::Closed),
        Ok(bytes) => Ok(bytes),
        Err(code) => Err(stream_error(code)),
    })
}

/// Reads from what is no file: it is not known how much there is until it has been read.
#[inline(never)]
fn read_next(
    caller: &mut impl Caller<Host>,
    this: Borrow<InputStream>,
    len: u64,
    nonblocking: bool,
) -> Outcome<GuestBytes> {
    let host = caller.state();
    let input = host.inputs.get(this)?;
    let bytes = match input.take(len, &host.waiter, nonblocking)? {
        Ok(bytes) => bytes,
        Err(error) => return Ok(Err(host.causes.explain(error, input.cause()))),
    };
    // Far fewer than 4 GiB are taken at once.
    caller.bytes(u32::try_from(bytes.len()).unwrap_or(u32::MAX), |_, buffer| {
        buffer.copy_from_slice(&bytes);
        Ok(bytes.len())
    })
}

impl Host {
    /// Writes to a stream.
    #[inline(always)]
    fn put(
        &mut self,
        this: Borrow<OutputStream>,
        put: impl FnOnce(&mut OutputStream, &Waiter) -> Result<(), Failure>,
    ) -> Outcome<()> {
        // It may be the file whose metadata was looked at.
        self.seen.forget();
        let output = self.outputs.get_mut(this)?;
        match put(output, &self.waiter) {
            Ok(()) => Ok(Ok(())),
            Err(failure) => explained(&mut self.causes, failure, output),
        }
    }

    fn splice(
        &mut self,
        this: Borrow<OutputStream>,
        src: Borrow<InputStream>,
        len: u64,
        nonblocking: bool,
    ) -> Outcome<u64> {
        let moved = self.move_bytes(this, src, len, nonblocking)?;
        let (output, input) = (self.outputs.get(this)?, self.inputs.get(src)?);
        let cause = || output.cause().or_else(|| input.cause());
        Ok(moved.map_err(|error| self.causes.explain(error, cause())))
    }

    fn move_bytes(
        &mut self,
        this: Borrow<OutputStream>,
        src: Borrow<InputStream>,
        len: u64,
        nonblocking: bool,
    ) -> Outcome<u64> {
        self.seen.forget();
        let output = self.outputs.get_mut(this)?;
        let room = loop {
            match told(output.room(&self.waiter))? {
                // Before anything is taken out of the source.
                Ok(0) if !nonblocking => {
                    let pollable = output.pollable();
                    let writable = pollable.readiness();
                    if let Err(error) = told(self.waiter.wait(writable.as_slice(), None))? {
                        return Ok(Err(error));
                    }
                }
                Ok(room) => break room,
                Err(error) => return Ok(Err(error)),
            }
        };
        let bytes = match self.inputs.get(src)?.take(len.min(room), &self.waiter, nonblocking)? {
            Ok(bytes) => bytes,
            Err(error) => return Ok(Err(error)),
        };
        let written = told(output.write(Bytes::These(&bytes), &self.waiter))?;
        Ok(written.map(|()| bytes.len() as u64))
    }
}
