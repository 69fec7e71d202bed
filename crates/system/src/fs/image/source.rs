use crate::{ErrorCode, Result};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;

/// An archive file.
pub(super) struct Source {
    file: File,
    length: u64,
}

/// Reads an archive from its start, up to some number of bytes; what is skipped is not counted.
pub(super) struct Counted<'a> {
    source: &'a Source,
    position: u64,
    left: u64,
}

impl Source {
    pub(super) fn new(file: File) -> Result<Self> {
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            return Err(ErrorCode::IsDirectory);
        }
        if !metadata.is_file() {
            return Err(ErrorCode::NotSeekable);
        }
        Ok(Self { file, length: metadata.len() })
    }

    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Whether these bytes are in the file.
    pub(super) fn holds(&self, start: u64, size: u64) -> bool {
        start.checked_add(size).is_some_and(|end| end <= self.length)
    }

    /// Reads what is there, and says how much.
    pub(super) fn read_some_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize> {
        let mut read = 0;
        while read < buffer.len() {
            match self.file.read_at(&mut buffer[read..], offset + read as u64) {
                Ok(0) => break,
                Ok(more) => read += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(read)
    }

    /// # Errors
    /// `Io` when it is not there (any more).
    pub(super) fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<()> {
        if self.read_some_at(buffer, offset)? < buffer.len() {
            return Err(ErrorCode::Io);
        }
        Ok(())
    }

    pub(super) fn counted(&self, most: u64) -> Counted<'_> {
        Counted { source: self, position: 0, left: most }
    }
}

impl Counted<'_> {
    /// Whether everything was used up.
    pub(super) fn is_used_up(&self) -> bool {
        self.left == 0
    }
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        if most == 0 && !buffer.is_empty() {
            return Err(io::Error::other("too much was read"));
        }
        let read = self.source.file.read_at(&mut buffer[..most], self.position)?;
        self.position += read as u64;
        self.left -= read as u64;
        Ok(read)
    }
}

impl Seek for Counted<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(to) => Some(to),
            SeekFrom::Current(by) => self.position.checked_add_signed(by),
            SeekFrom::End(by) => self.source.length.checked_add_signed(by),
        };
        let position = position.filter(|position| i64::try_from(*position).is_ok());
        self.position = position.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}
