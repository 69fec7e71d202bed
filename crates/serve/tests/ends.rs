//! Guests that are in no hurry to end, wherever they are: in time they are ended all the same, and
//! others do not wait for them.
#![allow(clippy::unwrap_used, reason = "a test that can not go on has failed")]

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

/// A server of an app at `/` that answers, and of others at `/guest0` and so on that are to be tested.
struct Running {
    address: std::net::SocketAddr,
    admin: std::net::SocketAddr,
    stopper: Stopper,
    _folder: tempfile::TempDir,
}

impl Running {
    fn start(
        engine: EngineKind,
        guests: &[impl AsRef<str>],
        change: impl Fn(&mut AppSettings),
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = Settings::default();
        settings.engine = Some(engine);
        settings.apps.push(AppSettings::new("hello", built("http_hello")));
        for (number, guest) in guests.iter().enumerate() {
            let name = format!("guest{number}");
            let component = folder.path().join(&name);
            std::fs::write(&component, wat::parse_str(guest).unwrap()).unwrap();
            let mut app = AppSettings::new(&name, component);
            app.path = format!("/{name}");
            change(&mut app);
            settings.apps.push(app);
        }
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

    /// Asks, and does not wait for it.
    fn ask(&self, path: &str) -> Client {
        let mut client = Client::connect(self.address);
        client.send(format!("GET {path} HTTP/1.1\r\nhost: a\r\n\r\n").as_bytes());
        client
    }

    /// Of all guests that are tested.
    fn metric(&self, name: &str) -> u64 {
        let text = get(self.admin, "/metrics").text();
        let name = format!("wayleave_{name}{{app=\"guest");
        let lines = text.lines().filter(|line| line.starts_with(&name));
        lines.map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()).sum()
    }

    /// That the app at `/` answers at once, while others do not come to an end before `limit`.
    fn answers_beside(&self, asked: Vec<Client>, limit: Duration) {
        let begun = Instant::now();
        let busy = asked.len() as u64;
        wait_until(|| self.metric("requests_in_flight") == busy || begun.elapsed() > limit);
        for _ in 0..5 {
            assert_eq!(self.get("/").status, 200);
        }
        assert!(begun.elapsed() < limit, "{:?}", begun.elapsed());
        for mut client in asked {
            assert_eq!(client.reply().status, 504);
        }
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
    others_do_not_wait_while_files_are_copied,
    unpacking_ends_in_time,
    the_room_of_a_guest_is_free_when_it_has_ended,
    guests_of_apps_that_were_removed_end,
);

fn guests_end_in_time_wherever_they_are(engine: EngineKind) {
    let limit = Duration::from_millis(300);
    for (place, guest) in guests() {
        let server =
            Running::start(engine, &[guest], |app| app.grants.limits.timeout = Some(limit));
        let begun = Instant::now();
        assert_eq!(server.get("/guest0").status, 504, "{place}");
        assert!(begun.elapsed() >= limit, "{place}");
        wait_until(|| server.metric("requests_in_flight") == 0);
        assert_eq!(server.metric("timeouts_total"), 1, "{place}");
        assert_eq!(server.metric("traps_total"), 0, "{place}");
    }
}

fn others_do_not_wait_for_them(engine: EngineKind) {
    let limit = Duration::from_secs(10);
    let guests = guests().map(|(_, guest)| guest);
    let server = Running::start(engine, &guests, |app| app.grants.limits.timeout = Some(limit));
    // Of each, as many as there are threads.
    let paths = (0..2 * guests.len()).map(|number| format!("/guest{}", number / 2));
    server.answers_beside(paths.map(|path| server.ask(&path)).collect(), limit);
}

fn others_do_not_wait_while_files_are_copied(engine: EngineKind) {
    let limit = Duration::from_secs(5);
    let lower = tempfile::tempdir().unwrap();
    // Nothing but holes.
    std::fs::File::create(lower.path().join("large")).unwrap().set_len(1 << 40).unwrap();
    let overlay = format!("{}::/::overlay", lower.path().display());
    let server = Running::start(engine, &[copying()], |app| {
        app.grants.limits.timeout = Some(limit);
        app.grants.dirs.push(overlay.parse().unwrap());
    });
    server.answers_beside((0..4).map(|_| server.ask("/guest0")).collect(), limit);
}

fn unpacking_ends_in_time(engine: EngineKind) {
    let folder = tempfile::tempdir().unwrap();
    let image = folder.path().join("image.zip");
    std::fs::write(&image, large_zip()).unwrap();
    let image = format!("{}::/", image.display());
    let ask = |limit| {
        let server = Running::start(engine, &[unpacking()], |app| {
            app.grants.limits.timeout = Some(limit);
            app.grants.images.push(image.parse().unwrap());
        });
        let begun = Instant::now();
        (server.get("/guest0").status, begun.elapsed())
    };
    let (status, whole) = ask(Duration::from_secs(60));
    assert_eq!(status, 500);
    let (status, time) = ask(whole / 10);
    assert_eq!(status, 504);
    assert!(time < whole * 2 / 3, "{time:?} of {whole:?}");
}

fn the_room_of_a_guest_is_free_when_it_has_ended(engine: EngineKind) {
    let server = Running::start(engine, &[destroying(100)], |app| {
        app.grants.limits.timeout = Some(Duration::from_secs(8));
        app.limits.concurrency = 1;
        app.limits.queue = 0;
    });
    let kept_its_room = |milliseconds| {
        let mut asked = server.ask("/guest0");
        wait_until(|| {
            if server.metric("requests_in_flight") == 0 {
                // There was no room for it yet, or it has not arrived.
                asked = server.ask("/guest0");
                std::thread::sleep(Duration::from_millis(100));
            }
            server.metric("requests_in_flight") == 1
        });
        // Until it is in the destructor, where it does not hear that its client has left.
        std::thread::sleep(Duration::from_millis(milliseconds));
        drop(asked);
        wait_until(|| server.metric("requests_in_flight") == 0);
        server.get("/guest0").status == 503
    };
    // On a busy machine it may take long to get there.
    assert!([500, 2000, 6000].into_iter().any(kept_its_room));
    wait_until(|| server.get("/guest0").status != 503);
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
    let mut asked = server.ask("/guest");
    wait_until(|| server.metric("requests_in_flight") == 1);
    std::fs::write(&manifest, hello).unwrap();
    wait_until(|| !get(server.admin, "/metrics").text().contains("app=\"guest\""));
    // Nothing else is under way.
    assert_eq!(asked.reply().status, 504);
}
