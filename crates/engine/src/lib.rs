//! Core WebAssembly engines behind one small trait.
//!
//! An [`Engine`] compiles and runs core modules and nothing more: no WASI, no components. What
//! stands above (the WASI bindings, the component runtime) is written once against the traits here
//! and monomorphised for each engine, so that a host call costs what the engine's own import call
//! costs: no look-up by name, no boxing, no copying of arguments.
//!
//! | engine | feature | what it is |
//! |---|---|---|
//! | [`wasmtime::Wasmtime`] | `wasmtime` | compiles to machine code |
//! | [`wasmi::Wasmi`] | `wasmi` | interprets |
#![cfg_attr(
    not(any(feature = "wasmtime", feature = "wasmi")),
    allow(dead_code, reason = "what the engines share, and none is built")
)]

pub mod artifact;
mod block_on;
pub mod cache;
mod config;
mod context;
mod error;
mod files;
mod link;
mod text;
mod tracer;
mod types;
#[cfg(feature = "wasmi")]
pub mod wasmi;
#[cfg(feature = "wasmtime")]
pub mod wasmtime;

pub use block_on::block_on;
pub use config::{Config, LimitKind, LimitWatch, Limits, LongCalls};
pub use context::{Context, Slots};
pub use error::{Error, Exit, Frame, Stop, Trap, TrapKind, Wait};
pub use text::utf8;
pub use tracer::{CallOutcome, HostCall, Tracer};
pub use types::{
    ElementType, ExportType, Extern, ExternType, FuncType, ImportType, Proposals, SizeType,
    ValType, Value,
};

use std::fs::File;
use std::time::Instant;

