//! What a WASI call costs that asks nothing of the operating system, beside the engine's cheapest
//! import call: per call, in a loop of 10,000 inside the guest.

#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark that can not go on has failed")]

use divan::Bencher;
use divan::counter::ItemsCount;
use wayleave_engine::wasmi::Wasmi;
use wayleave_engine::wasmtime::Wasmtime;
use wayleave_engine::{Config, Context, Engine, Extern, Limits, Value};
use wayleave_grants::Grants;
use wayleave_wasi::p1::{self, Host};

const CALLS: i32 = 10_000;

/// Calls one function of WASI that often: `proc_raise(0)`, which does nothing and succeeds, or
/// `environ_sizes_get`, which writes two numbers into the guest's memory.
const CALLER: &str = r#"(module
    (import "wasi_snapshot_preview1" "proc_raise" (func $raise (param i32) (result i32)))
    (import "wasi_snapshot_preview1" "environ_sizes_get"
        (func $sizes (param i32 i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "noop") (param i32)
        (loop $more
            (drop (call $raise (i32.const 0)))
            (br_if $more (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
    (func (export "sizes") (param i32)
        (loop $more
            (drop (call $sizes (i32.const 8) (i32.const 12)))
            (br_if $more (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))"#;

fn main() {
    divan::main();
}

/// The engine's own cheapest way to call a host function.
#[divan::bench]
fn raw_wasmtime_noop(bencher: Bencher<'_, '_>) {
    let engine = wasmtime::Engine::default();
    let module = wasmtime::Module::new(&engine, wat::parse_str(CALLER).unwrap()).unwrap();
    let mut linker = wasmtime::Linker::<()>::new(&engine);
    for import in module.imports() {
        let ty = import.ty().unwrap_func().clone();
        #[allow(unsafe_code, reason = "what is measured against")]
        // SAFETY: each function imported here returns one `i32`, in slot 0.
        unsafe {
            let f = |_: wasmtime::Caller<'_, ()>, slots: &mut [std::mem::MaybeUninit<_>]| {
                slots[0].write(wasmtime::ValRaw::u32(0));
                Ok(())
            };
            linker.func_new_unchecked(import.module(), import.name(), ty, f).unwrap();
        }
    }
    let mut store = wasmtime::Store::new(&engine, ());
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let run = instance.get_typed_func::<i32, ()>(&mut store, "noop").unwrap();
    bencher
        .counter(ItemsCount::new(CALLS.unsigned_abs()))
        .bench_local(|| run.call(&mut store, CALLS).unwrap());
}

#[divan::bench(types = [Wasmtime, Wasmi])]
fn noop<E: Engine>(bencher: Bencher<'_, '_>) {
    run::<E>(bencher, "noop");
}

#[divan::bench(types = [Wasmtime, Wasmi])]
fn two_numbers<E: Engine>(bencher: Bencher<'_, '_>) {
    run::<E>(bencher, "sizes");
}

fn run<E: Engine>(bencher: Bencher<'_, '_>, name: &str) {
    let engine = E::new(&Config::default()).unwrap();
    let module = engine.compile(&wat::parse_str(CALLER).unwrap()).unwrap();
    let mut linker = engine.linker::<Host>();
    p1::link::<E, Host>(&mut linker, None, |_| true).unwrap();
    let template = engine.template(&linker, &module).unwrap();
    let mut store = engine.store(Host::new(Grants::new()), Limits::default()).unwrap();
    let mut context = E::context(&mut store);
    let instance = context.instantiate(&template).unwrap();
    let Some(Extern::Func(func)) = context.export(&instance, name) else { return };
    bencher
        .counter(ItemsCount::new(CALLS.unsigned_abs()))
        .bench_local(|| context.call(&func, &[Value::I32(CALLS)], &mut []).unwrap());
}
