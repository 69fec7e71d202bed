//! Guests that compute for long make way for those that answer at once.

use crate::router::Router;
use crate::runtimes::Runtimes;
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::runtime::{Builder, Handle, Runtime};
use wayleave::system::priority;

/// How long a guest computes before another has its turn.
pub(crate) const TURN: Duration = Duration::from_millis(1);

/// Takes the engine from the guests that compute, turn by turn, for as long as it is there.
pub(crate) struct Turns(Arc<AtomicBool>);

impl Turns {
    pub(crate) fn start(
        runtimes: Arc<Runtimes>,
        router: impl Fn() -> Arc<Router> + Send + 'static,
    ) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let until = over.clone();
        let kick = move || {
            while !until.load(Ordering::Relaxed) {
                std::thread::sleep(TURN);
                if router().apps().iter().any(|app| app.is_busy()) {
                    runtimes.kick();
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
/// all others.
#[derive(Default)]
pub(crate) struct Aside(OnceLock<Option<Runtime>>);

impl Aside {
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
        self.0.get_or_init(start).as_ref().map(Runtime::handle)
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        // Within the server's own runtime nothing may wait for the threads of another.
        if let Some(runtime) = self.0.take().flatten() {
            runtime.shutdown_background();
        }
    }
}
