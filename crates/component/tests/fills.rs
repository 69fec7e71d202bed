//! Functions of the host's that put bytes into the guest's memory themselves, on each engine.
#![allow(clippy::unwrap_used, reason = "a test that can not go on has failed")]

use wayleave_component::abi::{GuestBytes, GuestText};
use wayleave_component::{Caller, Component, FillingFunction, Instance, Linker, Value};
use wayleave_engine::{Config, Engine, Limits, Stop};

/// Makes a test of each function, for each engine.
macro_rules! on_each_engine {
    ($($test:ident),* $(,)?) => {
        mod wasmtime {
            $(#[test] fn $test() { super::$test::<wayleave_engine::wasmtime::Wasmtime>(); })*
        }
        mod wasmi {
            $(#[test] fn $test() { super::$test::<wayleave_engine::wasmi::Wasmi>(); })*
        }
    };
}

on_each_engine!(
    bytes_are_as_many_as_were_written,
    texts_are_in_the_guests_encoding,
    memory_that_is_none_traps,
    a_text_must_not_change_meanwhile,
);

/// The host's state: a text, and whether it changes each time that it is asked for.
#[derive(Default)]
struct State {
    text: String,
    changes: bool,
}

/// Writes as many bytes as it is told, into room for ten; more than that, and it fails.
struct Bytes;

impl FillingFunction<State> for Bytes {
    type Params = (u32,);
    type Results = (Result<GuestBytes, u32>,);

    fn call(
        &self,
        caller: &mut impl Caller<State>,
        (used,): (u32,),
    ) -> Result<Self::Results, Stop> {
        let bytes = caller.bytes(10, |state, room| {
            room.iter_mut().zip(state.text.bytes().cycle()).for_each(|(to, from)| *to = from);
            if used > 10 { Err(used) } else { Ok(used as usize) }
        })?;
        if let Ok(bytes) = &bytes {
            assert_eq!((bytes.len(), bytes.is_empty()), (used, used == 0));
        }
        Ok((bytes,))
    }
}

/// The text of the state.
struct Text;

impl FillingFunction<State> for Text {
    type Params = ();
    type Results = (GuestText,);

    fn call(&self, caller: &mut impl Caller<State>, (): ()) -> Result<Self::Results, Stop> {
        let text = caller.text(|state| {
            if state.changes {
                state.text.push('!');
            }
            &state.text
        })?;
        Ok((text,))
    }
}

/// A guest whose strings are encoded like this, and which allocates by a function with this body.
fn instance<E: Engine>(encoding: &str, realloc: &str, state: State) -> Instance<E, State> {
    let text = format!(
        r#"(component
            (import "bytes" (func $bytes (param "used" u32) (result (result (list u8) (error u32)))))
            (import "text" (func $text (result string)))
            (core module $memory
                (memory (export "memory") 1)
                (global $next (mut i32) (i32.const 64))
                (func (export "realloc") (param i32 i32 i32 i32) (result i32) {realloc}))
            (core instance $memory (instantiate $memory))
            (core func $bytes (canon lower (func $bytes) (memory (core memory $memory "memory"))
                (realloc (core func $memory "realloc"))))
            (core func $text (canon lower (func $text) string-encoding={encoding}
                (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))
            (core module $main
                (import "" "bytes" (func $bytes (param i32 i32)))
                (import "" "text" (func $text (param i32)))
                (func (export "bytes") (param i32) (result i32)
                    (call $bytes (local.get 0) (i32.const 16)) (i32.const 16))
                (func (export "text") (result i32) (call $text (i32.const 16)) (i32.const 16)))
            (core instance $main (instantiate $main (with "" (instance
                (export "bytes" (func $bytes)) (export "text" (func $text))))))
            (func (export "bytes") (param "used" u32) (result (result (list u8) (error u32)))
                (canon lift (core func $main "bytes") (memory (core memory $memory "memory"))))
            (func (export "text") (result string)
                (canon lift (core func $main "text") string-encoding={encoding}
                    (memory (core memory $memory "memory")))))"#
    );
    let engine = E::new(&Config::default()).unwrap();
    let component = Component::new(&engine, &wat::parse_str(text).unwrap()).unwrap();
    let mut linker = Linker::<E, State>::new();
    linker.root().filling_func("bytes", Bytes).unwrap().filling_func("text", Text).unwrap();
    linker
        .link(&engine, &component)
        .unwrap()
        .instantiate(&engine, state, Limits::default())
        .unwrap()
}

/// What is given back stays; what is asked for comes behind what there was.
const BUMP: &str = "(local $at i32)
    (if (local.get 0) (then (return (local.get 0))))
    (global.set $next (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
    (local.set $at (global.get $next))
    (global.set $next (i32.add (local.get $at) (local.get 3)))
    (local.get $at)";

fn state(text: &str) -> State {
    State { text: text.to_owned(), changes: false }
}

fn call<E: Engine>(
    instance: &mut Instance<E, State>,
    name: &str,
    args: &[Value],
) -> Result<Value, Stop> {
    let func = instance.func(&[name]).unwrap();
    instance.call(&func, args).map(Option::unwrap)
}

fn bytes_are_as_many_as_were_written<E: Engine>() {
    let mut instance = instance::<E>("utf8", BUMP, state("abc"));
    for used in [10, 4, 0] {
        let expected = b"abcabcabca"[..used as usize].iter().copied().map(Value::U8).collect();
        let found = call(&mut instance, "bytes", &[Value::U32(used)]).unwrap();
        assert_eq!(found, Value::Result(Ok(Some(Box::new(Value::List(expected))))));
    }
    let failed = call(&mut instance, "bytes", &[Value::U32(11)]).unwrap();
    assert_eq!(failed, Value::Result(Err(Some(Box::new(Value::U32(11))))));
}

fn texts_are_in_the_guests_encoding<E: Engine>() {
    for encoding in ["utf8", "utf16", "latin1+utf16"] {
        for text in ["", "plain", "größer", "€ 𝄞"] {
            let mut instance = instance::<E>(encoding, BUMP, state(text));
            let found = call(&mut instance, "text", &[]).unwrap();
            assert_eq!(found, Value::String(text.into()), "{encoding}");
        }
    }
}

fn memory_that_is_none_traps<E: Engine>() {
    for outside in ["(i32.const 65530)", "(i32.const -1)"] {
        for (name, args) in [("bytes", vec![Value::U32(10)]), ("text", vec![])] {
            let mut instance = instance::<E>("utf8", outside, state("a longer text"));
            let trap = call(&mut instance, name, &args).unwrap_err().to_string();
            assert!(trap.contains("beyond end of memory"), "{trap}");
        }
    }
}

fn a_text_must_not_change_meanwhile<E: Engine>() {
    let mut instance = instance::<E>("utf8", BUMP, State { text: "text".into(), changes: true });
    let trap = call(&mut instance, "text", &[]).unwrap_err().to_string();
    assert!(trap.contains("changed while"), "{trap}");
}
