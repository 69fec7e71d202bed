//! What a linker is given.

use crate::support::{FUNCTIONS, TestEngine, Version, each_engine};
use wayleave_engine::{Error, FuncType, ValType};
use wayleave_wasi::p1::Host;
use wayleave_wasi::{p0, p1};

each_engine! {
    only_wanted_functions_are_linked,
    a_wrong_type_does_not_link,
    a_guest_without_a_memory_traps_only_when_it_is_needed,
}

fn only_wanted_functions_are_linked<E: TestEngine>() {
    let engine = &E::shared().engine;
    for left_out in ["args_get", "path_open", "proc_exit", "sock_shutdown"] {
        let mut linker = engine.linker::<Host>();
        p1::link::<E, Host>(&mut linker, None, |name| name != left_out).unwrap();
        let module = engine.compile(&Version::Snapshot1.guest()).unwrap();
        match engine.template(&linker, &module) {
            Err(Error::Link { module, name, .. }) => {
                assert_eq!((&*module, &*name), ("wasi_snapshot_preview1", left_out));
            }
            Err(other) => panic!("{other}"),
            Ok(_) => panic!("linked without {left_out}"),
        }
    }
}

fn a_wrong_type_does_not_link<E: TestEngine>() {
    let engine = &E::shared().engine;
    let mut linker = engine.linker::<Host>();
    p1::link::<E, Host>(&mut linker, None, |_| true).unwrap();
    let wrong = wat::parse_str(
        r#"(module (import "wasi_snapshot_preview1" "fd_close" (func (param i64) (result i32))))"#,
    );
    let module = engine.compile(&wrong.unwrap()).unwrap();
    let Err(Error::Link { name, reason, .. }) = engine.template(&linker, &module) else {
        panic!("linked");
    };
    assert_eq!(name, "fd_close");
    for ty in [[ValType::I64], [ValType::I32]] {
        let ty = FuncType::new(&ty, &[ValType::I32]).to_string();
        assert!(reason.contains(&ty), "{reason:?} does not say {ty:?}");
    }
}

fn a_guest_without_a_memory_traps_only_when_it_is_needed<E: TestEngine>() {
    use wayleave_engine::{Context, Extern, Limits, Stop, TrapKind, Value};
    let engine = &E::shared().engine;
    let mut linker = engine.linker::<Host>();
    p1::link::<E, Host>(&mut linker, None, |_| true).unwrap();
    let text = r#"(module
        (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
        (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
        (func (export "yield") (result i32) call $yield)
        (func (export "random") (result i32) i32.const 0 i32.const 0 call $random))"#;
    let module = engine.compile(&wat::parse_str(text).unwrap()).unwrap();
    let template = engine.template(&linker, &module).unwrap();
    let host = Host::new(wayleave_grants::Grants::new());
    let mut store = engine.store(host, Limits::default()).unwrap();
    let mut context = E::context(&mut store);
    let instance = context.instantiate(&template).unwrap();
    let mut call = |name| {
        let Some(Extern::Func(func)) = context.export(&instance, name) else { panic!("{name}") };
        let mut result = [Value::I32(-1)];
        context.call(&func, &[], &mut result).map(|()| result[0])
    };
    assert_eq!(call("yield").unwrap(), Value::I32(0));
    match call("random") {
        Err(Stop::Trap(trap)) => assert_eq!(trap.kind, TrapKind::Host, "{trap}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_version_has_its_functions_and_no_other() {
    for (name, _) in FUNCTIONS {
        assert!(p1::has(name), "{name}");
        assert_eq!(p0::has(name), name != "sock_accept", "{name}");
    }
    for name in ["", "fd", "fd_dup", "FD_READ", "sock_open", "thread-spawn"] {
        assert!(!p1::has(name) && !p0::has(name), "{name}");
    }
}
