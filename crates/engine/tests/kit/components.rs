//! What the component runtime builds on: kept memories, host functions as items, raw calls.

use wayleave_engine::ValType::I32;
use wayleave_engine::{Config, Context, Engine, Extern, FuncType, Limits, Slots, TrapKind, Value};

use super::suspending::suspending;
use super::{Guest, trap, wasm};

const TWO_MEMORIES: &str = r#"(module
    (memory (export "a") 1)
    (memory (export "b") 1)
    (data (memory 1) (i32.const 0) "second")
    (func (export "grow") (result i32) (memory.grow 1 (i32.const 1))))"#;

fn memory<E: Engine>(guest: &mut Guest<E, u32>, name: &str) -> E::Memory {
    let Extern::Memory(memory) = guest.export(name) else { panic!("{name}") };
    memory
}

pub(crate) fn kept_memories<E: Engine>() {
    let mut guest = Guest::<E, u32>::new(TWO_MEMORIES, 7, |_| {});
    let (a, b) = (memory(&mut guest, "a"), memory(&mut guest, "b"));
    {
        let mut context = E::context(&mut guest.store);
        assert_eq!((context.keep_memory(&a), context.keep_memory(&b)), (0, 1));
        let (bytes, state) = context.kept_memory(1).unwrap();
        assert_eq!((&bytes[..6], *state), (&b"second"[..], 7));
        bytes[0] = b'S';
        assert_eq!(context.kept_memory(0).unwrap().0[0], 0);
        assert_eq!(trap(context.kept_memory(2).map(drop)).kind, TrapKind::Host);
    }
    for pages in 2..20 {
        guest.get("grow", &[]).unwrap();
        let mut context = E::context(&mut guest.store);
        let (bytes, _) = context.kept_memory(1).unwrap();
        assert_eq!((bytes.len(), &bytes[..2]), (pages * 65536, &b"Se"[..]));
        bytes[pages * 65536 - 1] = 1;
        assert_eq!(context.kept_memory(0).unwrap().0.len(), 65536);
    }
}

pub(crate) fn host_functions_come_in_their_order<E: Engine>() {
    let engine = E::new(&Config::default()).unwrap();
    let mut linker = engine.linker::<u32>();
    for number in 0..40u32 {
        let ty = FuncType::new(&[I32], &[I32]);
        E::define(&mut linker, "", &number.to_string(), &ty, move |context, slots| {
            *context.state() += 1;
            slots.set_u32(0, slots.u32(0) * 100 + number);
            Ok(())
        })
        .unwrap();
    }
    let module = engine.compile(&wasm(
        r#"(module
            (import "x" "f" (func $f (param i32) (result i32)))
            (export "f" (func $f)))"#,
    ));
    let module = module.unwrap();
    for _ in 0..2 {
        let mut store = engine.store(0, Limits::default()).unwrap();
        let mut context = E::context(&mut store);
        let funcs = context.host_funcs(&linker);
        assert_eq!(funcs.len(), 40);
        for (number, func) in (0..).zip(&funcs) {
            let mut slots = [3];
            context.call_raw(func, &mut slots).unwrap();
            assert_eq!(slots, [300 + number]);
        }
        let instance =
            context.instantiate_with(&module, &[Extern::Func(funcs[7].clone())]).unwrap();
        let place = E::find_export(&module, "f").unwrap();
        let Some(Extern::Func(func)) = context.found_export(&instance, &place) else { panic!() };
        let mut slots = [1];
        context.call_raw(&func, &mut slots).unwrap();
        assert_eq!((slots, *context.state()), ([107], 41));
        assert!(E::find_export(&module, "g").is_none());
    }
}

