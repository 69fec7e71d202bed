use super::stream::{self, Stream};
use crate::fs::FileKind;
use crate::{ErrorCode, Result};
use std::io::{IoSlice, IoSliceMut};
use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Hands on what is written line by line, without the line's end: for logs.
///
/// A line that has no end when the stream is dropped is handed on then; one of more than
/// [`Lines::MOST`] bytes in parts.
pub struct Lines<F: Fn(&[u8]) + Send + Sync + 'static> {
    line: Mutex<Vec<u8>>,
    take: F,
}

impl<F: Fn(&[u8]) + Send + Sync + 'static> Lines<F> {
    /// Bytes of one line at most.
    pub const MOST: usize = 8 << 10;

    /// Lines go to `take`.
    pub fn new(take: F) -> Self {
        Self { line: Mutex::default(), take }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<u8>> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, bytes: &[u8]) {
        let mut line = self.lock();
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            for part in part.chunks(Self::MOST) {
                line.extend_from_slice(part);
                if let Some(whole) = line.strip_suffix(b"\n") {
                    (self.take)(whole.strip_suffix(b"\r").unwrap_or(whole));
                } else if line.len() >= Self::MOST {
                    (self.take)(&line);
                } else {
                    continue;
                }
                line.clear();
            }
        }
    }
}

impl<F: Fn(&[u8]) + Send + Sync + 'static> Stream for Lines<F> {
    const KIND: FileKind = FileKind::Unknown;

    fn take(&self, _: &mut [IoSliceMut<'_>]) -> Result<usize> {
        Err(ErrorCode::BadDescriptor)
    }

    fn put(&self, buffers: &[IoSlice<'_>]) -> Result<usize> {
        for buffer in buffers {
            self.add(buffer);
        }
        Ok(stream::length(buffers))
    }
}

impl<F: Fn(&[u8]) + Send + Sync + 'static> Drop for Lines<F> {
    fn drop(&mut self) {
        let line = mem::take(&mut *self.lock());
        if !line.is_empty() {
            (self.take)(&line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn lines_are_whole() {
        let seen: Arc<Mutex<Vec<Vec<u8>>>> = Arc::default();
        let lines = Lines::new({
            let seen = seen.clone();
            move |line: &[u8]| seen.lock().unwrap().push(line.to_vec())
        });
        let long = vec![b'x'; Lines::<fn(&[u8])>::MOST + 1];
        for part in [&b"a"[..], b"b\nc\r\n\nd", b"\n", &long, b"\nrest"] {
            lines.put(&[IoSlice::new(part)]).unwrap();
        }
        drop(lines);
        let seen = seen.lock().unwrap();
        assert_eq!(seen[..4], [b"ab".to_vec(), b"c".to_vec(), vec![], b"d".to_vec()]);
        assert_eq!(seen[4..].iter().map(Vec::len).collect::<Vec<_>>(), [long.len() - 1, 1, 4]);
    }
}
