//! What changes while a server serves, what becomes of idle connections, and how it ends.
#![allow(clippy::unwrap_used, reason = "a test that can not go on has failed")]

mod client;
mod http2;
mod server;

use client::{Client, get};
use http2::{DATA, GOAWAY, HEADERS, Http2};
use server::{Running, guest, one_app, wait_until};
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::{Duration, Instant};
use wayleave::EngineKind;
use wayleave_serve::{AppSettings, Server, Settings};

/// Puts another file in a file's place, whole.
fn replace(path: &Path, by: impl FnOnce(&Path)) {
    let other = path.with_extension("new");
    by(&other);
    std::fs::rename(other, path).unwrap();
}

fn replace_by_guest(path: &Path, name: &str) {
    replace(path, |other| {
        std::fs::copy(guest(name), other).unwrap();
    });
}

/// A manifest of one app.
struct Manifest(tempfile::TempDir);

impl Manifest {
    fn new(component: &Path, limits: &str) -> Self {
        let manifest = Self(tempfile::tempdir().unwrap());
        manifest.write(component, limits);
        manifest
    }

    fn write(&self, component: &Path, limits: &str) {
        let text = format!(
            "[[app]]\nname = \"web\"\ncomponent = {component:?}\nlimits = {{ {limits} }}\n"
        );
        replace(&self.path(), |path| std::fs::write(path, text).unwrap());
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("wayleave.toml")
    }

    fn serve(&self, engine: EngineKind) -> Running {
        Running::start(engine, |settings| {
            let read = Settings::from_manifest(self.path()).unwrap();
            (settings.apps, settings.manifest) = (read.apps, read.manifest);
        })
    }
}

/// Whether so many requests are answered at once.
fn are_answered_at_once(server: &Running, number: usize) -> bool {
    let mut clients: Vec<_> = (0..number).map(|_| Client::connect(server.address)).collect();
    for client in &mut clients {
        client.send(b"GET /sleep/100 HTTP/1.1\r\nhost: a\r\n\r\n");
    }
    let answered = clients.iter_mut().map(|client| client.reply().status);
    answered.filter(|status| *status == 200).count() == number
}

#[test]
fn more_requests_at_once_need_no_restart() {
    let manifest = Manifest::new(&guest("http_web"), "concurrency = 1, queue = 0");
    let server = manifest.serve(EngineKind::ALL[0]);
    assert!(!are_answered_at_once(&server, 30));
    manifest.write(&guest("http_web"), "concurrency = 30, queue = 0");
    wait_until(|| are_answered_at_once(&server, 30));
}

#[test]
fn a_limit_of_fuel_needs_no_restart() {
    for &engine in EngineKind::ALL {
        let manifest = Manifest::new(&guest("http_web"), "timeout = \"1s\"");
        let server = manifest.serve(engine);
        assert_eq!(server.get("/loop").status, 504);
        // A guest that began before is kicked, too: others have their turns, and it ends in time.
        let mut before: Vec<_> = (0..3).map(|_| Client::connect(server.address)).collect();
        manifest.write(&guest("http_web"), "timeout = \"5s\", fuel = 100_000_000");
        wait_until(|| {
            for client in &mut before {
                client.send(b"GET /loop HTTP/1.1\r\nhost: a\r\n\r\n");
            }
            let ended = server.get("/loop").status == 500;
            for client in &mut before {
                assert!([500, 504].contains(&client.reply().status));
            }
            ended
        });
        assert_eq!(server.get("/hello").status, 200);
    }
}

/// A pipe that a server reads when it has loaded its component: it waits there.
struct Gate {
    path: PathBuf,
    certificate: String,
}

impl Gate {
    fn new(folder: &Path) -> Self {
        let path = folder.join("pipe");
        make_pipe(&path);
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        Self { path, certificate: made.cert.pem() }
    }

    /// Lets the server through, but not before something else was done.
    fn pass(&self, meanwhile: impl FnOnce()) {
        let (sender, opened) = mpsc::channel();
        let path = self.path.clone();
        // Opened when the server does.
        std::thread::spawn(move || sender.send(File::options().write(true).open(path)));
        let opened = opened.recv_timeout(Duration::from_secs(20));
        let mut pipe = opened.expect("a server that loads").unwrap();
        // Another one for the next time: whoever reads this one may be slow to see its end.
        std::fs::remove_file(&self.path).unwrap();
        make_pipe(&self.path);
        meanwhile();
        pipe.write_all(self.certificate.as_bytes()).unwrap();
    }
}

