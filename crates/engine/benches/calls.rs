//! What a call from the guest to the host costs: per call, in a loop of 10,000 inside the guest.

#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark that can not go on has failed")]

use divan::Bencher;
use divan::counter::ItemsCount;
use wayleave_engine::ValType::I32;
use wayleave_engine::wasmi::Wasmi;
use wayleave_engine::wasmtime::Wasmtime;
use wayleave_engine::{Config, Context, Engine, Extern, FuncType, Limits, Slots, Value};

const CALLS: u32 = 10_000;

/// Calls `f` that often.
const CALLER: &str = r#"(module
    (import "host" "f" (func $f (param i32 i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "run") (param i32)
        (loop $more
            (drop (call $f (local.get 0) (i32.const 8)))
            (br_if $more (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))"#;

/// Gives `realloc`, as components have it.
const CALLEE: &str = r#"(module
    (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (local.get 3)))"#;

fn main() {
    divan::main();
}

#[divan::bench]
fn raw_wasmtime_noop(bencher: Bencher<'_, '_>) {
    raw(bencher, |_, slots| {
        slots[0].write(wasmtime::ValRaw::u32(0));
    });
}

#[divan::bench]
fn raw_wasmtime_memory(bencher: Bencher<'_, '_>) {
    raw(bencher, |mut caller, slots| {
        if let Some(memory) = *caller.data() {
            let (bytes, _) = memory.data_and_store_mut(&mut caller);
            bytes[8] = bytes[8].wrapping_add(1);
        }
        slots[0].write(wasmtime::ValRaw::u32(0));
    });
}

#[divan::bench(types = [Wasmtime, Wasmi])]
fn noop<E: Engine>(bencher: Bencher<'_, '_>) {
    ours::<E>(bencher, |_, slots| {
        slots.set_u32(0, 0);
        Ok(())
    });
}

#[divan::bench(types = [Wasmtime, Wasmi])]
fn memory<E: Engine>(bencher: Bencher<'_, '_>) {
    ours::<E>(bencher, |context, slots| {
        let at = slots.u32(1) as usize;
        let (bytes, state) = context.memory()?;
        if let Some(byte) = bytes.get_mut(at) {
            *byte = byte.wrapping_add(1);
        }
        *state += 1;
        slots.set_u32(0, 0);
        Ok(())
    });
}

/// A call of the guest from the host.
#[divan::bench(types = [Wasmtime, Wasmi])]
fn realloc<E: Engine>(bencher: Bencher<'_, '_>) {
    let engine = E::new(&Config::default()).unwrap();
    let module = engine.compile(&wat::parse_str(CALLEE).unwrap()).unwrap();
    let mut store = engine.store((), Limits::default()).unwrap();
    let mut context = E::context(&mut store);
    let instance = context.instantiate_with(&module, &[]).unwrap();
    let Some(Extern::Func(realloc)) = context.export(&instance, "realloc") else { return };
    let args = [Value::I32(0), Value::I32(0), Value::I32(1), Value::I32(64)];
    bencher.counter(ItemsCount::new(100_u32)).bench_local(|| {
        for _ in 0..100 {
            let mut result = [Value::I32(0)];
            context.call(&realloc, divan::black_box(&args), &mut result).unwrap();
        }
    });
}

/// A new store and instance, as a server makes for each request.
#[divan::bench(types = [Wasmtime, Wasmi])]
fn instantiate<E: Engine>(bencher: Bencher<'_, '_>) {
    let engine = E::new(&Config::default()).unwrap();
    let module = engine.compile(&wat::parse_str(CALLEE).unwrap()).unwrap();
    let template = engine.template(&engine.linker(), &module).unwrap();
    bencher.bench_local(|| {
        let mut store = engine.store((), Limits::default()).unwrap();
        E::context(&mut store).instantiate(&template).unwrap();
    });
}

/// The whole engine, as every process makes it.
#[divan::bench(types = [Wasmtime, Wasmi])]
fn engine<E: Engine>(bencher: Bencher<'_, '_>) {
    bencher.bench_local(|| E::new(&Config::default()).unwrap());
}

fn ours<E: Engine>(
    bencher: Bencher<'_, '_>,
    func: impl Fn(&mut E::Context<'_, u64>, &mut E::Slots<'_>) -> Result<(), wayleave_engine::Stop>
    + Send
    + Sync
    + 'static,
) {
    let engine = E::new(&Config::default()).unwrap();
    let module = engine.compile(&wat::parse_str(CALLER).unwrap()).unwrap();
    let mut linker = engine.linker();
    E::define(&mut linker, "host", "f", &FuncType::new(&[I32, I32], &[I32]), func).unwrap();
    let template = engine.template(&linker, &module).unwrap();
    let mut store = engine.store(0, Limits::default()).unwrap();
    let mut context = E::context(&mut store);
    let instance = context.instantiate(&template).unwrap();
    let Some(Extern::Func(run)) = context.export(&instance, "run") else { return };
    bencher.counter(ItemsCount::new(CALLS)).bench_local(|| {
        context.call(&run, &[Value::I32(CALLS.cast_signed())], &mut []).unwrap();
    });
}

#[expect(unsafe_code, reason = "the least that an import call can cost")]
fn raw(
    bencher: Bencher<'_, '_>,
    func: impl Fn(
        wasmtime::Caller<'_, Option<wasmtime::Memory>>,
        &mut [std::mem::MaybeUninit<wasmtime::ValRaw>],
    ) + Send
    + Sync
    + 'static,
) {
    let engine = wasmtime::Engine::default();
    let module = wasmtime::Module::new(&engine, wat::parse_str(CALLER).unwrap()).unwrap();
    let mut linker = wasmtime::Linker::new(&engine);
    let i32 = wasmtime::ValType::I32;
    let ty = wasmtime::FuncType::new(&engine, [i32.clone(), i32.clone()], [i32]);
    let func = move |caller: wasmtime::Caller<'_, _>, slots: &mut [_]| {
        func(caller, slots);
        Ok(())
    };
    // SAFETY: both functions write the one result, a number, to the first of two slots.
    unsafe { linker.func_new_unchecked("host", "f", ty, func) }.unwrap();
    let mut store = wasmtime::Store::new(&engine, None);
    let instance = linker.instantiate(&mut store, &module).unwrap();
    *store.data_mut() = instance.get_memory(&mut store, "memory");
    let run = instance.get_typed_func::<u32, ()>(&mut store, "run").unwrap();
    bencher.counter(ItemsCount::new(CALLS)).bench_local(|| {
        run.call(&mut store, CALLS).unwrap();
    });
}
