use crate::accepting::Accepting;
use crate::app::App;
use crate::connection::{self, Connections};
use crate::listen::{Address, Listener};
use crate::reload::Watch;
use crate::router::{Newest, Router, Routes};
use crate::runtimes::Runtimes;
use crate::tls::Tls;
use crate::turns::{Aside, Turns};
use crate::unfinished::Unfinished;
use crate::{Error, Settings, admin};
use std::mem;
use std::sync::Arc;
use tokio::sync::watch;
use wayleave::grants::HostFolders;

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
    newest: watch::Sender<Newest>,
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
    pub(crate) unfinished: Unfinished,
}

impl Shared {
    pub(crate) fn router(&self) -> Arc<Router> {
        self.newest.borrow().router.clone()
    }

    /// The router as a connection sees it.
    pub(crate) fn routes(&self) -> Routes {
        Routes::new(self.newest.subscribe())
    }

    pub(crate) fn set_router(&self, router: Router) {
        let mut router = Arc::new(router);
        // The one before comes to its end when nobody holds this up any more.
        self.newest.send_modify(|newest| mem::swap(&mut newest.router, &mut router));
    }

    /// Connections come to their ends.
    fn end_connections(&self) {
        self.newest.send_modify(|newest| newest.stopping = true);
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
        let mut watch = Watch::new(&settings);
        watch.read_manifest(&settings);
        let common = Common {
            runtimes: Arc::new(Runtimes::new(&settings)),
            aside: Arc::default(),
            unfinished: Unfinished::new(),
        };
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
            newest: watch::Sender::new(Newest { router: Arc::new(router), stopping: false }),
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
        helpers.spawn(watch.run(shared.clone()));
        let turns = Turns::start(shared.common.runtimes.clone(), shared.common.aside.clone());
        let unfinished = &shared.common.unfinished;
        let most = shared.settings.max_connections;
        let mut accepting = Accepting::start(listeners, most, &stopping.subscribe());
        while let Some((stream, permit)) = accepting.next().await {
            let (shared, guard) = (shared.clone(), unfinished.begin());
            tokio::spawn(async move {
                connection::serve(stream, shared).await;
                drop((guard, permit));
            });
        }
        shared.end_connections();
        let drained = tokio::time::timeout(shared.settings.drain, unfinished.none()).await.is_ok();
        helpers.shutdown().await;
        drop(turns);
        drained
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
    if settings.max_connections == 0 {
        return Err(Error::Settings("no connection would be served: max-connections is 0".into()));
    }
    if let Some(app) = settings.apps.iter().find(|app| app.limits.concurrency == 0) {
        let reason = format!("no request would be answered: {}'s concurrency is 0", app.name);
        return Err(Error::Settings(reason));
    }
    keep_apart(settings)?;
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

/// That no app changes what the overlay of another one keeps: they run at the same time.
fn keep_apart(settings: &Settings) -> Result<(), Error> {
    let mut folders = HostFolders::default();
    settings.apps.iter().try_for_each(|app| {
        let told = |source| placed(Error::Grant { app: app.name.clone(), source }, settings);
        folders.add_all(&app.grants).map_err(told)
    })
}

/// What can not be granted is told at its place in the manifest, if that is where it is asked for.
fn placed(error: Error, settings: &Settings) -> Error {
    let (Error::Grant { app, source }, Some(manifest)) = (&error, &settings.manifest) else {
        return error;
    };
    crate::manifest::place(manifest, app, source).map_or(error, Error::Manifest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::AppSettings;
    use crate::listen::Stream;
    use std::path::Path;
    use std::time::Duration;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::UnixStream;

    fn server() -> Server {
        let hello = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../guests/built/components/http_hello.wasm");
        Server::start(Settings {
            addresses: vec![Address::Tcp(([127, 0, 0, 1], 0).into())],
            apps: vec![AppSettings::new("app", hello)],
            engine: wayleave::EngineKind::ALL.last().copied(),
            cache: false,
            ..Settings::default()
        })
        .unwrap()
    }

    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n";

    #[tokio::test]
    async fn idle_connections_do_not_keep_what_was_replaced() {
        let shared = server().shared;
        let before = Arc::downgrade(&shared.router());
        let (mut client, stream) = UnixStream::pair().unwrap();
        tokio::spawn(connection::serve(Stream::Unix(stream), shared.clone()));
        client.write_all(REQUEST).await.unwrap();
        let read = client.read(&mut [0; 1000]).await.unwrap();
        assert!(read > 0 && before.strong_count() > 0);
        shared.set_router(Router::new(Vec::new()));
        let gone = async {
            while before.strong_count() > 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), gone).await.unwrap();
        // The connection is there all the same.
        client.write_all(REQUEST).await.unwrap();
        assert!(client.read(&mut [0; 1000]).await.unwrap() > 0);
    }

    #[tokio::test]
    async fn what_has_just_been_accepted_is_answered_though_the_server_stops() {
        let shared = server().shared;
        shared.end_connections();
        let (mut client, stream) = UnixStream::pair().unwrap();
        client.write_all(REQUEST).await.unwrap();
        let serving = connection::serve(Stream::Unix(stream), shared);
        // And then it is over.
        let mut answer = String::new();
        let (read, ()) = tokio::join!(client.read_to_string(&mut answer), serving);
        assert!(read.is_ok() && answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
}
