//! What a call from a component to the host costs, and what an instance costs: on the Wasmtime
//! engine through this crate, beside Wasmtime's own component linker.
//!
//! A guest calls an import a thousand times in a loop; divided by the items, the numbers are those
//! of one call.
#![allow(clippy::unwrap_used, reason = "a benchmark that can not go on has failed")]

use divan::Bencher;
use divan::counter::ItemsCount;
use wayleave_component::{Component, HostFunction, Linker, Template};
use wayleave_engine::wasmtime::Wasmtime;
use wayleave_engine::{Config, Engine, Limits, Stop};

const CALLS: u32 = 1000;

fn main() {
    divan::main();
}

/// A component that calls `now` or `take` in a loop.
const CALLER: &str = r#"(component
    (import "now" (func $now (result u64)))
    (import "take" (func $take (param "bytes" (list u8))))
    (core module $memory (memory (export "memory") 1))
    (core instance $memory (instantiate $memory))
    (core func $now (canon lower (func $now)))
    (core func $take (canon lower (func $take) (memory (core memory $memory "memory"))))
    (core module $main
        (import "" "now" (func $now (result i64)))
        (import "" "take" (func $take (param i32 i32)))
        (func (export "now") (param $n i32)
            (loop $again
                (drop (call $now))
                (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
        (func (export "take") (param $n i32)
            (loop $again
                (call $take (i32.const 64) (i32.const 256))
                (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))
    (core instance $main (instantiate $main (with "" (instance
        (export "now" (func $now))
        (export "take" (func $take))))))
    (func (export "call-now") (param "n" u32) (canon lift (core func $main "now")))
    (func (export "call-take") (param "n" u32) (canon lift (core func $main "take"))))"#;

/// A component of the shape that tools make for programs: the module, and two small ones that tie
/// its imports to its own memory.
const THREE_MODULES: &str = r#"(component
    (import "take" (func $take (param "bytes" (list u8))))
    (core module $main
        (import "" "take" (func $take (param i32 i32)))
        (memory (export "memory") 2)
        (data (i32.const 0) "data")
        (func (export "run") (call $take (i32.const 0) (i32.const 4))))
    (core module $shim
        (type $take (func (param i32 i32)))
        (table (export "table") 1 1 funcref)
        (func (export "take") (type $take)
            (call_indirect (type $take) (local.get 0) (local.get 1) (i32.const 0))))
    (core module $fixup
        (import "" "take" (func $take (param i32 i32)))
        (import "" "table" (table 1 1 funcref))
        (elem (i32.const 0) func $take))
    (core instance $shim (instantiate $shim))
    (core instance $main (instantiate $main (with "" (instance
        (export "take" (func $shim "take"))))))
    (core func $take (canon lower (func $take) (memory (core memory $main "memory"))))
    (core instance (instantiate $fixup (with "" (instance
        (export "take" (func $take))
        (export "table" (table $shim "table"))))))
    (func (export "run") (canon lift (core func $main "run"))))"#;

/// Takes bytes where they are.
struct Take;

impl HostFunction<u64> for Take {
    type Params<'m> = (&'m [u8],);
    type Results = ();

    #[inline]
    fn call(&self, state: &mut u64, (bytes,): (&[u8],)) -> Result<(), Stop> {
        *state += bytes.len() as u64;
        Ok(())
    }
}

fn ours(text: &str, pool: Option<u32>) -> (Wasmtime, Template<Wasmtime, u64>) {
    let mut config = Config::default();
    config.pool = pool;
    let engine = Wasmtime::new(&config).unwrap();
    let component = Component::new(&engine, &wat::parse_str(text).unwrap()).unwrap();
    let mut linker = Linker::new();
    linker.root().func("now", |state: &mut u64, (): ()| Ok((*state,))).unwrap();
    linker.root().host_func("take", Take).unwrap();
    let template = linker.link(&engine, &component).unwrap();
    (engine, template)
}

fn call_ours(bencher: Bencher<'_, '_>, name: &str) {
    let (engine, template) = ours(CALLER, None);
    let mut instance = template.instantiate(&engine, 1, Limits::default()).unwrap();
    let func = instance.typed::<(u32,), ()>(&[name]).unwrap();
    bencher
        .counter(ItemsCount::new(CALLS))
        .bench_local(|| instance.call_typed(&func, (CALLS,)).unwrap());
}

fn theirs(text: &str, pool: bool) -> (wasmtime::Engine, wasmtime::component::InstancePre<u64>) {
    let mut config = wasmtime::Config::new();
    config.concurrency_support(false);
    if pool {
        config.allocation_strategy(wasmtime::PoolingAllocationConfig::new());
    }
    let engine = wasmtime::Engine::new(&config).unwrap();
    let component =
        wasmtime::component::Component::new(&engine, wat::parse_str(text).unwrap()).unwrap();
    let mut linker = wasmtime::component::Linker::<u64>::new(&engine);
    let mut root = linker.root();
    root.func_wrap("now", |store, (): ()| Ok((*store.data(),))).unwrap();
    root.func_wrap(
        "take",
        |mut store: wasmtime::StoreContextMut<'_, u64>,
         (bytes,): (wasmtime::component::WasmList<u8>,)| {
            let len = bytes.as_le_slice(&store).len() as u64;
            *store.data_mut() += len;
            Ok(())
        },
    )
    .unwrap();
    let template = linker.instantiate_pre(&component).unwrap();
    (engine, template)
}

fn call_theirs(bencher: Bencher<'_, '_>, name: &str) {
    let (engine, template) = theirs(CALLER, false);
    let mut store = wasmtime::Store::new(&engine, 1);
    let instance = template.instantiate(&mut store).unwrap();
    let func = instance.get_typed_func::<(u32,), ()>(&mut store, name).unwrap();
    bencher
        .counter(ItemsCount::new(CALLS))
        .bench_local(|| func.call(&mut store, (CALLS,)).unwrap());
}

#[divan::bench_group(name = "1: now() -> u64")]
mod now {
    use super::*;

    #[divan::bench]
    fn wayleave(bencher: Bencher<'_, '_>) {
        call_ours(bencher, "call-now");
    }

    #[divan::bench]
    fn wasmtime(bencher: Bencher<'_, '_>) {
        call_theirs(bencher, "call-now");
    }
}

#[divan::bench_group(name = "2: a list of 256 bytes, borrowed")]
mod take {
    use super::*;

    #[divan::bench]
    fn wayleave(bencher: Bencher<'_, '_>) {
        call_ours(bencher, "call-take");
    }

    #[divan::bench]
    fn wasmtime(bencher: Bencher<'_, '_>) {
        call_theirs(bencher, "call-take");
    }
}

#[divan::bench_group(name = "3: instantiate and drop three modules, pooled")]
mod instantiate {
    use super::*;

    #[divan::bench]
    fn wayleave(bencher: Bencher<'_, '_>) {
        let (engine, template) = ours(THREE_MODULES, Some(100));
        bencher.bench_local(|| template.instantiate(&engine, 0, Limits::default()).unwrap());
    }

    #[divan::bench]
    fn wasmtime(bencher: Bencher<'_, '_>) {
        let (engine, template) = theirs(THREE_MODULES, true);
        bencher.bench_local(|| {
            let mut store = wasmtime::Store::new(&engine, 0);
            template.instantiate(&mut store).unwrap()
        });
    }
}
