//! Connections that are kept for further requests.

use super::connection::Connection;
use super::target::Key;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

pub(crate) struct Pool {
    per_host: usize,
    lifetime: Duration,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    idle: HashMap<Key, Vec<Idle>>,
    /// Whether somebody looks after them.
    watched: bool,
}

struct Idle {
    connection: Connection,
    since: Instant,
}

impl Pool {
    pub(crate) fn new(per_host: usize, lifetime: Duration) -> Self {
        Self { per_host, lifetime, state: Mutex::default() }
    }

    /// A connection to this host, the one used last: it is the least likely to be closed.
    pub(crate) fn take(&self, key: &Key) -> Option<Connection> {
        let idle = &mut self.lock().idle;
        let of_host = idle.get_mut(key)?;
        while let Some(last) = of_host.pop() {
            if !last.connection.is_usable() || last.since.elapsed() > self.lifetime {
                continue;
            }
            if let Some(shared) = last.connection.share() {
                of_host.push(Idle { since: Instant::now(), ..last });
                return Some(shared);
            }
            return Some(last.connection);
        }
        idle.remove(key);
        None
    }

    /// Keeps a connection. If nobody looks after it, the caller is to [sweep](Pool::sweep), at this
    /// time for the first time.
    pub(crate) fn put(&self, key: Key, connection: Connection) -> Option<Instant> {
        if self.per_host == 0 {
            return None;
        }
        let since = Instant::now();
        let mut state = self.lock();
        let of_host = state.idle.entry(key).or_default();
        if of_host.len() >= self.per_host {
            of_host.remove(0);
        }
        of_host.push(Idle { connection, since });
        let watched = std::mem::replace(&mut state.watched, true);
        (!watched).then(|| since + self.lifetime)
    }

    /// Drops what has become too old or was closed; says when to look again, if ever.
    pub(crate) fn sweep(&self) -> Option<Instant> {
        let mut state = self.lock();
        state.idle.retain(|_, of_host| {
            of_host
                .retain(|idle| idle.connection.is_usable() && idle.since.elapsed() < self.lifetime);
            !of_host.is_empty()
        });
        let oldest = state.idle.values().flatten().map(|idle| idle.since).min();
        state.watched = oldest.is_some();
        oldest.map(|oldest| oldest + self.lifetime)
    }

    /// Drops all.
    pub(crate) fn clear(&self) {
        self.lock().idle.clear();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
