use crate::p2::poll::Pollable;
use crate::wait::{Failure, Result, Waiter};
use std::io::IoSlice;
use std::sync::Arc;
use std::time::Duration;
use wayleave_engine::{Stop, Trap};
use wayleave_system::ErrorCode;
use wayleave_system::fs::File;
use wayleave_system::stream::{Cause, Output};
use wayleave_system::wait::{Interest, Readiness};

/// Where the guest writes bytes to.
pub(crate) enum OutputStream {
    /// A file, from some place on.
    File { file: Arc<dyn File>, position: u64 },
    /// A file, always at its end.
    Append(Arc<dyn File>),
    /// What takes bytes one after the other: a standard stream.
    Stream(Arc<dyn File>),
    /// A connection, or the body of a message: it keeps what it has no room for.
    Sink {
        output: Arc<dyn Output>,
        /// Bytes of the call under way that were taken: a call of a guest that was suspended is
        /// made again, from its start.
        taken: usize,
    },
}

/// Bytes that a guest may write to a file at once.
const FILE_ROOM: u64 = 64 << 20;

/// Bytes that a guest may write at once to what can fill up. A write waits until all is taken.
pub(super) const STREAM_ROOM: u64 = 64 << 10;

const ZEROES: [u8; 4096] = [0; 4096];

/// What a guest writes in one call.
#[derive(Clone, Copy)]
pub(super) enum Bytes<'a> {
    These(&'a [u8]),
    Zeroes(u64),
}

impl<'a> Bytes<'a> {
    fn len(self) -> u64 {
        match self {
            Self::These(bytes) => bytes.len() as u64,
            Self::Zeroes(len) => len,
        }
    }

    /// Some bytes from this place on.
    #[inline(always)]
    fn from(self, at: u64) -> &'a [u8] {
        let at = usize::try_from(at).unwrap_or(usize::MAX);
        match self {
            Self::These(bytes) => bytes.get(at..).unwrap_or_default(),
            Self::Zeroes(len) => {
                let left = usize::try_from(len).unwrap_or(usize::MAX).saturating_sub(at);
                &ZEROES[..left.min(ZEROES.len())]
            }
        }
    }
}

impl OutputStream {
    pub(in crate::p2) fn sink(output: Arc<dyn Output>) -> Self {
        Self::Sink { output, taken: 0 }
    }

    /// How many bytes the guest may write now.
    #[inline(always)]
    pub(super) fn room(&self, waiter: &Waiter) -> Result<u64> {
        match self {
            Self::File { .. } | Self::Append(_) => Ok(FILE_ROOM),
            Self::Stream(file) => stream_room(&**file, waiter),
            Self::Sink { output, .. } => Ok(output.room()?),
        }
    }

    /// Writes what the guest was told that there is room for.
    #[inline]
    pub(super) fn write(&mut self, bytes: Bytes<'_>, waiter: &Waiter) -> Result<()> {
        if let Self::Sink { output, .. } = self
            && bytes.len() > output.room()?
        {
            let reason =
                "the guest writes more to a stream than it was told that there is room for";
            return Err(Stop::from(Trap::host(reason)).into());
        }
        self.write_all(bytes, waiter)?;
        self.done();
        Ok(())
    }

    /// Writes it all and waits until it is out.
    #[inline]
    pub(super) fn write_and_flush(&mut self, bytes: Bytes<'_>, waiter: &Waiter) -> Result<()> {
        self.write_all(bytes, waiter)?;
        self.flush(waiter)?;
        self.done();
        Ok(())
    }

    /// All streams go on by themselves: there is nothing to set off, but to tell of what failed.
    pub(super) fn begin_flush(&self) -> Result<()> {
        match self {
            Self::Sink { output, .. } => match output.flush() {
                Ok(()) | Err(ErrorCode::Again) => Ok(()),
                Err(code) => Err(code.into()),
            },
            _ => Ok(()),
        }
    }

    /// Waits until all that was written is out.
    #[inline]
    pub(super) fn flush(&self, waiter: &Waiter) -> Result<()> {
        match self {
            Self::Sink { output, .. } => flush_sink(&**output, waiter),
            // Nothing is kept back.
            _ => Ok(()),
        }
    }

    #[inline(always)]
    fn write_all(&mut self, bytes: Bytes<'_>, waiter: &Waiter) -> Result<()> {
        let mut written = match self {
            Self::Sink { taken, .. } => *taken as u64,
            _ => 0,
        };
        while written < bytes.len() {
            if let Bytes::Zeroes(_) = bytes {
                waiter.check()?;
            }
            let rest = bytes.from(written);
            let some = self.write_some(rest, waiter)?;
            if some == 0 {
                return Err(Failure::Errno(ErrorCode::Io));
            }
            written += some as u64;
        }
        Ok(())
    }

    // Files are what is written to most: that is part of the callers, which all else would only make larger.
    #[inline(always)]
    fn write_some(&mut self, bytes: &[u8], waiter: &Waiter) -> Result<usize> {
        match self {
            Self::File { file, position } => {
                let written = file.write_at(&[IoSlice::new(bytes)], *position)?;
                *position = position.saturating_add(written as u64);
                Ok(written)
            }
            Self::Append(file) => append(&**file, bytes),
            Self::Stream(file) => write_stream(&**file, bytes, waiter),
            Self::Sink { output, taken } => {
                let written = write_sink(&**output, bytes, waiter)?;
                *taken += written;
                Ok(written)
            }
        }
    }

    /// A call has come to its end.
    #[inline]
    fn done(&mut self) {
        if let Self::Sink { taken, .. } = self {
            *taken = 0;
        }
    }

    /// What there is to say of the last failure.
    pub(in crate::p2) fn cause(&self) -> Option<Cause> {
        match self {
            Self::Sink { output, .. } => output.cause(),
            Self::File { .. } | Self::Append(_) | Self::Stream(_) => None,
        }
    }

    pub(super) fn pollable(&self) -> Pollable {
        match self {
            Self::File { file, .. } | Self::Append(file) | Self::Stream(file) => {
                Pollable::File(file.clone(), Interest::Write)
            }
            Self::Sink { output, .. } => Pollable::Output(output.clone()),
        }
    }
}

#[inline(never)]
fn stream_room(file: &dyn File, waiter: &Waiter) -> Result<u64> {
    match file.readiness(Interest::Write) {
        Readiness::Now => Ok(STREAM_ROOM),
        ready => match waiter.wait(&[(ready, Interest::Write)], Some(Duration::ZERO))? {
            Some(_) => Ok(STREAM_ROOM),
            None => Ok(0),
        },
    }
}

#[inline(never)]
fn append(file: &dyn File, bytes: &[u8]) -> Result<usize> {
    let end = file.stat()?.size;
    Ok(file.write_at(&[IoSlice::new(bytes)], end)?)
}

#[inline(never)]
fn write_stream(file: &dyn File, bytes: &[u8], waiter: &Waiter) -> Result<usize> {
    let ready = || file.readiness(Interest::Write);
    waiter.retry(false, Interest::Write, ready, |blocking| {
        file.write(&[IoSlice::new(bytes)], blocking)
    })
}

#[inline(never)]
fn write_sink(output: &dyn Output, bytes: &[u8], waiter: &Waiter) -> Result<usize> {
    waiter.retry(false, Interest::Write, || output.readiness(), |_| output.write(bytes))
}

#[inline(never)]
fn flush_sink(output: &dyn Output, waiter: &Waiter) -> Result<()> {
    waiter.retry(false, Interest::Write, || output.readiness(), |_| output.flush())
}
