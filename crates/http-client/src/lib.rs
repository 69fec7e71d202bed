//! Sends the HTTP requests of WASI guests: [`HyperClient`] speaks HTTP/1.1, and HTTP/2 where TLS
//! has agreed on it, streams bodies in both directions, and keeps connections for further requests.
//!
//! Where requests may go is for a [`Policy`] to say. It is asked of a host before its name is
//! resolved, of each address before it is dialled, and of both again before a connection that is
//! open already is used. Redirections are not followed: the guest sees them, and what it asks then
//! is a request like others.
//!
//! A client runs on the tokio runtime it is given, or on a thread of its own that it starts with
//! the first request.

mod body;
mod connect;
mod connection;
mod error;
mod exchange;
mod pool;
mod runtime;
mod settings;
mod target;
mod tls;

pub use settings::{Roots, RootsError, Settings};

use exchange::exchange;
use http::Request;
use pool::Pool;
use runtime::Runtime;
use std::sync::Arc;
use tls::Tls;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use wayleave_system::http::{Body, Client, Coming, ErrorCode, Options, Pending, Policy};

/// A client for guests; one serves any number of them. Dropped, it gives up what is under way, unless
/// it runs on somebody else's runtime.
pub struct HyperClient {
    shared: Arc<Shared>,
    runtime: Runtime,
}

/// What the tasks of a client share.
struct Shared {
    settings: Settings,
    policy: Arc<dyn Policy>,
    tls: Tls,
    pool: Pool,
    /// One for each connection that may still be opened.
    permits: Arc<Semaphore>,
}

impl HyperClient {
    /// A client whose tasks run on a thread of its own.
    pub fn new(policy: Arc<dyn Policy>, settings: Settings) -> Self {
        Self::build(policy, settings, Runtime::own())
    }

    /// A client whose tasks run on this runtime, which has I/O and timers.
    pub fn on(handle: Handle, policy: Arc<dyn Policy>, settings: Settings) -> Self {
        Self::build(policy, settings, Runtime::given(handle))
    }

    fn build(policy: Arc<dyn Policy>, settings: Settings, runtime: Runtime) -> Self {
        let permits = Arc::new(Semaphore::new(settings.connections));
        let tls = Tls::new(settings.roots.clone());
        let pool = Pool::new(settings.idle_per_host, settings.idle_timeout);
        Self { shared: Arc::new(Shared { settings, policy, tls, pool, permits }), runtime }
    }
}

impl Client for HyperClient {
    fn send(&self, request: Request<Body>, options: Options) -> Arc<dyn Coming> {
        let handle = match self.runtime.handle() {
            Ok(handle) => handle,
            Err(error) => {
                tracing::error!("HTTP requests can not be sent: {error}");
                return Arc::new(Pending::done(Err(ErrorCode::ConfigurationError)));
            }
        };
        let task = handle.spawn(exchange(self.shared.clone(), request, options));
        Arc::new(Pending::new(runtime::Abort(task)))
    }
}
