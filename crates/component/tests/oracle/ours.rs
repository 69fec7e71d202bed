//! An instance as the test sees it, and those of our own runtime.

use std::sync::Arc;
use wayleave_component::plan::Features;
use wayleave_component::{Component, Func, Instance, Linker, Template, TypedFunc, Value};
use wayleave_engine::{Config, Engine, Limits, Stop};

/// What a call gives, or why the guest was stopped.
pub(crate) type Outcome = Result<Value, String>;

/// What the host gives when it is asked: values can not be cloned, but made again.
pub(crate) type Gives = Arc<dyn Fn() -> Value + Send + Sync>;

/// An instance of the component, in some runtime.
pub(crate) trait Side {
    fn run(&mut self, value: Value) -> Outcome;
    fn send(&mut self, at: u32) -> Outcome;
    fn again(&mut self, bits: u64) -> Outcome;
    fn peek(&mut self, at: u32, len: u32) -> Vec<u8>;
    fn poke(&mut self, at: u32, byte: u8);
    fn lie(&mut self, by: u32);
    /// The end of its heap, or why it can not be asked.
    fn top(&mut self) -> Result<u32, String>;
    /// What the host was given since it was asked for the last time.
    fn seen(&mut self) -> Vec<Value>;
}

/// The component, in our runtime on one engine.
pub(crate) struct Ours<E: Engine> {
    engine: E,
    template: Template<E, State>,
}

struct State {
    seen: Vec<Value>,
    gives: Gives,
}

impl<E: Engine> Ours<E> {
    pub(crate) fn new(binary: &[u8]) -> Self {
        let engine = E::new(&Config::default()).unwrap();
        let mut features = Features::default();
        features.fixed_length_lists = true;
        features.maps = true;
        let component = Component::with_features(&engine, binary, features).unwrap();
        let mut linker = Linker::<E, State>::new();
        linker
            .root()
            .value_func("host", |state: &mut State, _, mut args| {
                state.seen.extend(args.pop());
                Ok(Some((state.gives)()))
            })
            .unwrap();
        let template = linker.link(&engine, &component).unwrap();
        Self { engine, template }
    }

    pub(crate) fn instance(&self, gives: &Gives) -> impl Side + use<E> {
        let state = State { seen: Vec::new(), gives: gives.clone() };
        let limits = Limits::default();
        let mut it = self.template.instantiate(&self.engine, state, limits).unwrap();
        OurInstance {
            run: it.func(&["run"]).unwrap(),
            send: it.func(&["send"]).unwrap(),
            again: it.func(&["again"]).unwrap(),
            peek: it.typed(&["peek"]).unwrap(),
            poke: it.typed(&["poke"]).unwrap(),
            lie: it.typed(&["lie"]).unwrap(),
            top: it.typed(&["top"]).unwrap(),
            instance: it,
        }
    }
}

struct OurInstance<E: Engine> {
    run: Func<E>,
    send: Func<E>,
    again: Func<E>,
    peek: TypedFunc<E, (u32, u32), (Vec<u8>,)>,
    poke: TypedFunc<E, (u32, u8), ()>,
    lie: TypedFunc<E, (u32,), ()>,
    top: TypedFunc<E, (), (u32,)>,
    instance: Instance<E, State>,
}

fn outcome(result: Result<Option<Value>, Stop>) -> Outcome {
    result.map(Option::unwrap).map_err(|stop| stop.to_string())
}

impl<E: Engine> Side for OurInstance<E> {
    fn run(&mut self, value: Value) -> Outcome {
        outcome(self.instance.call(&self.run, &[value]))
    }

    fn send(&mut self, at: u32) -> Outcome {
        outcome(self.instance.call(&self.send, &[Value::U32(at)]))
    }

    fn again(&mut self, bits: u64) -> Outcome {
        outcome(self.instance.call(&self.again, &[Value::U64(bits)]))
    }

    fn peek(&mut self, at: u32, len: u32) -> Vec<u8> {
        self.instance.call_typed(&self.peek, (at, len)).unwrap().0
    }

    fn poke(&mut self, at: u32, byte: u8) {
        self.instance.call_typed(&self.poke, (at, byte)).unwrap();
    }

    fn lie(&mut self, by: u32) {
        self.instance.call_typed(&self.lie, (by,)).unwrap();
    }

    fn top(&mut self) -> Result<u32, String> {
        let top = self.instance.call_typed(&self.top, ());
        top.map(|(top,)| top).map_err(|stop| stop.to_string())
    }

    fn seen(&mut self) -> Vec<Value> {
        std::mem::take(&mut self.instance.state().seen)
    }
}
