//! Guests that are in no hurry to end, wherever they are: in time they are ended all the same, and
//! others do not wait for them.
#![allow(clippy::unwrap_used, reason = "a test that can not go on has failed")]

#[allow(dead_code, reason = "other tests need more of it")]
mod client;
mod endless;

use client::{Client, Reply, get};
use endless::{copying, destroying, guests, large_zip, starting, unpacking};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::{Duration, Instant};
use wayleave::EngineKind;
use wayleave_serve::{Address, AppSettings, Server, Settings, Stopper};

static RUNTIME: LazyLock<tokio::runtime::Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
});

/// A server of an app at `/` that answers, and one at `/guest` that is to be tested.
struct Running {
    address: std::net::SocketAddr,
    admin: std::net::SocketAddr,
    stopper: Stopper,
    _folder: tempfile::TempDir,
}

impl Running {
    fn start(engine: EngineKind, guest: &str, change: impl FnOnce(&mut AppSettings)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let component = folder.path().join("guest.wasm");
        std::fs::write(&component, wat::parse_str(guest).unwrap()).unwrap();
        let mut app = AppSettings::new("guest", component);
        app.path = "/guest".into();
        change(&mut app);
        let mut settings = Settings::default();
        settings.apps = vec![AppSettings::new("hello", built("http_hello")), app];
        settings.engine = Some(engine);
        Self::with(settings, folder)
    }

    fn with(mut settings: Settings, folder: tempfile::TempDir) -> Self {
        let _inside = RUNTIME.enter();
        let any = Address::Tcp(([127, 0, 0, 1], 0).into());
        settings.addresses = vec![any.clone()];
        settings.admin = Some(any);
        settings.cache = false;
        let server = Server::start(settings).unwrap();
        let tcp = |address: Option<Address>| match address {
            Some(Address::Tcp(address)) => address,
            other => panic!("{other:?}"),
        };
        let running = Self {
            address: tcp(server.addresses().pop()),
            admin: tcp(server.admin_address()),
            stopper: server.stopper(),
            _folder: folder,
        };
        RUNTIME.spawn(server.run());
        running
    }

    fn get(&self, path: &str) -> Reply {
        get(self.address, path)
    }

    /// Asks the guest, and does not wait for it.
    fn ask(&self) -> Client {
        let mut client = Client::connect(self.address);
        client.send(b"GET /guest HTTP/1.1\r\nhost: a\r\n\r\n");
        client
    }

    fn metric(&self, name: &str) -> u64 {
        let text = get(self.admin, "/metrics").text();
        let name = format!("wayleave_{name}{{app=\"guest\"}} ");
        let line = text.lines().find_map(|line| line.strip_prefix(&name));
        line.unwrap_or_else(|| panic!("{name}\n{text}")).parse().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stopper.stop();
    }
}

fn built(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../guests/built/components/{name}.wasm"))
}

