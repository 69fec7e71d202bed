//! What has gone wrong in hosts of components, on each engine: strings and lists that lie, reallocs
//! that lie, handles without end, instances after a trap.
#![allow(clippy::unwrap_used, reason = "a test that can not go on has failed")]

use wayleave_component::{Component, Instance, Linker, Value};
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
    strings_that_lie,
    reallocs_that_lie,
    the_same_bytes_again_and_again,
    bytes_as_values,
    lists_as_large_as_the_memory,
    handles_without_end,
    an_instance_after_a_trap,
    imports_called_while_values_are_lowered,
    borrows_that_are_kept,
    a_pooled_instance_is_empty,
    flags_of_all_widths,
    flags_that_no_slot_holds,
);

struct Thing;

/// The state counts what was taken, and what was destroyed.
#[derive(Default)]
struct State {
    taken: usize,
    destroyed: u32,
}

fn instance<E: Engine>(text: &str) -> Instance<E, State> {
    instance_on(&E::new(&Config::default()).unwrap(), text)
}

fn instance_on<E: Engine>(engine: &E, text: &str) -> Instance<E, State> {
    let component = Component::new(engine, &wat::parse_str(text).unwrap()).unwrap();
    let mut linker = Linker::<E, State>::new();
    linker
        .max_handles(100)
        .root()
        .func("take", |state: &mut State, (text,): (String,)| {
            state.taken += text.len();
            Ok(())
        })
        .unwrap()
        .func("take-all", |state: &mut State, (texts,): (Vec<String>,)| {
            state.taken += texts.iter().map(String::len).sum::<usize>();
            Ok(())
        })
        .unwrap()
        .func("take-bytes", |state: &mut State, (bytes,): (Vec<u8>,)| {
            state.taken += bytes.len();
            Ok(())
        })
        .unwrap()
        .func("nothing", |_: &mut State, (): ()| Ok(()))
        .unwrap()
        .func("give", |_: &mut State, (): ()| Ok(("some text".to_owned(),)))
        .unwrap()
        .func("make", |_: &mut State, (): ()| Ok((wayleave_component::Own::<Thing>::new(7),)))
        .unwrap()
        .resource::<Thing>("thing", |state, rep| {
            assert_eq!(rep, 7);
            state.destroyed += 1;
            Ok(())
        })
        .unwrap();
    linker
        .link(engine, &component)
        .unwrap()
        .instantiate(engine, State::default(), Limits::default())
        .unwrap()
}

fn call<E: Engine>(
    instance: &mut Instance<E, State>,
    name: &str,
    args: &[Value],
) -> Result<Option<Value>, Stop> {
    let func = instance.func(&[name]).unwrap();
    instance.call(&func, args)
}

/// The trap's words.
fn trap(result: Result<Option<Value>, Stop>) -> String {
    match result {
        Err(Stop::Trap(trap)) => trap.to_string(),
        other => panic!("no trap: {other:?}"),
    }
}

/// A component that passes a string at any address, of any length, in an encoding.
fn passing(encoding: &str) -> String {
    format!(
        r#"(component
            (import "take" (func $take (param "text" string)))
            (core module $memory (memory (export "memory") 1)
                (data (i32.const 0) "\ff\fe\00\d8\00\d8aaaa"))
            (core instance $memory (instantiate $memory))
            (core func $take (canon lower (func $take) (memory (core memory $memory "memory")) {encoding}))
            (core module $main
                (import "" "take" (func $take (param i32 i32)))
                (func (export "pass") (param i32 i32) (call $take (local.get 0) (local.get 1))))
            (core instance $main (instantiate $main
                (with "" (instance (export "take" (func $take))))))
            (func (export "pass") (param "at" u32) (param "len" u32)
                (canon lift (core func $main "pass"))))"#
    )
}

