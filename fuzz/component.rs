//! Any bytes as a component.

#![no_main]

#[path = "../crates/component/tests/fuzz/exercise.rs"]
mod exercise;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    exercise::exercise(bytes);
});
