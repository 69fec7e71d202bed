//! Values of any type come back as they were: from the host through one guest and its adapter into
//! another, from there to the host, and back the same way.
//!
//! The adapter between the guests is the translator's, with layouts and encodings of its own: where
//! ours differed, values would not arrive as they were.
#![allow(clippy::unwrap_used, reason = "a test that can not go on has failed")]

mod random;

use proptest::prelude::*;
use random::{ENCODINGS, Random, Type, definitions};
use std::fmt::Write as _;
use wayleave_component::{Component, Linker};
use wayleave_engine::{Config, Engine, Limits};

/// A component that hands what it is given to `echo`, and what that gives back.
fn hand_on(name: &str, ty: &Type, types: &str, encoding: &str) -> String {
    let flat = ty.flat();
    let params = if flat.len() > 16 { vec!["i32"] } else { flat.clone() };
    let by_pointer = flat.len() > 1;
    let gets: String = (0..params.len()).fold(String::new(), |mut text, n| {
        let _ = write!(text, "(local.get {n}) ");
        text
    });
    let params = params.join(" ");
    let (echo, run) = match by_pointer {
        true => (
            format!("(param {params} i32)"),
            format!("(result i32) {gets} (i32.const 1024) (call $echo) (i32.const 1024)"),
        ),
        false => (
            format!("(param {params}) (result {params})"),
            format!("(result {params}) {gets} (call $echo)"),
        ),
    };
    let text = ty.text();
    let options = format!(
        r#"(memory (core memory $memory "memory")) (realloc (core func $memory "realloc")) {encoding}"#
    );
    format!(
        r#"(component ${name}
            {types}
            (import "echo" (func $echo (param "x" {text}) (result {text})))
            (core module $memory
                (memory (export "memory") 16)
                (global $top (mut i32) (i32.const 65536))
                (func (export "realloc") (param $old i32) (param $size i32) (param $align i32)
                    (param $new i32) (result i32) (local $at i32)
                    (local.set $at (i32.and
                        (i32.add (global.get $top) (i32.sub (local.get $align) (i32.const 1)))
                        (i32.sub (i32.const 0) (local.get $align))))
                    (global.set $top (i32.add (local.get $at) (local.get $new)))
                    (memory.copy (local.get $at) (local.get $old)
                        (select (local.get $size) (local.get $new)
                            (i32.lt_u (local.get $size) (local.get $new))))
                    (local.get $at)))
            (core instance $memory (instantiate $memory))
            (core func $echo (canon lower (func $echo) {options}))
            (core module $main
                (import "" "echo" (func $echo {echo}))
                (func (export "run") (param {params}) {run}))
            (core instance $main (instantiate $main
                (with "" (instance (export "echo" (func $echo))))))
            (func (export "run") (param "x" {text}) (result {text})
                (canon lift (core func $main "run") {options})))"#
    )
}

fn component(ty: &Type, named: &[String], encodings: [&str; 2]) -> String {
    let types = definitions(named);
    let with = (0..named.len()).fold(String::new(), |mut text, n| {
        let _ = write!(text, "(with \"t{n}\" (type $t{n})) ");
        text
    });
    let [outer, inner] = encodings;
    format!(
        r#"(component
            {types}
            (import "echo" (func $echo (param "x" {0}) (result {0})))
            {1} {2}
            (instance $inner (instantiate $inner {with} (with "echo" (func $echo))))
            (instance $outer (instantiate $outer {with} (with "echo" (func $inner "run"))))
            (export "run" (func $outer "run")))"#,
        ty.text(),
        hand_on("inner", ty, &types, inner),
        hand_on("outer", ty, &types, outer),
    )
}

/// Sends values through the component, and compares what the host was given and got back.
fn check<E: Engine>(binary: &[u8], ty: &Type, random: &mut Random) {
    let engine = E::new(&Config::default()).unwrap();
    let component = Component::new(&engine, binary).unwrap();
    let mut linker = Linker::<E, Vec<String>>::new();
    linker
        .root()
        .value_func("echo", |seen: &mut Vec<String>, _, mut args| {
            let value = args.pop();
            seen.push(format!("{value:?}"));
            Ok(value)
        })
        .unwrap();
    let template = linker.link(&engine, &component).unwrap();
    let mut instance = template.instantiate(&engine, Vec::new(), Limits::default()).unwrap();
    let run = instance.func(&["run"]).unwrap();
    for _ in 0..5 {
        let value = [random.value(ty)];
        let result = instance.call(&run, &value).unwrap();
        assert_eq!(result.as_ref(), value.first());
        let nan = |text: &str| text.contains("NaN");
        let seen = instance.state().pop().unwrap();
        if !nan(&seen) {
            assert_eq!(seen, format!("{:?}", value.first()));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn values_come_back(seed: u64) {
        let mut random = Random::new(seed, false);
        let ty = random.ty(3);
        let encodings = [(); 2].map(|()| ENCODINGS[random.below(3)]);
        let text = component(&ty, &random.named, encodings);
        let binary = wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        check::<wayleave_engine::wasmi::Wasmi>(&binary, &ty, &mut random);
        if seed % 4 == 0 {
            check::<wayleave_engine::wasmtime::Wasmtime>(&binary, &ty, &mut random);
        }
    }
}
