//! From a binary to a program: the one place that is generic over engines, behind small object-safe
//! traits, so that users of this crate are not.

mod component;
#[cfg(feature = "http")]
mod handler;
mod module;

pub(crate) use module::provides_function;

use crate::runtime::Builder;
use crate::source::Source;
use crate::{Error, ProgramKind};
use std::path::Path;
use std::sync::Arc;
use wayleave_component::plan::{FuncType, Types};
use wayleave_engine::cache::Cache;
use wayleave_engine::{Config, Engine, LimitKind, LimitWatch, Limits, Stop, Value, artifact};
use wayleave_grants::{Grants, Limited};

/// An engine that loads programs.
pub(crate) trait Loader: Send + Sync {
    fn load(&self, source: &Source<'_>, settings: &Builder) -> Result<Arc<dyn Loaded>, Error>;
    fn load_artifact(&self, path: &Path, settings: &Builder) -> Result<Arc<dyn Loaded>, Error>;
    fn compile(&self, source: &Source<'_>, to: &Path, settings: &Builder) -> Result<(), Error>;
    /// Whether components find an interface here.
    fn provides_interface(&self, name: &str, settings: &Builder) -> bool;
    fn kick(&self);
}

/// A program on some engine.
pub(crate) trait Loaded: Send + Sync {
    fn kind(&self) -> ProgramKind;
    /// That it is a program, not a library.
    fn check_runnable(&self) -> Result<(), Error>;
    /// The type of an exported function of a component.
    fn func_type(&self, path: &[&str]) -> Result<(FuncType, Types), Error>;
    /// Where a component exports functions of a name.
    fn find_funcs(&self, name: &str) -> Vec<Vec<String>>;
    /// The grants as a program of its kind can be given them.
    fn fitting(&self, grants: Grants) -> Grants {
        grants
    }
    /// Instantiates it; runs nothing but the start functions of its modules.
    fn instantiate(&self, grants: Grants) -> Result<Box<dyn Running>, Error>;
    /// It as a handler of requests.
    #[cfg(feature = "http")]
    fn handler(
        &self,
        reactor: Arc<dyn wayleave_system::wait::Reactor>,
        reuse: u32,
    ) -> Result<Arc<dyn crate::http::Handles>, Error>;
    /// Makes the guests of this engine look at their interrupts.
    fn kick(&self);
    fn config(&self) -> &Config;
}

/// A guest on some engine.
pub(crate) trait Running: Send {
    /// Runs it as a program.
    fn run(&mut self) -> Result<(), Stop>;
    /// Prepares it as a library.
    fn initialize(&mut self) -> Result<(), Stop>;
    /// Calls an exported function of a module.
    fn call(&mut self, name: &str, args: &[Value]) -> Result<Vec<Value>, Error>;
    /// Calls an exported function of a component.
    fn invoke(
        &mut self,
        path: &[&str],
        args: &[wayleave_component::Value],
    ) -> Result<Option<wayleave_component::Value>, Error>;
    /// Fuel that is left.
    fn fuel(&mut self) -> Option<u64>;
}

/// One engine.
pub(crate) struct On<E: Engine> {
    engine: E,
}

impl<E: Engine> On<E> {
    pub(crate) fn new(config: &Config) -> Result<Self, Error> {
        Ok(Self { engine: E::new(config)? })
    }
}

impl<E: Engine> Loader for On<E> {
    fn load(&self, source: &Source<'_>, settings: &Builder) -> Result<Arc<dyn Loaded>, Error> {
        match source {
            Source::Module(binary) => {
                let module = module::compile(&self.engine, binary, settings)?;
                module::link(&self.engine, &module, settings)
            }
            Source::Component(binary) => {
                let component = component::compile(&self.engine, binary, settings)?;
                component::link(&self.engine, &component, settings)
            }
        }
    }

    fn load_artifact(&self, path: &Path, settings: &Builder) -> Result<Arc<dyn Loaded>, Error> {
        let key = key(settings)?;
        match artifact::open_bundle(&self.engine, path, key)? {
            Some(bundle) => {
                let component = component::from_bundle(bundle)?;
                component::link(&self.engine, &component, settings)
            }
            None => {
                let module = artifact::open(&self.engine, path, key)?;
                module::link(&self.engine, &module, settings)
            }
        }
    }

    fn compile(&self, source: &Source<'_>, to: &Path, settings: &Builder) -> Result<(), Error> {
        let key = key(settings)?;
        settings.compiling();
        match source {
            Source::Module(binary) => {
                let module = self.engine.compile(binary)?;
                artifact::write(&self.engine, &module, to, key)?;
            }
            Source::Component(binary) => {
                let component = wayleave_component::Component::new(&self.engine, binary)?;
                let plan = component.plan().to_bytes()?;
                artifact::write_bundle(&self.engine, &plan, component.modules(), to, key)?;
            }
        }
        Ok(())
    }

    fn provides_interface(&self, name: &str, settings: &Builder) -> bool {
        component::linker::<E>(settings).is_ok_and(|linker| linker.provides(name))
    }

    fn kick(&self) {
        self.engine.kick();
    }
}

fn key(settings: &Builder) -> Result<&artifact::Key, Error> {
    match &settings.cache {
        Some(cache) => Ok(Cache::key(cache)),
        None => Err(Error::Setting { what: "compiled code", setting: "cache(...)" }),
    }
}

/// What a store may use, as far as the engine looks after it.
fn limits(grants: &Grants) -> Limits {
    let mut limits = Limits::default();
    limits.memory_bytes = grants.limits.memory_bytes;
    limits.table_elements = grants.limits.table_elements;
    limits.instances = grants.limits.instances;
    limits.fuel = grants.limits.fuel;
    limits.interrupt = grants.interrupt.as_ref().map(|interrupt| interrupt.flag());
    if grants.refusals.is_some() {
        let memory = grants.limit_watch(Limited::Memory);
        let tables = grants.limit_watch(Limited::TableElements);
        let instances = grants.limit_watch(Limited::Instances);
        limits.watch = Some(LimitWatch::new(move |what, wanted| {
            let watch = match what {
                LimitKind::Memory => &memory,
                LimitKind::TableElements => &tables,
                LimitKind::Instances => &instances,
                _ => return false,
            };
            watch.allows(wanted as u64)
        }));
    }
    limits
}
