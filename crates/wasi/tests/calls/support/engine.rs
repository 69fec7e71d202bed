use super::Version;
use std::sync::OnceLock;
use wayleave_component::{Component, Linker, Template};
use wayleave_engine::wasmi::Wasmi;
use wayleave_engine::wasmtime::Wasmtime;
use wayleave_engine::{Config, Engine};
use wayleave_wasi::p1::Host;
use wayleave_wasi::{p0, p1, p2};

/// An engine with the guests compiled and linked, once for all tests.
pub(crate) trait TestEngine: Engine {
    fn shared() -> &'static Shared<Self>;
}

pub(crate) struct Shared<E: Engine> {
    pub(crate) engine: E,
    snapshot1: E::Template<Host>,
    unstable: E::Template<Host>,
    /// The guest of 0.2.
    pub(crate) component: Template<E, p2::Host>,
}

impl<E: Engine> Shared<E> {
    fn new() -> Self {
        let mut config = Config::default();
        config.interrupt = true;
        let engine = E::new(&config).unwrap();
        let template = |version: Version| {
            let mut linker = engine.linker::<Host>();
            match version {
                Version::Snapshot1 => p1::link::<E, Host>(&mut linker, None, |_| true),
                Version::Unstable => p0::link::<E, Host>(&mut linker, None, |_| true),
            }
            .unwrap();
            let module = engine.compile(&version.guest()).unwrap();
            engine.template(&linker, &module).unwrap()
        };
        let (snapshot1, unstable) = (template(Version::Snapshot1), template(Version::Unstable));
        let component = component(&engine);
        Self { engine, snapshot1, unstable, component }
    }

    pub(crate) fn template(&self, version: Version) -> &E::Template<Host> {
        match version {
            Version::Snapshot1 => &self.snapshot1,
            Version::Unstable => &self.unstable,
        }
    }
}

fn component<E: Engine>(engine: &E) -> Template<E, p2::Host> {
    let built = concat!(env!("CARGO_MANIFEST_DIR"), "/../../guests/built/components/calls.wasm");
    let component = Component::new(engine, &std::fs::read(built).unwrap()).unwrap();
    let mut linker = Linker::<E, p2::Host>::new();
    p2::link(&mut linker, false).unwrap();
    linker.link(engine, &component).unwrap()
}

impl TestEngine for Wasmtime {
    fn shared() -> &'static Shared<Self> {
        static SHARED: OnceLock<Shared<Wasmtime>> = OnceLock::new();
        SHARED.get_or_init(Shared::new)
    }
}

impl TestEngine for Wasmi {
    fn shared() -> &'static Shared<Self> {
        static SHARED: OnceLock<Shared<Wasmi>> = OnceLock::new();
        SHARED.get_or_init(Shared::new)
    }
}
