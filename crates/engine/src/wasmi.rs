//! [wasmi](https://docs.rs/wasmi): interprets; starts at once, runs slowly, runs anywhere.
//!
//! Differences from compiled code that a guest or an embedder can notice:
//!
//! - Traps carry no frames.
//! - The guest's stack is the interpreter's own memory, not the thread's.
//!   [`Config::max_stack`] bounds it all the same; host functions that call the guest, which do use
//!   the thread's stack, can be nested [`Config::max_stack`] / 16 KiB deep.
//! - With [`Config::interrupt`], the guest is run in slices of fuel; flag and clock are looked at
//!   between them: about once a millisecond, and at least once per 1.6 GB of bulk memory operations.
//!   A table that grows by more than 2,000 elements at once just when a slice ends makes the guest
//!   trap as out of fuel: the interpreter can not resume there.
//!
//! Do not build the crate `wasmi` with optimisation and `debug-assertions` at once: its jumps from
//! one instruction to the next are no tail calls then, and a guest's long loop overflows the thread's
//! stack, which ends the process. Turn its assertions off (`[profile.….package.wasmi]`), or turn its
//! feature `portable-dispatch` on, at half to a third of the speed.

mod binary;
mod context;
mod data;
mod nans;
mod slots;
mod suspend;
mod trap;
mod types;

use std::collections::HashMap;
use std::fs::File;
use std::sync::Arc;
use std::time::Instant;

use ::wasmi::{Caller, CustomFuelCosts, Val};

pub use context::Context;
pub use data::Data;
pub use slots::Slots;

use crate::block_on;
use crate::link::Defined;
use crate::{Config, Engine, Error, ExportType, FuncType, ImportType, Limits, Proposals, Stop};

/// The wasmi engine.
#[derive(Clone)]
pub struct Wasmi {
    engine: ::wasmi::Engine,
    config: Config,
}

/// A validated module.
#[derive(Clone)]
pub struct Module {
    raw: ::wasmi::Module,
    /// The engine's place for each import, where its order is another than the module's.
    places: Option<Arc<[usize]>>,
    /// The export under which the start function is called, where it must be interruptible.
    start: Option<Arc<str>>,
}

/// Host functions by module and name.
pub struct Linker<T: Send + 'static> {
    functions: HashMap<Box<str>, HashMap<Box<str>, HostFunc<T>>>,
    /// The same functions in the order of their definition.
    ordered: Vec<HostFunc<T>>,
    defined: Defined,
    suspend: bool,
}

impl<T: Send + 'static> Linker<T> {
    fn add(&mut self, module: &str, name: &str, ty: &FuncType, call: Arc<HostCall<T>>) {
        let host_func = HostFunc { ty: types::engine_type(ty), call };
        self.ordered.push(host_func.clone());
        self.functions.entry(module.into()).or_default().insert(name.into(), host_func);
        self.defined.insert(module, name, ty);
    }
}

/// A module and the host functions for its imports, in order.
pub struct Template<T: Send + 'static> {
    module: Module,
    imports: Arc<[HostFunc<T>]>,
}

impl<T: Send + 'static> Clone for Template<T> {
    fn clone(&self) -> Self {
        Self { module: self.module.clone(), imports: self.imports.clone() }
    }
}

/// A host function, for any number of stores.
struct HostFunc<T: 'static> {
    ty: ::wasmi::FuncType,
    call: Arc<HostCall<T>>,
}

type HostCall<T> =
    dyn Fn(Caller<'_, Data<T>>, &[Val], &mut [Val]) -> Result<(), ::wasmi::Error> + Send + Sync;

impl<T: Send + 'static> HostFunc<T> {
    /// The function in a store.
    fn instantiate(&self, store: &mut ::wasmi::StoreContextMut<'_, Data<T>>) -> ::wasmi::Func {
        let call = self.call.clone();
        let func = move |caller: Caller<'_, Data<T>>, args: &[Val], results: &mut [Val]| {
            call(caller, args, results)
        };
        ::wasmi::Func::new(store, self.ty.clone(), func)
    }
}

impl<T> Clone for HostFunc<T> {
    fn clone(&self) -> Self {
        Self { ty: self.ty.clone(), call: self.call.clone() }
    }
}

impl Engine for Wasmi {
    const NAME: &'static str = "wasmi";

    type Module = Module;
    type Linker<T: Send + 'static> = Linker<T>;
    type Template<T: Send + 'static> = Template<T>;
    type Store<T: Send + 'static> = ::wasmi::Store<Data<T>>;
    type Context<'a, T: Send + 'static> = Context<'a, T>;
    type Slots<'a> = Slots<'a>;
    type Func = ::wasmi::Func;
    type Memory = ::wasmi::Memory;
    type Table = ::wasmi::Table;
    type Global = ::wasmi::Global;
    /// There is nothing else.
    type Other = std::convert::Infallible;
    type Instance = ::wasmi::Instance;
    type ExportPlace = Arc<str>;

