use wayleave_engine::{Config, Context, Engine, Extern, FuncType, Limits, Trap, TrapKind, Value};

use super::{Guest, define, trap, wasm};

const WITH_MEMORY: &str = r#"(module
    (import "host" "f" (func $f))
    (memory (export "memory") 1)
    (data (i32.const 8) "hello")
    (func (export "run") (call $f))
    (func (export "grow") (result i32) (memory.grow (i32.const 1)))
    (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0))))"#;

/// `f` copies five bytes at 8 into the state, and writes over the first.
fn copying<E: Engine>(linker: &mut E::Linker<Vec<u8>>) {
    define::<E, _>(linker, "f", FuncType::new(&[], &[]), |context, _| {
        let (bytes, state) = context.memory()?;
        state.extend_from_slice(&bytes[8..13]);
        bytes[8] = b'j';
        Ok(())
    });
}

pub(crate) fn default_memory_and_state<E: Engine>() {
    let mut guest = Guest::<E, Vec<u8>>::new(WITH_MEMORY, Vec::new(), copying::<E>);
    guest.call("run", &[]).unwrap();
    assert_eq!(guest.get("load", &[Value::I32(8)]).unwrap(), Value::I32(b'j'.into()));
    // The embedder sees the same.
    let mut context = E::context(&mut guest.store);
    let (bytes, state) = context.memory().unwrap();
    assert_eq!(
        (bytes.len(), &bytes[8..13], state.as_slice()),
        (65536, &b"jello"[..], &b"hello"[..])
    );
}

pub(crate) fn default_memory_after_it_has_grown<E: Engine>() {
    let mut guest = Guest::<E, Vec<u8>>::new(WITH_MEMORY, Vec::new(), copying::<E>);
    guest.call("run", &[]).unwrap();
    for pages in 2..20 {
        guest.get("grow", &[]).unwrap();
        let at = pages * 65536 - 1;
        {
            let mut context = E::context(&mut guest.store);
            let (bytes, _) = context.memory().unwrap();
            assert_eq!(bytes.len(), pages * 65536);
            bytes[at] = 7;
        }
        let at = Value::I32(i32::try_from(at).unwrap());
        assert_eq!(guest.get("load", &[at]).unwrap(), Value::I32(7));
    }
}

pub(crate) fn default_memory_in_the_start_function<E: Engine>() {
    let text = r#"(module
        (import "host" "f" (func $f))
        (memory (export "memory") 1)
        (data (i32.const 8) "start")
        (func $start (call $f))
        (start $start))"#;
    let guest = Guest::<E, Vec<u8>>::new(text, Vec::new(), copying::<E>);
    assert_eq!(E::into_state(guest.store), b"start");
    // Interruptible engines start differently.
    let engine = E::new(&super::config(false, true)).unwrap();
    let guest = Guest::with(&engine, Limits::default(), text, Vec::new(), copying::<E>).unwrap();
    assert_eq!(E::into_state(guest.store), b"start");
}

fn assert_no_memory(stopped: &Trap) {
    assert_eq!(stopped.kind, TrapKind::Host);
    assert_eq!(stopped.to_string(), "the guest exports no memory named `memory`");
}

pub(crate) fn no_memory<E: Engine>() {
    let text = r#"(module
        (import "host" "f" (func $f)) (memory 1) (memory (export "other") 1)
        (func (export "run") (call $f)))"#;
    let mut guest = Guest::<E, Vec<u8>>::new(text, Vec::new(), copying::<E>);
    assert_no_memory(&trap(guest.call("run", &[])));
    assert_no_memory(&trap(E::context(&mut guest.store).memory()));
    // A store without any instance has none either.
    let engine = E::new(&Config::default()).unwrap();
    let mut store = engine.store((), Limits::default()).unwrap();
    assert_no_memory(&trap(E::context(&mut store).memory()));
}

pub(crate) fn no_memory_in_the_start_function<E: Engine>() {
    let text = r#"(module (import "host" "f" (func $f)) (func $start (call $f)) (start $start))"#;
    let engine = E::new(&Config::default()).unwrap();
    let guest = Guest::<E, _>::with(&engine, Limits::default(), text, Vec::new(), copying::<E>);
    assert_no_memory(&trap(guest));
}