fn strings_that_lie<E: Engine>() {
    type Case = (u32, u32, &'static str);
    let cases: [(&str, &[Case]); 3] = [
        (
            "",
            &[
                (0, 2, "UTF-8"),
                (65535, 2, "out of bounds"),
                (u32::MAX, 1, "out of bounds"),
                (0, u32::MAX, "out of bounds"),
            ],
        ),
        (
            "string-encoding=utf16",
            &[
                (2, 1, "UTF-16"),
                (1, 1, "not aligned"),
                (65534, 2, "out of bounds"),
                (0, 1 << 31, "out of bounds"),
                (0, u32::MAX, "out of bounds"),
            ],
        ),
        (
            "string-encoding=latin1+utf16",
            &[
                (1, 1, "not aligned"),
                (2, 1 | 1 << 31, "UTF-16"),
                (65534, 3, "out of bounds"),
                (0, u32::MAX, "out of bounds"),
            ],
        ),
    ];
    for (encoding, cases) in cases {
        for &(at, len, expected) in cases {
            let mut instance = instance::<E>(&passing(encoding));
            let args = [Value::U32(at), Value::U32(len)];
            let words = trap(call(&mut instance, "pass", &args));
            assert!(words.contains(expected), "{encoding} {at} {len}: {words}");
            assert_eq!(instance.state().taken, 0);
        }
        // The end of the memory is inside, for nothing.
        let mut instance = instance::<E>(&passing(encoding));
        call(&mut instance, "pass", &[Value::U32(65536), Value::U32(0)]).unwrap();
        call(&mut instance, "pass", &[Value::U32(6), Value::U32(2)]).unwrap();
        assert!(instance.state().taken > 0);
    }
}

fn reallocs_that_lie<E: Engine>() {
    let component = |encoding: &str, realloc: &str| {
        format!(
            r#"(component
                (import "give" (func $give (result string)))
                (core module $memory (memory (export "memory") 1)
                    (func (export "realloc") (param i32 i32 i32 i32) (result i32) {realloc}))
                (core instance $memory (instantiate $memory))
                (core func $give (canon lower (func $give) (memory (core memory $memory "memory"))
                    (realloc (core func $memory "realloc")) {encoding}))
                (core module $main
                    (import "" "give" (func $give (param i32)))
                    (func (export "ask") (call $give (i32.const 0))))
                (core instance $main (instantiate $main
                    (with "" (instance (export "give" (func $give))))))
                (func (export "ask") (canon lift (core func $main "ask"))))"#
        )
    };
    for (encoding, realloc, expected) in [
        ("", "(i32.const 65536)", "beyond end of memory"),
        ("", "(i32.const 65528)", "beyond end of memory"),
        ("", "(i32.const -1)", "beyond end of memory"),
        ("", "unreachable", "unreachable"),
        ("string-encoding=utf16", "(i32.const 9)", "not aligned"),
        ("string-encoding=latin1+utf16", "(i32.const 9)", "not aligned"),
    ] {
        let mut instance = instance::<E>(&component(encoding, realloc));
        let words = trap(call(&mut instance, "ask", &[]));
        assert!(words.contains(expected), "{encoding} {realloc}: {words}");
    }
    let mut good = instance::<E>(&component("", "(i32.const 16)"));
    call(&mut good, "ask", &[]).unwrap();
}

/// A list of a million strings that are all the same megabyte would be a terabyte on the host.
fn the_same_bytes_again_and_again<E: Engine>() {
    let mut instance = instance::<E>(
        r#"(component
            (import "take-all" (func $take (param "texts" (list string))))
            (core module $memory (memory (export "memory") 256))
            (core instance $memory (instantiate $memory))
            (core func $take (canon lower (func $take) (memory (core memory $memory "memory"))))
            (core module $main
                (import "" "memory" (memory 256))
                (import "" "take" (func $take (param i32 i32)))
                (func (export "run") (param $count i32) (param $len i32) (local $n i32)
                    (loop $again
                        (i32.store (i32.mul (local.get $n) (i32.const 8)) (i32.const 12582912))
                        (i32.store offset=4 (i32.mul (local.get $n) (i32.const 8)) (local.get $len))
                        (br_if $again (i32.lt_u
                            (local.tee $n (i32.add (local.get $n) (i32.const 1)))
                            (local.get $count))))
                    (call $take (i32.const 0) (local.get $count))))
            (core instance $main (instantiate $main (with "" (instance
                (export "memory" (memory $memory "memory"))
                (export "take" (func $take))))))
            (func (export "run") (param "count" u32) (param "len" u32)
                (canon lift (core func $main "run"))))"#,
    );
    call(&mut instance, "run", &[Value::U32(100), Value::U32(1000)]).unwrap();
    assert_eq!(instance.state().taken, 100_000);
    let args = [Value::U32(1_000_000), Value::U32(1 << 20)];
    let words = trap(call(&mut instance, "run", &args));
    assert!(words.contains("larger than the memory"), "{words}");
    assert_eq!(instance.state().taken, 100_000);
}

/// A byte of a guest becomes a value of 32 bytes.
fn bytes_as_values<E: Engine>() {
    let mut instance = instance::<E>(
        r#"(component
            (core module $main
                (memory (export "memory") 256)
                (func (export "bytes") (param $len i32) (result i32)
                    (i32.store (i32.const 0) (i32.const 8))
                    (i32.store (i32.const 4) (local.get $len))
                    (i32.const 0)))
            (core instance $main (instantiate $main))
            (func (export "bytes") (param "len" u32) (result (list u8))
                (canon lift (core func $main "bytes") (memory (core memory $main "memory")))))"#,
    );
    let bytes = call(&mut instance, "bytes", &[Value::U32(100_000)]).unwrap();
    assert!(matches!(&bytes, Some(Value::List(bytes)) if bytes.len() == 100_000));
    let words = trap(call(&mut instance, "bytes", &[Value::U32(16_000_000)]));
    assert!(words.contains("too much memory of the host"), "{words}");
}

