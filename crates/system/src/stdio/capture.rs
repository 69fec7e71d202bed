use super::stream::Stream;
use crate::fs::FileKind;
use crate::{ErrorCode, Result};
use std::io::{IoSlice, IoSliceMut};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Collects what is written, up to a limit.
///
/// Every clone is the same collection: give one to the guest and keep one.
#[derive(Clone)]
pub struct Capture {
    bytes: Arc<Mutex<Vec<u8>>>,
    limit: usize,
}

impl Capture {
    /// An empty collection that holds up to `limit` bytes. A write fills what is left; one that
    /// finds nothing left fails with [`NoSpace`](ErrorCode::NoSpace).
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { bytes: Arc::default(), limit }
    }

    /// A copy of what has been written.
    #[must_use]
    pub fn contents(&self) -> Vec<u8> {
        self.lock().clone()
    }

    /// Takes out what has been written, and makes room for as much again.
    #[must_use]
    pub fn take(&self) -> Vec<u8> {
        std::mem::take(&mut self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Vec<u8>> {
        self.bytes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stream for Capture {
    const KIND: FileKind = FileKind::Unknown;

    fn take(&self, _: &mut [IoSliceMut<'_>]) -> Result<usize> {
        Err(ErrorCode::BadDescriptor)
    }

    fn put(&self, buffers: &[IoSlice<'_>]) -> Result<usize> {
        let mut bytes = self.lock();
        let before = bytes.len();
        for buffer in buffers.iter().filter(|buffer| !buffer.is_empty()) {
            let room = self.limit.saturating_sub(bytes.len());
            if room == 0 && bytes.len() == before {
                return Err(ErrorCode::NoSpace);
            }
            bytes.extend_from_slice(&buffer[..buffer.len().min(room)]);
        }
        Ok(bytes.len() - before)
    }
}
