use crate::AppSettings;
use crate::app::App;
use std::cmp::Reverse;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// What a server's connections follow.
#[derive(Clone)]
pub(crate) struct Newest {
    pub(crate) router: Arc<Router>,
    /// Whether connections are to come to their ends.
    pub(crate) stopping: bool,
}

/// The router as one connection knows it: another one is looked for, but the one that all
/// connections share is not touched for each request.
pub(crate) struct Routes(Mutex<Known>);

struct Known {
    newest: watch::Receiver<Newest>,
    router: Arc<Router>,
}

impl Routes {
    pub(crate) fn new(mut newest: watch::Receiver<Newest>) -> Self {
        let router = newest.borrow_and_update().router.clone();
        Self(Mutex::new(Known { newest, router }))
    }

    /// As [`Router::find`], of the newest.
    pub(crate) fn find(&self, host: &str, path: &str) -> Option<Arc<App>> {
        let mut known = self.known();
        known.update();
        known.router.find(host, path).cloned()
    }

    /// Keeps to the newest router, also where there are no requests: one that was replaced is not
    /// kept by who does not need it. Comes to its end when connections are to.
    pub(crate) async fn follow(&self) {
        let mut newest = self.known().newest.clone();
        while !newest.borrow_and_update().stopping {
            self.known().update();
            if newest.changed().await.is_err() {
                return;
            }
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn update(&mut self) {
        if self.newest.has_changed().unwrap_or_default() {
            let router = self.newest.borrow_and_update().router.clone();
            self.router = router;
        }
    }
}

/// Which app answers which requests.
pub(crate) struct Router {
    apps: Vec<Arc<App>>,
    table: Table,
}

impl Router {
    pub(crate) fn new(apps: Vec<Arc<App>>) -> Self {
        let table = Table::new(apps.iter().map(|app| &app.settings));
        Self { apps, table }
    }

    pub(crate) fn apps(&self) -> &[Arc<App>] {
        &self.apps
    }

    /// The app for a request to `host`, which may have a port, and a path.
    pub(crate) fn find(&self, host: &str, path: &str) -> Option<&Arc<App>> {
        self.apps.get(self.table.find(host, path)?)
    }
}

/// All hosts and paths that are answered, the most exact first.
struct Table(Vec<Route>);

struct Route {
    /// One of the hosts of an app; `None` is all.
    host: Option<String>,
    path: String,
    /// The app's place.
    app: usize,
}

impl Table {
    fn new<'a>(apps: impl Iterator<Item = &'a AppSettings>) -> Self {
        let mut routes = Vec::new();
        for (app, settings) in apps.enumerate() {
            let mut add = |host| routes.push(Route { host, path: settings.path.clone(), app });
            settings.hosts.iter().cloned().map(Some).for_each(&mut add);
            if settings.hosts.is_empty() {
                add(None);
            }
        }
        // Those that are equally exact stay in the order in which they were given.
        routes.sort_by_key(|route| {
            let length = route.path.trim_end_matches('/').len();
            Reverse((exactness(route.host.as_deref()), length))
        });
        Self(routes)
    }

    fn find(&self, host: &str, path: &str) -> Option<usize> {
        let host = without_port(host);
        let found = self.0.iter().find(|route| {
            route.host.as_ref().is_none_or(|pattern| host_matches(pattern, host))
                && path_matches(&route.path, path)
        });
        found.map(|route| route.app)
    }
}

/// How exactly hosts are named: all of them; those below a name, the longer the fewer; or one.
fn exactness(pattern: Option<&str>) -> (u8, usize) {
    match pattern {
        None => (0, 0),
        Some(pattern) if pattern.starts_with("*.") => (1, pattern.len()),
        Some(_) => (2, 0),
    }
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

fn host_matches(pattern: &str, host: &str) -> bool {
    match pattern.strip_prefix("*.") {
        None => pattern.eq_ignore_ascii_case(host),
        Some(parent) => {
            let below = host.len().checked_sub(parent.len() + 1);
            below.filter(|length| *length > 0).is_some_and(|length| {
                host.as_bytes().get(length) == Some(&b'.')
                    && host.get(length + 1..).is_some_and(|end| end.eq_ignore_ascii_case(parent))
            })
        }
    }
}

fn path_matches(prefix: &str, path: &str) -> bool {
    let prefix = prefix.trim_end_matches('/');
    match path.strip_prefix(prefix) {
        Some(rest) => rest.is_empty() || rest.starts_with(['/', '?']),
        // `*` and the like, which only the whole server can mean.
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_exact_host_answers_and_then_the_longest_path() {
        let app = |hosts: &[&str], path: &str| {
            let mut app = AppSettings::new("a", "a.wasm");
            app.hosts = hosts.iter().map(|&host| host.to_owned()).collect();
            app.path = path.into();
            app
        };
        let apps = [
            // One of its hosts being exact makes the other no more so.
            app(&["a.com", "*.b.com"], "/"),
            app(&["x.b.com"], "/"),
            app(&["*.c.b.com"], "/"),
            app(&[], "/"),
            app(&[], "/long"),
            app(&["x.b.com"], "/long/"),
            app(&["x.b.com"], "/long"),
        ];
        let table = Table::new(apps.iter());
        for (host, path, app) in [
            ("a.com", "/", Some(0)),
            ("y.b.com:80", "/long", Some(0)),
            ("x.b.com", "/", Some(1)),
            ("X.B.com", "/longer", Some(1)),
            ("y.c.b.com", "/", Some(2)),
            ("other", "/", Some(3)),
            ("", "/long/a", Some(4)),
            ("x.b.com", "/long/a", Some(5)),
            ("other", "*", None),
        ] {
            assert_eq!(table.find(host, path), app, "{host} {path}");
        }
    }

    #[test]
    fn hosts() {
        for (pattern, host, matches) in [
            ("example.com", "EXAMPLE.com", true),
            ("example.com", "www.example.com", false),
            ("*.example.com", "www.example.com", true),
            ("*.example.com", "a.b.Example.com", true),
            ("*.example.com", "example.com", false),
            ("*.example.com", ".example.com", false),
            ("*.example.com", "badexample.com", false),
        ] {
            assert_eq!(host_matches(pattern, host), matches, "{pattern} {host}");
        }
        for (host, name) in [("a:80", "a"), ("[::1]:80", "[::1]"), ("[::1]", "[::1]"), ("a", "a")] {
            assert_eq!(without_port(host), name);
        }
    }

    #[test]
    fn paths() {
        for (prefix, path, matches) in [
            ("/", "/", true),
            ("/", "/a/b", true),
            ("/a", "/a", true),
            ("/a", "/a/", true),
            ("/a/", "/a", true),
            ("/a", "/ab", false),
            ("/a", "/", false),
            ("/a", "/a/b", true),
        ] {
            assert_eq!(path_matches(prefix, path), matches, "{prefix} {path}");
        }
    }
}
