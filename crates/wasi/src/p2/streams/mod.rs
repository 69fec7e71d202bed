//! `wasi:io/streams`.

mod input;
mod output;
mod read;

pub(crate) use input::{FileInput, InputStream};
pub(crate) use output::OutputStream;
pub(crate) use read::Read;

use output::Bytes;

use super::Host;
use super::bindings::wasi::io::streams::{self, StreamError};
use super::error::stream_error;
use super::poll::Pollable;
use crate::wait::{Failure, Waiter};
use wayleave_component::{Borrow, Own};
use wayleave_engine::Stop;

/// What a stream operation gives: its result, what the guest is told instead, or the guest's end.
type Outcome<T> = Result<Result<T, StreamError>, Stop>;

/// What the guest is told of a failure.
fn told<T>(result: Result<T, Failure>) -> Outcome<T> {
    match result {
        Ok(value) => Ok(Ok(value)),
        Err(Failure::Errno(code)) => Ok(Err(stream_error(code))),
        Err(Failure::Stop(stop)) => Err(*stop),
    }
}

impl streams::Host for Host {
    // So that what it returns is nowhere put together to be taken apart again.
    #[inline(always)]
    fn input_stream_read(&mut self, this: Borrow<InputStream>, len: u64) -> Result<Read, Stop> {
        self.read(this, len, true)
    }

    #[inline(always)]
    fn input_stream_read_lowered(&mut self, read: Read) {
        self.has_read(read);
    }

    #[inline(always)]
    fn input_stream_blocking_read(
        &mut self,
        this: Borrow<InputStream>,
        len: u64,
    ) -> Result<Read, Stop> {
        self.read(this, len, false)
    }

    #[inline(always)]
    fn input_stream_blocking_read_lowered(&mut self, read: Read) {
        self.has_read(read);
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

    #[inline]
    fn output_stream_check_write(&mut self, this: Borrow<OutputStream>) -> Outcome<u64> {
        let output = self.outputs.get(this)?;
        let room = told(output.room(&self.waiter))?;
        Ok(room.map_err(|error| self.causes.explain(error, output.cause())))
    }

    #[inline]
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

impl Host {
    /// Reads from a stream: from a file while the result is lowered.
    #[inline(always)]
    fn read(
        &mut self,
        this: Borrow<InputStream>,
        len: u64,
        nonblocking: bool,
    ) -> Result<Read, Stop> {
        let input = self.inputs.get(this)?;
        if let InputStream::File(file) = input {
            return Ok(match file.room(len, &self.waiter, nonblocking)? {
                Ok(Some(room)) => Read::file(self.inputs.lend(this)?, room),
                Ok(None) => Ok(Vec::new()).into(),
                Err(error) => Err(error).into(),
            });
        }
        let read = input.take(len, &self.waiter, nonblocking)?;
        Ok(read.map_err(|error| self.causes.explain(error, input.cause())).into())
    }

    /// The guest has the bytes.
    #[inline(always)]
    fn has_read(&mut self, read: Read) {
        if let Some(lent) = read.into_lent() {
            self.inputs.give_back(lent);
        }
    }

    /// Writes to a stream.
    #[inline]
    fn put(
        &mut self,
        this: Borrow<OutputStream>,
        put: impl FnOnce(&mut OutputStream, &Waiter) -> Result<(), Failure>,
    ) -> Outcome<()> {
        // It may be the file whose metadata was looked at.
        self.seen.forget();
        let output = self.outputs.get_mut(this)?;
        let done = told(put(output, &self.waiter))?;
        Ok(done.map_err(|error| self.causes.explain(error, output.cause())))
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