fn make_pipe(path: &Path) {
    assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
}

#[test]
fn what_changes_while_it_is_loaded_is_loaded_again() {
    let folder = tempfile::tempdir().unwrap();
    let component = folder.path().join("app.wasm");
    replace_by_guest(&component, "http_hello");
    let gate = Gate::new(folder.path());
    let mut app = AppSettings::new("app", &component);
    app.grants.http = vec!["example.com".parse().unwrap()];
    app.grants.tls_ca = vec![gate.path.clone()];
    let start = || Running::start(EngineKind::ALL[0], |settings| settings.apps = vec![app]);
    let server = std::thread::scope(|scope| {
        let server = scope.spawn(start);
        gate.pass(|| replace_by_guest(&component, "http_web"));
        server.join().unwrap()
    });
    gate.pass(|| {});
    wait_until(|| server.get("/count").text() == "1\n");
    // And the same when it was loaded again.
    replace_by_guest(&component, "http_wstd");
    gate.pass(|| replace_by_guest(&component, "http_hello"));
    gate.pass(|| {});
    wait_until(|| server.get("/count").text() == "Hello, world!\n");
}

#[test]
fn what_could_not_be_loaded_is_loaded_when_it_was_put_right() {
    let manifest = Manifest::new(&guest("http_hello"), "");
    let server = manifest.serve(EngineKind::ALL[0]);
    let component = manifest.0.path().join("app.wasm");
    std::fs::write(&component, "nonsense").unwrap();
    manifest.write(&component, "");
    // It is looked at twice a second, and loaded when it stays as it is.
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(server.get("/count").text(), "Hello, world!\n");
    replace_by_guest(&component, "http_web");
    wait_until(|| server.get("/count").text() == "1\n");
}

#[test]
fn idle_connections_of_http2_are_ended() {
    let limit = Duration::from_millis(300);
    let server = Running::start(EngineKind::ALL[0], |settings| settings.head_timeout = limit);
    let mut client = Http2::connect(server.address);
    // Not while a request is under way.
    let stream = client.request("GET", "/sleep/1500");
    let begun = Instant::now();
    let mut frames = std::iter::from_fn(|| client.frame());
    let answer = frames.by_ref().take_while(|frame| !frame.ends_stream()).collect::<Vec<_>>();
    assert!(answer.iter().all(|frame| frame.stream == stream), "{answer:?}");
    assert_eq!(answer.iter().filter(|frame| frame.kind == HEADERS).count(), 1, "{answer:?}");
    assert!(begun.elapsed() >= Duration::from_millis(1500));
    // But afterwards, in good order, and though all pings are answered.
    let rest: Vec<_> = frames.collect();
    assert!(rest.iter().all(|frame| frame.kind == GOAWAY) && !rest.is_empty(), "{rest:?}");
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}

#[test]
fn heads_alone_are_responses_of_http2_as_well() {
    let server = Running::start(EngineKind::ALL[0], one_app(|app| app.path = "/bytes".into()));
    let mut client = Http2::connect(server.address);
    for path in ["/bytes/1000000", "/nowhere"] {
        let stream = client.request("HEAD", path);
        let frame = client.frame().unwrap();
        assert!(frame.kind == HEADERS && frame.ends_stream(), "{path}: {frame:?}");
        assert_eq!(frame.stream, stream);
    }
    let stream = client.request("GET", "/bytes/5");
    let frames = std::iter::from_fn(|| client.frame().filter(|frame| frame.stream == stream));
    let data: usize =
        frames.take(2).filter(|frame| frame.kind == DATA).map(|frame| frame.payload.len()).sum();
    assert_eq!(data, 5);
    wait_until(|| server.metric("wayleave_requests_in_flight") == 0);
    assert_eq!(server.metric("wayleave_cancelled_total"), 0);
    assert_eq!(server.metric("wayleave_traps_total"), 0);
}

