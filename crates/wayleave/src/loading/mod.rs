//! From a binary module to a program: the one place that is generic over engines, behind two small
//! object-safe traits, so that users of this crate are not.

use crate::instance::{Guest, Running};
use crate::runtime::{Builder, UnknownImports};
use crate::{Error, imports};
use std::path::Path;
use std::sync::Arc;
use wayleave_engine::cache::Cache;
use wayleave_engine::{Config, Engine, ExternType, ImportType, Stop, Trap, artifact};
use wayleave_grants::Grants;
use wayleave_wasi::p0;
use wayleave_wasi::p1::{self, Host};

/// An engine that loads programs.
pub(crate) trait Loader: Send + Sync {
    fn load(&self, module: &[u8], settings: &Builder) -> Result<Arc<dyn Loaded>, Error>;
    fn load_artifact(&self, path: &Path, settings: &Builder) -> Result<Arc<dyn Loaded>, Error>;
    fn compile(&self, module: &[u8], to: &Path, settings: &Builder) -> Result<(), Error>;
    fn kick(&self);
}

/// A program on some engine.
pub(crate) trait Loaded: Send + Sync {
    /// Instantiates it; runs nothing but the module's start function.
    fn instantiate(&self, grants: Grants) -> Result<Box<dyn Running>, Error>;
    /// Makes the guests of this engine look at their interrupts.
    fn kick(&self);
    fn config(&self) -> &Config;
    fn exports(&self) -> &[wayleave_engine::ExportType];
}

/// One engine.
pub(crate) struct On<E: Engine> {
    engine: E,
}

impl<E: Engine> On<E> {
    pub(crate) fn new(config: &Config) -> Result<Self, Error> {
        Ok(Self { engine: E::new(config)? })
    }

    fn link(&self, module: &E::Module, settings: &Builder) -> Result<Arc<dyn Loaded>, Error> {
        let wanted = E::imports(module);
        let mut linker = self.engine.linker::<Host>();
        let asked = |from: &str, name: &str| {
            wanted.iter().any(|import| import.module == from && import.name == name)
        };
        p1::link::<E, Host>(&mut linker, |name| asked(p1::MODULE, name))?;
        p0::link::<E, Host>(&mut linker, |name| asked(p0::MODULE, name))?;
        for import in wanted.iter().filter(|import| !is_provided(import)) {
            define_unknown::<E>(&mut linker, import, settings.unknown_imports)?;
        }
        let template = self.engine.template(&linker, module)?;
        Ok(Arc::new(OnEngine {
            engine: self.engine.clone(),
            template,
            config: settings.config().clone(),
            exports: E::exports(module),
        }))
    }
}

impl<E: Engine> Loader for On<E> {
    fn load(&self, module: &[u8], settings: &Builder) -> Result<Arc<dyn Loaded>, Error> {
        let module = match &settings.cache {
            Some(cache) => {
                cache.load_or_compile(&self.engine, module, &mut || settings.compiling())?
            }
            None => {
                settings.compiling();
                self.engine.compile(module)?
            }
        };
        self.link(&module, settings)
    }

    fn load_artifact(&self, path: &Path, settings: &Builder) -> Result<Arc<dyn Loaded>, Error> {
        let module = artifact::open(&self.engine, path, key(settings)?)?;
        self.link(&module, settings)
    }

    fn compile(&self, module: &[u8], to: &Path, settings: &Builder) -> Result<(), Error> {
        let key = key(settings)?;
        settings.compiling();
        let module = self.engine.compile(module)?;
        artifact::write(&self.engine, &module, to, key)?;
        Ok(())
    }

    fn kick(&self) {
        self.engine.kick();
    }
}

/// A program on one engine.
struct OnEngine<E: Engine> {
    engine: E,
    template: E::Template<Host>,
    config: Config,
    exports: Vec<wayleave_engine::ExportType>,
}

impl<E: Engine> Loaded for OnEngine<E> {
    fn instantiate(&self, grants: Grants) -> Result<Box<dyn Running>, Error> {
        Ok(Box::new(Guest::new(&self.engine, &self.template, grants)?))
    }

    fn kick(&self) {
        self.engine.kick();
    }

    fn config(&self) -> &Config {
        &self.config
    }

    fn exports(&self) -> &[wayleave_engine::ExportType] {
        &self.exports
    }
}

fn is_provided(import: &ImportType) -> bool {
    let function = matches!(import.ty, ExternType::Func(_));
    function
        && match import.module.as_str() {
            p1::MODULE => p1::has(&import.name),
            p0::MODULE => p0::has(&import.name),
            _ => false,
        }
}

fn define_unknown<E: Engine>(
    linker: &mut E::Linker<Host>,
    import: &ImportType,
    policy: UnknownImports,
) -> Result<(), Error> {
    let ImportType { module, name, ty } = import;
    let mut help = imports::explain(module, name);
    if let ExternType::Func(Some(ty)) = ty {
        if policy == UnknownImports::Trap {
            let message = format!("the program called `{module}` `{name}`, which nothing provides");
            E::define(linker, module, name, ty, move |_, _| {
                Err(Stop::from(Trap::host(message.clone())))
            })?;
            return Ok(());
        }
        help = format!("{help}; {}", imports::TRAP_HINT);
    }
    Err(Error::UnknownImport { module: module.clone(), name: name.clone(), help })
}

fn key(settings: &Builder) -> Result<&artifact::Key, Error> {
    match &settings.cache {
        Some(cache) => Ok(Cache::key(cache)),
        None => Err(Error::Setting { what: "compiled code", setting: "cache(...)" }),
    }
}