fn wait_until(mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < Duration::from_secs(60), "it never came about");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Each test on each engine.
macro_rules! on_engines {
    ($($test:ident),* $(,)?) => {
        mod wasmtime {
            $(#[test] fn $test() { super::$test(wayleave::EngineKind::Wasmtime); })*
        }
        mod wasmi {
            $(#[test] fn $test() { super::$test(wayleave::EngineKind::Wasmi); })*
        }
    };
}

on_engines!(
    guests_end_in_time_wherever_they_are,
    others_do_not_wait_for_them,
    what_takes_the_host_long_ends_in_time,
    the_room_of_a_guest_is_free_when_it_has_ended,
    guests_of_apps_that_were_removed_end,
);

fn guests_end_in_time_wherever_they_are(engine: EngineKind) {
    let limit = Duration::from_millis(300);
    for (place, guest) in guests() {
        let server = Running::start(engine, &guest, |app| app.grants.limits.timeout = Some(limit));
        let begun = Instant::now();
        assert_eq!(server.get("/guest").status, 504, "{place}");
        assert!(begun.elapsed() >= limit, "{place}");
        wait_until(|| server.metric("requests_in_flight") == 0);
        assert_eq!(server.metric("timeouts_total"), 1, "{place}");
        assert_eq!(server.metric("traps_total"), 0, "{place}");
    }
}

fn others_do_not_wait_for_them(engine: EngineKind) {
    let limit = Duration::from_secs(5);
    for (place, guest) in guests() {
        let server = Running::start(engine, &guest, |app| app.grants.limits.timeout = Some(limit));
        // More than there are threads.
        let begun = Instant::now();
        let asked: Vec<_> = (0..4).map(|_| server.ask()).collect();
        wait_until(|| server.metric("requests_in_flight") == 4);
        for _ in 0..5 {
            assert_eq!(server.get("/").status, 200, "{place}");
        }
        assert!(begun.elapsed() < limit, "{place}: {:?}", begun.elapsed());
        for mut client in asked {
            assert_eq!(client.reply().status, 504, "{place}");
        }
    }
}

fn what_takes_the_host_long_ends_in_time(engine: EngineKind) {
    let folder = tempfile::tempdir().unwrap();
    let lower = folder.path().join("lower");
    std::fs::create_dir(&lower).unwrap();
    // Nothing but holes.
    std::fs::File::create(lower.join("large")).unwrap().set_len(1 << 40).unwrap();
    let image = folder.path().join("image.zip");
    std::fs::write(&image, large_zip()).unwrap();
    let image = format!("{}::/", image.display());
    let overlay = format!("{}::/::overlay", lower.display());
    for (what, guest) in [("unpacking", unpacking()), ("copying", copying())] {
        let server = Running::start(engine, &guest, |app| {
            app.grants.limits.timeout = Some(Duration::from_secs(1));
            match what {
                "unpacking" => app.grants.images.push(image.parse().unwrap()),
                _ => app.grants.dirs.push(overlay.parse().unwrap()),
            }
        });
        let asked: Vec<_> = (0..4).map(|_| server.ask()).collect();
        wait_until(|| server.metric("requests_in_flight") == 4);
        assert_eq!(server.get("/").status, 200, "{what}");
        // Nobody has waited for those.
        assert_eq!(server.metric("requests_in_flight"), 4, "{what}");
        for mut client in asked {
            assert_eq!(client.reply().status, 504, "{what}");
        }
    }
}

fn the_room_of_a_guest_is_free_when_it_has_ended(engine: EngineKind) {
    let server = Running::start(engine, &destroying(100), |app| {
        app.grants.limits.timeout = Some(Duration::from_secs(5));
        app.limits.concurrency = 1;
        app.limits.queue = 0;
    });
    let asked = server.ask();
    wait_until(|| server.metric("requests_in_flight") == 1);
    // Until it is in the destructor.
    std::thread::sleep(Duration::from_millis(1000));
    drop(asked);
    wait_until(|| server.metric("requests_in_flight") == 0);
    // Its client is gone, and it is still there.
    assert_eq!(server.get("/guest").status, 503);
    wait_until(|| server.get("/guest").status != 503);
}

fn guests_of_apps_that_were_removed_end(engine: EngineKind) {
    let folder = tempfile::tempdir().unwrap();
    let component = folder.path().join("guest.wasm");
    std::fs::write(&component, wat::parse_str(starting()).unwrap()).unwrap();
    let app = |name: &str, component: &Path, path: &str| {
        let component = component.display();
        let limits = "[app.limits]\ntimeout = \"5s\"\n";
        format!(
            "[[app]]\nname = \"{name}\"\ncomponent = \"{component}\"\npath = \"{path}\"\n{limits}"
        )
    };
    let hello = app("hello", &built("http_hello"), "/");
    let manifest = folder.path().join("wayleave.toml");
    std::fs::write(&manifest, format!("{hello}{}", app("guest", &component, "/guest"))).unwrap();
    let mut settings = Settings::from_manifest(&manifest).unwrap();
    settings.engine = Some(engine);
    let server = Running::with(settings, folder);
    let mut asked = server.ask();
    wait_until(|| server.metric("requests_in_flight") == 1);
    std::fs::write(&manifest, hello).unwrap();
    wait_until(|| !get(server.admin, "/metrics").text().contains("app=\"guest\""));
    // Nothing else is under way.
    assert_eq!(asked.reply().status, 504);
}
