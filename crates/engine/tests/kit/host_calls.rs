use wayleave_engine::ValType::{F32, F64, I32, I64};
use wayleave_engine::{
    Context, Engine, Exit, Extern, FuncType, Slots, Stop, Trap, TrapKind, Value,
};

use super::{Guest, define, trap};

const ALL_TYPES: &str = r#"(module
    (import "host" "f" (func $f (param i32 i64 f32 f64) (result i32 i64 f32 f64)))
    (func (export "run") (param i32 i64 f32 f64) (result i32 i64 f32 f64)
        (call $f (local.get 0) (local.get 1) (local.get 2) (local.get 3))))"#;

pub(crate) fn slots_carry_all_types<E: Engine>() {
    let ty = FuncType::new(&[I32, I64, F32, F64], &[I32, I64, F32, F64]);
    let mut guest = Guest::<E, Vec<u64>>::new(ALL_TYPES, Vec::new(), |linker| {
        define::<E, _>(linker, "f", ty, |context, slots| {
            let seen = [slots.u32(0).into(), slots.u64(1), slots.u32(2).into(), slots.u64(3)];
            context.state().extend(seen);
            slots.set_u32(0, !slots.u32(0));
            slots.set_u64(1, !slots.u64(1));
            slots.set_u32(2, (-f32::from_bits(slots.u32(2))).to_bits());
            slots.set_u64(3, (-f64::from_bits(slots.u64(3))).to_bits());
            Ok(())
        });
    });
    let args = [Value::I32(-2), Value::I64(i64::MIN), Value::F32(1.5), Value::F64(-2.5)];
    let mut results = [Value::I32(0); 4];
    let Extern::Func(run) = guest.export("run") else { panic!() };
    let mut context = E::context(&mut guest.store);
    context.call(&run, &args, &mut results).unwrap();
    let expected = [Value::I32(1), Value::I64(i64::MAX), Value::F32(-1.5), Value::F64(2.5)];
    assert_eq!(results, expected);
    let seen = [0xffff_fffe, 1 << 63, 1.5_f32.to_bits().into(), (-2.5_f64).to_bits()];
    assert_eq!(*context.state(), seen);
}

pub(crate) fn results_overwrite_arguments<E: Engine>() {
    let text = r#"(module
        (import "host" "f" (func $f (param i32) (result i64)))
        (func (export "run") (result i64) (call $f (i32.const -1))))"#;
    let mut guest = Guest::<E, ()>::new(text, (), |linker| {
        define::<E, _>(linker, "f", FuncType::new(&[I32], &[I64]), |_, slots| {
            assert_eq!(slots.u32(0), u32::MAX);
            slots.set_u64(0, 5 << 40);
            assert_eq!(slots.u64(0), 5 << 40);
            Ok(())
        });
    });
    assert_eq!(guest.get("run", &[]).unwrap(), Value::I64(5 << 40));
}

pub(crate) fn slots_read_at_other_widths<E: Engine>() {
    let text = r#"(module
        (import "host" "f" (func $f (param i32 i64 f32) (result i32)))
        (func (export "run") (result i32)
            (call $f (i32.const -1) (i64.const -1) (f32.const 1))))"#;
    let mut guest = Guest::<E, ()>::new(text, (), |linker| {
        define::<E, _>(linker, "f", FuncType::new(&[I32, I64, F32], &[I32]), |_, slots| {
            assert_eq!(slots.u64(0), u64::from(u32::MAX));
            assert_eq!(slots.u32(1), u32::MAX);
            assert_eq!(slots.u64(2), u64::from(1_f32.to_bits()));
            slots.set_u64(0, (7 << 32) | 3);
            Ok(())
        });
    });
    assert_eq!(guest.get("run", &[]).unwrap(), Value::I32(3));
}

pub(crate) fn any_index_is_harmless<E: Engine>() {
    let text = r#"(module
        (import "host" "f" (func $f (result i64)))
        (func (export "run") (result i64) (call $f)))"#;
    let mut guest = Guest::<E, ()>::new(text, (), |linker| {
        define::<E, _>(linker, "f", FuncType::new(&[], &[I64]), |_, slots| {
            for index in [1, 63, 64, 1000, usize::MAX] {
                slots.set_u32(index, 1);
                slots.set_u64(index, 1);
                assert_eq!((slots.u32(index), slots.u64(index)), (0, 0));
            }
            // Not set: zero, not whatever was on the stack.
            assert_eq!(slots.u64(0), 0);
            Ok(())
        });
    });
    assert_eq!(guest.get("run", &[]).unwrap(), Value::I64(0));
}

pub(crate) fn many_parameters<E: Engine>() {
    let (types, constants) = ("i32 ".repeat(100), "(i32.const -1) ".repeat(100));
    let text = format!(
        r#"(module (import "host" "f" (func $f (param {types}) (result i64)))
        (func (export "run") (result i64) (call $f {constants})))"#
    );
    let mut guest = Guest::<E, ()>::new(&text, (), |linker| {
        define::<E, _>(linker, "f", FuncType::new(&[I32; 100], &[I64]), |_, slots| {
            let sum = (0..100).map(|index| slots.u64(index)).sum();
            slots.set_u64(0, sum);
            Ok(())
        });
    });
    assert_eq!(guest.get("run", &[]).unwrap(), Value::I64(100 * i64::from(u32::MAX)));
}

