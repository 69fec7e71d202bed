use crate::{AppSettings, Error, Settings};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use wayleave::cache::{self, Cache};
use wayleave::{EngineKind, Runtime, UnknownImports};

/// What a server's apps run on: one runtime, and another one where a change asks for what it does not
/// have. The one before is there for as long as its apps are, guests and all.
pub(crate) struct Runtimes {
    engine: Option<EngineKind>,
    dense: bool,
    cache: Option<Cache>,
    /// The newest last.
    made: Mutex<Vec<Weak<Made>>>,
}

/// A runtime, and what it was made for.
pub(crate) struct Made {
    pub(crate) runtime: Runtime,
    needs: Needs,
}

/// What a runtime is made for, once and for all.
#[derive(Clone, Copy, Debug)]
struct Needs {
    /// Core instances that there is room for.
    instances: usize,
    /// Whether it counts fuel.
    fuel: bool,
    /// Whether imports may be unknown to it.
    unknown_imports: bool,
}

/// Core instances that are kept ready for each request at once: most components have three or four.
const INSTANCES_PER_REQUEST: usize = 4;
/// Each may have a memory, which takes 4 GiB of addresses.
const MOST_INSTANCES: usize = 20_000;

impl Runtimes {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            engine: settings.engine,
            dense: settings.dense,
            cache: settings.cache.then(cache).flatten(),
            made: Mutex::default(),
        }
    }

    /// A runtime that has what these apps need: the newest one, if that does, or a new one.
    pub(crate) fn suitable(&self, apps: &[AppSettings]) -> Result<Arc<Made>, Error> {
        let needs = Needs::of(apps);
        let newest = self.all().last().and_then(Weak::upgrade);
        if let Some(made) = newest.filter(|made| made.needs.cover(needs)) {
            return Ok(made);
        }
        let made = Arc::new(Made { runtime: self.make(needs)?, needs });
        let mut all = self.all();
        all.retain(|made| made.strong_count() > 0);
        all.push(Arc::downgrade(&made));
        Ok(made)
    }

    /// Takes the engine from all guests that compute.
    pub(crate) fn kick(&self) {
        for made in self.all().iter().filter_map(Weak::upgrade) {
            made.runtime.kick();
        }
    }

    fn all(&self) -> MutexGuard<'_, Vec<Weak<Made>>> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn make(&self, needs: Needs) -> Result<Runtime, Error> {
        let unknown =
            if needs.unknown_imports { UnknownImports::Trap } else { UnknownImports::Refuse };
        let mut builder = Runtime::builder()
            .interruptible(true)
            .suspending(true)
            .dense(self.dense)
            .pool(u32::try_from(needs.instances).unwrap_or(u32::MAX))
            .fuel(needs.fuel)
            .unknown_imports(unknown);
        if let Some(engine) = self.engine {
            builder = builder.engine(engine);
        }
        if let Some(cache) = &self.cache {
            builder = builder.cache(cache.clone());
        }
        builder
            .build()
            .map_err(|source| Error::Settings(format!("the engine can not be set up: {source}")))
    }
}

impl Needs {
    fn of(apps: &[AppSettings]) -> Self {
        let requests =
            apps.iter().fold(0_usize, |sum, app| sum.saturating_add(app.limits.concurrency));
        Self {
            instances: requests.saturating_mul(INSTANCES_PER_REQUEST).clamp(1, MOST_INSTANCES),
            fuel: apps.iter().any(|app| app.grants.limits.fuel.is_some()),
            unknown_imports: apps.iter().any(|app| app.unknown_imports_trap),
        }
    }

    /// Whether what was made for these does for the others.
    fn cover(self, others: Self) -> bool {
        self.instances >= others.instances
            && (self.fuel || !others.fuel)
            // What nobody asks for any more is refused again.
            && self.unknown_imports == others.unknown_imports
    }
}

fn cache() -> Option<Cache> {
    let opened =
        Cache::default_dir().ok_or_else(|| "there is no folder for it".to_owned()).and_then(
            |dir| Cache::open(dir, cache::DEFAULT_MAX_BYTES).map_err(|error| error.to_string()),
        );
    opened.inspect_err(|error| tracing::warn!("compiled code is not kept: {error}")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn app(change: impl FnOnce(&mut AppSettings)) -> Vec<AppSettings> {
        let mut app = AppSettings::new("a", "a.wasm");
        app.limits.concurrency = 10;
        change(&mut app);
        vec![app]
    }

    #[test]
    fn there_is_another_runtime_where_more_is_needed() {
        let runtimes = Runtimes::new(&Settings { cache: false, ..Settings::default() });
        let first = runtimes.suitable(&app(|_| {})).unwrap();
        let same = |made: &Arc<Made>, change: fn(&mut AppSettings)| {
            Arc::ptr_eq(made, &runtimes.suitable(&app(change)).unwrap())
        };
        assert!(same(&first, |app| app.limits.concurrency = 5));
        assert!(!same(&first, |app| app.limits.concurrency = 11));
        assert!(!same(&first, |app| app.grants.limits.fuel = Some(1)));
        assert!(!same(&first, |app| app.unknown_imports_trap = true));
        let fuel = runtimes.suitable(&app(|app| app.grants.limits.fuel = Some(1))).unwrap();
        assert!(same(&fuel, |_| {}));
        assert!(same(&fuel, |app| app.grants.limits.fuel = Some(2)));
        // What was replaced is forgotten when nobody has it.
        drop(first);
        let more = runtimes.suitable(&app(|app| app.limits.concurrency = 11)).unwrap();
        assert_eq!(runtimes.all().len(), 2);
        drop((fuel, more));
        runtimes.kick();
    }
}
