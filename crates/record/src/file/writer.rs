use super::frames::{Chain, FRAME, MOST, header, length_field};
use std::io::{self, Write};

/// Where a recording is written. The first failure is kept, and nothing is written after it.
pub(crate) struct Out {
    to: Box<dyn Write + Send>,
    /// Room for the frame's head, and its payload.
    frame: Vec<u8>,
    chain: Chain,
    bytes: u64,
    failed: Option<io::Error>,
}

impl Out {
    pub(crate) fn new(to: impl Write + Send + 'static) -> io::Result<Self> {
        let mut to = Box::new(to);
        let header = header();
        to.write_all(&header)?;
        let bytes = header.len() as u64;
        Ok(Self { to, frame: vec![0; FRAME], chain: Chain::new(), bytes, failed: None })
    }

    pub(crate) fn put(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let room = FRAME + MOST - self.frame.len();
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            self.frame.extend_from_slice(now);
            bytes = later;
            if self.waiting() == MOST {
                self.flush();
            }
        }
    }

    /// Bytes that are still to be written.
    pub(crate) fn waiting(&self) -> usize {
        self.frame.len() - FRAME
    }

    /// Writes what is there.
    pub(crate) fn flush(&mut self) {
        if self.waiting() > 0 {
            self.write(false);
        }
    }

    /// Writes the last frame; says how many bytes all that was.
    pub(crate) fn finish(&mut self) -> io::Result<u64> {
        self.write(true);
        match self.failed.take() {
            Some(error) => Err(error),
            None => self.to.flush().map(|()| self.bytes),
        }
    }

    fn write(&mut self, last: bool) {
        let length = length_field(self.waiting(), last);
        let check = self.chain.next(length, &self.frame[FRAME..]);
        self.frame[..4].copy_from_slice(&length);
        self.frame[4..FRAME].copy_from_slice(&check);
        if self.failed.is_none() {
            // One write for each frame: a killed process leaves whole ones.
            self.failed = self.to.write_all(&self.frame).err();
            self.bytes += self.frame.len() as u64;
        }
        self.frame.truncate(FRAME);
    }
}
