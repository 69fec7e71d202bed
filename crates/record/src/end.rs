use crate::file::{Broken, In, Out};
use crate::wire::Wire;
use std::fmt;

/// How a recorded program has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// By itself, with an exit code.
    Exit(u32),
    /// The one call that was made has returned: a hash of its result, see [`Ended::returned`].
    Returned([u8; 8]),
    /// By a trap; its kind's name.
    Trap(String),
    /// From outside, or where another engine may end it at another place: the name of the trap's
    /// kind. What it did until then is all that can be said of it.
    Stopped(String),
    /// Its time was used up.
    TimedOut,
}

impl Ended {
    /// A call has returned this, in any form that is always the same.
    #[must_use]
    pub fn returned(result: &[u8]) -> Self {
        let [a, b, c, d, e, f, g, h, ..] = *blake3::hash(result).as_bytes();
        Self::Returned([a, b, c, d, e, f, g, h])
    }

    /// Whether the program comes to this end by itself when it is run again.
    pub(crate) fn by_itself(&self) -> bool {
        matches!(self, Self::Exit(_) | Self::Returned(_) | Self::Trap(_))
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exit(code) => write!(f, "the end with exit code {code}"),
            Self::Returned(hash) => {
                write!(f, "the end with the result #{:016x}", u64::from_be_bytes(*hash))
            }
            Self::Trap(kind) | Self::Stopped(kind) => write!(f, "the end by a trap ({kind})"),
            Self::TimedOut => f.write_str("the end of its time"),
        }
    }
}

impl Wire for Ended {
    fn put(&self, out: &mut Out) {
        match self {
            Self::Exit(code) => (0_u8, *code).put(out),
            Self::Trap(kind) => (1_u8, kind.clone()).put(out),
            Self::Stopped(kind) => (2_u8, kind.clone()).put(out),
            Self::TimedOut => 3_u8.put(out),
            Self::Returned(hash) => (4_u8, *hash).put(out),
        }
    }

    fn take(from: &mut In) -> Result<Self, Broken> {
        Ok(match u8::take(from)? {
            0 => Self::Exit(Wire::take(from)?),
            1 => Self::Trap(Wire::take(from)?),
            2 => Self::Stopped(Wire::take(from)?),
            3 => Self::TimedOut,
            4 => Self::Returned(Wire::take(from)?),
            _ => return Err(from.damaged()),
        })
    }
}
