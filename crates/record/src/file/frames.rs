use super::{MAGIC, VERSION};

/// Most bytes of a frame, and so of what is held in memory.
pub(super) const MOST: usize = 64 << 10;
/// Bytes before the first frame.
pub(super) const HEADER: usize = 12;
/// Bytes before a frame's payload.
pub(super) const FRAME: usize = 12;
/// In a frame's length: no frame follows.
const LAST: u32 = 1 << 31;

/// What the file begins with.
pub(super) fn header() -> [u8; HEADER] {
    let mut header = [0; HEADER];
    header[..8].copy_from_slice(&MAGIC);
    header[8..].copy_from_slice(&VERSION.to_le_bytes());
    header
}

/// A frame's length field.
pub(super) fn length_field(length: usize, last: bool) -> [u8; 4] {
    let length = u32::try_from(length).unwrap_or(0);
    (if last { length | LAST } else { length }).to_le_bytes()
}

/// What a length field says: the length, and whether it is the last.
pub(super) fn parse_length(field: [u8; 4]) -> (usize, bool) {
    let field = u32::from_le_bytes(field);
    ((field & !LAST) as usize, field & LAST != 0)
}

/// The check of all frames so far.
#[derive(Clone)]
pub(super) struct Chain([u8; 32]);

impl Chain {
    pub(super) fn new() -> Self {
        Self(*blake3::hash(&header()).as_bytes())
    }

    /// Goes on by one frame, and gives its check.
    pub(super) fn next(&mut self, length: [u8; 4], payload: &[u8]) -> [u8; 8] {
        let hash = blake3::Hasher::new_keyed(&self.0).update(&length).update(payload).finalize();
        self.0 = *hash.as_bytes();
        let mut check = [0; 8];
        check.copy_from_slice(&self.0[..8]);
        check
    }
}
