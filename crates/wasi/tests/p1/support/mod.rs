//! What the tests stand on: engines, the guest module, its memory, folders to give it.

mod calls;
mod engine;
mod guest;
mod memory;
mod module;
mod providers;
mod sandbox;
mod wire;

pub(crate) mod errno;

pub(crate) use calls::{FOLLOW, Open, Stat, oflags};
pub(crate) use engine::TestEngine;
pub(crate) use guest::{Guest, MEMORY};
pub(crate) use module::{FUNCTIONS, Version};
pub(crate) use providers::{Exclaim, fixed_clocks};
pub(crate) use sandbox::{Provider, Sandbox};
pub(crate) use wire::{Event, Subscription, iovecs};

/// Runs generic tests on each engine: `each_engine! { a, b }` makes the modules `a` and `b` with a
/// test for each. A test that is not listed is dead code, which the compiler reports.
macro_rules! each_engine {
    ($($test:ident),* $(,)?) => {
        $(mod $test {
            #[test]
            fn wasmtime() {
                super::$test::<wayleave_engine::wasmtime::Wasmtime>();
            }

            #[test]
            fn wasmi() {
                super::$test::<wayleave_engine::wasmi::Wasmi>();
            }
        })*
    };
}
pub(crate) use each_engine;
