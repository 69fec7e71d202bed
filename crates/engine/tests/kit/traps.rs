use wayleave_engine::{Config, Engine, Limits, TrapKind, Value};

use super::{Guest, trap};

const KINDS: &str = r#"(module $kinds
    (type $none (func))
    (memory (export "memory") 1)
    (table 3 funcref)
    (func $typed (param i32))
    (elem (i32.const 1) $typed)
    (func (export "unreachable") unreachable)
    (func (export "load") (drop (i32.load (i32.const 65533))))
    (func (export "fill") (memory.fill (i32.const 65530) (i32.const 0) (i32.const 10)))
    (func (export "table") (drop (table.get 0 (i32.const 3))))
    (func (export "outside") (call_indirect (type $none) (i32.const 3)))
    (func (export "null") (call_indirect (type $none) (i32.const 0)))
    (func (export "signature") (call_indirect (type $none) (i32.const 1)))
    (func (export "zero") (drop (i32.div_u (i32.const 1) (i32.const 0))))
    (func (export "overflow") (drop (i32.div_s (i32.const 0x80000000) (i32.const -1))))
    (func (export "conversion") (drop (i32.trunc_f64_s (f64.const nan))))
    (func $forever (export "stack") (param i64) (call $forever (local.get 0)) (call $forever (i64.const 0)))
    (func (export "fine") (result i32) (i32.const 1)))"#;

pub(crate) fn every_kind<E: Engine>() {
    let mut guest = Guest::<E, ()>::plain(KINDS);
    for (function, kind) in [
        ("unreachable", TrapKind::Unreachable),
        ("load", TrapKind::MemoryOutOfBounds),
        ("fill", TrapKind::MemoryOutOfBounds),
        ("table", TrapKind::TableOutOfBounds),
        ("outside", TrapKind::TableOutOfBounds),
        ("null", TrapKind::NullReference),
        ("signature", TrapKind::BadSignature),
        ("zero", TrapKind::DivisionByZero),
        ("overflow", TrapKind::IntegerOverflow),
        ("conversion", TrapKind::BadConversion),
    ] {
        let stopped = trap(guest.call(function, &[]));
        assert_eq!((stopped.kind, stopped.detail.clone()), (kind, None), "{function}");
        assert!(!stopped.to_string().contains('\n'));
    }
    assert_eq!(trap(guest.call("stack", &[Value::I64(0)])).kind, TrapKind::StackOverflow);
}

pub(crate) fn a_store_survives_a_trap<E: Engine>() {
    let mut guest = Guest::<E, ()>::plain(KINDS);
    for function in ["load", "unreachable", "outside"] {
        trap(guest.call(function, &[]));
        assert_eq!(guest.get("fine", &[]).unwrap(), Value::I32(1));
    }
}

fn not_instantiated<E: Engine>(text: &str) -> TrapKind {
    trap(Guest::<E, ()>::limited(&Config::default(), Limits::default(), text)).kind
}

pub(crate) fn data_outside_of_the_memory<E: Engine>() {
    let text = r#"(module (memory 1) (data (i32.const 65535) "ab"))"#;
    assert_eq!(not_instantiated::<E>(text), TrapKind::MemoryOutOfBounds);
}

pub(crate) fn elements_outside_of_the_table<E: Engine>() {
    let text = r#"(module (table 1 funcref) (func $f) (elem (i32.const 1) $f))"#;
    assert_eq!(not_instantiated::<E>(text), TrapKind::TableOutOfBounds);
}

/// Where the engine keeps a record of calls.
pub(crate) fn frames_name_functions<E: Engine>() {
    let text = r#"(module $app
        (func $_ZN3app4main17h0123456789abcdefE unreachable)
        (func $outer (export "run") (call 0)))"#;
    let frames = trap(Guest::<E, ()>::plain(text).call("run", &[])).frames;
    if E::NAME != "wasmtime" {
        assert_eq!(frames, []);
        return;
    }
    let names: Vec<_> = frames.iter().map(|frame| (frame.index, frame.name.as_deref())).collect();
    assert_eq!(names, [(0, Some("app::main")), (1, Some("outer"))]);
    assert!(frames.iter().all(|frame| frame.module.as_deref() == Some("app")));
    let wasm = super::wasm(text);
    let innermost = frames[0].offset.unwrap();
    assert_eq!(wasm[innermost], 0x00, "`unreachable` is at the offset");
}
