use wayleave_engine::ValType::{F64, I32};
use wayleave_engine::{
    Config, Context, Engine, Error, Extern, FuncType, Limits, Slots, TrapKind, Value,
};

use super::{Guest, call, define, trap, wasm};

fn link_error<E: Engine>(text: &str, ty: &FuncType) -> (String, String, String) {
    let engine = E::new(&Config::default()).unwrap();
    let module = engine.compile(&wasm(text)).unwrap();
    let mut linker = engine.linker::<()>();
    define::<E, _>(&mut linker, "f", ty.clone(), |_, _| Ok(()));
    match engine.template(&linker, &module) {
        Err(Error::Link { module, name, reason }) => (module, name, reason),
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("linked"),
    }
}

fn assert_link_error<E: Engine>(text: &str, name: &str, reason: &str) {
    let found = link_error::<E>(text, &FuncType::new(&[I32], &[I32]));
    assert_eq!(found, ("host".into(), name.into(), reason.into()));
}

pub(crate) fn missing_imports_are_named<E: Engine>() {
    let text = r#"(module (import "host" "f" (func (param i32) (result i32)))
        (import "host" "g" (func)) (import "host" "h" (func)))"#;
    assert_link_error::<E>(text, "g", "is not provided");
}

pub(crate) fn mistyped_imports_are_named<E: Engine>() {
    let text = r#"(module (import "host" "f" (func (param i32 f64))))"#;
    let reason = "has type (i32, f64) -> (), but the host's has type (i32) -> i32";
    assert_link_error::<E>(text, "f", reason);
    let text = r#"(module (import "host" "f" (func (param externref))))"#;
    let reason = "has a type with vectors or references, but the host's has type (i32) -> i32";
    assert_link_error::<E>(text, "f", reason);
}

pub(crate) fn other_kinds_are_named<E: Engine>() {
    let text = r#"(module (import "host" "f" (global i32)))"#;
    assert_link_error::<E>(text, "f", "is a global, but the host's is a function");
    let text = r#"(module (import "host" "memory" (memory 1)))"#;
    assert_link_error::<E>(text, "memory", "is a memory, and is not provided");
    let text = r#"(module (import "host" "t" (table 1 funcref)))"#;
    assert_link_error::<E>(text, "t", "is a table, and is not provided");
}

pub(crate) fn instances_share_functions_and_memories<E: Engine>() {
    let exporter = r#"(module
        (memory (export "memory") 1)
        (table (export "table") 1 funcref)
        (global (export "global") i32 (i32.const 30))
        (func (export "store") (param i32 i32) (i32.store (local.get 0) (local.get 1))))"#;
    let importer = r#"(module
        (import "a" "store" (func $store (param i32 i32)))
        (import "a" "memory" (memory 1))
        (import "a" "global" (global $g i32))
        (import "a" "table" (table 1 funcref))
        (func (export "run") (result i32)
            (call $store (i32.const 100) (i32.const 12))
            (i32.add (global.get $g) (i32.load (i32.const 100)))))"#;
    let mut guest = Guest::<E, ()>::plain(exporter);
    let imports = ["store", "memory", "global", "table"].map(|name| guest.export(name));
    let importer = guest.compile(importer);
    let mut context = E::context(&mut guest.store);
    let second = context.instantiate_with(&importer, &imports).unwrap();
    let mut result = [Value::I32(0)];
    call::<E, ()>(&mut context, &second, "run", &[], &mut result).unwrap();
    assert_eq!(result, [Value::I32(42)]);
}

/// On engines that have any. (Shared memories are made by no store: its limits can not hold them.)
pub(crate) fn tags_are_handed_on<E: Engine>() {
    if E::PROPOSALS.exceptions {
        let mut guest = Guest::<E, ()>::plain("(module (tag (export \"it\") (param i32)))");
        let import = [guest.export("it")];
        let module = guest.compile("(module (import \"\" \"it\" (tag (param i32))))");
        assert!(E::context(&mut guest.store).instantiate_with(&module, &import).is_ok());
    }
}

pub(crate) fn wrong_imports_are_refused<E: Engine>() {
    let mut guest = Guest::<E, ()>::plain(r#"(module (func (export "f") (param i32)))"#);
    let imports = [guest.export("f")];
    for text in [
        r#"(module (import "a" "f" (func (param f64))))"#,
        r#"(module (import "a" "f" (memory 1)))"#,
    ] {
        let module = guest.compile(text);
        let stopped = trap(E::context(&mut guest.store).instantiate_with(&module, &imports));
        assert_eq!(stopped.kind, TrapKind::Other);
        assert!(!stopped.detail.unwrap().contains('\n'));
    }
}

pub(crate) fn too_few_imports_are_refused<E: Engine>() {
    let mut guest = Guest::<E, ()>::plain(r#"(module (func (export "f")))"#);
    let import: [Extern<E>; 2] = [guest.export("f"), guest.export("f")];
    let module = guest.compile(r#"(module (import "a" "f" (func)))"#);
    let mut context = E::context(&mut guest.store);
    assert_eq!(trap(context.instantiate_with(&module, &[])).kind, TrapKind::Other);
    assert_eq!(trap(context.instantiate_with(&module, &import)).kind, TrapKind::Other);
}

pub(crate) fn templates_serve_many_stores<E: Engine>() {
    let text = r#"(module (import "host" "f" (func $f (param f64) (result i32)))
        (func (export "run") (result i32) (call $f (f64.const 2))))"#;
    let engine = E::new(&Config::default()).unwrap();
    let module = engine.compile(&wasm(text)).unwrap();
    let mut linker = engine.linker::<u32>();
    define::<E, u32>(&mut linker, "f", FuncType::new(&[F64], &[I32]), |context, slots| {
        let number = *context.state();
        slots.set_u32(0, number);
        Ok(())
    });
    let template = engine.template(&linker, &module).unwrap();
    drop(linker);
    let threads: Vec<_> = (0..4)
        .map(|number| {
            let (engine, template) = (engine.clone(), template.clone());
            std::thread::spawn(move || {
                for _ in 0..20 {
                    let mut store = engine.store(number, Limits::default()).unwrap();
                    let mut context = E::context(&mut store);
                    let instance = context.instantiate(&template).unwrap();
                    let mut result = [Value::I32(0)];
                    call::<E, u32>(&mut context, &instance, "run", &[], &mut result).unwrap();
                    assert_eq!(result, [Value::I32(number.cast_signed())]);
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
}