/// A core WebAssembly engine.
///
/// Cheap to clone: every clone is the same engine. Modules, linkers and templates belong to the
/// engine that made them.
pub trait Engine: Clone + Send + Sync + Sized + 'static {
    /// The engine's name, as users write it after `--engine`.
    const NAME: &'static str;

    /// A compiled (or validated) module.
    type Module: Clone + Send + Sync + 'static;
    /// Host functions by module and name; made once, shared by any number of stores.
    type Linker<T: Send + 'static>: Send + Sync;
    /// A module whose imports are resolved: instantiating it looks nothing up by name.
    type Template<T: Send + 'static>: Clone + Send + Sync;
    /// What a running guest owns: its instances, memories and the host's state `T` for it.
    type Store<T: Send + 'static>: Send;
    /// A store in use: what a host function is given, and what the embedder calls through.
    type Context<'a, T: Send + 'static>: Context<Engine = Self, State = T>;
    /// Arguments and results of a host function.
    type Slots<'a>: Slots;

    /// A function in some store.
    type Func: Clone + Send + Sync + 'static;
    /// A linear memory in some store.
    type Memory: Clone + Send + Sync + 'static;
    /// A table in some store.
    type Table: Clone + Send + Sync + 'static;
    /// A global in some store.
    type Global: Clone + Send + Sync + 'static;
    /// Something else in some store, which hosts can only hand on ([`Extern::Other`]).
    type Other: Clone + Send + Sync + 'static;
    /// An instance in some store.
    type Instance: Clone + Send + Sync + 'static;
    /// Where an export of a module is: for all its instances.
    type ExportPlace: Clone + Send + Sync + 'static;

    /// Proposals beyond WebAssembly 2.0 that the engine runs.
    const PROPOSALS: Proposals;

    /// Makes an engine.
    ///
    /// # Errors
    /// [`Error::Config`] when this engine can not do what `config` asks for.
    fn new(config: &Config) -> Result<Self, Error>;

    /// Everything that compiled code depends on besides the module itself: the engine, its version
    /// and the settings. Part of the key of the compilation cache.
    fn identity(&self) -> String;

    /// Validates and compiles a binary module.
    ///
    /// # Errors
    /// [`Error::Module`] when `wasm` is malformed, invalid, or needs a proposal that the engine
    /// does not run.
    fn compile(&self, wasm: &[u8]) -> Result<Self::Module, Error>;

    /// The compiled code of a module, for [`Engine::deserialize`]; `None` when the engine has
    /// nothing worth storing (an interpreter).
    ///
    /// # Errors
    /// [`Error::Module`] when the engine can not write its code out.
    fn serialize(&self, module: &Self::Module) -> Result<Option<Vec<u8>>, Error>;

    /// Loads what [`Engine::serialize`] wrote, from a file that holds it from byte 0 on (bytes
    /// behind it are ignored).
    ///
    /// # Errors
    /// [`Error::Artifact`] when another engine, version or setting wrote it.
    ///
    /// # Safety
    /// The bytes become machine code: they must be exactly what `serialize` wrote, and the file
    /// must not be written to while the module lives. [`artifact`] establishes that by
    /// a keyed hash; use it.
    #[expect(unsafe_code, reason = "loading machine code can not be a safe operation")]
    unsafe fn deserialize(&self, code: File) -> Result<Self::Module, Error>;

    /// As [`Engine::deserialize`], for code in memory, which is copied.
    ///
    /// # Errors
    /// As [`Engine::deserialize`].
    ///
    /// # Safety
    /// As [`Engine::deserialize`].
    #[expect(unsafe_code, reason = "loading machine code can not be a safe operation")]
    unsafe fn deserialize_bytes(&self, code: &[u8]) -> Result<Self::Module, Error>;

    /// What a module imports, in the module's order.
    fn imports(module: &Self::Module) -> Vec<ImportType>;

    /// What a module exports: in the module's order on engines that keep it, by name on others.
    fn exports(module: &Self::Module) -> Vec<ExportType>;

    /// Where a module exports `name`; `None` when it does not.
    fn find_export(module: &Self::Module, name: &str) -> Option<Self::ExportPlace>;

    /// An empty set of host functions.
    fn linker<T: Send + 'static>(&self) -> Self::Linker<T>;

    /// Adds a host function. Defining a name again replaces the older function.
    ///
    /// The function finds its arguments in the slots and leaves its results there.
    ///
    /// # Errors
    /// [`Error::Link`] when the engine can not express `ty`.
    fn define<T: Send + 'static>(
        linker: &mut Self::Linker<T>,
        module: &str,
        name: &str,
        ty: &FuncType,
        func: impl Fn(&mut Self::Context<'_, T>, &mut Self::Slots<'_>) -> Result<(), Stop>
        + Send
        + Sync
        + 'static,
    ) -> Result<(), Error>;

    /// As [`Engine::define`], for a function that may have to wait: it returns [`Stop::Wait`] then,
    /// having changed nothing, and is called again when that wait is over.
    ///
    /// Where guests are suspended ([`Config::suspend`]) the guest is, and everywhere else the
    /// thread waits.
    ///
    /// # Errors
    /// As [`Engine::define`].
    fn define_waiting<T: Send + 'static>(
        linker: &mut Self::Linker<T>,
        module: &str,
        name: &str,
        ty: &FuncType,
        func: impl Fn(&mut Self::Context<'_, T>, &mut Self::Slots<'_>) -> Result<(), Stop>
        + Send
        + Sync
        + 'static,
    ) -> Result<(), Error>;

    /// Calls a guest function, as [`Context::call_raw`]; the future is pending while the guest is
    /// suspended. Dropping the future ends the call, and the store is not to be used any more.
    ///
    /// Only what is called in this way can be suspended: not start functions, nor what a host
    /// function calls. A host function that would have to wait traps there, and what computes for
    /// long there is run by [`Limits::long_calls`].
    ///
    /// Needs [`Config::suspend`]; without it the future is ready at once.
    fn call_suspending<T: Send + 'static>(
        store: &mut Self::Store<T>,
        func: &Self::Func,
        slots: &mut [u64],
    ) -> impl Future<Output = Result<(), Stop>> + Send;

    /// Resolves a module's imports against `linker`.
    ///
    /// # Errors
    /// [`Error::Link`] naming the first import that is missing or has another type.
    fn template<T: Send + 'static>(
        &self,
        linker: &Self::Linker<T>,
        module: &Self::Module,
    ) -> Result<Self::Template<T>, Error>;

    /// As [`Engine::template`], with a host function for each import in the module's order: by its
    /// place in the order in which they were defined. `None` where that can not be done at once,
    /// as with two imports of one name.
    ///
    /// # Errors
    /// As [`Engine::template`].
    fn template_of<T: Send + 'static>(
        &self,
        linker: &Self::Linker<T>,
        module: &Self::Module,
        functions: &[usize],
    ) -> Result<Option<Self::Template<T>>, Error>;

    /// A new store around the host's state.
    ///
    /// # Errors
    /// [`Error::Config`] when a limit needs a [`Config`] setting that is off (fuel, interruption).
    fn store<T: Send + 'static>(&self, state: T, limits: Limits) -> Result<Self::Store<T>, Error>;

    /// The store, ready to be used.
    fn context<T: Send + 'static>(store: &mut Self::Store<T>) -> Self::Context<'_, T>;

    /// The host's state in a store.
    fn state<T: Send + 'static>(store: &mut Self::Store<T>) -> &mut T;

    /// Sets another [`Limits::deadline`], for a guest that goes on to something else. Without
    /// [`Config::interrupt`] nobody looks at it.
    fn set_deadline<T: Send + 'static>(store: &mut Self::Store<T>, deadline: Option<Instant>);

    /// Ends the store and hands the host's state back.
    fn into_state<T: Send + 'static>(store: Self::Store<T>) -> T;

    /// Makes running guests look at their [`Limits::interrupt`] flag and the clock soon. Callable from any
    /// thread; does nothing on an engine that looks by itself.
    fn kick(&self);
}
