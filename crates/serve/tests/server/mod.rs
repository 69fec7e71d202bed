//! A server to ask.
#![allow(dead_code, reason = "each test uses what it needs")]

use crate::client::{Reply, get};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::{Duration, Instant};
use wayleave::EngineKind;
use wayleave_serve::{Address, AppSettings, Server, Settings, Stopper};

static RUNTIME: LazyLock<tokio::runtime::Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
});

/// A server that runs until it is dropped.
pub(crate) struct Running {
    pub(crate) address: std::net::SocketAddr,
    pub(crate) admin: std::net::SocketAddr,
    stopper: Stopper,
    ended: Option<tokio::task::JoinHandle<bool>>,
}

impl Running {
    pub(crate) fn start(engine: EngineKind, change: impl FnOnce(&mut Settings)) -> Self {
        let _inside = RUNTIME.enter();
        let mut settings = Settings::default();
        let any = Address::Tcp(([127, 0, 0, 1], 0).into());
        settings.addresses = vec![any.clone()];
        settings.admin = Some(any);
        settings.engine = Some(engine);
        settings.cache = false;
        settings.drain = Duration::from_secs(30);
        settings.apps = vec![AppSettings::new("web", guest("http_web"))];
        change(&mut settings);
        let server = Server::start(settings).unwrap();
        let tcp = |address: Option<Address>| match address {
            Some(Address::Tcp(address)) => address,
            other => panic!("{other:?}"),
        };
        Self {
            address: tcp(server.addresses().pop()),
            admin: tcp(server.admin_address()),
            stopper: server.stopper(),
            ended: Some(RUNTIME.spawn(server.run())),
        }
    }

    pub(crate) fn get(&self, path: &str) -> Reply {
        get(self.address, path)
    }

    pub(crate) fn metric(&self, name: &str) -> u64 {
        let text = get(self.admin, "/metrics").text();
        let line =
            text.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{name}"));
        line.rsplit(' ').next().unwrap().parse().unwrap()
    }

    /// Whether all that was under way has ended.
    pub(crate) fn stop(mut self) -> bool {
        self.stopper.stop();
        RUNTIME.block_on(self.ended.take().unwrap()).unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stopper.stop();
    }
}

pub(crate) fn guest(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../guests/built/components/{name}.wasm"))
}

pub(crate) fn one_app(change: impl FnOnce(&mut AppSettings)) -> impl FnOnce(&mut Settings) {
    |settings| change(&mut settings.apps[0])
}

pub(crate) fn wait_until(mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < Duration::from_secs(20), "it never came about");
        std::thread::sleep(Duration::from_millis(5));
    }
}
