//! Wasmtime's own components, with values of its own.

use crate::ours::{Gives, Outcome, Side};
use crate::random::Type;
use std::sync::Arc;
use wasmtime::component::{Component, Func, InstancePre, Linker, TypedFunc, Val};
use wasmtime::{Config, Engine, Store};
use wayleave_component::Value;

/// The component, in Wasmtime's runtime.
pub(crate) struct Theirs {
    engine: Engine,
    pre: InstancePre<State>,
    ty: Arc<Type>,
}

/// Bytes of values that one call may name: more, as damaged memory can, only takes time.
const MOST: usize = 4 << 20;

/// What Wasmtime says then.
pub(crate) const TOO_MUCH: &str = "fuel";

struct State {
    seen: Vec<Value>,
    gives: Gives,
}

impl Theirs {
    pub(crate) fn new(binary: &[u8], ty: &Arc<Type>) -> Self {
        let mut config = Config::new();
        config.wasm_component_model_fixed_length_lists(true).wasm_component_model_map(true);
        let engine = Engine::new(&config).unwrap();
        let component = Component::new(&engine, binary).unwrap();
        let mut linker = Linker::<State>::new(&engine);
        let of = ty.clone();
        linker
            .root()
            .func_new("host", move |mut store, _, params, results| {
                let state = store.data_mut();
                state.seen.extend(params.iter().map(value));
                results[0] = val(&of, (state.gives)());
                Ok(())
            })
            .unwrap();
        let pre = linker.instantiate_pre(&component).unwrap();
        Self { engine, pre, ty: ty.clone() }
    }

    pub(crate) fn instance(&self, gives: &Gives) -> impl Side + use<> {
        let state = State { seen: Vec::new(), gives: gives.clone() };
        let mut store = Store::new(&self.engine, state);
        store.set_hostcall_fuel(MOST);
        let instance = self.pre.instantiate(&mut store).unwrap();
        TheirInstance {
            ty: self.ty.clone(),
            run: instance.get_func(&mut store, "run").unwrap(),
            send: instance.get_func(&mut store, "send").unwrap(),
            again: instance.get_func(&mut store, "again").unwrap(),
            peek: instance.get_typed_func(&mut store, "peek").unwrap(),
            poke: instance.get_typed_func(&mut store, "poke").unwrap(),
            lie: instance.get_typed_func(&mut store, "lie").unwrap(),
            top: instance.get_typed_func(&mut store, "top").unwrap(),
            store,
        }
    }
}

struct TheirInstance {
    ty: Arc<Type>,
    run: Func,
    send: Func,
    again: Func,
    peek: TypedFunc<(u32, u32), (Vec<u8>,)>,
    poke: TypedFunc<(u32, u8), ()>,
    lie: TypedFunc<(u32,), ()>,
    top: TypedFunc<(), (u32,)>,
    store: Store<State>,
}

impl TheirInstance {
    fn call(&mut self, func: Func, arg: Val) -> Outcome {
        let mut results = [Val::Bool(false)];
        let called = func.call(&mut self.store, &[arg], &mut results);
        called.map(|()| value(&results[0])).map_err(|error| format!("{error:?}"))
    }
}

impl Side for TheirInstance {
    fn run(&mut self, value: Value) -> Outcome {
        self.call(self.run, val(&self.ty, value))
    }

    fn send(&mut self, at: u32) -> Outcome {
        self.call(self.send, Val::U32(at))
    }

    fn again(&mut self, bits: u64) -> Outcome {
        self.call(self.again, Val::U64(bits))
    }

    fn peek(&mut self, at: u32, len: u32) -> Vec<u8> {
        self.peek.call(&mut self.store, (at, len)).unwrap().0
    }

    fn poke(&mut self, at: u32, byte: u8) {
        self.poke.call(&mut self.store, (at, byte)).unwrap();
    }

    fn lie(&mut self, by: u32) {
        self.lie.call(&mut self.store, (by,)).unwrap();
    }

    fn top(&mut self) -> Result<u32, String> {
        let top = self.top.call(&mut self.store, ());
        top.map(|(top,)| top).map_err(|error| format!("{error:?}"))
    }

    fn seen(&mut self) -> Vec<Value> {
        std::mem::take(&mut self.store.data_mut().seen)
    }
}