pub(crate) fn the_first_instance_decides<E: Engine>() {
    let engine = E::new(&Config::default()).unwrap();
    let module = |byte: &str| {
        let text =
            format!(r#"(module (memory (export "memory") 1) (data (i32.const 0) "{byte}"))"#);
        engine.compile(&wasm(&text)).unwrap()
    };
    let mut store = engine.store((), Limits::default()).unwrap();
    let mut context = E::context(&mut store);
    context.instantiate_with(&module("1"), &[]).unwrap();
    context.instantiate_with(&module("2"), &[]).unwrap();
    assert_eq!(context.memory().unwrap().0[0], b'1');
    // Without a memory, it decides that there is none.
    let mut store = engine.store((), Limits::default()).unwrap();
    let mut context = E::context(&mut store);
    context.instantiate_with(&engine.compile(&wasm("(module)")).unwrap(), &[]).unwrap();
    context.instantiate_with(&module("2"), &[]).unwrap();
    assert_no_memory(&trap(context.memory()));
}

pub(crate) fn memory_of_any<E: Engine>() {
    let text = r#"(module (memory (export "a") 1) (memory (export "b") 2)
        (data (memory 1) (i32.const 0) "b"))"#;
    let mut guest = Guest::<E, u8>::new(text, 5, |_| {});
    let Extern::Memory(b) = guest.export("b") else { panic!() };
    let mut context = E::context(&mut guest.store);
    let (bytes, state) = context.memory_of(&b);
    assert_eq!((bytes.len(), bytes[0], *state), (2 * 65536, b'b', 5));
}

pub(crate) fn the_host_grows_a_memory<E: Engine>() {
    let mut guest = Guest::<E, ()>::plain(r#"(module (memory (export "memory") 1 3))"#);
    let Extern::Memory(memory) = guest.export("memory") else { panic!() };
    let mut context = E::context(&mut guest.store);
    assert_eq!(context.memory_grow(&memory, 2), Some(1));
    assert_eq!(context.memory_grow(&memory, 1), None);
    assert_eq!(context.memory_grow(&memory, u64::MAX), None);
    assert_eq!(context.memory().unwrap().0.len(), 3 * 65536);
}

pub(crate) fn a_memory_that_grew_is_seen<E: Engine>() {
    let mut guest = Guest::<E, Vec<u8>>::new(WITH_MEMORY, Vec::new(), copying::<E>);
    assert_eq!(guest.get("grow", &[]).unwrap(), Value::I32(1));
    assert_eq!(E::context(&mut guest.store).memory().unwrap().0.len(), 2 * 65536);
}

/// At whichever step the engine notices: when compiling or when instantiating.
pub(crate) fn shared_memories_are_refused<E: Engine>() {
    let engine = E::new(&Config::default()).unwrap();
    for text in [
        r#"(module (memory (export "memory") 1 1 shared))"#,
        r#"(module (memory 1 1 shared))"#,
        r#"(module (import "env" "memory" (memory 1 1 shared)))"#,
    ] {
        let reason = match engine.compile(&wasm(text)) {
            Err(error) => error.to_string(),
            Ok(module) => match engine.template(&engine.linker(), &module) {
                Err(error) => error.to_string(),
                Ok(template) => {
                    let mut store = engine.store((), Limits::default()).unwrap();
                    trap(E::context(&mut store).instantiate(&template)).to_string()
                }
            },
        };
        assert!(reason.contains("thread"), "{reason}");
    }
}

pub(crate) fn dense_memories<E: Engine>() {
    let text = r#"(module (memory (export "memory") 1)
        (data (i32.const 65535) "z")
        (func (export "grow") (result i32) (memory.grow (i32.const 1)))
        (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0)))
        (func (export "load8") (param i32) (result i64) (i64.load (local.get 0)))
        (func (export "store") (param i32) (i32.store8 (local.get 0) (i32.const 7))))"#;
    let mut config = Config::default();
    config.dense = true;
    let limited = || Guest::<E, ()>::limited(&config, Limits::default(), text).unwrap();
    let (mut guest, mut neighbour) = (limited(), limited());
    for pages in 1..40 {
        // Growing moves it, with what it holds; the guest has each byte of it and none behind it.
        let end = pages * 65536;
        assert_eq!(guest.get("load", &[Value::I32(65535)]).unwrap(), Value::I32(b'z'.into()));
        assert_eq!(guest.get("load", &[Value::I32(end - 1)]).unwrap(), last_byte(pages));
        guest.call("store", &[Value::I32(end - 2)]).unwrap();
        for beyond in [end, end + 4096, end + (1 << 20), i32::MAX, -1] {
            let stopped = trap(guest.call("store", &[Value::I32(beyond)]));
            assert_eq!(stopped.kind, TrapKind::MemoryOutOfBounds, "{beyond}");
        }
        let stopped = trap(guest.get("load8", &[Value::I32(end - 7)]));
        assert_eq!(stopped.kind, TrapKind::MemoryOutOfBounds);
        assert_eq!(guest.get("grow", &[]).unwrap(), Value::I32(pages));
    }
    // The next one gets what this one had, and finds it empty.
    drop(guest);
    let mut next = limited();
    assert_eq!(next.get("load", &[Value::I32(65534)]).unwrap(), Value::I32(0));
    assert_eq!(neighbour.get("load", &[Value::I32(65534)]).unwrap(), Value::I32(0));
}

fn last_byte(pages: i32) -> Value {
    Value::I32(if pages == 1 { b'z'.into() } else { 0 })
}