const WITH_THINGS: &str = r#"(component
    (import "thing" (type $thing (sub resource)))
    (import "make" (func $make (result (own $thing))))
    (core func $make (canon lower (func $make)))
    (core func $drop (canon resource.drop $thing))
    (core module $main
        (import "" "make" (func $make (result i32)))
        (import "" "drop" (func $drop (param i32)))
        (func (export "hoard") (param $n i32)
            (loop $again
                (drop (call $make))
                (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
        (func (export "use") (param $n i32)
            (loop $again
                (call $drop (call $make))
                (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
        (func (export "drop") (param i32) (call $drop (local.get 0)))
        (func (export "keep") (param i32)))
    (core instance $main (instantiate $main (with "" (instance
        (export "make" (func $make)) (export "drop" (func $drop))))))
    (func (export "hoard") (param "n" u32) (canon lift (core func $main "hoard")))
    (func (export "use") (param "n" u32) (canon lift (core func $main "use")))
    (func (export "drop-any") (param "n" u32) (canon lift (core func $main "drop")))
    (func (export "keep") (param "thing" (borrow $thing)) (canon lift (core func $main "keep")))
    (func (export "give-back") (param "thing" (borrow $thing))
        (canon lift (core func $main "drop"))))"#;

fn handles_without_end<E: Engine>() {
    let mut good = instance::<E>(WITH_THINGS);
    call(&mut good, "use", &[Value::U32(10_000)]).unwrap();
    assert_eq!(good.state().destroyed, 10_000);
    call(&mut good, "hoard", &[Value::U32(100)]).unwrap();
    let words = trap(call(&mut good, "hoard", &[Value::U32(1)]));
    assert!(words.contains("100 handles are open"), "{words}");
    for wild in [0, 1, 99, u32::MAX] {
        let mut instance = instance::<E>(WITH_THINGS);
        let words = trap(call(&mut instance, "drop-any", &[Value::U32(wild)]));
        assert!(words.contains("unknown handle index"), "{words}");
        assert_eq!(instance.state().destroyed, 0);
    }
}

fn an_instance_after_a_trap<E: Engine>() {
    let mut instance = instance::<E>(WITH_THINGS);
    trap(call(&mut instance, "drop-any", &[Value::U32(5)]));
    let words = trap(call(&mut instance, "use", &[Value::U32(1)]));
    assert!(words.contains("cannot enter component instance"), "{words}");
    assert_eq!(instance.state().destroyed, 0);
}

fn imports_called_while_values_are_lowered<E: Engine>() {
    let mut instance = instance::<E>(
        r#"(component
            (import "give" (func $give (result string)))
            (import "nothing" (func $nothing))
            (core module $shim
                (table (export "table") 1 funcref)
                (func (export "nothing") (call_indirect (i32.const 0))))
            (core instance $shim (instantiate $shim))
            (core module $memory
                (import "" "nothing" (func $nothing))
                (memory (export "memory") 1)
                (func (export "realloc") (param i32 i32 i32 i32) (result i32)
                    (call $nothing) (i32.const 16)))
            (core instance $memory (instantiate $memory
                (with "" (instance (export "nothing" (func $shim "nothing"))))))
            (core func $nothing (canon lower (func $nothing)))
            (core module $fixup
                (import "" "table" (table 1 funcref))
                (import "" "nothing" (func $nothing))
                (elem (i32.const 0) func $nothing))
            (core instance (instantiate $fixup (with "" (instance
                (export "table" (table $shim "table"))
                (export "nothing" (func $nothing))))))
            (core func $give (canon lower (func $give) (memory (core memory $memory "memory"))
                (realloc (core func $memory "realloc"))))
            (core module $main
                (import "" "give" (func $give (param i32)))
                (func (export "ask") (call $give (i32.const 0))))
            (core instance $main (instantiate $main
                (with "" (instance (export "give" (func $give))))))
            (func (export "ask") (canon lift (core func $main "ask"))))"#,
    );
    let words = trap(call(&mut instance, "ask", &[]));
    assert!(words.contains("cannot leave component instance"), "{words}");
}

fn borrows_that_are_kept<E: Engine>() {
    let lend = |name: &str| {
        let mut instance = instance::<E>(WITH_THINGS);
        let keep = instance.typed::<(wayleave_component::Borrow<Thing>,), ()>(&[name]).unwrap();
        let result = instance.call_typed(&keep, (wayleave_component::Borrow::new(7),));
        assert_eq!(instance.state().destroyed, 0);
        result
    };
    lend("give-back").unwrap();
    let words = trap(lend("keep").map(|()| None));
    assert!(words.contains("borrow handles still remain"), "{words}");
}

fn lists_as_large_as_the_memory<E: Engine>() {
    const PAGES: u32 = 512;
    let mut instance = instance::<E>(&format!(
        r#"(component
            (import "take-bytes" (func $take (param "bytes" (list u8))))
            (core module $memory (memory (export "memory") {PAGES}))
            (core instance $memory (instantiate $memory))
            (core func $take (canon lower (func $take) (memory (core memory $memory "memory"))))
            (core module $main
                (import "" "take" (func $take (param i32 i32)))
                (func (export "run") (param $len i32)
                    (call $take (i32.const 0) (local.get $len))))
            (core instance $main (instantiate $main (with "" (instance
                (export "take" (func $take))))))
            (func (export "run") (param "len" u32) (canon lift (core func $main "run"))))"#
    ));
    let all = PAGES << 16;
    call(&mut instance, "run", &[Value::U32(all)]).unwrap();
    assert_eq!(instance.state().taken, all as usize);
    let words = trap(call(&mut instance, "run", &[Value::U32(all + 1)]));
    assert!(words.contains("out of bounds"), "{words}");
}

fn a_pooled_instance_is_empty<E: Engine>() {
    let mut config = Config::default();
    config.pool = Some(1);
    let engine = E::new(&config).unwrap();
    let text = r#"(component
        (core module $main
            (memory 1)
            (table 2 funcref)
            (elem declare func $mark)
            (func $mark (export "mark") (result i32)
                (local $old i32)
                (local.set $old (i32.add
                    (i32.load (i32.const 4096))
                    (i32.eqz (ref.is_null (table.get (i32.const 1))))))
                (i32.store (i32.const 4096) (i32.const 7))
                (table.set (i32.const 1) (ref.func $mark))
                (local.get $old)))
        (core instance $main (instantiate $main))
        (func (export "mark") (result u32) (canon lift (core func $main "mark"))))"#;
    for _ in 0..3 {
        let mut instance = instance_on(&engine, text);
        assert_eq!(call(&mut instance, "mark", &[]).unwrap(), Some(Value::U32(0)));
        assert_eq!(call(&mut instance, "mark", &[]).unwrap(), Some(Value::U32(8)));
    }
}

fn flags_of_all_widths<E: Engine>() {
    for width in [1, 7, 8, 9, 16, 17, 31, 32] {
        let names: Vec<String> = (0..width).map(|n| format!("f{n}")).collect();
        let quoted: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
        let mut instance = instance::<E>(&format!(
            r#"(component
                (type $flags (flags {}))
                (export $f "f" (type $flags))
                (core module $main (func (export "same") (param i32) (result i32) (local.get 0)))
                (core instance $main (instantiate $main))
                (func (export "same") (param "x" $f) (result $f)
                    (canon lift (core func $main "same")))
                (func (export "wild") (param "x" u32) (result $f)
                    (canon lift (core func $main "same"))))"#,
            quoted.join(" ")
        ));
        let some: Vec<String> = names.iter().step_by(3).cloned().collect();
        let result = call(&mut instance, "same", &[Value::Flags(some.clone())]).unwrap();
        assert_eq!(result, Some(Value::Flags(some)));
        // Bits that no flag has do not count.
        let result = call(&mut instance, "wild", &[Value::U32(u32::MAX)]).unwrap();
        assert_eq!(result, Some(Value::Flags(names)));
        let wrong = call(&mut instance, "same", &[Value::Flags(vec!["other".into()])]);
        assert!(trap(wrong).contains("not of its type"));
    }
}

/// More than 32 flags would be in several slots, which the model no longer has.
fn flags_that_no_slot_holds<E: Engine>() {
    let engine = E::new(&Config::default()).unwrap();
    for width in [33, 64, 65, 100] {
        let names: Vec<String> = (0..width).map(|n| format!("\"f{n}\"")).collect();
        let names = names.join(" ");
        let text = format!("(component (type $f (flags {names})) (export \"f\" (type $f)))");
        let component = Component::new(&engine, &wat::parse_str(&text).unwrap());
        assert!(component.is_err(), "{width}");
    }
    // No flags at all: an empty section entry that text can not say.
    let flags = wat::parse_str("(component (type (flags \"a\")))").unwrap();
    let at = flags.windows(4).position(|bytes| bytes == [0x6e, 1, 1, b'a']).unwrap();
    let mut none = flags;
    none.splice(at..at + 4, [0x6e, 0]);
    // The section is two bytes shorter.
    none[at - 2] -= 2;
    assert!(Component::new(&engine, &none).is_err(), "0");
}
