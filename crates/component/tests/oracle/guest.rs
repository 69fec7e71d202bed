//! The component that both runtimes run.

use crate::random::{Random, Type, definitions};
use std::fmt::Write as _;

/// Where the core module writes down the core values that it was given, eight bytes each.
pub(crate) const LOG: u32 = 1024;
/// Where its heap begins, from which `realloc` gives one block after the other.
pub(crate) const HEAP: u32 = 4096;
/// Where it has the host put results.
pub(crate) const RESULT: u32 = 1 << 16;
/// Its memory ends here.
pub(crate) const END: u32 = 2 << 16;

/// A component with one type:
///
/// - `run(T) -> T` hands its argument to the import `host(T) -> T`, and gives back what that gives
/// - `send(at) -> T` calls `host` with the core values that `run` was given, as memory has them now,
///   for a result at `at`
/// - `again(bits) -> T` gives the bits: an address, or the value itself
/// - `peek`, `poke` and `top` reach its memory, and `lie` makes `realloc` give wrong addresses
pub(crate) fn component(ty: &Type, random: &Random, encoding: &str) -> String {
    let flat = ty.flat();
    let params = if flat.len() > 16 { vec!["i32"] } else { flat.clone() };
    let by_pointer = flat.len() > 1;
    let result = if by_pointer { "i32" } else { flat[0] };
    let (mut log, mut gets, mut loads) = (String::new(), String::new(), String::new());
    for (n, ty) in params.iter().enumerate() {
        let at = LOG as usize + n * 8;
        let _ = write!(log, "({ty}.store (i32.const {at}) (local.get {n})) ");
        let _ = write!(gets, "(local.get {n}) ");
        let _ = write!(loads, "({ty}.load (i32.const {at})) ");
    }
    let place = if by_pointer { format!("(i32.const {RESULT})") } else { String::new() };
    let sent = if by_pointer { "(local.get 0)" } else { "" };
    let host = if by_pointer { " i32)" } else { &format!(") (result {result})") };
    let from_bits = match result {
        "i32" => "i32.wrap_i64",
        "f32" => "f32.reinterpret_i32 (i32.wrap_i64",
        "f64" => "f64.reinterpret_i64",
        _ => "i64.or (i64.const 0)",
    };
    let close = if result == "f32" { ")" } else { "" };
    let (types, text, params) = (definitions(&random.named), ty.text(), params.join(" "));
    let options = format!(
        r#"(memory (core memory $memory "memory")) (realloc (core func $memory "realloc")) {encoding}"#
    );
    format!(
        r#"(component
            {types}
            (import "host" (func $host (param "x" {text}) (result {text})))
            {MEMORY}
            (core instance $memory (instantiate $memory))
            (core func $host (canon lower (func $host) {options}))
            (core module $main
                (import "memory" "memory" (memory 2))
                (import "" "host" (func $host (param {params}{host}))
                (func (export "run") (param {params}) (result {result})
                    {log} (call $host {gets} {place}) {place})
                (func (export "send") (param i32) (result {result})
                    (call $host {loads} {sent}) {sent})
                (func (export "again") (param i64) (result {result})
                    ({from_bits} (local.get 0)){close}))
            (core instance $main (instantiate $main
                (with "memory" (instance $memory))
                (with "" (instance (export "host" (func $host))))))
            (func (export "run") (param "x" {text}) (result {text})
                (canon lift (core func $main "run") {options}))
            (func (export "send") (param "at" u32) (result {text})
                (canon lift (core func $main "send") {options}))
            (func (export "again") (param "bits" u64) (result {text})
                (canon lift (core func $main "again") {options}))
            (func (export "peek") (param "at" u32) (param "len" u32) (result (list u8))
                (canon lift (core func $memory "peek") {options}))
            (func (export "poke") (param "at" u32) (param "byte" u8)
                (canon lift (core func $memory "poke")))
            (func (export "top") (result u32) (canon lift (core func $memory "top")))
            (func (export "lie") (param "by" u32) (canon lift (core func $memory "lie"))))"#
    )
}

/// Memory, and a `realloc` that lets its last block grow and shrink where it is: what a host asks
/// for on its way to the right length leaves no trace then.
const MEMORY: &str = r#"
    (core module $memory
        (memory (export "memory") 2)
        (global $top (mut i32) (i32.const 4096))
        (global $lie (mut i32) (i32.const 0))
        (func (export "realloc") (param $old i32) (param $size i32) (param $align i32)
            (param $new i32) (result i32) (local $at i32)
            (if (i32.eq (i32.add (local.get $old) (local.get $size)) (global.get $top))
                (then (local.set $at (local.get $old)))
                (else
                    (local.set $at (i32.and
                        (i32.add (global.get $top) (i32.sub (local.get $align) (i32.const 1)))
                        (i32.sub (i32.const 0) (local.get $align))))
                    (memory.copy (local.get $at) (local.get $old)
                        (select (local.get $size) (local.get $new)
                            (i32.lt_u (local.get $size) (local.get $new))))))
            (global.set $top (i32.add (local.get $at) (local.get $new)))
            (i32.add (local.get $at) (global.get $lie)))
        (func (export "peek") (param i32 i32) (result i32)
            (i32.store (i32.const 64) (local.get 0))
            (i32.store (i32.const 68) (local.get 1))
            (i32.const 64))
        (func (export "poke") (param i32 i32)
            (i32.store8 (local.get 0) (local.get 1)))
        (func (export "top") (result i32) (global.get $top))
        (func (export "lie") (param i32) (global.set $lie (local.get 0))))"#;
