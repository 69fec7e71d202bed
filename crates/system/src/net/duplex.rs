use super::{ReceiveOptions, TcpSocket};
use crate::stream::{Input, Output};
use crate::wait::{Blocking, Interest, Readiness};
use crate::{ErrorCode, Result};
use std::io::{IoSlice, IoSliceMut};
use std::net::Shutdown;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// A connected socket as two streams. Each direction ends with its stream, or by [`Duplex::shutdown`].
pub struct Duplex {
    socket: Arc<dyn TcpSocket>,
    /// Nothing is read any more.
    received: AtomicBool,
    /// Nothing is written any more.
    sent: AtomicBool,
    /// Bytes that somebody was told that there is room for, and has not written yet.
    promised: AtomicU64,
}

impl Duplex {
    /// The two streams of a socket.
    #[must_use]
    pub fn new(socket: Arc<dyn TcpSocket>) -> Arc<Self> {
        let (received, sent) = (AtomicBool::new(false), AtomicBool::new(false));
        Arc::new(Self { socket, received, sent, promised: AtomicU64::new(0) })
    }

    /// The stream to read from. There is to be one.
    #[must_use]
    pub fn input(self: &Arc<Self>) -> Arc<dyn Input> {
        Arc::new(Receiving(self.clone()))
    }

    /// The stream to write to. There is to be one.
    #[must_use]
    pub fn output(self: &Arc<Self>) -> Arc<dyn Output> {
        Arc::new(Sending(self.clone()))
    }

    /// Ends one or both directions at once; what has arrived and was not read is forgotten. To end
    /// a direction again does nothing.
    ///
    /// # Errors
    /// What the provider says.
    pub fn shutdown(&self, how: Shutdown) -> Result<()> {
        if how != Shutdown::Write {
            self.received.store(true, Ordering::Relaxed);
        }
        if how != Shutdown::Read {
            self.sent.store(true, Ordering::Relaxed);
        }
        match self.socket.shutdown(how) {
            // The other side was quicker.
            Err(ErrorCode::NotConnected) => Ok(()),
            result => result,
        }
    }
}

struct Receiving(Arc<Duplex>);

impl Input for Receiving {
    fn read(&self, buffer: &mut [u8]) -> Result<usize> {
        let over = self.0.received.load(Ordering::Relaxed);
        if buffer.is_empty() {
            return if over { Err(ErrorCode::BrokenPipe) } else { Ok(0) };
        }
        if over {
            return Ok(0);
        }
        let buffers = &mut [IoSliceMut::new(buffer)];
        let read = self.0.socket.receive(buffers, ReceiveOptions::default(), Blocking::Never);
        if !matches!(read, Ok(1..) | Err(ErrorCode::Again)) {
            self.0.received.store(true, Ordering::Relaxed);
        }
        read
    }

    fn readiness(&self) -> Readiness<'_> {
        if self.0.received.load(Ordering::Relaxed) {
            return Readiness::Now;
        }
        self.0.socket.readiness(Interest::Read)
    }
}

impl Drop for Receiving {
    fn drop(&mut self) {
        let _ = self.0.shutdown(Shutdown::Read);
    }
}

struct Sending(Arc<Duplex>);

impl Output for Sending {
    fn room(&self) -> Result<u64> {
        if self.0.sent.load(Ordering::Relaxed) {
            return Err(ErrorCode::BrokenPipe);
        }
        // Whoever asks twice is told the same: it must not shrink between asking and writing.
        let mut promised = self.0.promised.load(Ordering::Relaxed);
        if promised == 0 {
            promised = self.0.socket.room()?;
            self.0.promised.store(promised, Ordering::Relaxed);
        }
        Ok(promised)
    }

    fn write(&self, bytes: &[u8]) -> Result<usize> {
        if self.0.sent.load(Ordering::Relaxed) {
            return Err(ErrorCode::BrokenPipe);
        }
        self.0.promised.store(0, Ordering::Relaxed);
        let written = self.0.socket.send(&[IoSlice::new(bytes)], Blocking::Never);
        if !matches!(written, Ok(_) | Err(ErrorCode::Again)) {
            self.0.sent.store(true, Ordering::Relaxed);
        }
        written
    }

    /// What was taken is on its way.
    fn flush(&self) -> Result<()> {
        if self.0.sent.load(Ordering::Relaxed) { Err(ErrorCode::BrokenPipe) } else { Ok(()) }
    }

    fn readiness(&self) -> Readiness<'_> {
        if self.0.sent.load(Ordering::Relaxed) {
            return Readiness::Now;
        }
        self.0.socket.readiness(Interest::Write)
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        let _ = self.0.shutdown(Shutdown::Write);
    }
}
