//! Guests that compute for long make way for those that answer at once.

use crate::metrics::Metrics;
use crate::runtimes::Runtimes;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::Duration;
use tokio::runtime::{Builder, Handle, Runtime};
use wayleave::system::priority;

/// How long a guest computes before another has its turn.
pub(crate) const TURN: Duration = Duration::from_millis(1);

/// Takes the engine from the guests that compute, turn by turn, for as long as it is there, and as
/// long as there are any: by nothing else would they end.
pub(crate) struct Turns(Arc<AtomicBool>);

impl Turns {
    pub(crate) fn start(runtimes: Arc<Runtimes>, aside: Arc<Aside>) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let until = over.clone();
        let kick = move || {
            loop {
                std::thread::sleep(TURN);
                if aside.is_busy() {
                    runtimes.kick();
                } else if until.load(Ordering::Relaxed) {
                    return;
                }
            }
        };
        let thread = std::thread::Builder::new().name("wayleave-turns".into()).spawn(kick);
        if let Err(error) = thread {
            tracing::warn!("guests that compute can not be interrupted: {error}");
        }
        Self(over)
    }
}

impl Drop for Turns {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Where guests go on that compute for long: threads of their own, which the system lets run behind
/// all others. And whether there are any guests.
#[derive(Default)]
pub(crate) struct Aside {
    threads: OnceLock<Option<Runtime>>,
    /// Of all apps that have ever been loaded and are still there. One that is not served any more
    /// may have guests all the same, and those have no end without turns.
    counted: Mutex<Vec<Weak<Metrics>>>,
    /// Each guest that is aside has another.
    guests: Arc<()>,
}

impl Aside {
    /// The requests of an app are counted here.
    pub(crate) fn counts(&self, metrics: &Arc<Metrics>) {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        let metrics = Arc::downgrade(metrics);
        counted.retain(|other| other.strong_count() > 0 && !other.ptr_eq(&metrics));
        counted.push(metrics);
    }

    /// What a guest that is aside keeps as long as it is.
    pub(crate) fn enter(&self) -> Arc<()> {
        self.guests.clone()
    }

    /// Whether a request is under way, or a guest whose request is gone.
    fn is_busy(&self) -> bool {
        if Arc::strong_count(&self.guests) > 1 {
            return true;
        }
        let counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        let in_flight = |metrics: Arc<Metrics>| metrics.in_flight.load(Ordering::Relaxed);
        counted.iter().filter_map(Weak::upgrade).any(|metrics| in_flight(metrics) > 0)
    }

    /// Where such guests are spawned; `None` when there are no threads for them. The first guest
    /// makes the threads.
    pub(crate) fn handle(&self) -> Option<&Handle> {
        let start = || {
            let built = Builder::new_multi_thread()
                .thread_name("wayleave-aside")
                .on_thread_start(priority::stand_back)
                .enable_all()
                .build();
            built.inspect_err(|error| tracing::warn!("no threads to compute aside: {error}")).ok()
        };
        self.threads.get_or_init(start).as_ref().map(Runtime::handle)
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        // Within the server's own runtime nothing may wait for the threads of another.
        if let Some(runtime) = self.threads.take().flatten() {
            runtime.shutdown_background();
        }
    }
}
