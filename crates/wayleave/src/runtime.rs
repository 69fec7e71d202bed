use crate::loading::{Loader, On, provides_function};
use crate::source::Source;
use crate::{Canceller, Error, Program, ProgramKind, imports, source};
use std::borrow::Cow;
use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use wayleave_engine::cache::Cache;
use wayleave_engine::{Config, Engine, Tracer, artifact};
use wayleave_system::wait::Interrupt;

/// Which engine runs the guests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EngineKind {
    /// Wasmtime: compiles to machine code.
    #[cfg(feature = "wasmtime")]
    Wasmtime,
    /// wasmi: interprets; starts at once, and needs no right to make code executable.
    #[cfg(feature = "wasmi")]
    Wasmi,
}

impl EngineKind {
    /// Every engine in this build; the first is the default.
    pub const ALL: &[Self] = &[
        #[cfg(feature = "wasmtime")]
        Self::Wasmtime,
        #[cfg(feature = "wasmi")]
        Self::Wasmi,
    ];

    /// The engine's name.
    pub fn name(self) -> &'static str {
        match self {
            #[cfg(feature = "wasmtime")]
            Self::Wasmtime => wayleave_engine::wasmtime::Wasmtime::NAME,
            #[cfg(feature = "wasmi")]
            Self::Wasmi => wayleave_engine::wasmi::Wasmi::NAME,
        }
    }

    fn loader(self, config: &Config) -> Result<Arc<dyn Loader>, Error> {
        Ok(match self {
            #[cfg(feature = "wasmtime")]
            Self::Wasmtime => Arc::new(On::<wayleave_engine::wasmtime::Wasmtime>::new(config)?),
            #[cfg(feature = "wasmi")]
            Self::Wasmi => Arc::new(On::<wayleave_engine::wasmi::Wasmi>::new(config)?),
        })
    }
}

impl fmt::Display for EngineKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for EngineKind {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name).ok_or_else(|| {
            let names: Vec<_> = Self::ALL.iter().map(|kind| kind.name()).collect();
            format!("no such engine; this build has {}", names.join(", "))
        })
    }
}

/// What becomes of imports that nothing provides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnknownImports {
    /// The program is not loaded.
    #[default]
    Refuse,
    /// The program is loaded, and traps if it calls one.
    Trap,
}

/// Called just before a compilation that no cache has spared.
type OnCompile = Arc<dyn Fn() + Send + Sync>;

/// Settings of a [`Runtime`].
#[derive(Clone)]
pub struct Builder {
    engine: Option<EngineKind>,
    config: Config,
    pub(crate) unknown_imports: UnknownImports,
    pub(crate) cache: Option<Cache>,
    pub(crate) timezone: bool,
    on_compile: Option<OnCompile>,
    pub(crate) tracer: Option<Arc<dyn Tracer>>,
}

impl Builder {
    /// The engine. The default is the compiling one, where the build has it.
    pub fn engine(mut self, engine: EngineKind) -> Self {
        self.engine = Some(engine);
        self
    }

    /// Lets guests be ended from outside, by a time limit or a [`Canceller`]. Off by default:
    /// guests then run a few per cent faster.
    pub fn interruptible(mut self, on: bool) -> Self {
        self.config.interrupt = on;
        self
    }

    /// Counts fuel, so that it can be limited. Off by default: guests then run faster.
    pub fn fuel(mut self, on: bool) -> Self {
        self.config.fuel = on;
        self
    }

    /// Gives each NaN that a guest computes the same bits, on every engine and machine: for what has
    /// to come out the same each time, [`Settings::deterministic`] and recordings. Off by default:
    /// computing with floating-point numbers then costs less.
    ///
    /// [`Settings::deterministic`]: wayleave_grants::Settings::deterministic
    pub fn canonical_nans(mut self, on: bool) -> Self {
        self.config.canonical_nans = on;
        self
    }

    /// Suspends guests while they wait, so that one thread serves many: for
    /// [handlers](crate::Program). With [`Builder::interruptible`], guests that compute make way for
    /// others at each [`Runtime::kick`]. Off by default: the thread waits.
    pub fn suspending(mut self, on: bool) -> Self {
        self.config.suspend = on;
        self
    }

    /// Keeps memory for this many core instances ready, so that guests come and go quickly; a
    /// component has several. By default, memory comes from the operating system as it is needed.
    pub fn pool(mut self, instances: u32) -> Self {
        self.config.pool = Some(instances);
        self
    }

    /// Gives guests only as much address space as they use, so that tens of thousands live side by
    /// side; they compute up to a third slower. Off by default. A dense runtime keeps no pool.
    pub fn dense(mut self, on: bool) -> Self {
        self.config.dense = on;
        self
    }

    /// Where compiled code is kept for the next start. The default is nowhere; the command line
    /// uses [`Cache::default_dir`].
    pub fn cache(mut self, cache: Cache) -> Self {
        self.cache = Some(cache);
        self
    }

    /// What becomes of imports that nothing provides.
    pub fn unknown_imports(mut self, policy: UnknownImports) -> Self {
        self.unknown_imports = policy;
        self
    }

    /// Whether `wasi:clocks/timezone` is provided, which is not stable yet: it tells UTC. Off by
    /// default.
    pub fn timezone(mut self, on: bool) -> Self {
        self.timezone = on;
        self
    }

    /// Tells `tracer` of the guests' calls to the host. Without, calls cost nothing more.
    pub fn tracer(mut self, tracer: Arc<dyn Tracer>) -> Self {
        self.tracer = Some(tracer);
        self
    }

