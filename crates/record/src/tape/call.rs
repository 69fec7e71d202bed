use super::Op;
use std::fmt;
use std::io::IoSlice;

/// A hash of arguments: short, as it is to notice a mistake and not an attack.
pub(crate) type Check = [u8; 4];

/// One call of a capability.
pub(crate) struct Call<'a> {
    pub(super) op: Op,
    /// Which one of its kind.
    pub(super) handle: u32,
    /// What people call it: a path, an address.
    object: &'a str,
    args: Vec<u8>,
}

impl<'a> Call<'a> {
    pub(crate) fn new(op: Op, handle: u32, object: &'a str) -> Self {
        Self { op, handle, object, args: Vec::new() }
    }

    pub(crate) fn number(mut self, number: u64) -> Self {
        self.args.extend_from_slice(&number.to_le_bytes());
        self
    }

    pub(crate) fn flags(mut self, flags: &[bool]) -> Self {
        self.args.extend(flags.iter().copied().map(u8::from));
        self
    }

    /// Whatever can be shown: where arguments are few, their text is the shortest way.
    pub(crate) fn debug(mut self, value: &impl fmt::Debug) -> Self {
        self.args.extend_from_slice(format!("{value:?}").as_bytes());
        self.args.push(0);
        self
    }

    /// Each header by its name and value, in their order.
    #[cfg(feature = "http")]
    pub(crate) fn headers(mut self, headers: &http::HeaderMap) -> Self {
        for (name, value) in headers {
            for part in [name.as_str().as_bytes(), value.as_bytes()] {
                self.args.extend_from_slice(&(part.len() as u64).to_le_bytes());
                self.args.extend_from_slice(part);
            }
        }
        self
    }

    pub(super) fn check(&self) -> Check {
        // Most have none.
        if self.object.is_empty() && self.args.is_empty() {
            return [0; 4];
        }
        let mut hasher = blake3::Hasher::new();
        hasher.update(&(self.object.len() as u64).to_le_bytes());
        hasher.update(self.object.as_bytes()).update(&self.args);
        shorten(&hasher)
    }
}

impl fmt::Display for Call<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.object {
            "" => write!(f, "{}", self.op),
            object => write!(f, "{} of {object:?}", self.op),
        }
    }
}

/// The hash of the first `length` bytes of some buffers.
pub(super) fn check_of(buffers: &[IoSlice<'_>], length: usize) -> Check {
    let mut hasher = blake3::Hasher::new();
    let mut left = length;
    for buffer in buffers {
        let part = &buffer[..left.min(buffer.len())];
        hasher.update(part);
        left -= part.len();
    }
    shorten(&hasher)
}

fn shorten(hasher: &blake3::Hasher) -> Check {
    let hash = hasher.finalize();
    let [a, b, c, d, ..] = *hash.as_bytes();
    [a, b, c, d]
}
