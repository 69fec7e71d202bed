//! Components: WASI 0.2.

use super::{Loaded, Running, limits};
use crate::kind::describe_exports;
use crate::runtime::{Builder, UnknownImports};
use crate::{Error, ProgramKind, imports};
use std::sync::Arc;
use wayleave_component::plan::{Features, FuncType, Plan, Types, translate};
use wayleave_component::{Component, Instance, Linker, Template, Value};
use wayleave_engine::artifact::Bundle;
use wayleave_engine::cache::EntryName;
use wayleave_engine::{Config, Engine, Exit, Stop};
use wayleave_grants::Grants;
use wayleave_wasi::p2::{self, Host};

/// Translates and compiles a component, or finds it done.
pub(super) fn compile<E: Engine>(
    engine: &E,
    binary: &[u8],
    settings: &Builder,
) -> Result<Component<E>, Error> {
    let Some(cache) = &settings.cache else {
        settings.compiling();
        return Ok(Component::new(engine, binary)?);
    };
    let name = EntryName::of(engine, binary);
    let make = || translate(binary, E::PROPOSALS, Features::default())?.to_bytes();
    // Which module has which number is for the plan to say.
    let part = |part: &str| name.part(&format!("{}.{part}", Plan::VERSION));
    let bytes = cache.bytes(&part("plan"), make)?;
    // A plan is read back only if this user's cache has sealed it; another version's is made anew.
    let plan = match Plan::from_bytes(&bytes) {
        Ok(plan) => plan,
        Err(_) => translate(binary, E::PROPOSALS, Features::default())?,
    };
    let mut compiling = Some(|| settings.compiling());
    let component = Component::with_modules(plan, binary, |number, module| {
        // Told once, not for each module.
        let mut on_compile = || {
            if let Some(tell) = compiling.take() {
                tell();
            }
        };
        Ok(cache.module(engine, &part(&number.to_string()), module, &mut on_compile)?)
    })?;
    Ok(component)
}

/// A component that was compiled ahead of time.
pub(super) fn from_bundle<E: Engine>(bundle: Bundle<E>) -> Result<Component<E>, Error> {
    Ok(Component::from_parts(Plan::from_bytes(&bundle.about)?, bundle.modules)?)
}

/// Resolves a component's imports.
pub(super) fn link<E: Engine>(
    engine: &E,
    component: &Component<E>,
    settings: &Builder,
) -> Result<Arc<dyn Loaded>, Error> {
    let template = linker::<E>(settings)?.link(engine, component)?;
    Ok(Arc::new(OnEngine { engine: engine.clone(), template, config: settings.config().clone() }))
}

/// All that is provided.
pub(super) fn linker<E: Engine>(settings: &Builder) -> Result<Linker<E, Host>, Error> {
    let mut linker = Linker::new();
    p2::link(&mut linker, settings.timezone)?;
    #[cfg(feature = "http")]
    p2::http::link(&mut linker)?;
    if let Some(tracer) = &settings.tracer {
        linker.tracer(tracer.clone());
    }
    linker.unknown_traps(settings.unknown_imports == UnknownImports::Trap);
    Ok(linker)
}

/// A component on one engine.
struct OnEngine<E: Engine> {
    engine: E,
    template: Template<E, Host>,
    config: Config,
}

/// The function that programs export.
const RUN: [&str; 2] = [p2::RUN, "run"];

impl<E: Engine> OnEngine<E> {
    /// What is to be said where the function of an interface is not exported: that another version
    /// of it is, or something else of its name, if so.
    fn not_exported(&self, wanted: &'static str) -> Error {
        let versions = |name: &&str| name.split_once('@').is_some_and(|(name, _)| name == wanted);
        if let Some(other) = self.template.plan().export_names().find(versions) {
            let version = other.rsplit('@').next().unwrap_or_default();
            let reason = match version.starts_with("0.2.") && !version.contains('-') {
                true => "it has the interface's name, but not its function".to_owned(),
                false => imports::explain_interface(other),
            };
            return Error::Export { name: other.to_owned(), reason };
        }
        let names: Vec<_> = self.template.plan().export_names().map(str::to_owned).collect();
        let exports = describe_exports(&names);
        Error::NoStart { kind: ProgramKind::Component, wanted, exports }
    }
}

impl<E: Engine> Loaded for OnEngine<E> {
    fn kind(&self) -> ProgramKind {
        ProgramKind::Component
    }