    /// Calls `f` just before each compilation that the cache does not spare.
    pub fn on_compile(mut self, f: impl Fn() + Send + Sync + 'static) -> Self {
        self.on_compile = Some(Arc::new(f));
        self
    }

    /// The runtime.
    ///
    /// # Errors
    /// [`Error::Engine`] when the engine can not be set up like this, or the build has none.
    pub fn build(self) -> Result<Runtime, Error> {
        let engine = self.engine.or_else(|| EngineKind::ALL.first().copied());
        let Some(engine) = engine else {
            return Err(Error::Setting { what: "running programs", setting: "an engine feature" });
        };
        let loader = engine.loader(&self.config)?;
        Ok(Runtime { loader, settings: Arc::new(self) })
    }

    pub(crate) fn compiling(&self) {
        if let Some(f) = &self.on_compile {
            f();
        }
    }

    pub(crate) fn config(&self) -> &Config {
        &self.config
    }
}

/// An engine with its settings. Cheap to clone.
#[derive(Clone)]
pub struct Runtime {
    loader: Arc<dyn Loader>,
    settings: Arc<Builder>,
}

impl Runtime {
    /// A runtime with default settings.
    ///
    /// # Errors
    /// As [`Builder::build`].
    pub fn new() -> Result<Self, Error> {
        Self::builder().build()
    }

    /// Settings to change before [`Builder::build`].
    pub fn builder() -> Builder {
        Builder {
            engine: None,
            config: Config::default(),
            unknown_imports: UnknownImports::default(),
            cache: None,
            timezone: false,
            on_compile: None,
            tracer: None,
        }
    }

    /// Loads a program: a binary module or component, or WebAssembly text.
    ///
    /// # Errors
    /// What the bytes are instead, what is wrong with the module, or which import nothing provides.
    pub fn load(&self, bytes: &[u8]) -> Result<Program, Error> {
        let source = source::program(bytes)?;
        Ok(Program { inner: self.loader.load(&source, &self.settings)? })
    }

    /// Loads a program from a file: a binary module or component, WebAssembly text, or what
    /// [`Runtime::compile_file`] wrote (with the same [`Cache`], whose key has sealed it).
    ///
    /// # Errors
    /// As [`Runtime::load`], and when the file can not be read.
    pub fn load_file(&self, path: impl AsRef<Path>) -> Result<Program, Error> {
        let path = path.as_ref();
        if is_compiled(path)? {
            return Ok(Program { inner: self.loader.load_artifact(path, &self.settings)? });
        }
        self.load(&read(path)?)
    }

    /// Compiles a module, component or text and writes machine code to a file that [`Runtime::load_file`]
    /// loads without compiling, with the same engine version and settings on the same kind of
    /// processor. It is sealed with the key of this user's [`Cache`]: nobody else's code is ever
    /// loaded.
    ///
    /// # Errors
    /// As [`Runtime::load_file`]; [`Error::Setting`] when the runtime has no cache; and when the
    /// file can not be written, or the engine does not compile.
    pub fn compile_file(&self, from: impl AsRef<Path>, to: impl AsRef<Path>) -> Result<(), Error> {
        let bytes = read(from.as_ref())?;
        let source = source::program(&bytes)?;
        self.loader.compile(&source, to.as_ref(), &self.settings)
    }

    /// Why a module's import of a function is not provided, or what would provide it; `None` when
    /// it is.
    pub fn explain_function(&self, module: &str, name: &str) -> Option<String> {
        (!provides_function(module, name)).then(|| imports::explain(module, name))
    }

    /// Why an interface that a component imports is not provided, or what would provide it; `None`
    /// when it is.
    pub fn explain_interface(&self, name: &str) -> Option<String> {
        let provided = self.loader.provides_interface(name, &self.settings);
        (!provided).then(|| imports::explain_interface(name))
    }

    /// Makes guests that compute look at their interrupts, and make way for others where they are
    /// suspended.
    pub fn kick(&self) {
        self.loader.kick();
    }

    /// Something that ends a guest of this runtime from another thread.
    ///
    /// # Errors
    /// [`Error::Setting`] when the runtime was not built with [`Builder::interruptible`].
    pub fn canceller(&self) -> Result<Canceller, Error> {
        if !self.settings.config.interrupt {
            let (what, setting) = ("cancelling a guest", "interruptible(true)");
            return Err(Error::Setting { what, setting });
        }
        let loader = self.loader.clone();
        Ok(Canceller::new(Interrupt::new(), Arc::new(move || loader.kick())))
    }
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runtime").field("config", &self.settings.config).finish_non_exhaustive()
    }
}

/// Whether a file is what [`Runtime::compile_file`] writes, which only a runtime with a cache can
/// load.
///
/// # Errors
/// [`Error::File`] when it can not be read.
pub fn is_compiled(path: impl AsRef<Path>) -> Result<bool, Error> {
    let path = path.as_ref();
    artifact::is_artifact(path).map_err(|source| unreadable(path, source))
}

/// What some bytes are, as a binary: they may be WebAssembly text.
///
/// # Errors
/// [`Error::NotWasm`] and [`Error::Text`].
pub fn to_binary(bytes: &[u8]) -> Result<(ProgramKind, Cow<'_, [u8]>), Error> {
    Ok(match source::program(bytes)? {
        Source::Module(binary) => (ProgramKind::Module, binary),
        Source::Component(binary) => (ProgramKind::Component, binary),
    })
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    std::fs::read(path).map_err(|source| unreadable(path, source))
}

fn unreadable(path: &Path, source: std::io::Error) -> Error {
    Error::File { verb: "read", path: path.into(), source }
}
