use super::lock;
use crate::{ErrorCode, Result};
use std::collections::VecDeque;
use std::io::{IoSlice, IoSliceMut};
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};

/// One direction of a connection.
#[derive(Default)]
pub(super) struct Pipe(Mutex<State>);

#[derive(Default)]
struct State {
    bytes: VecDeque<u8>,
    /// Nothing is written any more.
    ended: bool,
    /// Nobody reads any more.
    gone: bool,
    /// Of whoever waits: each end has one owner.
    reader: Option<Waker>,
    writer: Option<Waker>,
}

/// Bytes that wait to be read.
pub(super) const ROOM: usize = 64 << 10;

impl Pipe {
    pub(super) fn read(&self, buffers: &mut [IoSliceMut<'_>], peek: bool) -> Result<usize> {
        let mut state = lock(&self.0);
        if state.gone || buffers.iter().all(|buffer| buffer.is_empty()) {
            return Ok(0);
        }
        if state.bytes.is_empty() {
            return if state.ended { Ok(0) } else { Err(ErrorCode::Again) };
        }
        let mut read = 0;
        for buffer in buffers {
            for (place, byte) in buffer.iter_mut().zip(state.bytes.iter().skip(read)) {
                *place = *byte;
            }
            read = (read + buffer.len()).min(state.bytes.len());
        }
        if !peek {
            state.bytes.drain(..read);
            wake(&mut state.writer);
        }
        Ok(read)
    }

    pub(super) fn write(&self, buffers: &[IoSlice<'_>]) -> Result<usize> {
        let mut state = lock(&self.0);
        if state.ended || state.gone {
            return Err(ErrorCode::BrokenPipe);
        }
        let mut written = 0;
        for buffer in buffers {
            let part = &buffer[..buffer.len().min(ROOM - state.bytes.len())];
            state.bytes.extend(part);
            written += part.len();
        }
        if written == 0 && buffers.iter().any(|buffer| !buffer.is_empty()) {
            return Err(ErrorCode::Again);
        }
        wake(&mut state.reader);
        Ok(written)
    }

    /// No more is written; what was, can still be read.
    pub(super) fn end(&self) {
        let mut state = lock(&self.0);
        state.ended = true;
        wake(&mut state.reader);
        wake(&mut state.writer);
    }

    /// No more is read.
    pub(super) fn leave(&self) {
        let mut state = lock(&self.0);
        state.gone = true;
        state.bytes = VecDeque::new();
        wake(&mut state.reader);
        wake(&mut state.writer);
    }

    /// Bytes that can be read.
    pub(super) fn len(&self) -> usize {
        lock(&self.0).bytes.len()
    }

    /// Bytes that can be written.
    pub(super) fn room(&self) -> usize {
        ROOM - self.len()
    }

    pub(super) fn poll_read(&self, context: &mut Context<'_>) -> Poll<()> {
        let mut state = lock(&self.0);
        if state.ended || state.gone || !state.bytes.is_empty() {
            return Poll::Ready(());
        }
        state.reader = Some(context.waker().clone());
        Poll::Pending
    }

    pub(super) fn poll_write(&self, context: &mut Context<'_>) -> Poll<()> {
        let mut state = lock(&self.0);
        if state.ended || state.gone || state.bytes.len() < ROOM {
            return Poll::Ready(());
        }
        state.writer = Some(context.waker().clone());
        Poll::Pending
    }
}

fn wake(waker: &mut Option<Waker>) {
    if let Some(waker) = waker.take() {
        waker.wake();
    }
}
