//! [Wasmtime](https://docs.wasmtime.dev): compiles to machine code.
//!
//! # Safety
//!
//! Five things here are beyond the compiler's checks, each for speed:
//!
//! - Host functions take the array in which compiled code passes values as it is. [`Slots`] keeps
//!   track of what in it is initialised, and only numbers are ever exchanged.
//! - The place of a store's memory is remembered between calls, until it grows (`limiter`).
//! - Calls into the guest write that array themselves, after a comparison with the function's type.
//! - Stored machine code is loaded and run. Who vouches for it is the caller of
//!   [`Engine::deserialize`], which in this crate is [`artifact`](crate::artifact) alone.
//! - Memories of dense engines are mapped here (`dense`).
#![expect(unsafe_code, reason = "host calls without copies, and stored machine code")]

mod context;
#[cfg(target_os = "linux")]
mod dense;
mod limiter;
mod slots;
mod suspend;
mod trap;
mod types;

use std::fs::File;
use std::hash::{Hash, Hasher};
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use ::wasmtime::{AsContextMut, Caller, InstancePre, Module, UpdateDeadline, WasmBacktraceDetails};

pub use context::{Context, Func};
pub use limiter::Data;
use limiter::{DefaultMemory, View};
pub use slots::Slots;

use crate::block_on;
use crate::link::Defined;
use crate::{
    Config, Context as _, Engine, Error, ExportType, FuncType, ImportType, Limits, Proposals, Stop,
};

/// The Wasmtime engine.
#[derive(Clone)]
pub struct Wasmtime {
    /// Runs code, and can not compile any: that makes it cheap, for processes that find theirs
    /// compiled already.
    engine: ::wasmtime::Engine,
    /// Compiles for `engine`; made when first needed.
    compiler: Arc<OnceLock<::wasmtime::Engine>>,
    config: Config,
    identity: Arc<str>,
}

/// Host functions by module and name.
pub struct Linker<T: Send + 'static> {
    raw: ::wasmtime::Linker<Data<T>>,
    defined: Defined,
    /// The position in `defined` of each function in the order in which `raw` lists them: made when
    /// first needed.
    positions: OnceLock<Box<[usize]>>,
    suspend: bool,
}

/// Where an export of a module is, and a function's type, so that no instance has to be asked.
#[derive(Clone)]
pub struct ExportPlace {
    place: ::wasmtime::ModuleExport,
    func: Option<Arc<FuncType>>,
}

/// More than this is more than a thread's stack will be; the engine would compute with it anyway.
const MOST_STACK: usize = 1 << 30;

/// Stack for host functions, where guests are suspended and have stacks of their own.
const HOST_STACK: usize = 512 << 10;

/// A table of a pool has room for this many elements: guests with more need an engine without one.
const MOST_POOLED_ELEMENTS: usize = 100_000;

impl Engine for Wasmtime {
    const NAME: &'static str = "wasmtime";

    type Module = Module;
    type Linker<T: Send + 'static> = Linker<T>;
    type Template<T: Send + 'static> = InstancePre<Data<T>>;
    type Store<T: Send + 'static> = ::wasmtime::Store<Data<T>>;
    type Context<'a, T: Send + 'static> = Context<'a, T>;
    type Slots<'a> = Slots<'a>;
    type Func = Func;
    type Memory = ::wasmtime::Memory;
    type Table = ::wasmtime::Table;
    type Global = ::wasmtime::Global;
    type Other = ::wasmtime::Extern;
    type Instance = ::wasmtime::Instance;
    type ExportPlace = ExportPlace;

    const PROPOSALS: Proposals =
        Proposals { exceptions: true, gc: true, threads: true, relaxed_simd: true };

    fn new(config: &Config) -> Result<Self, Error> {
        if config.max_stack > MOST_STACK {
            return Err(cannot(format!(
                "a stack of {} bytes for the guest is more than a thread has",
                config.max_stack
            )));
        }
        let engine = ::wasmtime::Engine::new(settings(config).enable_compiler(false))
            .map_err(|error| cannot(trap::one_line(&error)))?;
        let mut hasher = StableHasher::default();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        // The settings of the compiler itself, which are this crate's, are not in that hash.
        env!("CARGO_PKG_VERSION").hash(&mut hasher);
        if config.canonical_nans {
            "canonical NaNs".hash(&mut hasher);
        }
        let identity = format!("{} {:016x}", Self::NAME, hasher.finish()).into();
        Ok(Self { engine, compiler: Arc::default(), config: config.clone(), identity })
    }

