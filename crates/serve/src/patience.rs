//! A connection whose client does not come up with a request's head in time is closed.
//!
//! hyper can do that, too, with a timer for each request. Here a connection has one, which is only
//! looked at when it fires.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How long a connection has been waited for.
#[derive(Clone)]
pub(crate) struct Patience(Arc<Inner>);

struct Inner {
    connected: Instant,
    /// Requests that are being answered.
    under_way: AtomicU64,
    /// When the last response was complete, in nanoseconds after `connected`.
    idle_since: AtomicU64,
    boundless: AtomicBool,
}

impl Patience {
    /// For a connection that begins now.
    pub(crate) fn new() -> Self {
        Self(Arc::new(Inner {
            connected: Instant::now(),
            under_way: AtomicU64::new(0),
            idle_since: AtomicU64::new(0),
            boundless: AtomicBool::new(false),
        }))
    }

    /// A request has arrived; nothing is waited for until its response is complete.
    pub(crate) fn request(&self) -> UnderWay {
        self.0.under_way.fetch_add(1, Ordering::Relaxed);
        UnderWay(self.0.clone())
    }

    /// The connection is watched by other means.
    pub(crate) fn without_end(&self) {
        self.0.boundless.store(true, Ordering::Relaxed);
    }

    /// Comes to its end when a head has been waited for so long.
    pub(crate) async fn run_out(&self, limit: Duration) {
        let inner = &self.0;
        while !inner.boundless.load(Ordering::Relaxed) {
            let since = match inner.under_way.load(Ordering::Relaxed) {
                0 => Duration::from_nanos(inner.idle_since.load(Ordering::Relaxed)),
                _ => inner.connected.elapsed(),
            };
            let end = inner.connected.checked_add(since.saturating_add(limit));
            let Some(end) = end else { break };
            if end <= Instant::now() {
                return;
            }
            tokio::time::sleep_until(end.into()).await;
        }
        std::future::pending().await
    }
}

/// A request that is being answered, until this is dropped.
pub(crate) struct UnderWay(Arc<Inner>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        let now = u64::try_from(self.0.connected.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.0.idle_since.store(now, Ordering::Relaxed);
        self.0.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_millis(100);

    /// How long until it has run out.
    async fn time(patience: &Patience) -> Duration {
        let begun = Instant::now();
        patience.run_out(LIMIT).await;
        begun.elapsed()
    }

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap()
            .block_on(future)
    }

    #[test]
    fn it_runs_out_between_requests_and_not_within() {
        block_on(async {
            let patience = Patience::new();
            assert!(time(&patience).await >= LIMIT);
            let request = patience.request();
            let waiting = tokio::time::timeout(LIMIT * 5, patience.run_out(LIMIT));
            assert!(waiting.await.is_err());
            drop(request);
            let time = time(&patience).await;
            assert!(time >= LIMIT / 2, "{time:?}");
        });
    }

    #[test]
    fn it_may_be_without_end() {
        block_on(async {
            let patience = Patience::new();
            patience.without_end();
            let waiting = tokio::time::timeout(LIMIT * 3, patience.run_out(LIMIT));
            assert!(waiting.await.is_err());
        });
    }
}