    const PROPOSALS: Proposals =
        Proposals { exceptions: false, gc: false, threads: false, relaxed_simd: false };

    fn new(config: &Config) -> Result<Self, Error> {
        if config.max_stack == 0 {
            let reason = "a guest can not run without a stack".into();
            return Err(Error::Config { engine: Self::NAME, reason });
        }
        Ok(Self { engine: ::wasmi::Engine::new(&settings(config)), config: config.clone() })
    }

    fn identity(&self) -> String {
        format!("{} 2", Self::NAME)
    }

    fn compile(&self, wasm: &[u8]) -> Result<Module, Error> {
        let module = |wasm| {
            ::wasmi::Module::new(&self.engine, wasm)
                .map_err(|error| Error::Module { reason: trap::one_line(&error) })
        };
        let raw = module(wasm)?;
        let changed = self.config.canonical_nans.then(|| {
            let reason = "its NaNs can not be made canonical".into();
            nans::canonical(wasm).ok_or(Error::Module { reason })
        });
        let changed = changed.transpose()?;
        let (raw, wasm) = match &changed {
            Some(wasm) => (module(wasm)?, &wasm[..]),
            None => (raw, wasm),
        };
        let places =
            binary::import_places(wasm).filter(|places| places.len() == raw.imports().len());
        let places = places.map(Arc::from);
        // The engine runs a start function in one go. It is made an ordinary function, so that it
        // can be interrupted as all others.
        match binary::detach_start(wasm).filter(|_| self.config.interrupt) {
            Some((wasm, name)) => {
                Ok(Module { raw: module(&wasm)?, places, start: Some(name.into()) })
            }
            None => Ok(Module { raw, places, start: None }),
        }
    }

    fn serialize(&self, _module: &Module) -> Result<Option<Vec<u8>>, Error> {
        Ok(None)
    }

    #[expect(unsafe_code, reason = "the trait's; nothing is loaded here")]
    unsafe fn deserialize(&self, _code: File) -> Result<Module, Error> {
        Err(no_code())
    }

    #[expect(unsafe_code, reason = "the trait's; nothing is loaded here")]
    unsafe fn deserialize_bytes(&self, _code: &[u8]) -> Result<Module, Error> {
        Err(no_code())
    }

