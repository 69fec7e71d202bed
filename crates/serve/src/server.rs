use crate::app::App;
use crate::connection::{self, Connections};
use crate::listen::{Address, Listener};
use crate::reload::Watch;
use crate::router::{Router, Routes};
use crate::runtimes::Runtimes;
use crate::tls::Tls;
use crate::turns::{Aside, Turns};
use crate::{Error, Settings, admin};
use hyper_util::server::graceful::GracefulShutdown;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, watch};

/// A server that listens.
pub struct Server {
    shared: Arc<Shared>,
    listeners: Vec<Listener>,
    admin: Option<Listener>,
    stopping: watch::Sender<bool>,
    watch: Watch,
}

/// What connections need.
pub(crate) struct Shared {
    router: watch::Sender<Arc<Router>>,
    pub(crate) connections: Connections,
    pub(crate) tls: Option<Tls>,
    pub(crate) common: Common,
    pub(crate) settings: Settings,
    stopping: watch::Receiver<bool>,
}

/// What all apps have in common.
pub(crate) struct Common {
    runtimes: Arc<Runtimes>,
    pub(crate) aside: Arc<Aside>,
}

impl Shared {
    pub(crate) fn router(&self) -> Arc<Router> {
        self.router.borrow().clone()
    }

    /// The router as a connection sees it.
    pub(crate) fn routes(&self) -> Routes {
        Routes::new(self.router.subscribe())
    }

    pub(crate) fn set_router(&self, router: Router) {
        self.router.send_replace(Arc::new(router));
    }

    pub(crate) fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }
}

/// Tells a server to stop.
#[derive(Clone)]
pub struct Stopper(watch::Sender<bool>);

impl Stopper {
    /// Accepts no more connections, and lets what is under way come to its end.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl Server {
    /// Loads the components and listens.
    ///
    /// # Errors
    /// What can not be loaded, granted or listened at.
    ///
    /// # Panics
    /// Outside of a Tokio runtime with timers and I/O.
    pub fn start(settings: Settings) -> Result<Self, Error> {
        // What changes from here on has changed.
        let watch = Watch::new(&settings);
        let common = Common { runtimes: Arc::new(Runtimes::new(&settings)), aside: Arc::default() };
        let router = load(&common, &settings, None)?;
        let tls = settings.tls.as_ref().map(Tls::load).transpose()?;
        let mut listeners = Listener::handed_over()?;
        for address in &settings.addresses {
            listeners.push(Listener::bind(address)?);
        }
        if listeners.is_empty() {
            let default = Address::Tcp(([127, 0, 0, 1], 8080).into());
            listeners.push(Listener::bind(&default)?);
        }
        let admin = settings.admin.as_ref().map(Listener::bind).transpose()?;
        let (stopping, stopping_receiver) = watch::channel(false);
        let shared = Shared {
            router: watch::Sender::new(Arc::new(router)),
            connections: Connections::new(settings.head_timeout, settings.max_head),
            tls,
            common,
            stopping: stopping_receiver,
            settings,
        };
        Ok(Self { shared: Arc::new(shared), listeners, admin, stopping, watch })
    }

    /// Where it listens.
    pub fn addresses(&self) -> Vec<Address> {
        self.listeners.iter().filter_map(Listener::address).collect()
    }

    /// Where health and metrics are.
    pub fn admin_address(&self) -> Option<Address> {
        self.admin.as_ref().and_then(Listener::address)
    }

    /// What tells it to stop.
    pub fn stopper(&self) -> Stopper {
        Stopper(self.stopping.clone())
    }

    /// Serves until it is told to stop, and what is under way has ended or its time is over.
    /// Returns whether all of it has ended.
    pub async fn run(self) -> bool {
        let Self { shared, listeners, admin, stopping, watch } = self;
        let mut helpers = tokio::task::JoinSet::new();
        if let Some(listener) = admin {
            helpers.spawn(admin::serve(listener, shared.clone()));
        }
        if shared.settings.reload {
            helpers.spawn(watch.run(shared.clone()));
        }
        let turns = {
            let (runtimes, shared) = (shared.common.runtimes.clone(), shared.clone());
            Turns::start(runtimes, move || shared.router())
        };
        let graceful = GracefulShutdown::new();
        let room = Arc::new(Semaphore::new(shared.settings.max_connections));
        let mut accepting = tokio::task::JoinSet::new();
        let (accepted, mut connections) = tokio::sync::mpsc::channel(64);
        for listener in listeners {
            accepting.spawn(accept(listener, room.clone(), accepted.clone()));
        }
        drop(accepted);
        let mut told = stopping.subscribe();
        loop {
            tokio::select! {
                next = connections.recv() => match next {
                    Some((stream, permit)) => {
                        let (shared, watcher) = (shared.clone(), graceful.watcher());
                        tokio::spawn(async move {
                            connection::serve(stream, shared, watcher).await;
                            drop(permit);
                        });
                    }
                    None => break,
                },
                _ = told.wait_for(|stop| *stop) => break,
            }
        }
        accepting.shutdown().await;
        let drained =
            tokio::time::timeout(shared.settings.drain, graceful.shutdown()).await.is_ok();
        helpers.shutdown().await;
        drop(turns);
        drained
    }
}

type Accepted = (crate::listen::Stream, tokio::sync::OwnedSemaphorePermit);

async fn accept(
    listener: Listener,
    room: Arc<Semaphore>,
    accepted: tokio::sync::mpsc::Sender<Accepted>,
) {
    loop {
        let Ok(permit) = room.clone().acquire_owned().await else { return };
        match listener.accept().await {
            Ok(stream) => {
                if accepted.send((stream, permit)).await.is_err() {
                    return;
                }
            }
            Err(error) => {
                // The process has no more file descriptors, or the client is gone already.
                tracing::warn!("can not accept a connection: {error}");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

/// Loads the apps; those that were there before go on counting.
pub(crate) fn load(
    common: &Common,
    settings: &Settings,
    before: Option<&Router>,
) -> Result<Router, Error> {
    if settings.apps.is_empty() {
        return Err(Error::Settings("there is no app to serve".into()));
    }
    let runtime = common.runtimes.suitable(&settings.apps)?;
    let mut apps: Vec<Arc<App>> = Vec::new();
    for app in &settings.apps {
        if apps.iter().any(|other| other.settings.name == app.name) {
            let name = &app.name;
            return Err(Error::Settings(format!("two apps are named `{name}`")));
        }
        let old = before
            .and_then(|router| router.apps().iter().find(|old| old.settings.name == app.name));
        let metrics = old.map(|old| old.metrics.clone());
        let loaded = App::load(&runtime, common, app, metrics, settings.access_log);
        apps.push(Arc::new(loaded.map_err(|error| placed(error, settings))?));
    }
    Ok(Router::new(apps))
}

/// What can not be granted is told at its place in the manifest, if that is where it is asked for.
fn placed(error: Error, settings: &Settings) -> Error {
    let (Error::Grant { app, source }, Some(manifest)) = (&error, &settings.manifest) else {
        return error;
    };
    crate::manifest::place(manifest, app, source).map_or(error, Error::Manifest)
}