#[test]
fn what_goes_on_after_its_response_is_waited_for() {
    for (path, drain, ended) in [("/slowly/30", 20_000, true), ("/hold", 300, false)] {
        let server = Running::start(EngineKind::ALL[0], |settings| {
            settings.drain = Duration::from_millis(drain);
        });
        let mut client = Client::connect(server.address);
        client.send(format!("HEAD {path} HTTP/1.1\r\nhost: a\r\n\r\n").as_bytes());
        client.read_until(b"\r\n\r\n");
        drop(client);
        assert_eq!(server.stop(), ended, "{path}");
    }
}

#[test]
fn whatever_is_counted_can_happen() {
    let server = Running::start(
        EngineKind::ALL[0],
        one_app(|app| {
            app.limits.concurrency = 1;
            app.limits.queue = 0;
            app.grants.limits.timeout = Some(Duration::from_secs(1));
        }),
    );
    assert_eq!(server.get("/trap").status, 500);
    let mut client = Client::connect(server.address);
    client.send(b"GET /wait HTTP/1.1\r\nhost: a\r\n\r\n");
    wait_until(|| server.metric("wayleave_requests_in_flight") == 1);
    assert_eq!(server.get("/hello").status, 503);
    assert_eq!(client.reply().status, 504);
    client.send(b"GET /hold HTTP/1.1\r\nhost: a\r\n\r\n");
    client.read_until(b"and then nothing\n");
    drop(client);
    wait_until(|| server.metric("wayleave_requests_in_flight") == 0);
    let text = get(server.admin, "/metrics").text();
    let counters =
        text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.strip_suffix(" counter"));
    for counter in counters {
        let lines = text.lines().filter(|line| line.starts_with(counter));
        let sum: u64 =
            lines.map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()).sum();
        assert!(sum > 0, "{counter}\n{text}");
    }
}

#[test]
fn settings_by_which_nobody_is_served_are_refused() {
    let refused = |change: fn(&mut Settings)| {
        let mut settings = Settings::default();
        settings.apps = vec![AppSettings::new("web", guest("http_hello"))];
        settings.cache = false;
        change(&mut settings);
        Server::start(settings).map(drop).unwrap_err().to_string()
    };
    let none = refused(|settings| settings.apps.clear());
    assert!(none.contains("no app"), "{none}");
    let none = refused(|settings| settings.max_connections = 0);
    assert!(none.contains("max-connections is 0"), "{none}");
    let none = refused(|settings| settings.apps[0].limits.concurrency = 0);
    assert!(none.contains("web's concurrency is 0"), "{none}");
}

/// Builds that are the same each time have the same length and time as well.
#[test]
fn a_file_of_the_same_time_and_size_is_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let component = folder.path().join("app.wasm");
    let time = std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    let sized = std::fs::metadata(guest("http_web")).unwrap().len();
    let put = |name: &str| {
        replace(&component, |other| {
            std::fs::copy(guest(name), other).unwrap();
            // A custom section fills it up to the same size.
            let file = File::options().append(true).open(other).unwrap();
            fill(&file, sized - file.metadata().unwrap().len());
            file.set_modified(time).unwrap();
        });
    };
    put("http_hello");
    let path = component.clone();
    let server = Running::start(EngineKind::ALL[0], move |settings| {
        settings.apps[0].component = path;
    });
    assert_eq!(server.get("/count").text(), "Hello, world!\n");
    put("http_web");
    wait_until(|| server.get("/count").text() == "1\n");
}

/// Adds a custom section of so many bytes to a binary: none, or seven and more.
fn fill(mut file: &File, bytes: u64) {
    let Some(rest) = bytes.checked_sub(7) else {
        assert_eq!(bytes, 0);
        return;
    };
    // Its size in five bytes, and an empty name.
    let part = |at: u32| ((rest + 1) >> (7 * at) & 0x7f).to_le_bytes()[0];
    let mut section = vec![0];
    section.extend((0..4).map(|at| part(at) | 0x80));
    section.extend([part(4), 0]);
    section.resize(usize::try_from(bytes).unwrap(), 0);
    file.write_all(&section).unwrap();
}