    fn identity(&self) -> String {
        self.identity.to_string()
    }

    fn compile(&self, wasm: &[u8]) -> Result<Module, Error> {
        // Text is not asked for, and the engine would take it where that feature of it is on.
        if !wasm.starts_with(b"\0asm") {
            let reason = "it does not begin as a binary module does".into();
            return Err(Error::Module { reason });
        }
        let bad = |error| Error::Module { reason: trap::one_line(&error) };
        let code = self.compiler()?.precompile_module(wasm).map_err(bad)?;
        // SAFETY: the compiler, an engine with the same settings, made it one line above.
        unsafe { Module::deserialize(&self.engine, code) }.map_err(bad)
    }

    fn serialize(&self, module: &Module) -> Result<Option<Vec<u8>>, Error> {
        let code = module.serialize();
        code.map(Some).map_err(|error| Error::Module { reason: trap::one_line(&error) })
    }

    unsafe fn deserialize(&self, code: File) -> Result<Module, Error> {
        // SAFETY: the caller vouches that `serialize` wrote these bytes and that nobody changes
        // them.
        unsafe { Module::deserialize_open_file(&self.engine, code) }
            .map_err(|error| Error::Artifact { reason: trap::one_line(&error) })
    }

    unsafe fn deserialize_bytes(&self, code: &[u8]) -> Result<Module, Error> {
        // SAFETY: as in `deserialize`; the bytes are copied.
        unsafe { Module::deserialize(&self.engine, code) }
            .map_err(|error| Error::Artifact { reason: trap::one_line(&error) })
    }

