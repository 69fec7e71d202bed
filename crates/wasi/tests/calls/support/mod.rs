//! What the tests stand on: engines, the guest module, its memory, folders to give it.

mod calls;
mod component;
mod engine;
mod files;
mod guest;
mod memory;
mod module;
mod providers;
mod sandbox;
mod wire;

pub(crate) mod errno;

pub(crate) use calls::{FOLLOW, Open, Stat, oflags};
pub(crate) use component::Component;
pub(crate) use engine::TestEngine;
pub(crate) use files::{Access, Files, LONG_AGO, Make, v0_0, v0_1, v0_2};
pub(crate) use guest::{Guest, MEMORY};
pub(crate) use memory::peak;
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

/// The same, with 0.0 and 0.1: tests of calls that both have.
macro_rules! each_version {
    ($($test:ident),* $(,)?) => {
        $(mod $test {
            use crate::support::Version::{Snapshot1, Unstable};
            use wayleave_engine::{wasmi::Wasmi, wasmtime::Wasmtime};

            #[test]
            fn v0_0_wasmtime() {
                super::$test::<Wasmtime>(Unstable);
            }

            #[test]
            fn v0_0_wasmi() {
                super::$test::<Wasmi>(Unstable);
            }

            #[test]
            fn v0_1_wasmtime() {
                super::$test::<Wasmtime>(Snapshot1);
            }

            #[test]
            fn v0_1_wasmi() {
                super::$test::<Wasmi>(Snapshot1);
            }
        })*
    };
}
pub(crate) use each_version;

/// Tests of what all versions have: they are given what makes a guest.
macro_rules! each_guest {
    ($($test:ident),* $(,)?) => {
        $(mod $test {
            use crate::support::{v0_0, v0_1, v0_2};
            use wayleave_engine::{wasmi::Wasmi, wasmtime::Wasmtime};

            #[test]
            fn v0_0_wasmtime() {
                super::$test(v0_0::<Wasmtime>);
            }

            #[test]
            fn v0_0_wasmi() {
                super::$test(v0_0::<Wasmi>);
            }

            #[test]
            fn v0_1_wasmtime() {
                super::$test(v0_1::<Wasmtime>);
            }

            #[test]
            fn v0_1_wasmi() {
                super::$test(v0_1::<Wasmi>);
            }

            #[test]
            fn v0_2_wasmtime() {
                super::$test(v0_2::<Wasmtime>);
            }

            #[test]
            fn v0_2_wasmi() {
                super::$test(v0_2::<Wasmi>);
            }
        })*
    };
}
pub(crate) use each_guest;
