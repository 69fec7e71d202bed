//! What is limited over all that a guest has.

use wayleave_engine::{Config, Context, Engine, Limits, TrapKind, Value};

use super::{Guest, config, trap, wasm};

fn limits(set: impl FnOnce(&mut Limits)) -> Limits {
    let mut limits = Limits::default();
    set(&mut limits);
    limits
}

/// Two modules in one store, each with a memory or table of one page or element.
fn two<E: Engine>(text: &str, limits: Limits) -> impl FnMut(usize, i32) -> Value {
    let engine = E::new(&Config::default()).unwrap();
    let module = engine.compile(&wasm(text)).unwrap();
    let template = engine.template(&engine.linker::<()>(), &module).unwrap();
    let mut store = engine.store((), limits).unwrap();
    let instances = [(); 2].map(|()| E::context(&mut store).instantiate(&template).unwrap());
    move |which, more| {
        let mut context = E::context(&mut store);
        let grow = context.export(&instances[which], "grow").unwrap();
        let wayleave_engine::Extern::Func(grow) = grow else { panic!() };
        let mut results = [Value::I32(0)];
        context.call(&grow, &[Value::I32(more)], &mut results).unwrap();
        results[0]
    }
}

pub(crate) fn memories_are_limited_together<E: Engine>() {
    let text = r#"(module (memory 1)
        (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))"#;
    let mut grow = two::<E>(text, limits(|limits| limits.memory_bytes = 5 * 65536));
    assert_eq!(grow(0, 4), Value::I32(-1));
    assert_eq!(grow(0, 2), Value::I32(1));
    assert_eq!(grow(1, 2), Value::I32(-1));
    assert_eq!(grow(1, 1), Value::I32(1));
    assert_eq!(grow(0, 1), Value::I32(-1));
    assert_eq!(grow(0, 0), Value::I32(3));
}

pub(crate) fn tables_are_limited_together<E: Engine>() {
    let text = r#"(module (table $t 1 funcref)
        (func (export "grow") (param i32) (result i32)
            (table.grow $t (ref.null func) (local.get 0))))"#;
    let mut grow = two::<E>(text, limits(|limits| limits.table_elements = 5));
    assert_eq!(grow(0, 4), Value::I32(-1));
    assert_eq!(grow(0, 2), Value::I32(1));
    assert_eq!(grow(1, 2), Value::I32(-1));
    assert_eq!(grow(1, 1), Value::I32(1));
}

/// Growth that the limit allows and the memory's own type does not.
pub(crate) fn growth_that_fails_takes_nothing<E: Engine>() {
    let text = r#"(module (memory 1 2)
        (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))"#;
    for config in [config(false, false), config(true, true)] {
        let limits = limits(|limits| {
            limits.memory_bytes = 5 * 65536;
            limits.fuel = config.fuel.then_some(1_000_000);
        });
        let mut guest = Guest::<E, ()>::limited(&config, limits, text).unwrap();
        for _ in 0..10 {
            let grown = guest.get("grow", &[Value::I32(2)]).unwrap();
            assert_eq!(grown, Value::I32(-1));
        }
        assert_eq!(guest.get("grow", &[Value::I32(1)]).unwrap(), Value::I32(1));
    }
}

/// A growth that meets the end of a slice of fuel is done again, and counted once.
pub(crate) fn growth_is_counted_once_whatever_the_fuel<E: Engine>() {
    let text = r#"(module (memory 0)
        (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))"#;
    let limits = limits(|limits| limits.memory_bytes = 1000 * 65536);
    let mut guest = Guest::<E, ()>::limited(&config(false, true), limits, text).unwrap();
    for pages in 0..1000 {
        assert_eq!(guest.get("grow", &[Value::I32(1)]).unwrap(), Value::I32(pages));
    }
    assert_eq!(guest.get("grow", &[Value::I32(1)]).unwrap(), Value::I32(-1));
}

pub(crate) fn instances_are_limited<E: Engine>() {
    let engine = E::new(&Config::default()).unwrap();
    let module = engine.compile(&wasm("(module)")).unwrap();
    let template = engine.template(&engine.linker::<()>(), &module).unwrap();
    let mut store = engine.store((), limits(|limits| limits.instances = 3)).unwrap();
    let mut context = E::context(&mut store);
    for _ in 0..2 {
        context.instantiate(&template).unwrap();
    }
    context.instantiate_with(&module, &[]).unwrap();
    let stopped =
        [trap(context.instantiate(&template)), trap(context.instantiate_with(&module, &[]))];
    for stopped in stopped {
        assert_eq!(stopped.kind, TrapKind::Limit);
        let detail = stopped.detail.unwrap();
        assert_eq!(detail, "the guest asks for 4 instances, at most 3 are allowed");
    }
}

/// What compiled programs do that get no memory.
pub(crate) fn a_program_that_gives_up_says_what_it_was_refused<E: Engine>() {
    let text = r#"(module (memory 1)
        (func (export "run") (param i32)
            (if (i32.eq (memory.grow (local.get 0)) (i32.const -1)) (then (unreachable)))
            (unreachable)))"#;
    let expected = "the guest asks for 196608 bytes of memory, at most 131072 are allowed";
    for config in [config(false, false), config(false, true)] {
        let limits = limits(|limits| limits.memory_bytes = 2 * 65536);
        let mut guest = Guest::<E, ()>::limited(&config, limits, text).unwrap();
        let stopped = trap(guest.call("run", &[Value::I32(1)]));
        assert_eq!((stopped.kind, stopped.detail), (TrapKind::Unreachable, None));
        let stopped = trap(guest.call("run", &[Value::I32(1)]));
        assert_eq!(stopped.kind, TrapKind::Unreachable);
        assert_eq!(stopped.detail.as_deref(), Some(expected));
    }
}
