use super::quota::Charge;
use crate::{ErrorCode, Result};
use std::io::{IoSlice, IoSliceMut};

/// The greatest size that a file may have, as elsewhere.
const MOST: u64 = i64::MAX.unsigned_abs();

/// The bytes of a file.
pub(super) struct Contents {
    bytes: Vec<u8>,
    charge: Charge,
}

impl Contents {
    pub(super) fn new(charge: Charge) -> Self {
        Self { bytes: Vec::new(), charge }
    }

    pub(super) fn size(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// Reads what is there from `offset` on.
    pub(super) fn read(&self, buffers: &mut [IoSliceMut<'_>], offset: u64) -> usize {
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(self.bytes.len());
        let mut left = &self.bytes[start..];
        let before = left.len();
        for buffer in buffers {
            let (now, later) = left.split_at(buffer.len().min(left.len()));
            buffer[..now.len()].copy_from_slice(now);
            left = later;
        }
        before - left.len()
    }

    /// Writes everything at `offset`, or nothing.
    ///
    /// # Errors
    /// `FileTooBig`, `NoSpace`.
    pub(super) fn write(&mut self, buffers: &[IoSlice<'_>], offset: u64) -> Result<usize> {
        let length: usize = buffers.iter().map(|buffer| buffer.len()).sum();
        if length == 0 {
            return Ok(0);
        }
        let end = offset.checked_add(length as u64).ok_or(ErrorCode::FileTooBig)?;
        self.reserve(end.max(self.size()))?;
        // `reserve` has shown that these fit.
        let mut at = usize::try_from(offset).map_err(|_| ErrorCode::FileTooBig)?;
        if at > self.bytes.len() {
            self.bytes.resize(at, 0);
        }
        for buffer in buffers {
            let (over, behind) = buffer.split_at(buffer.len().min(self.bytes.len() - at));
            self.bytes[at..at + over.len()].copy_from_slice(over);
            self.bytes.extend_from_slice(behind);
            at += buffer.len();
        }
        Ok(length)
    }

    /// # Errors
    /// `FileTooBig`, `NoSpace`.
    pub(super) fn set_size(&mut self, size: u64) -> Result<()> {
        self.reserve(size)?;
        let size = usize::try_from(size).map_err(|_| ErrorCode::FileTooBig)?;
        let shrinks = size < self.bytes.len();
        self.bytes.resize(size, 0);
        if shrinks {
            // Memory that is no longer paid for is not kept.
            self.bytes.shrink_to_fit();
        }
        Ok(())
    }

    /// Pays for `size` bytes, and makes room for them.
    fn reserve(&mut self, size: u64) -> Result<()> {
        let length = usize::try_from(size).ok().filter(|_| size <= MOST);
        let length = length.ok_or(ErrorCode::FileTooBig)?;
        let before = self.size();
        self.charge.resize(size)?;
        let more = length.saturating_sub(self.bytes.len());
        if self.bytes.try_reserve(more).is_err() {
            self.charge.resize(before)?;
            return Err(ErrorCode::NoSpace);
        }
        Ok(())
    }
}
