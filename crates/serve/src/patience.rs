//! A connection whose client does not come up with a request's head in time is closed, and so is one
//! whose client does not take what it was answered.
//!
//! hyper can do that, too, with a timer for each request. Here a connection has one, which is only
//! looked at when it fires.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How often it is looked for a first request: nobody tells.
const LOOK: Duration = Duration::from_millis(10);

/// How long a connection has been waited for.
#[derive(Clone)]
pub(crate) struct Patience(Arc<Inner>);

struct Inner {
    connected: Instant,
    /// Requests that are being answered.
    under_way: AtomicU64,
    /// When the last response was complete, in nanoseconds after `connected`.
    idle_since: AtomicU64,
    /// When the time for all requests so far is over, in nanoseconds after `connected`.
    busy_until: AtomicU64,
}

/// How much longer than its time a response may be on its way.
const SLACK: Duration = Duration::from_secs(1);

impl Patience {
    /// For a connection that begins now.
    pub(crate) fn new() -> Self {
        Self(Arc::new(Inner {
            connected: Instant::now(),
            under_way: AtomicU64::new(0),
            idle_since: AtomicU64::new(0),
            busy_until: AtomicU64::new(0),
        }))
    }

    /// A request has arrived; nothing is waited for until its response is complete.
    pub(crate) fn request(&self) -> UnderWay {
        self.0.under_way.fetch_add(1, Ordering::Relaxed);
        UnderWay(self.0.clone())
    }

    /// Comes to its end when a head has been waited for so long, or the time of the requests that are
    /// under way has been over for so long (for a second at most). Nobody else looks at that: hyper
    /// does not ask for more of a response while its client takes nothing.
    pub(crate) async fn run_out(&self, limit: Duration) {
        let inner = &self.0;
        loop {
            let (since, more) = match inner.under_way.load(Ordering::Relaxed) {
                0 => (&inner.idle_since, limit),
                _ => (&inner.busy_until, limit.min(SLACK)),
            };
            let since = Duration::from_nanos(since.load(Ordering::Relaxed));
            let end = inner.connected.checked_add(since.saturating_add(more));
            let now = Instant::now();
            if end.is_some_and(|end| end <= now) {
                return;
            }
            // Nobody tells when the last of what is under way comes to its end.
            match end.into_iter().chain(now.checked_add(limit)).min() {
                Some(next) => tokio::time::sleep_until(next.into()).await,
                None => std::future::pending().await,
            }
        }
    }

    /// Waiting begins anew.
    pub(crate) fn restart(&self) {
        self.0.restart();
    }

    /// Waits until there has been a request, or for so long.
    pub(crate) async fn first_request(&self, limit: Duration) {
        let inner = &self.0;
        let begun = Instant::now();
        let none = || {
            let counters = [&inner.under_way, &inner.idle_since];
            counters.iter().all(|counter| counter.load(Ordering::Relaxed) == 0)
        };
        while none() && begun.elapsed() < limit {
            tokio::time::sleep(LOOK).await;
        }
    }
}

impl Inner {
    fn restart(&self) {
        self.idle_since.store(self.nanoseconds(Instant::now()), Ordering::Relaxed);
    }

    fn nanoseconds(&self, time: Instant) -> u64 {
        let time = time.saturating_duration_since(self.connected);
        u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
    }
}

/// A request that is being answered, until this is dropped.
pub(crate) struct UnderWay(Arc<Inner>);

impl UnderWay {
    /// Its time is over then; never without one.
    pub(crate) fn until(&self, deadline: Option<Instant>) {
        let deadline = deadline.map_or(u64::MAX, |deadline| self.0.nanoseconds(deadline));
        self.0.busy_until.fetch_max(deadline, Ordering::Relaxed);
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.restart();
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
            request.until(None);
            let waiting = tokio::time::timeout(LIMIT * 5, patience.run_out(LIMIT));
            assert!(waiting.await.is_err());
            drop(request);
            let time = time(&patience).await;
            assert!(time >= LIMIT / 2, "{time:?}");
        });
    }

    #[test]
    fn it_runs_out_when_the_time_of_all_requests_is_over() {
        block_on(async {
            let patience = Patience::new();
            let begun = Instant::now();
            let requests = [patience.request(), patience.request()];
            requests[0].until(Some(begun + LIMIT * 2));
            requests[1].until(Some(begun + LIMIT));
            patience.run_out(LIMIT).await;
            assert!(begun.elapsed() >= LIMIT * 3);
        });
    }

    #[test]
    fn it_can_begin_anew_and_knows_of_a_first_request() {
        block_on(async {
            let patience = Patience::new();
            patience.first_request(LIMIT).await;
            assert!(patience.0.connected.elapsed() >= LIMIT);
            patience.restart();
            assert!(time(&patience).await >= LIMIT / 2);
            let patience = Patience::new();
            let long = Duration::from_secs(600);
            let request = patience.request();
            patience.first_request(long).await;
            drop(request);
            patience.first_request(long).await;
        });
    }
}
