use crate::app::App;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;

/// The router as one connection knows it: another one is looked for, but the one that all
/// connections share is not touched for each request.
pub(crate) struct Routes(Mutex<Known>);

struct Known {
    newest: watch::Receiver<Arc<Router>>,
    router: Arc<Router>,
}

impl Routes {
    pub(crate) fn new(mut newest: watch::Receiver<Arc<Router>>) -> Self {
        let router = newest.borrow_and_update().clone();
        Self(Mutex::new(Known { newest, router }))
    }

    /// As [`Router::find`], of the newest.
    pub(crate) fn find(&self, host: &str, path: &str) -> Option<Arc<App>> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.newest.has_changed().unwrap_or_default() {
            let router = known.newest.borrow_and_update().clone();
            known.router = router;
        }
        known.router.find(host, path).cloned()
    }
}

/// Which app answers which requests.
pub(crate) struct Router {
    /// The most specific first.
    apps: Vec<Arc<App>>,
}

impl Router {
    pub(crate) fn new(mut apps: Vec<Arc<App>>) -> Self {
        let specific = |app: &Arc<App>| {
            let hosts = &app.settings.hosts;
            let exact = hosts.iter().any(|host| !host.starts_with('*'));
            (!exact, hosts.is_empty(), std::cmp::Reverse(app.settings.path.len()))
        };
        apps.sort_by_key(specific);
        Self { apps }
    }

    pub(crate) fn apps(&self) -> &[Arc<App>] {
        &self.apps
    }

    /// The app for a request to `host`, which may have a port, and a path.
    pub(crate) fn find(&self, host: &str, path: &str) -> Option<&Arc<App>> {
        let host = without_port(host);
        self.apps.iter().find(|app| {
            let hosts = &app.settings.hosts;
            (hosts.is_empty() || hosts.iter().any(|pattern| host_matches(pattern, host)))
                && path_matches(&app.settings.path, path)
        })
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