pub(crate) fn raw_calls_carry_bits<E: Engine>() {
    let mut guest = Guest::<E, ()>::plain(
        r#"(module
            (func (export "f") (param i32 i64 f32 f64) (result f64 f32 i64 i32)
                (local.get 3) (local.get 2) (local.get 1) (local.get 0))
            (func (export "v") (param v128)))"#,
    );
    let Extern::Func(func) = guest.export("f") else { panic!() };
    let Extern::Func(vector) = guest.export("v") else { panic!() };
    let mut context = E::context(&mut guest.store);
    // What is above the bits of a type does not count.
    let mut slots = [u64::MAX << 32 | 5, u64::MAX, 0xffff_ffff_7fa0_0001, 1.5f64.to_bits()];
    context.call_raw(&func, &mut slots).unwrap();
    assert_eq!(slots, [1.5f64.to_bits(), 0x7fa0_0001, u64::MAX, 5]);
    assert_eq!(trap(context.call_raw(&func, &mut [0; 3])).kind, TrapKind::Other);
    assert_eq!(trap(context.call_raw(&vector, &mut [0; 8])).kind, TrapKind::Other);
}

pub(crate) fn kept_reallocs<E: Engine>() {
    for config in [Config::default(), suspending()] {
        let engine = E::new(&config).unwrap();
        let module = engine.compile(&wasm(
            r#"(module
                (func (export "f") (param i32 i32 i32 i32) (result i32)
                    (if (i32.eqz (local.get 3)) (then unreachable))
                    (i32.add (i32.add (local.get 0) (i32.mul (local.get 1) (i32.const 10)))
                        (i32.add (i32.mul (local.get 2) (i32.const 100))
                            (i32.mul (local.get 3) (i32.const 1000)))))
                (func (export "g") (result i32) (i32.const -1))
                (func (export "h") (param i32 i32 i32 i32) (result i64) (i64.const -1)))"#,
        ));
        let module = module.unwrap();
        let mut store = engine.store((), Limits::default()).unwrap();
        let mut context = E::context(&mut store);
        let instance = context.instantiate_with(&module, &[]).unwrap();
        let func = |context: &mut E::Context<'_, ()>, name| match context.export(&instance, name) {
            Some(Extern::Func(func)) => func,
            _ => panic!("{name}"),
        };
        for name in ["g", "h"] {
            let other = func(&mut context, name);
            assert_eq!(trap(context.keep_realloc(&other).map(drop)).kind, TrapKind::Other);
        }
        let realloc = func(&mut context, "f");
        assert_eq!(context.keep_realloc(&realloc).unwrap(), 0);
        assert_eq!(context.keep_realloc(&realloc).unwrap(), 1);
        assert_eq!(context.kept_realloc(1, [1, 2, 3, 4]).unwrap(), 4321);
        assert_eq!(context.kept_realloc(0, [u32::MAX, 0, 0, 1]).unwrap(), 999);
        let ended = trap(context.kept_realloc(0, [0; 4]).map(drop));
        assert_eq!(ended.kind, TrapKind::Unreachable);
        assert_eq!(trap(context.kept_realloc(2, [0; 4]).map(drop)).kind, TrapKind::Host);
    }
}

pub(crate) fn the_hosts_globals<E: Engine>() {
    let engine = E::new(&Config::default()).unwrap();
    let module = engine.compile(&wasm(
        r#"(module
            (import "" "g" (global $g (mut i32)))
            (func (export "add") (result i32)
                (global.set $g (i32.add (global.get $g) (i32.const 1)))
                (global.get $g)))"#,
    ));
    let module = module.unwrap();
    let mut store = engine.store((), Limits::default()).unwrap();
    let mut context = E::context(&mut store);
    let global = context.new_global(Value::I32(41)).unwrap();
    let instance = context.instantiate_with(&module, &[Extern::Global(global.clone())]).unwrap();
    let mut result = [Value::I32(0)];
    super::call::<E, ()>(&mut context, &instance, "add", &[], &mut result).unwrap();
    assert_eq!((result[0], context.global(&global)), (Value::I32(42), Some(Value::I32(42))));
}
