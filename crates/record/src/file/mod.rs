//! The file: a stream of bytes in checked frames.
//!
//! ```text
//! magic (8)   version (4)   frame ...
//! frame:  length (4, the top bit: the last)   check (8)   payload
//! ```
//!
//! The check is of the payload, the length and all frames before, so that nothing can be changed,
//! left out or moved unnoticed. A frame is written when something happened that is worth keeping
//! should the process be killed: what was written until then can be replayed.
//!
//! Checks find damage. They are no proof of who made a recording: replaying one gives its maker
//! nothing but bytes on standard output.

mod frames;
mod reader;
mod writer;

pub(crate) use reader::{Broken, In, scan};
pub(crate) use writer::Out;

/// What the file begins with.
const MAGIC: [u8; 8] = *b"WAYLREC\n";
/// Of the format. Any change of what is written makes it another.
pub(crate) const VERSION: u32 = 2;
