//! Reading a folder: a buffer of the kernel's records at a time.

use super::OsDir;
use super::stat;
use crate::fs::{DirEntry, Entries, FileKind};
use crate::{ErrorCode, Result};
use rustix::fs::{Mode, OFlags, RawDir, SeekFrom};
use rustix::io::Errno;
use std::ops::Range;
use std::os::fd::OwnedFd;

/// As much as the C libraries ask for at a time.
const BUFFER: usize = 32 * 1024;

/// A walk over a folder of the operating system. Cookies are the file system's own.
pub(super) struct OsEntries {
    fd: OwnedFd,
    records: Vec<u8>,
    names: Vec<u8>,
    batch: Vec<Record>,
    /// The entry in the batch that comes next.
    at: usize,
    /// The cookie of the batch's first entry.
    start: u64,
    ended: bool,
}

struct Record {
    name: Range<usize>,
    inode: u64,
    kind: FileKind,
    next: u64,
}

impl OsEntries {
    /// Opens the folder once more: the place in it belongs to the walk alone.
    pub(super) fn new(dir: &OsDir) -> Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let fd = rustix::fs::openat(dir, ".", flags, Mode::empty())?;
        Ok(Self {
            fd,
            records: Vec::new(),
            names: Vec::new(),
            batch: Vec::new(),
            at: 0,
            start: 0,
            ended: false,
        })
    }

    fn place(&self) -> u64 {
        match self.at.checked_sub(1) {
            Some(before) => self.batch[before].next,
            None => self.start,
        }
    }

    /// Reads the records behind the batch.
    fn refill(&mut self) -> Result<()> {
        self.start = self.place();
        self.at = 0;
        self.batch.clear();
        self.names.clear();
        self.records.reserve_exact(BUFFER);
        let mut records = RawDir::new(&self.fd, self.records.spare_capacity_mut());
        while let Some(record) = records.next() {
            let record = match record {
                Ok(record) => record,
                // The folder itself was removed.
                Err(Errno::NOENT) => break,
                Err(error) => return Err(error.into()),
            };
            let from = self.names.len();
            self.names.extend_from_slice(record.file_name().to_bytes());
            let name = from..self.names.len();
            let parent = &self.names[from..] == b"..";
            self.batch.push(Record {
                name,
                // The folder above may be none of the guest's business.
                inode: if parent { 0 } else { record.ino() },
                kind: stat::kind(record.file_type()),
                next: record.next_entry_cookie(),
            });
            if records.is_buffer_empty() {
                return Ok(());
            }
        }
        self.ended = true;
        Ok(())
    }
}

impl Entries for OsEntries {
    fn seek(&mut self, cookie: u64) -> Result<()> {
        let fresh = self.batch.is_empty() && !self.ended;
        // Whoever asks again at the end wants to know what has come since.
        self.ended = false;
        // The start is always read anew, so that it shows what has changed.
        if cookie == self.place() && (cookie != 0 || fresh) {
            return Ok(());
        }
        if cookie != 0
            && let Some(found) = self.batch.iter().position(|r| r.next == cookie)
        {
            self.at = found + 1;
            return Ok(());
        }
        if i64::try_from(cookie).is_err() {
            return Err(ErrorCode::Invalid);
        }
        rustix::fs::seek(&self.fd, SeekFrom::Start(cookie))?;
        self.batch.clear();
        (self.at, self.start) = (0, cookie);
        Ok(())
    }

    fn peek(&mut self) -> Result<Option<DirEntry<'_>>> {
        if self.at == self.batch.len() && !self.ended {
            self.refill()?;
        }
        Ok(self.batch.get(self.at).map(|record| DirEntry {
            name: &self.names[record.name.clone()],
            inode: record.inode,
            kind: record.kind,
            next: record.next,
        }))
    }

    fn advance(&mut self) {
        if self.at < self.batch.len() {
            self.at += 1;
        }
    }
}
