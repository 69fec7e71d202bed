use std::io::Write;

use wayleave_engine::ValType::{F32, I32, I64};
use wayleave_engine::{
    Config, Context, ElementType, Engine, Extern, ExternType, FuncType, Limits, Proposals,
    SizeType, Value,
};

use super::{Guest, config, line, wasm};

const SMALL: &str = r#"(module $small
    (import "host" "f" (func $f (param i32) (result i64)))
    (memory (export "memory") 1 2)
    (table 2 funcref)
    (global $g (mut i32) (i32.const 1))
    (func $start (drop (call $f (global.get $g))))
    (start $start)
    (elem (i32.const 0) $start)
    (data (i32.const 0) "data")
    (func (export "run") (param f32 v128) (local i32)
        (block (br_if 0 (local.get 2)) (call_indirect (i32.const 0)))))"#;

pub(crate) fn every_prefix_is_an_error<E: Engine>() {
    let engine = E::new(&config(false, true)).unwrap();
    let wasm = wasm(SMALL);
    engine.compile(&wasm).unwrap();
    // Cut between two sections, what is left can be a module of its own.
    let mut ends = vec![8];
    while let Some(&size) = wasm.get(ends[ends.len() - 1] + 1) {
        assert!(size < 0x80, "a size of one byte");
        ends.push(ends[ends.len() - 1] + 2 + usize::from(size));
    }
    for len in 0..wasm.len() {
        let result = engine.compile(&wasm[..len]);
        if !ends.contains(&len) {
            line(result);
        }
    }
}

pub(crate) fn every_flipped_byte_is_survived<E: Engine>() {
    let engine = E::new(&config(false, true)).unwrap();
    let wasm = wasm(SMALL);
    for index in 0..wasm.len() {
        for flip in [0x01, 0x80, 0xff] {
            let mut wasm = wasm.clone();
            wasm[index] ^= flip;
            let _ = engine.compile(&wasm);
        }
    }
}

pub(crate) fn errors_are_one_line<E: Engine>() {
    let engine = E::new(&Config::default()).unwrap();
    let mut bad = wasm("(module (func (result i32) i32.const 0))");
    // `i64.const` in place of `i32.const`.
    let index = bad.iter().rposition(|&byte| byte == 0x41).unwrap();
    bad[index] = 0x42;
    let reason = line(engine.compile(&bad));
    assert!(reason.contains("type mismatch") && reason.contains("offset"), "{reason}");
    let reason = line(engine.compile(b"not wasm at all"));
    assert!(reason.starts_with("not a valid WebAssembly module: "), "{reason}");
}

pub(crate) fn text_is_refused<E: Engine>() {
    line(E::new(&Config::default()).unwrap().compile(b"(module)"));
}

pub(crate) fn imports_and_exports<E: Engine>() {
    let text = r#"(module
        (import "a" "f" (func (param i32 i64) (result f32)))
        (import "a" "r" (func (param externref)))
        (import "b" "m" (memory 1 2))
        (import "b" "t" (table 1 externref))
        (import "b" "g" (global (mut i64)))
        (export "f" (func 0)) (export "m" (memory 0)) (export "t" (table 0)) (export "g" (global 0)))"#;
    let engine = E::new(&Config::default()).unwrap();
    let module = engine.compile(&wasm(text)).unwrap();
    let func = ExternType::Func(Some(FuncType::new(&[I32, I64], &[F32])));
    let size = |max| SizeType { wide: false, min: 1, max };
    let memory = ExternType::Memory { shared: false, size: size(Some(2)) };
    let table = ExternType::Table { element: ElementType::Extern, size: size(None) };
    let global = ExternType::Global { value: Some(I64), mutable: true };
    let imports: Vec<_> = E::imports(&module)
        .into_iter()
        .map(|import| (format!("{}.{}", import.module, import.name), import.ty))
        .collect();
    let expected = [
        ("a.f".to_owned(), func.clone()),
        ("a.r".to_owned(), ExternType::Func(None)),
        ("b.m".to_owned(), memory.clone()),
        ("b.t".to_owned(), table.clone()),
        ("b.g".to_owned(), global.clone()),
    ];
    assert_eq!(imports, expected);
    let mut exports: Vec<_> =
        E::exports(&module).into_iter().map(|export| (export.name, export.ty)).collect();
    exports.sort_by(|a, b| a.0.cmp(&b.0));
    let expected = [("f", func), ("g", global), ("m", memory), ("t", table)];
    assert_eq!(exports, expected.map(|(name, ty)| (name.to_owned(), ty)));
}

pub(crate) fn start_functions_do_not_show<E: Engine>() {
    for config in [config(false, false), config(false, true)] {
        let engine = E::new(&config).unwrap();
        let module = engine.compile(&wasm("(module (func $f) (start $f))")).unwrap();
        assert_eq!(E::exports(&module), []);
    }
}

/// With other bytes behind the code, as artifacts have.
#[expect(unsafe_code, reason = "to load code, its own")]
pub(crate) fn code_comes_back_from_a_file<E: Engine>() {
    let engine = E::new(&Config::default()).unwrap();
    let text = r#"(module (func (export "run") (result i32) (i32.const 5)))"#;
    let module = engine.compile(&wasm(text)).unwrap();
    let Some(code) = engine.serialize(&module).unwrap() else {
        return;
    };
    for behind in [&b""[..], b"x", &[7; 5000]] {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&code).unwrap();
        file.write_all(behind).unwrap();
        // SAFETY: `serialize` wrote it a few lines above, and nobody else has the file.
        let module = unsafe { engine.deserialize(file) }.unwrap();
        let mut store = engine.store((), Limits::default()).unwrap();
        let instance = E::context(&mut store).instantiate_with(&module, &[]).unwrap();
        let mut guest = Guest::<E, ()> { engine: engine.clone(), store, instance };
        assert_eq!(guest.get("run", &[]).unwrap(), Value::I32(5));
        assert!(matches!(guest.export("run"), Extern::Func(_)));
    }
}

pub(crate) fn proposals_are_as_told<E: Engine>() {
    let Proposals { exceptions, gc, threads, relaxed_simd } = E::PROPOSALS;
    for (told, text) in [
        (exceptions, "(module (tag))"),
        (gc, "(module (type (struct)))"),
        (threads, "(module (memory 1 1 shared))"),
        (
            relaxed_simd,
            "(module (func (param v128 v128) (result v128)
            (i8x16.relaxed_swizzle (local.get 0) (local.get 1))))",
        ),
    ] {
        let engine = E::new(&Config::default()).unwrap();
        assert_eq!(engine.compile(&wasm(text)).is_ok(), told, "{text}");
    }
}
