//! What `bindgen!` and the derives generate, with guests on each engine.

mod options;
mod resources;
mod shapes;
mod support;
