use super::stream::Stream;
use crate::fs::FileKind;
use crate::{ErrorCode, Result};
use std::io::{IoSlice, IoSliceMut, Read};
use std::sync::{Mutex, PoisonError};

/// Fixed bytes to read, once.
pub struct Input(Mutex<std::io::Cursor<Vec<u8>>>);

impl Input {
    /// A stream of these bytes.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(Mutex::new(std::io::Cursor::new(bytes.into())))
    }
}

impl Stream for Input {
    const KIND: FileKind = FileKind::Unknown;

    fn take(&self, buffers: &mut [IoSliceMut<'_>]) -> Result<usize> {
        let mut bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(bytes.read_vectored(buffers)?)
    }

    fn put(&self, _: &[IoSlice<'_>]) -> Result<usize> {
        Err(ErrorCode::BadDescriptor)
    }

    fn left(&self) -> u64 {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (bytes.get_ref().len() as u64).saturating_sub(bytes.position())
    }
}
