//! Guests made from WIT.

use std::fmt::Write;
use wayleave_component::{Component, Instance, Linker};
use wayleave_engine::{Config, Engine, Limits};
use wit_component::{ComponentEncoder, StringEncoding};
use wit_parser::abi::{AbiVariant, WasmType};
use wit_parser::{Function, Resolve, WorldId, WorldItem};

/// A component of the only world of some WIT, from the text of its core module.
pub(crate) fn component(wit: &str, module: &str) -> Vec<u8> {
    let (resolve, world) = parse(wit, None);
    encode(&resolve, world, module)
}

/// As [`component`], of one of several worlds.
pub(crate) fn component_of(wit: &str, world: &str, module: &str) -> Vec<u8> {
    let (resolve, world) = parse(wit, Some(world));
    encode(&resolve, world, module)
}

fn encode(resolve: &Resolve, world: WorldId, module: &str) -> Vec<u8> {
    let mut module = wat::parse_str(module).unwrap();
    wit_component::embed_component_metadata(&mut module, resolve, world, StringEncoding::UTF8)
        .unwrap();
    let mut encoder = ComponentEncoder::default().validate(true).module(&module).unwrap();
    encoder.encode().unwrap()
}

/// A component that exports what it imports: each call goes on to the function of the same name.
pub(crate) fn echo(wit: &str) -> Vec<u8> {
    echo_world(parse(wit, None))
}

/// As [`echo`], of one of several worlds.
pub(crate) fn echo_of(wit: &str, world: &str) -> Vec<u8> {
    echo_world(parse(wit, Some(world)))
}

fn echo_world((resolve, world): (Resolve, WorldId)) -> Vec<u8> {
    let (mut imports, mut exports) = (String::new(), String::new());
    for (key, item) in &resolve.worlds[world].exports {
        let name = resolve.name_world_key(key);
        match item {
            WorldItem::Interface { id, .. } => {
                for function in resolve.interfaces[*id].functions.values() {
                    pass_on(&resolve, Some(&name), function, &mut imports, &mut exports);
                }
            }
            WorldItem::Function(f) => pass_on(&resolve, None, f, &mut imports, &mut exports),
            WorldItem::Type { .. } => {}
        }
    }
    encode(&resolve, world, &format!("(module {imports} {MEMORY} {exports})"))
}

/// A memory, and the simplest `cabi_realloc`.
pub(crate) const MEMORY: &str = r#"
    (memory (export "memory") 2)
    (global $next (mut i32) (i32.const 1024))
    (func $realloc (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
        (global.set $next (i32.and
            (i32.add (global.get $next) (i32.sub (local.get 2) (i32.const 1)))
            (i32.sub (i32.const 0) (local.get 2))))
        (global.get $next)
        (global.set $next (i32.add (global.get $next) (local.get 3))))"#;

fn parse(wit: &str, world: Option<&str>) -> (Resolve, WorldId) {
    let mut resolve = Resolve::default();
    let package = resolve.push_str("test.wit", wit).unwrap();
    let world = resolve.select_world(&[package], world).unwrap();
    (resolve, world)
}

fn pass_on(
    resolve: &Resolve,
    interface: Option<&str>,
    function: &Function,
    imports: &mut String,
    exports: &mut String,
) {
    let inner = resolve.wasm_signature(AbiVariant::GuestImport, function);
    let outer = resolve.wasm_signature(AbiVariant::GuestExport, function);
    let name = &function.name;
    let module = interface.unwrap_or("$root");
    let id = format!("${}.{name}", module.replace(['/', '@', ':', '$'], "."));
    let (params, results) = (types("param", &inner.params), types("result", &inner.results));
    writeln!(imports, "(import {module:?} {name:?} (func {id} {params} {results}))").unwrap();

    let export = interface.map_or(name.clone(), |interface| format!("{interface}#{name}"));
    let (params, results) = (types("param", &outer.params), types("result", &outer.results));
    let gets: String = (0..outer.params.len()).map(|n| format!("(local.get {n})")).collect();
    let call = match inner.retptr {
        false => format!("(call {id} {gets})"),
        true => format!(
            "(local $area i32)
             (local.set $area (call $realloc
                 (i32.const 0) (i32.const 0) (i32.const 8) (i32.const 256)))
             (call {id} {gets} (local.get $area))
             (local.get $area)"
        ),
    };
    writeln!(exports, "(func (export {export:?}) {params} {results} {call})").unwrap();
}

fn types(keyword: &str, types: &[WasmType]) -> String {
    let name = |ty: &WasmType| match ty {
        WasmType::I64 | WasmType::PointerOrI64 => "i64",
        WasmType::F32 => "f32",
        WasmType::F64 => "f64",
        WasmType::I32 | WasmType::Pointer | WasmType::Length => "i32",
    };
    types.iter().map(|ty| format!("({keyword} {})", name(ty))).collect()
}

/// An instance of a component.
pub(crate) fn instance<E: Engine, T: Send + 'static>(
    binary: &[u8],
    state: T,
    link: impl FnOnce(&mut Linker<E, T>),
) -> Instance<E, T> {
    let engine = E::new(&Config::default()).unwrap();
    let component = Component::new(&engine, binary).unwrap();
    let mut linker = Linker::new();
    link(&mut linker);
    let template = linker.link(&engine, &component).unwrap();
    template.instantiate(&engine, state, Limits::default()).unwrap()
}

/// The same test on each engine.
#[macro_export]
macro_rules! on_each_engine {
    ($($test:ident)*) => {
        mod wasmtime {
            $(#[test] fn $test() { super::$test::<wayleave_engine::wasmtime::Wasmtime>(); })*
        }
        mod wasmi {
            $(#[test] fn $test() { super::$test::<wayleave_engine::wasmi::Wasmi>(); })*
        }
    };
}