    fn imports(module: &Module) -> Vec<ImportType> {
        let import = |import: ::wasmtime::ImportType<'_>| ImportType {
            module: import.module().to_owned(),
            name: import.name().to_owned(),
            ty: types::extern_type(&import.ty()),
        };
        module.imports().map(import).collect()
    }

    fn exports(module: &Module) -> Vec<ExportType> {
        let export = |export: ::wasmtime::ExportType<'_>| ExportType {
            name: export.name().to_owned(),
            ty: types::extern_type(&export.ty()),
        };
        module.exports().map(export).collect()
    }

    fn find_export(module: &Module, name: &str) -> Option<ExportPlace> {
        let place = module.get_export_index(name)?;
        let func = match module.get_export(name)? {
            ::wasmtime::ExternType::Func(ty) => types::func_type(&ty).map(Arc::new),
            _ => None,
        };
        Some(ExportPlace { place, func })
    }

    fn linker<T: Send + 'static>(&self) -> Linker<T> {
        let mut raw = ::wasmtime::Linker::new(&self.engine);
        raw.allow_shadowing(true);
        let suspend = self.config.suspend;
        Linker { raw, defined: Defined::default(), positions: OnceLock::new(), suspend }
    }

    fn define<T: Send + 'static>(
        linker: &mut Linker<T>,
        module: &str,
        name: &str,
        ty: &FuncType,
        func: impl Fn(&mut Context<'_, T>, &mut Slots<'_>) -> Result<(), Stop> + Send + Sync + 'static,
    ) -> Result<(), Error> {
        let engine_type = types::engine_type(linker.raw.engine(), ty);
        let layout = slots::Layout::new(ty);
        let trampoline = move |mut caller: Caller<'_, Data<T>>, raw: &mut [_]| {
            if let DefaultMemory::Unknown = caller.data().memory {
                find_memory(&mut caller);
            }
            let mut slots = Slots::new(raw, &layout);
            let mut context = Context { store: caller.into() };
            func(&mut context, &mut slots).map_err(::wasmtime::Error::new)
        };
        // SAFETY: the trampoline reads and writes numbers only, within the slots that the type
        // has, and `Layout` zeroes the slots of results, so that each holds a number of its type
        // whatever the host function does.
        let added = unsafe { linker.raw.func_new_unchecked(module, name, engine_type, trampoline) };
        let added = added.map(drop);
        linker.added(module, name, ty, added)
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
        let engine_type = types::engine_type(linker.raw.engine(), ty);
        let function = Arc::new(suspend::HostFunc::new(func, ty));
        let raw = &mut linker.raw;
        let added = raw.func_new_async(module, name, engine_type, move |caller, args, results| {
            let function = function.clone();
            Box::new(async move { function.call(caller, args, results).await })
        });
        let added = added.map(drop);
        linker.added(module, name, ty, added)
    }

    async fn call_suspending<T: Send + 'static>(
        store: &mut ::wasmtime::Store<Data<T>>,
        func: &Func,
        slots: &mut [u64],
    ) -> Result<(), Stop> {
        if store.data().suspends {
            return suspend::call(&mut store.as_context_mut(), func, slots).await;
        }
        Self::context(store).call_raw(func, slots)
    }

    fn template<T: Send + 'static>(
        &self,
        linker: &Linker<T>,
        module: &Module,
    ) -> Result<InstancePre<Data<T>>, Error> {
        linker.raw.instantiate_pre(module).map_err(|error| {
            linker
                .defined
                .first_unfit(Self::imports(module))
                .unwrap_or_else(|| Error::Module { reason: trap::one_line(&error) })
        })
    }

    fn template_of<T: Send + 'static>(
        &self,
        linker: &Linker<T>,
        module: &Module,
        functions: &[usize],
    ) -> Result<Option<InstancePre<Data<T>>>, Error> {
        let bad = |error| Error::Module { reason: trap::one_line(&error) };
        let mut names = std::collections::HashSet::new();
        let unique = |import: ::wasmtime::ImportType<'_>| {
            names.insert((import.module().to_owned(), import.name().to_owned()))
        };
        if module.imports().len() != functions.len() || !module.imports().all(unique) {
            return Ok(None);
        }
        // Aliases of the functions by the names that the module has for them.
        let mut raw = ::wasmtime::Linker::new(&self.engine);
        raw.allow_shadowing(true).clone_from(&linker.raw);
        for (import, position) in module.imports().zip(functions) {
            let Some((of, name)) = linker.defined.name(*position) else { return Ok(None) };
            raw.alias(of, name, import.module(), import.name()).map_err(bad)?;
        }
        raw.instantiate_pre(module).map(Some).map_err(bad)
    }

    fn store<T: Send + 'static>(
        &self,
        state: T,
        limits: Limits,
    ) -> Result<::wasmtime::Store<Data<T>>, Error> {
        limits.check(&self.config, Self::NAME)?;
        let fuel = limits.fuel;
        let interrupted = limits.interrupt.as_ref().is_some_and(|flag| flag.load(Ordering::SeqCst));
        let mut store =
            ::wasmtime::Store::new(&self.engine, Data::new(state, limits, self.config.suspend));
        store.limiter(|data| data);
        if self.config.fuel {
            store
                .set_fuel(fuel.unwrap_or(u64::MAX))
                .map_err(|error| cannot(trap::one_line(&error)))?;
        }
        if self.config.interrupt {
            store.set_epoch_deadline(1);
            // Who interrupts a guest that is not there yet has kicked in vain.
            if interrupted {
                store.set_epoch_deadline(0);
            }
            // With nothing in it, it takes no memory of its own.
            store.epoch_deadline_callback(|store| {
                let data = store.data();
                data.limits.look().map_err(|trap| ::wasmtime::Error::new(Stop::from(trap)))?;
                Ok(match data.suspends {
                    // The others on this thread have their turn.
                    true => UpdateDeadline::Yield(1),
                    false => UpdateDeadline::Continue(1),
                })
            });
        }
        Ok(store)
    }

    #[inline]
    fn context<T: Send + 'static>(store: &mut ::wasmtime::Store<Data<T>>) -> Context<'_, T> {
        Context { store: store.into() }
    }

    fn state<T: Send + 'static>(store: &mut ::wasmtime::Store<Data<T>>) -> &mut T {
        &mut store.data_mut().state
    }

    fn set_deadline<T: Send + 'static>(
        store: &mut ::wasmtime::Store<Data<T>>,
        deadline: Option<Instant>,
    ) {
        store.data_mut().limits.deadline = deadline;
    }

    fn into_state<T: Send + 'static>(store: ::wasmtime::Store<Data<T>>) -> T {
        store.into_data().state
    }

    fn kick(&self) {
        self.engine.increment_epoch();
    }
}

