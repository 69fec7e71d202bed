//! The words of `[serve]` and `[[app]]`.

use crate::{AppSettings, Settings, TlsSettings};
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;
use wayleave::grants;
use wayleave::grants::manifest::{Key, keys};
use wayleave::grants::units::{parse_bytes, parse_duration};

pub(super) fn serve() -> Vec<Key<Settings>> {
    vec![
        Key::list(
            "addr",
            |settings: &mut Settings, text, _| {
                settings.addresses.push(parse(text)?);
                Ok(())
            },
            |_| Vec::new(),
        )
        .about("127.0.0.1:8080 or unix:PATH", "Where to listen."),
        value("admin", |settings: &mut Settings, admin| settings.admin = Some(admin))
            .about("ADDR", "Where health and metrics are."),
        value("engine", |settings: &mut Settings, engine| settings.engine = Some(engine))
            .about("wasmtime or wasmi", "The engine."),
        Key::flag("dense", |settings: &mut Settings, on| settings.dense = on, |_| None)
            .about("", "Whether guests are packed closely: more of them, and slower."),
        number("threads", |settings: &mut Settings, number| settings.threads = Some(number))
            .about("", "Threads that serve."),
        number("max-connections", |settings: &mut Settings, most| settings.max_connections = most)
            .about("", "Most connections at once; more wait."),
        time("head-timeout", |settings: &mut Settings, time| settings.head_timeout = time)
            .about("30s", "How long the head of a request may take."),
        size("max-head", |settings: &mut Settings, bytes| settings.max_head = to_usize(bytes))
            .about("64K", "Most bytes of a request's head."),
        time("drain", |settings: &mut Settings, time| settings.drain = time)
            .about("30s", "How long requests under way may take when it stops."),
        value("access-log", |settings: &mut Settings, log| settings.access_log = log)
            .about("off, text or json", "How requests are written down."),
        Key::flag("reload", |settings: &mut Settings, on| settings.reload = on, |_| None)
            .about("", "Whether everything is loaded again when its files change."),
    ]
}

pub(super) fn tls() -> Vec<Key<TlsSettings>> {
    vec![
        path("cert", |tls: &mut TlsSettings, path| tls.cert = path)
            .about("FILE", "The certificate and those that vouch for it, in PEM."),
        path("key", |tls: &mut TlsSettings, path| tls.key = path)
            .about("FILE", "Its private key, in PEM."),
    ]
}

pub(super) fn app() -> Vec<Key<AppSettings>> {
    vec![
        value("name", |app: &mut AppSettings, name: String| app.name = name)
            .about("NAME", "Its name in logs and metrics; its file's without."),
        path("component", |app: &mut AppSettings, path| app.component = path)
            .about("FILE", "The component: it exports wasi:http/incoming-handler."),
        Key::list(
            "hosts",
            |app: &mut AppSettings, text, _| {
                app.hosts.push(text.to_owned());
                Ok(())
            },
            |_| Vec::new(),
        )
        .about("HOST or *.HOST", "The hosts whose requests it answers; all without."),
        Key::text(
            "path",
            |app: &mut AppSettings, text, _| {
                if !text.starts_with('/') {
                    return Err(format!("the path {text:?} does not begin with `/`"));
                }
                app.path = text.to_owned();
                Ok(())
            },
            |_| None,
        )
        .about("/PATH", "The paths that it answers: this one and all below."),
        Key::number(
            "reuse",
            1,
            |app: &mut AppSettings, number| app.reuse = u32::try_from(number).unwrap_or(u32::MAX),
            |_| None,
        )
        .about("", "How many requests one instance answers, one after the other."),
    ]
}

/// What a program that is run has and an app has not: streams and listeners of its own, and a
/// beginning that could be repeated.
const NOT_FOR_APPS: [&str; 6] =
    ["stdin", "stdout", "stderr", "tcp-listen", "random", "deterministic"];

pub(super) fn grant() -> Vec<Key<AppSettings>> {
    let mut keys = keys::grants();
    keys.retain(|key| !NOT_FOR_APPS.contains(&key.name()));
    keys.into_iter().map(of_guest).collect()
}

pub(super) fn limit() -> Vec<Key<AppSettings>> {
    let mut keys: Vec<_> = keys::limits().into_iter().map(of_guest).collect();
    keys.extend([
        size("max-body", |app: &mut AppSettings, bytes| app.limits.body = bytes)
            .about("16M", "Most bytes of a request's body."),
        number("concurrency", |app: &mut AppSettings, number| app.limits.concurrency = number)
            .about("", "Most requests under way at once."),
        number("queue", |app: &mut AppSettings, number| app.limits.queue = number)
            .about("", "Most requests that wait for others to end."),
    ]);
    keys
}

fn of_guest(key: Key<grants::Settings>) -> Key<AppSettings> {
    key.within(|app| &mut app.grants, |app| &app.grants)
}

// These are read only: a server's manifest is written by people.

fn value<T: 'static, V: FromStr<Err: Display> + 'static>(
    name: &'static str,
    set: fn(&mut T, V),
) -> Key<T> {
    let read = move |to: &mut T, text: &str, _: &Path| {
        set(to, parse(text)?);
        Ok(())
    };
    Key::text(name, read, |_| None)
}

fn path<T: 'static>(name: &'static str, set: fn(&mut T, PathBuf)) -> Key<T> {
    let read = move |to: &mut T, text: &str, folder: &Path| {
        set(to, folder.join(text));
        Ok(())
    };
    Key::text(name, read, |_| None)
}

fn number<T: 'static>(name: &'static str, set: fn(&mut T, usize)) -> Key<T> {
    Key::number(name, 0, move |to, number| set(to, to_usize(number)), |_| None)
}

fn time<T: 'static>(name: &'static str, set: fn(&mut T, Duration)) -> Key<T> {
    Key::amount(name, parse_duration, |_| String::new(), set, |_| None)
}

fn size<T: 'static>(name: &'static str, set: fn(&mut T, u64)) -> Key<T> {
    Key::amount(name, parse_bytes, |_| String::new(), set, |_| None)
}

fn parse<V: FromStr<Err: Display>>(text: &str) -> Result<V, String> {
    text.parse().map_err(|error: V::Err| error.to_string())
}

fn to_usize(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
