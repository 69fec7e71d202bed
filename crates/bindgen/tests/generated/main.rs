//! What `bindgen!` and the derives generate, with guests on each engine.

mod derives;
mod options;
mod resources;
mod shapes;
mod support;
mod wasi;