    fn check_runnable(&self) -> Result<(), Error> {
        if !self.template.plan().exports_func(&RUN) {
            return Err(self.not_exported("wasi:cli/run"));
        }
        self.template.typed::<(), (Result<(), ()>,)>(&RUN).map(drop).map_err(|error| {
            let reason = match error {
                wayleave_component::Error::Export { reason, .. } => reason,
                other => other.to_string(),
            };
            let reason = format!("{reason}; a program's is `run: func() -> result`");
            Error::Export { name: "wasi:cli/run".to_owned(), reason }
        })
    }

    fn func_type(&self, path: &[&str]) -> Result<(FuncType, Types), Error> {
        let plan = self.template.plan();
        match self.template.func_type(path) {
            Ok(ty) => Ok((ty.clone(), plan.types().clone())),
            Err(_) => {
                let funcs = plan.exported_funcs().into_iter();
                // Those of resources are called with handles.
                let free = |path: &Vec<&str>| path.last().is_some_and(|name| !name.contains('['));
                let funcs: Vec<_> = funcs.filter(free).map(|path| path.join("#")).collect();
                let reason = format!("there is no such function; {}", describe_exports(&funcs));
                Err(Error::Export { name: path.join("#"), reason })
            }
        }
    }

    fn find_funcs(&self, name: &str) -> Vec<Vec<String>> {
        self.template.plan().find_funcs(name)
    }

    fn instantiate(&self, grants: Grants) -> Result<Box<dyn Running>, Error> {
        let limits = limits(&grants);
        let host = Host::new(grants);
        let instance = self.template.instantiate(&self.engine, host, limits);
        Ok(Box::new(Guest { instance: instance.map_err(Error::Stopped)? }))
    }

    #[cfg(feature = "http")]
    fn handler(
        &self,
        reactor: Arc<dyn wayleave_system::wait::Reactor>,
        reuse: u32,
    ) -> Result<Arc<dyn crate::http::Handles>, Error> {
        use super::handler::{FUNCTION, OnEngine};
        if !self.template.plan().exports_func(&FUNCTION) {
            return Err(self.not_exported("wasi:http/incoming-handler"));
        }
        let (engine, template) = (self.engine.clone(), self.template.clone());
        Ok(Arc::new(OnEngine::new(engine, template, reactor, reuse)?))
    }

    fn kick(&self) {
        self.engine.kick();
    }

    fn config(&self) -> &Config {
        &self.config
    }
}

/// A component's guest.
struct Guest<E: Engine> {
    instance: Instance<E, Host>,
}

impl<E: Engine> Running for Guest<E> {
    fn run(&mut self) -> Result<(), Stop> {
        let run = self.instance.typed::<(), (Result<(), ()>,)>(&RUN);
        let run = run.map_err(|error| wayleave_engine::Trap::host(error.to_string()))?;
        match self.instance.call_typed(&run, ())? {
            (Ok(()),) => Ok(()),
            (Err(()),) => Err(Exit(1).into()),
        }
    }

    /// Components have nothing to prepare: that is done when they are instantiated.
    fn initialize(&mut self) -> Result<(), Stop> {
        Ok(())
    }

    fn call(
        &mut self,
        _: &str,
        _: &[wayleave_engine::Value],
    ) -> Result<Vec<wayleave_engine::Value>, Error> {
        Err(Error::WrongKind {
            what: "a call with numbers alone",
            wanted: ProgramKind::Module,
            kind: ProgramKind::Component,
        })
    }

    fn invoke(&mut self, path: &[&str], args: &[Value]) -> Result<Option<Value>, Error> {
        let func = self.instance.func(path)?;
        self.instance.call(&func, args).map_err(Error::Stopped)
    }

    fn fuel(&mut self) -> Option<u64> {
        self.instance.fuel()
    }
}

impl From<wayleave_component::Error> for Error {
    fn from(error: wayleave_component::Error) -> Self {
        use wayleave_component::Error as Of;
        match error {
            Of::Engine(error) => Self::Engine(error),
            Of::Missing { path, kind } => {
                let mut path = path.into_iter();
                let module = path.next().unwrap_or_default();
                let name = path.collect::<Vec<_>>().join("` `");
                let mut help = imports::explain_interface(&module);
                if kind != "module" {
                    help = format!("{help}; {}", imports::TRAP_HINT);
                }
                Self::UnknownImport { module, name, help }
            }
            error => Self::Component(error),
        }
    }
}
