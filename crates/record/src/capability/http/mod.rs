//! Requests that the guest sends, and the bodies of its messages.
//!
//! The client works on threads of its own, at its own pace: how much of a body it has taken, and
//! whether a response is there, is only known when the guest asks. So what is kept is what the
//! guest is told each time that it does.

mod body;
mod client;

pub(crate) use body::TapeBodies;
pub(crate) use client::TapeClient;
