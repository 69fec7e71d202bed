//! Recording and replaying a guest.
//!
//! A guest computes the same from the same answers. All answers come from the capabilities of
//! `wayleave-system`, whatever version of WASI asks and whatever engine runs the guest: so each
//! capability of a guest is wrapped, and every call goes through one tape. While recording, the
//! tape keeps the answers of the real capability, in their order; while replaying there is no
//! capability behind the wrapper, and the tape answers.
//!
//! [`Recorder`] wraps the grants of a guest that is to be recorded. [`Recording`] opens what came
//! of it, and makes the grants for the same guest to run again: they reach nothing.

#![forbid(unsafe_code)]

mod capability;
mod end;
mod error;
mod file;
mod head;
mod recorder;
mod recording;
mod tape;
#[cfg(test)]
mod tests;
mod wire;

pub use end::Ended;
pub use error::Error;
pub use head::{Head, Program};
pub use recorder::{Recorder, Session, Summary};
pub use recording::{Recording, Replay};