impl<T: Send + 'static> Linker<T> {
    /// After the engine has taken a function, or has not.
    fn added(
        &mut self,
        module: &str,
        name: &str,
        ty: &FuncType,
        result: ::wasmtime::Result<()>,
    ) -> Result<(), Error> {
        result.map_err(|error| Error::Link {
            module: module.to_owned(),
            name: name.to_owned(),
            reason: trap::one_line(&error),
        })?;
        self.defined.insert(module, name, ty);
        self.positions = OnceLock::new();
        Ok(())
    }
}

impl Wasmtime {
    fn compiler(&self) -> Result<&::wasmtime::Engine, Error> {
        if let Some(compiler) = self.compiler.get() {
            return Ok(compiler);
        }
        // It runs nothing.
        let config = Config { pool: None, ..self.config.clone() };
        let compiler = ::wasmtime::Engine::new(&settings(&config))
            .map_err(|error| cannot(trap::one_line(&error)))?;
        Ok(self.compiler.get_or_init(|| compiler))
    }
}

fn settings(config: &Config) -> ::wasmtime::Config {
    let mut settings = ::wasmtime::Config::new();
    settings
        .consume_fuel(config.fuel)
        .epoch_interruption(config.interrupt)
        .max_wasm_stack(config.max_stack)
        // What the guest leaves of it is for host functions.
        .async_stack_size(config.max_stack.saturating_add(HOST_STACK))
        // Data structures for the engine's own components, which stay unused here.
        .concurrency_support(false)
        // An environment variable would change it otherwise.
        .wasm_backtrace_details(WasmBacktraceDetails::Disable)
        // Tables for native debuggers: the engine walks the stack without, and registering them
        // makes every load slower. Windows' own unwinder needs them.
        .native_unwind_info(cfg!(windows));
    if config.canonical_nans {
        // Relaxed instructions say what they do on this machine otherwise.
        settings.cranelift_nan_canonicalization(true).relaxed_simd_deterministic(true);
    }
    if config.dense {
        dense(&mut settings);
    } else if let Some(instances) = config.pool {
        let mut pool = ::wasmtime::PoolingAllocationConfig::new();
        pool.total_core_instances(instances)
            .total_memories(instances.div_ceil(2))
            .total_tables(instances)
            .table_elements(MOST_POOLED_ELEMENTS)
            .total_stacks(instances)
            .table_keep_resident(KEPT_TABLE);
        // Only where the system tells which pages were written to: cleaning all would take longer.
        if ::wasmtime::PoolingAllocationConfig::is_pagemap_scan_available() {
            pool.linear_memory_keep_resident(KEPT_MEMORY).pagemap_scan(::wasmtime::Enabled::Yes);
        }
        settings.allocation_strategy(pool);
    }
    settings
}

/// A host function called by the start function: `instantiate` has not come back yet, so that the
/// first instance is still unknown to the store.
#[cold]
#[inline(never)]
fn find_memory<T: 'static>(caller: &mut Caller<'_, Data<T>>) {
    let export = caller.get_export("memory");
    caller.data_mut().memory = DefaultMemory::from(export);
}

/// Bytes of each memory and table of a pool that stay mapped, and are cleaned by hand: giving them
/// back makes every processor forget addresses, and taking them again a page fault for each 4 KiB.
const KEPT_MEMORY: usize = 2 << 20;
const KEPT_TABLE: usize = 64 << 10;

#[cfg(target_os = "linux")]
use dense::set as dense;

/// Smaller reservations at least.
#[cfg(not(target_os = "linux"))]
fn dense(settings: &mut ::wasmtime::Config) {
    settings.memory_reservation(0).memory_reservation_for_growth(1 << 20).memory_guard_size(0);
}

fn cannot(reason: String) -> Error {
    Error::Config { engine: Wasmtime::NAME, reason }
}

/// Gives the same number on every machine and in every build, unlike the standard library's. It is
/// given hundreds of small pieces, which are put together first: to hash each takes longer.
#[derive(Default)]
struct StableHasher(Vec<u8>);

impl Hasher for StableHasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    fn finish(&self) -> u64 {
        let hash = blake3::hash(&self.0);
        hash.as_bytes().iter().take(8).fold(0, |number, &byte| number << 8 | u64::from(byte))
    }
}
