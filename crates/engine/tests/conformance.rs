//! What every engine has to do: one set of tests, run for each.

#![cfg(any(feature = "wasmtime", feature = "wasmi"))]
#![allow(clippy::unwrap_used, reason = "a test that can not go on has failed")]

mod kit;

/// A module of tests for an engine.
macro_rules! conformance {
    ($name:ident, $feature:literal, $engine:ty) => {
        #[cfg(feature = $feature)]
        mod $name {
            kit::for_each_test!($engine);
            use crate::kit;
        }
    };
}

conformance!(wasmtime, "wasmtime", wayleave_engine::wasmtime::Wasmtime);
conformance!(wasmi, "wasmi", wayleave_engine::wasmi::Wasmi);
