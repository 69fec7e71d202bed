//! Core modules: WASI 0.0 and 0.1.

use super::{Loaded, Running, limits};
use crate::kind::describe_exports;
use crate::runtime::{Builder, UnknownImports};
use crate::{Error, ProgramKind, imports};
use std::sync::Arc;
use wayleave_component::plan::{FuncType, Types};
use wayleave_engine::{
    Config, Context, Engine, ExportType, Extern, ExternType, ImportType, Stop, Trap, Value,
};
use wayleave_grants::Grants;
use wayleave_wasi::p0;
use wayleave_wasi::p1::{self, Host};

/// Compiles a module, or finds it compiled.
pub(super) fn compile<E: Engine>(
    engine: &E,
    binary: &[u8],
    settings: &Builder,
) -> Result<E::Module, Error> {
    if let Some(cache) = &settings.cache {
        return Ok(cache.load_or_compile(engine, binary, &mut || settings.compiling())?);
    }
    settings.compiling();
    Ok(engine.compile(binary)?)
}

/// Resolves a module's imports.
pub(super) fn link<E: Engine>(
    engine: &E,
    module: &E::Module,
    settings: &Builder,
) -> Result<Arc<dyn Loaded>, Error> {
    let wanted = E::imports(module);
    let mut linker = engine.linker::<Host>();
    let asked = |from: &str, name: &str| {
        wanted.iter().any(|import| import.module == from && import.name == name)
    };
    let tracer = settings.tracer.as_ref();
    p1::link::<E, Host>(&mut linker, tracer, |name| asked(p1::MODULE, name))?;
    p0::link::<E, Host>(&mut linker, tracer, |name| asked(p0::MODULE, name))?;
    for import in wanted.iter().filter(|import| !is_provided(import)) {
        define_unknown::<E>(&mut linker, import, settings.unknown_imports)?;
    }
    let template = engine.template(&linker, module)?;
    Ok(Arc::new(Module {
        engine: engine.clone(),
        template,
        config: settings.config().clone(),
        exports: E::exports(module).into(),
        unstable: wanted.iter().any(|import| import.module == p0::MODULE),
    }))
}

/// A module on one engine.
struct Module<E: Engine> {
    engine: E,
    template: E::Template<Host>,
    config: Config,
    exports: Arc<[ExportType]>,
    /// Whether it is for WASI 0.0.
    unstable: bool,
}

/// The function that programs export.
const START: &str = "_start";
/// The function that prepares libraries.
const INITIALIZE: &str = "_initialize";

impl<E: Engine> Loaded for Module<E> {
    fn kind(&self) -> ProgramKind {
        ProgramKind::Module
    }

    fn check_runnable(&self) -> Result<(), Error> {
        if self.exports.iter().any(|export| export.name == START) {
            return takes_nothing(&self.exports, START);
        }
        let functions = self.exports.iter();
        let functions = functions.filter(|export| matches!(export.ty, ExternType::Func(_)));
        let functions: Vec<_> = functions.map(|export| export.name.clone()).collect();
        let exports = describe_exports(&functions);
        Err(Error::NoStart { kind: ProgramKind::Module, wanted: START, exports })
    }

    fn func_type(&self, _: &[&str]) -> Result<(FuncType, Types), Error> {
        Err(not_a_component())
    }

    fn find_funcs(&self, _: &str) -> Vec<Vec<String>> {
        Vec::new()
    }

    /// C libraries of the time of WASI 0.0 use the last folder whose name fits, however short: they
    /// would use one at `/` for everything.
    fn fitting(&self, mut grants: Grants) -> Grants {
        if self.unstable {
            grants.elsewhere = None;
        }
        grants
    }

    fn instantiate(&self, grants: Grants) -> Result<Box<dyn Running>, Error> {
        let limits = limits(&grants);
        let mut store = self.engine.store(Host::new(grants), limits)?;
        let instance = E::context(&mut store).instantiate(&self.template);
        let instance = instance.map_err(Error::Stopped)?;
        Ok(Box::new(Guest::<E> { store, instance, exports: self.exports.clone() }))
    }