    fn imports(module: &Module) -> Vec<ImportType> {
        let import = |import: ::wasmi::ImportType<'_>| ImportType {
            module: import.module().to_owned(),
            name: import.name().to_owned(),
            ty: types::extern_type(import.ty()),
        };
        let sorted: Vec<ImportType> = module.raw.imports().map(import).collect();
        match &module.places {
            Some(places) => places.iter().filter_map(|&place| sorted.get(place).cloned()).collect(),
            None => sorted,
        }
    }

    fn exports(module: &Module) -> Vec<ExportType> {
        let export = |export: ::wasmi::ExportType<'_>| ExportType {
            name: export.name().to_owned(),
            ty: types::extern_type(export.ty()),
        };
        let own = |export: &ExportType| Some(export.name.as_str()) != module.start.as_deref();
        module.raw.exports().map(export).filter(own).collect()
    }

    fn find_export(module: &Module, name: &str) -> Option<Arc<str>> {
        module.raw.get_export(name).map(|_| name.into())
    }

    fn linker<T: Send + 'static>(&self) -> Linker<T> {
        Linker {
            functions: HashMap::new(),
            ordered: Vec::new(),
            defined: Defined::default(),
            suspend: self.config.suspend,
        }
    }

    fn define<T: Send + 'static>(
        linker: &mut Linker<T>,
        module: &str,
        name: &str,
        ty: &FuncType,
        func: impl Fn(&mut Context<'_, T>, &mut Slots<'_>) -> Result<(), Stop> + Send + Sync + 'static,
    ) -> Result<(), Error> {
        let call = move |mut caller: Caller<'_, Data<T>>, args: &[Val], results: &mut [Val]| {
            data::find_memory(&mut caller);
            let mut context = Context::new(&mut caller);
            func(&mut context, &mut Slots::new(args, results)).map_err(::wasmi::Error::host)?;
            // A host function may itself have the guest ended, which is not to go on until its slice
            // is used up.
            caller.data().look().map_err(|trap| ::wasmi::Error::host(Stop::from(trap)))
        };
        linker.add(module, name, ty, Arc::new(call));
        Ok(())
    }

    fn define_waiting<T: Send + 'static>(
        linker: &mut Linker<T>,
        module: &str,
        name: &str,
        ty: &FuncType,
        func: impl Fn(&mut Context<'_, T>, &mut Slots<'_>) -> Result<(), Stop> + Send + Sync + 'static,
    ) -> Result<(), Error> {
        if !linker.suspend {
            let waits = move |context: &mut Context<'_, T>, slots: &mut Slots<'_>| loop {
                match func(context, slots) {
                    Err(Stop::Wait(wait)) => block_on(wait.into_future()),
                    done => return done,
                }
            };
            return Self::define(linker, module, name, ty, waits);
        }
        let call = move |mut caller: Caller<'_, Data<T>>, args: &[Val], results: &mut [Val]| {
            data::find_memory(&mut caller);
            let call = |context: &mut Context<'_, T>| func(context, &mut Slots::new(args, results));
            suspend::attempt(&mut Context::new(&mut caller), args, call)
                .map_err(::wasmi::Error::host)
        };
        linker.add(module, name, ty, Arc::new(call));
        Ok(())
    }

    async fn call_suspending<T: Send + 'static>(
        store: &mut ::wasmi::Store<Data<T>>,
        func: &::wasmi::Func,
        slots: &mut [u64],
    ) -> Result<(), Stop> {
        suspend::call(store, func, slots).await
    }

    fn template<T: Send + 'static>(
        &self,
        linker: &Linker<T>,
        module: &Module,
    ) -> Result<Template<T>, Error> {
        if let Some(error) = linker.defined.first_unfit(Self::imports(module)) {
            return Err(error);
        }
        let resolve = |import: ::wasmi::ImportType<'_>| {
            let found = linker.functions.get(import.module())?.get(import.name())?;
            Some(found.clone())
        };
        // All were found, or `first_unfit` would have named the one that is not.
        let imports = module.raw.imports().filter_map(resolve).collect();
        Ok(Template { module: module.clone(), imports })
    }

    fn template_of<T: Send + 'static>(
        &self,
        linker: &Linker<T>,
        module: &Module,
        functions: &[usize],
    ) -> Result<Option<Template<T>>, Error> {
        let mut imports: Vec<(usize, HostFunc<T>)> = Vec::new();
        for (index, position) in functions.iter().enumerate() {
            let Some(function) = linker.ordered.get(*position) else { return Ok(None) };
            imports.push((index, function.clone()));
        }
        if imports.len() != module.raw.imports().len() {
            return Ok(None);
        }
        if let Some(places) = &module.places {
            imports.sort_by_key(|&(index, _)| places.get(index).copied());
        }
        let imports = imports.into_iter().map(|(_, function)| function).collect();
        Ok(Some(Template { module: module.clone(), imports }))
    }

    fn store<T: Send + 'static>(
        &self,
        state: T,
        limits: Limits,
    ) -> Result<::wasmi::Store<Data<T>>, Error> {
        limits.check(&self.config, Self::NAME)?;
        let data = Data::new(state, limits, &self.config);
        let fuel = data.first_fuel();
        let mut store = ::wasmi::Store::new(&self.engine, data);
        store.limiter(|data| data);
        if counts_fuel(&self.config) {
            let cannot =
                |error| Error::Config { engine: Self::NAME, reason: trap::one_line(&error) };
            store.set_fuel(fuel).map_err(cannot)?;
        }
        Ok(store)
    }

    #[inline]
    fn context<T: Send + 'static>(store: &mut ::wasmi::Store<Data<T>>) -> Context<'_, T> {
        Context::new(store)
    }

    fn state<T: Send + 'static>(store: &mut ::wasmi::Store<Data<T>>) -> &mut T {
        &mut store.data_mut().state
    }

    fn set_deadline<T: Send + 'static>(
        store: &mut ::wasmi::Store<Data<T>>,
        deadline: Option<Instant>,
    ) {
        store.data_mut().limits.deadline = deadline;
    }

    fn into_state<T: Send + 'static>(store: ::wasmi::Store<Data<T>>) -> T {
        store.into_data().into_state()
    }

    fn kick(&self) {}
}

fn no_code() -> Error {
    Error::Artifact { reason: "the interpreter wasmi has no compiled code to load".into() }
}

fn counts_fuel(config: &Config) -> bool {
    config.fuel || config.interrupt
}

fn settings(config: &Config) -> ::wasmi::Config {
    let mut settings = ::wasmi::Config::default();
    settings
        .consume_fuel(counts_fuel(config))
        // As `PROPOSALS` says: its results depend on the machine.
        .wasm_relaxed_simd(false)
        // A frame is at least this large in compiled code, too.
        .set_max_recursion_depth(config.max_stack / 32)
        .set_min_stack_height(config.max_stack.min(1000))
        .set_max_stack_height(config.max_stack)
        // Validated at once, so that a bad module fails where it is compiled; translated when
        // first called, so that a large one starts quickly.
        .compilation_mode(::wasmi::CompilationMode::LazyTranslation)
        .fuel_cost(CustomFuelCosts {
            bytes_copied_per_fuel: data::BYTES_PER_FUEL,
            // The guest does not pay for it: the engine can not resume after running out of fuel
            // there, and it would depend on which functions an earlier store has called.
            fuel_per_bytes_translated: 0,
            fuel_per_bytes_validated: 0,
        });
    settings
}
