use super::stream::{self, Stream};
use crate::fs::FileKind;
use crate::{ErrorCode, Result};
use std::collections::HashMap;
use std::hash::Hash;
use std::io::{IoSlice, IoSliceMut};
use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Hands on what is written line by line, without the line's end: for logs.
///
/// Several may write by turns, and the lines of each stay whole. A line that has no end is handed on
/// when its writer has come to its end ([`Lines::end`]) or the stream is dropped; one of more than
/// [`Lines::MOST`] bytes in parts.
pub struct Lines<W: Writer, F: Fn(&W, &[u8]) + Send + Sync + 'static> {
    /// What each writer has begun.
    begun: Mutex<HashMap<W, Vec<u8>>>,
    /// Whether there is any.
    any: AtomicBool,
    writer: fn() -> W,
    take: F,
}

/// Who writes lines.
pub trait Writer: Eq + Hash + Send + Sync + 'static {}

impl<W: Eq + Hash + Send + Sync + 'static> Writer for W {}

/// Writers of unfinished lines at a time: of more, nobody may have told the end.
const WRITERS: usize = 4096;

impl<W: Writer, F: Fn(&W, &[u8]) + Send + Sync + 'static> Lines<W, F> {
    /// Bytes of one line at most.
    pub const MOST: usize = 8 << 10;

    /// Lines go to `take`; `writer` says who is writing just now.
    pub fn new(writer: fn() -> W, take: F) -> Self {
        Self { begun: Mutex::default(), any: AtomicBool::new(false), writer, take }
    }

    /// This one writes no more.
    pub fn end(&self, writer: &W) {
        if !self.any.load(Ordering::Relaxed) {
            return;
        }
        let mut begun = self.lock();
        let line = begun.remove(writer);
        self.any.store(!begun.is_empty(), Ordering::Relaxed);
        drop(begun);
        if let Some(line) = line {
            (self.take)(writer, &line);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<W, Vec<u8>>> {
        self.begun.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, bytes: &[u8]) {
        let writer = (self.writer)();
        let mut begun = self.lock();
        let mut line = begun.remove(&writer).unwrap_or_default();
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            for part in part.chunks(Self::MOST) {
                line.extend_from_slice(part);
                if let Some(whole) = line.strip_suffix(b"\n") {
                    (self.take)(&writer, whole.strip_suffix(b"\r").unwrap_or(whole));
                } else if line.len() >= Self::MOST {
                    (self.take)(&writer, &line);
                } else {
                    continue;
                }
                line.clear();
            }
        }
        if !line.is_empty() {
            if begun.len() >= WRITERS {
                begun.drain().for_each(|(writer, line)| (self.take)(&writer, &line));
            }
            begun.insert(writer, line);
        }
        self.any.store(!begun.is_empty(), Ordering::Relaxed);
    }
}

impl<W: Writer, F: Fn(&W, &[u8]) + Send + Sync + 'static> Stream for Lines<W, F> {
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

impl<W: Writer, F: Fn(&W, &[u8]) + Send + Sync + 'static> Drop for Lines<W, F> {
    fn drop(&mut self) {
        let begun = mem::take(&mut *self.lock());
        begun.iter().for_each(|(writer, line)| (self.take)(writer, line));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::AtomicU64;

    #[test]
    fn lines_are_whole() {
        let seen: Arc<Mutex<Vec<Vec<u8>>>> = Arc::default();
        let lines = Lines::new(|| (), {
            let seen = seen.clone();
            move |(): &(), line: &[u8]| seen.lock().unwrap().push(line.to_vec())
        });
        let long = vec![b'x'; Lines::<(), fn(&(), &[u8])>::MOST + 1];
        for part in [&b"a"[..], b"b\nc\r\n\nd", b"\n", &long, b"\nrest"] {
            lines.put(&[IoSlice::new(part)]).unwrap();
        }
        drop(lines);
        let seen = seen.lock().unwrap();
        assert_eq!(seen[..4], [b"ab".to_vec(), b"c".to_vec(), vec![], b"d".to_vec()]);
        assert_eq!(seen[4..].iter().map(Vec::len).collect::<Vec<_>>(), [long.len() - 1, 1, 4]);
    }

    #[test]
    fn each_writers_lines_are_whole() {
        static WRITER: AtomicU64 = AtomicU64::new(0);
        let seen: Arc<Mutex<Vec<String>>> = Arc::default();
        let lines = Lines::new(|| WRITER.load(Ordering::Relaxed), {
            let seen = seen.clone();
            move |writer: &u64, line: &[u8]| {
                let line = String::from_utf8_lossy(line);
                seen.lock().unwrap().push(format!("{writer} {line}"));
            }
        });
        let write = |writer, text: &str| {
            WRITER.store(writer, Ordering::Relaxed);
            lines.put(&[IoSlice::new(text.as_bytes())]).unwrap();
            std::mem::take(&mut *seen.lock().unwrap())
        };
        assert_eq!(write(1, "token="), [""; 0]);
        assert_eq!(write(2, "x\ny"), ["2 x"]);
        assert_eq!(write(1, "abc\n"), ["1 token=abc"]);
        assert_eq!(write(1, "more"), [""; 0]);
        lines.end(&3);
        lines.end(&2);
        lines.end(&2);
        assert_eq!(*seen.lock().unwrap(), ["2 y"]);
        // Those that nobody ends are not kept forever.
        for writer in 10..10 + WRITERS as u64 {
            write(writer, "z");
        }
        assert!(lines.lock().len() <= WRITERS);
    }
}
