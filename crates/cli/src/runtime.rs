use crate::caught::caught;
use crate::failure::Failure;
use crate::progress::Progress;
use crate::run::on_file;
use std::path::Path;
use std::sync::Arc;
use wayleave::{Builder, Cache, EngineKind, Error, Program, Runtime};

/// The engine, as every subcommand that has one takes it.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct EngineArgs {
    /// The engine: wasmtime (compiles) or wasmi (interprets)
    #[arg(long, value_name = "NAME", help_heading = "Engine")]
    engine: Option<EngineKind>,
}

impl EngineArgs {
    pub(crate) fn builder(&self) -> Builder {
        match self.engine {
            Some(engine) => Runtime::builder().engine(engine),
            None => Runtime::builder(),
        }
    }

    /// Which engine that is, if the build has one.
    pub(crate) fn kind(&self) -> Option<EngineKind> {
        self.engine.or_else(|| EngineKind::ALL.first().copied())
    }

    /// The same, but this one if nothing was said.
    pub(crate) fn or(self, engine: EngineKind) -> Self {
        Self { engine: self.engine.or(Some(engine)) }
    }

    /// Loads a program, and shows on a terminal that it takes long.
    pub(crate) fn load(&self, builder: Builder, file: &Path) -> Result<Program, Failure> {
        self.load_by(builder, file, |runtime| runtime.load_file(file))
    }

    /// The same for a program that was read already, from this file.
    pub(crate) fn load_by(
        &self,
        builder: Builder,
        file: &Path,
        load: impl FnOnce(&Runtime) -> Result<Program, Error>,
    ) -> Result<Program, Failure> {
        let progress = Arc::new(Progress::new(file));
        let runtime = builder
            .on_compile({
                let progress = progress.clone();
                move || progress.start()
            })
            .build()
            .map_err(Failure::other)?;
        let loaded = caught(|| load(&runtime));
        progress.finish();
        let loaded = loaded.map_err(|error| Failure::other(error).of(file.display()))?;
        loaded.map_err(|error| self.explain(file, error))
    }

    /// The interpreter has fewer of WebAssembly's newer features.
    fn explain(&self, file: &Path, error: Error) -> Failure {
        let interprets = self.engine.is_some_and(|engine| engine.name() == "wasmi");
        if interprets && error.is_module() {
            let hint = "perhaps another engine runs it: --engine wasmtime";
            return Failure::other(format!("{}: {error}; {hint}", file.display()));
        }
        on_file(file, error)
    }
}

/// The builder with this user's cache. A program runs without one, too, only slower the next time.
pub(crate) fn with_cache(builder: Builder) -> Builder {
    match open_cache() {
        Ok(cache) => builder.cache(cache),
        Err(error) => {
            tracing::warn!("compiled code is not kept: {error}");
            builder
        }
    }
}

/// This user's cache.
pub(crate) fn open_cache() -> Result<Cache, wayleave::Error> {
    let dir = Cache::default_dir().ok_or(wayleave::Error::NoCacheDir)?;
    Ok(Cache::open(dir, wayleave::cache::DEFAULT_MAX_BYTES)?)
}
