//! What `bindgen!` and the derives generate, with guests on each engine.
#![allow(clippy::unwrap_used, reason = "a test that can not go on has failed")]
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::too_many_arguments,
    reason = "hosts that are made for a few small values"
)]

mod derives;
mod options;
mod resources;
mod shapes;
mod support;
mod wasi;