pub(crate) fn state_is_the_hosts<E: Engine>() {
    let text = r#"(module (import "host" "f" (func $f)) (func (export "run") (call $f)))"#;
    let mut guest = Guest::<E, u32>::new(text, 40, |linker| {
        define::<E, _>(linker, "f", FuncType::new(&[], &[]), |context, _| {
            *context.state() += 1;
            Ok(())
        });
    });
    guest.call("run", &[]).unwrap();
    guest.call("run", &[]).unwrap();
    assert_eq!(E::into_state(guest.store), 42);
}

fn stopping<E: Engine>(stop: impl Fn() -> Stop + Send + Sync + 'static) -> Guest<E, ()> {
    let text = r#"(module (import "host" "f" (func $f)) (func (export "run") (call $f)))"#;
    Guest::new(text, (), |linker| {
        define::<E, _>(linker, "f", FuncType::new(&[], &[]), move |_, _| Err(stop()));
    })
}

pub(crate) fn exit_comes_back<E: Engine>() {
    let mut guest = stopping::<E>(|| Exit(7).into());
    assert!(matches!(guest.call("run", &[]), Err(Stop::Exit(Exit(7)))));
}

pub(crate) fn host_traps_come_back<E: Engine>() {
    let mut guest = stopping::<E>(|| Trap::host("no such thing").into());
    let stopped = trap(guest.call("run", &[]));
    assert_eq!((stopped.kind, stopped.to_string()), (TrapKind::Host, "no such thing".to_owned()));
    // A stop of its own does not end the store.
    assert_eq!(trap(guest.call("run", &[])).kind, TrapKind::Host);
}

/// The guest calls the host, which calls the guest, and so on down to zero, where `f` stops.
fn nested<E: Engine>(
    stop: impl Fn() -> Result<(), Stop> + Send + Sync + 'static,
) -> Guest<E, Option<E::Func>> {
    let text = r#"(module
        (import "host" "f" (func $f (param i32) (result i32)))
        (func (export "run") (param i32) (result i32)
            (i32.add (i32.const 1) (call $f (local.get 0)))))"#;
    let mut guest = Guest::<E, Option<E::Func>>::new(text, None, |linker| {
        define::<E, _>(linker, "f", FuncType::new(&[I32], &[I32]), move |context, slots| {
            if slots.u32(0) == 0 {
                return stop();
            }
            let run = context.state().clone().unwrap();
            let mut result = [Value::I32(0)];
            let less = Value::I32(slots.u32(0).cast_signed() - 1);
            context.call(&run, &[less], &mut result)?;
            let [Value::I32(result)] = result else { panic!() };
            slots.set_u32(0, result.cast_unsigned());
            Ok(())
        });
    });
    let Extern::Func(run) = guest.export("run") else { panic!() };
    *E::context(&mut guest.store).state() = Some(run);
    guest
}

pub(crate) fn an_exit_passes_through_nested_calls<E: Engine>() {
    let mut guest = nested::<E>(|| Err(Exit(3).into()));
    assert!(matches!(guest.get("run", &[Value::I32(5)]), Err(Stop::Exit(Exit(3)))));
}

pub(crate) fn a_trap_passes_through_nested_calls<E: Engine>() {
    let mut guest = nested::<E>(|| Err(Trap::host("deep down").into()));
    let stopped = trap(guest.get("run", &[Value::I32(5)]));
    assert_eq!((stopped.kind, stopped.detail.as_deref()), (TrapKind::Host, Some("deep down")));
    assert!(stopped.frames.is_empty() || stopped.frames.len() == 6, "{:?}", stopped.frames);
}

pub(crate) fn nested_calls_return<E: Engine>() {
    let mut guest = nested::<E>(|| Ok(()));
    for _ in 0..3 {
        assert_eq!(guest.get("run", &[Value::I32(9)]).unwrap(), Value::I32(10));
    }
}

pub(crate) fn nesting_is_bounded<E: Engine>() {
    let mut guest = nested::<E>(|| Ok(()));
    let stopped = trap(guest.get("run", &[Value::I32(i32::MAX)]));
    assert_eq!(stopped.kind, TrapKind::StackOverflow);
    assert_eq!(guest.get("run", &[Value::I32(9)]).unwrap(), Value::I32(10));
}

pub(crate) fn a_definition_can_be_replaced<E: Engine>() {
    let text = r#"(module (import "host" "f" (func $f (result i32)))
        (func (export "run") (result i32) (call $f)))"#;
    let mut guest = Guest::<E, ()>::new(text, (), |linker| {
        define::<E, _>(linker, "f", FuncType::new(&[F64], &[]), |_, _| Ok(()));
        define::<E, _>(linker, "f", FuncType::new(&[], &[I32]), |_, slots| {
            slots.set_u32(0, 6);
            Ok(())
        });
    });
    assert_eq!(guest.get("run", &[]).unwrap(), Value::I32(6));
}
