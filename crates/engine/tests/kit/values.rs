use wayleave_engine::{Context, Engine, Extern, TrapKind, Value};

use super::{Guest, trap};

const TEXT: &str = r#"(module
    (global (export "i32") (mut i32) (i32.const 1))
    (global (export "i64") (mut i64) (i64.const 2))
    (global (export "f32") (mut f32) (f32.const 3.5))
    (global (export "f64") (mut f64) (f64.const 4.5))
    (global (export "fixed") i32 (i32.const 9))
    (global (export "reference") funcref (ref.null func))
    (table (export "table") 4 funcref)
    (func $two (export "two") (param i32 f64) (result i32 f64) (local.get 0) (local.get 1))
    (func $six (result i32) (i32.const 6))
    (elem (i32.const 1) $six)
    (func (export "refs") (param externref))
    (func (export "wide") (result i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64)
        (i64.const 1) (i64.const 2) (i64.const 3) (i64.const 4) (i64.const 5) (i64.const 6)
        (i64.const 7) (i64.const 8) (i64.const 9) (i64.const 10) (i64.const 11) (i64.const 12)
        (i64.const 13) (i64.const 14) (i64.const 15) (i64.const 16) (i64.const 17)))"#;

fn global<E: Engine>(guest: &mut Guest<E, ()>, name: &str) -> E::Global {
    let Extern::Global(global) = guest.export(name) else { panic!("{name}") };
    global
}

pub(crate) fn globals<E: Engine>() {
    let mut guest = Guest::<E, ()>::plain(TEXT);
    for (name, old, new) in [
        ("i32", Value::I32(1), Value::I32(-1)),
        ("i64", Value::I64(2), Value::I64(i64::MIN)),
        ("f32", Value::F32(3.5), Value::F32(-0.5)),
        ("f64", Value::F64(4.5), Value::F64(f64::MAX)),
    ] {
        let global = global(&mut guest, name);
        let mut context = E::context(&mut guest.store);
        assert_eq!(context.global(&global), Some(old));
        context.set_global(&global, new).unwrap();
        assert_eq!(context.global(&global), Some(new));
    }
}

pub(crate) fn immutable_globals<E: Engine>() {
    let mut guest = Guest::<E, ()>::plain(TEXT);
    let fixed = global(&mut guest, "fixed");
    let typed = global(&mut guest, "i64");
    let reference = global(&mut guest, "reference");
    let mut context = E::context(&mut guest.store);
    assert_eq!(trap(context.set_global(&fixed, Value::I32(1))).kind, TrapKind::Other);
    assert_eq!(trap(context.set_global(&typed, Value::I32(1))).kind, TrapKind::Other);
    assert_eq!(context.global(&fixed), Some(Value::I32(9)));
    assert_eq!(context.global(&reference), None);
}

pub(crate) fn table_functions<E: Engine>() {
    let mut guest = Guest::<E, ()>::plain(TEXT);
    let Extern::Table(table) = guest.export("table") else { panic!() };
    let mut context = E::context(&mut guest.store);
    assert!(context.table_func(&table, 0).is_none());
    assert!(context.table_func(&table, 4).is_none());
    assert!(context.table_func(&table, u32::MAX).is_none());
    let six = context.table_func(&table, 1).unwrap();
    let mut result = [Value::I32(0)];
    context.call(&six, &[], &mut result).unwrap();
    assert_eq!(result, [Value::I32(6)]);
}

pub(crate) fn call_types_are_checked<E: Engine>() {
    let mut guest = Guest::<E, ()>::plain(TEXT);
    let Extern::Func(two) = guest.export("two") else { panic!() };
    let Extern::Func(refs) = guest.export("refs") else { panic!() };
    let mut context = E::context(&mut guest.store);
    let mut results = [Value::I32(0); 3];
    let right = [Value::I32(1), Value::F64(1.0)];
    for args in [&right[..1], &[Value::I32(1); 2], &[Value::I32(1), right[1], right[1]]] {
        let stopped = trap(context.call(&two, args, &mut results[..2]));
        assert_eq!(stopped.kind, TrapKind::Other);
    }
    for count in [0, 1, 3] {
        let stopped = trap(context.call(&two, &right, &mut results[..count]));
        assert_eq!(stopped.kind, TrapKind::Other);
    }
    assert_eq!(trap(context.call(&refs, &right[..1], &mut [])).kind, TrapKind::Other);
    context.call(&two, &right, &mut results[..2]).unwrap();
    assert_eq!(results[..2], right);
}

pub(crate) fn results_of_all_types<E: Engine>() {
    let mut guest = Guest::<E, ()>::plain(TEXT);
    let Extern::Func(wide) = guest.export("wide") else { panic!() };
    let mut results = [Value::I32(0); 17];
    E::context(&mut guest.store).call(&wide, &[], &mut results).unwrap();
    assert_eq!((results[0], results[16]), (Value::I64(1), Value::I64(17)));
}

pub(crate) fn unknown_exports<E: Engine>() {
    let mut guest = Guest::<E, ()>::plain(TEXT);
    assert!(E::context(&mut guest.store).export(&guest.instance, "nothing").is_none());
}

pub(crate) fn state_comes_back<E: Engine>() {
    let guest = Guest::<E, String>::new("(module)", "mine".into(), |_| {});
    assert_eq!(E::into_state(guest.store), "mine");
}