/// A value of a type, as Wasmtime has them.
fn val(ty: &Type, value: Value) -> Val {
    let payload = |ty: &Option<Box<Type>>, value: Option<Box<Value>>| {
        value.map(|value| Box::new(val(ty.as_ref().unwrap(), *value)))
    };
    let all = |ty: &Type, items: Vec<Value>| items.into_iter().map(|item| val(ty, item)).collect();
    match (ty, value) {
        (_, Value::Bool(value)) => Val::Bool(value),
        (_, Value::S8(value)) => Val::S8(value),
        (_, Value::U8(value)) => Val::U8(value),
        (_, Value::S16(value)) => Val::S16(value),
        (_, Value::U16(value)) => Val::U16(value),
        (_, Value::S32(value)) => Val::S32(value),
        (_, Value::U32(value)) => Val::U32(value),
        (_, Value::S64(value)) => Val::S64(value),
        (_, Value::U64(value)) => Val::U64(value),
        (_, Value::F32(value)) => Val::Float32(value),
        (_, Value::F64(value)) => Val::Float64(value),
        (_, Value::Char(value)) => Val::Char(value),
        (_, Value::String(value)) => Val::String(value),
        (_, Value::Enum(case)) => Val::Enum(case),
        (_, Value::Flags(names)) => Val::Flags(names),
        (Type::List(ty), Value::List(items)) => Val::List(all(ty, items)),
        (Type::FixedList(ty, _), Value::List(items)) => Val::FixedLengthList(all(ty, items)),
        (Type::Map(key, of), Value::Map(pairs)) => {
            Val::Map(pairs.into_iter().map(|(k, v)| (val(key, k), val(of, v))).collect())
        }
        (Type::Tuple(types), Value::Tuple(items)) => {
            Val::Tuple(types.iter().zip(items).map(|(ty, item)| val(ty, item)).collect())
        }
        (Type::Record(_, types), Value::Record(fields)) => {
            let fields = types.iter().zip(fields);
            Val::Record(fields.map(|(ty, (name, value))| (name, val(ty, value))).collect())
        }
        (Type::Variant(_, cases), Value::Variant(name, of)) => {
            let ty = cases[name[1..].parse::<usize>().unwrap()].as_ref();
            let of = of.map(|value| Box::new(val(ty.unwrap(), *value)));
            Val::Variant(name, of)
        }
        (Type::Option(ty), Value::Option(of)) => {
            Val::Option(of.map(|value| Box::new(val(ty, *value))))
        }
        (Type::Result(ty, _), Value::Result(Ok(of))) => Val::Result(Ok(payload(ty, of))),
        (Type::Result(_, ty), Value::Result(Err(of))) => Val::Result(Err(payload(ty, of))),
        (ty, value) => panic!("{value:?} is not of type {ty:?}"),
    }
}

/// A value of Wasmtime's, as we have them.
fn value(val: &Val) -> Value {
    let payload = |of: &Option<Box<Val>>| of.as_ref().map(|of| Box::new(value(of)));
    match val {
        Val::Bool(of) => Value::Bool(*of),
        Val::S8(of) => Value::S8(*of),
        Val::U8(of) => Value::U8(*of),
        Val::S16(of) => Value::S16(*of),
        Val::U16(of) => Value::U16(*of),
        Val::S32(of) => Value::S32(*of),
        Val::U32(of) => Value::U32(*of),
        Val::S64(of) => Value::S64(*of),
        Val::U64(of) => Value::U64(*of),
        Val::Float32(of) => Value::F32(*of),
        Val::Float64(of) => Value::F64(*of),
        Val::Char(of) => Value::Char(*of),
        Val::String(of) => Value::String(of.clone()),
        Val::Enum(case) => Value::Enum(case.clone()),
        Val::Flags(names) => Value::Flags(names.clone()),
        Val::List(of) | Val::FixedLengthList(of) => Value::List(of.iter().map(value).collect()),
        Val::Map(of) => Value::Map(of.iter().map(|(k, v)| (value(k), value(v))).collect()),
        Val::Tuple(of) => Value::Tuple(of.iter().map(value).collect()),
        Val::Record(of) => {
            Value::Record(of.iter().map(|(name, of)| (name.clone(), value(of))).collect())
        }
        Val::Variant(name, of) => Value::Variant(name.clone(), payload(of)),
        Val::Option(of) => Value::Option(payload(of)),
        Val::Result(of) => Value::Result(of.as_ref().map(&payload).map_err(&payload)),
        Val::Resource(_) | Val::Future(_) | Val::Stream(_) | Val::ErrorContext(_) => {
            panic!("{val:?} is of no type that was asked for")
        }
    }
}