    #[cfg(feature = "http")]
    fn handler(
        &self,
        _: Arc<dyn wayleave_system::wait::Reactor>,
        _: u32,
    ) -> Result<Arc<dyn crate::http::Handles>, Error> {
        Err(Error::WrongKind {
            what: "answering HTTP requests",
            wanted: ProgramKind::Component,
            kind: ProgramKind::Module,
        })
    }

    fn kick(&self) {
        self.engine.kick();
    }

    fn config(&self) -> &Config {
        &self.config
    }
}

/// A module's guest.
struct Guest<E: Engine> {
    store: E::Store<Host>,
    instance: E::Instance,
    exports: Arc<[ExportType]>,
}

impl<E: Engine> Guest<E> {
    /// Calls a function whose type is known; a missing one is called at no cost.
    fn call_known(
        &mut self,
        name: &str,
        args: &[Value],
        results: &mut [Value],
    ) -> Result<(), Stop> {
        let mut context = E::context(&mut self.store);
        match context.export(&self.instance, name) {
            Some(Extern::Func(func)) => context.call(&func, args, results),
            _ => Ok(()),
        }
    }
}

impl<E: Engine> Running for Guest<E> {
    fn run(&mut self) -> Result<(), Stop> {
        self.call_known(START, &[], &mut [])
    }

    fn initialize(&mut self) -> Result<(), Stop> {
        takes_nothing(&self.exports, INITIALIZE).map_err(|error| Trap::host(error.to_string()))?;
        self.call_known(INITIALIZE, &[], &mut [])
    }

    fn call(&mut self, name: &str, args: &[Value]) -> Result<Vec<Value>, Error> {
        let wrong = |reason: String| Error::Export { name: name.to_owned(), reason };
        let export = self.exports.iter().find(|export| export.name == name);
        let ty = match export.map(|export| &export.ty) {
            Some(ExternType::Func(Some(ty))) => ty,
            Some(ExternType::Func(None)) => {
                return Err(wrong("its type has vectors or references".to_owned()));
            }
            Some(_) => return Err(wrong("it is not a function".to_owned())),
            None => return Err(wrong("there is none of this name".to_owned())),
        };
        if !args.iter().map(|arg| arg.ty()).eq(ty.params.iter().copied()) {
            return Err(wrong(format!("it takes {:?}, not {args:?}", ty.params)));
        }
        let mut results: Vec<Value> = ty.results.iter().copied().map(Value::zero).collect();
        self.call_known(name, args, &mut results).map_err(Error::Stopped)?;
        Ok(results)
    }

    fn invoke(
        &mut self,
        _: &[&str],
        _: &[wayleave_component::Value],
    ) -> Result<Option<wayleave_component::Value>, Error> {
        Err(not_a_component())
    }

    fn fuel(&mut self) -> Option<u64> {
        E::context(&mut self.store).fuel()
    }
}

fn not_a_component() -> Error {
    Error::WrongKind {
        what: "a call with component values",
        wanted: ProgramKind::Component,
        kind: ProgramKind::Module,
    }
}

/// That a function that hosts call by themselves has the type that they call it by.
fn takes_nothing(exports: &[ExportType], name: &str) -> Result<(), Error> {
    let what = match exports.iter().find(|export| export.name == name).map(|export| &export.ty) {
        None => return Ok(()),
        Some(ExternType::Func(Some(ty))) => match (ty.params.as_slice(), ty.results.as_slice()) {
            ([], []) => return Ok(()),
            _ => format!("a function of type {ty}"),
        },
        Some(ExternType::Func(None)) => "a function of vectors or references".to_owned(),
        Some(_) => "no function".to_owned(),
    };
    let reason = format!("it is {what}, and has to be a function of type () -> ()");
    Err(Error::Export { name: name.to_owned(), reason })
}

fn is_provided(import: &ImportType) -> bool {
    matches!(import.ty, ExternType::Func(_)) && provides_function(&import.module, &import.name)
}

/// Whether modules find a function here.
pub(crate) fn provides_function(module: &str, name: &str) -> bool {
    match module {
        p1::MODULE => p1::has(name),
        p0::MODULE => p0::has(name),
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
