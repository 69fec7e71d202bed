use crate::{AccessLog, Address};
use std::path::PathBuf;
use std::time::Duration;
use wayleave::EngineKind;
use wayleave::grants;

/// What a server is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Settings {
    /// Where it listens. Sockets that systemd hands over are served as well. 127.0.0.1:8080 when
    /// there is neither.
    pub addresses: Vec<Address>,
    /// Where health and metrics are; nowhere by default.
    pub admin: Option<Address>,
    /// What connections are encrypted with; `None`, the default, serves clear text.
    pub tls: Option<TlsSettings>,
    /// What answers.
    pub apps: Vec<AppSettings>,
    /// The engine; by default the compiling one.
    pub engine: Option<EngineKind>,
    /// Whether guests share the address space closely, so that tens of thousands of them can wait at
    /// once; they compute up to a third slower, and take longer to start. Off by default.
    pub dense: bool,
    /// Whether compiled code is kept for the next start, in this user's cache. On by default.
    pub cache: bool,
    /// Threads that serve; as many as there are processors by default.
    pub threads: Option<usize>,
    /// Connections open at once; more wait to be accepted. 10,000 by default.
    pub max_connections: usize,
    /// How long the head of a request may take to arrive, and a connection may be idle. 30 s by
    /// default.
    pub head_timeout: Duration,
    /// Bytes of a request's head. 64 KiB by default.
    pub max_head: usize,
    /// How long requests that are under way may take when the server is told to stop. 30 s by
    /// default.
    pub drain: Duration,
    /// How requests are written down; not by default.
    pub access_log: AccessLog,
    /// Whether components and certificates are loaded again when their files change. On by default.
    /// Without it, SIGHUP alone has them loaded again.
    pub reload: bool,
    /// The manifest that the settings were read from: it is read again when it changes.
    pub manifest: Option<PathBuf>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            addresses: Vec::new(),
            admin: None,
            tls: None,
            apps: Vec::new(),
            engine: None,
            dense: false,
            cache: true,
            threads: None,
            max_connections: 10_000,
            head_timeout: Duration::from_secs(30),
            max_head: 64 << 10,
            drain: Duration::from_secs(30),
            access_log: AccessLog::Off,
            reload: true,
            manifest: None,
        }
    }
}

/// What connections are encrypted with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsSettings {
    /// The certificate and those that vouch for it, in PEM.
    pub cert: PathBuf,
    /// Its private key, in PEM.
    pub key: PathBuf,
}

/// One component, and what it answers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AppSettings {
    /// Its name in logs and metrics.
    pub name: String,
    /// The component's file.
    pub component: PathBuf,
    /// The hosts whose requests it answers, without ports; `*.example.com` is all below
    /// `example.com`. Empty: all that no other app names.
    pub hosts: Vec<String>,
    /// The paths that it answers: this one, and all below. `/` by default.
    pub path: String,
    /// How many requests one instance answers, one after the other. 1 by default: nothing is left
    /// over for the next request.
    pub reuse: u32,
    /// What each of its guests is given, and may use: nothing, 30 s and 256 MiB by default.
    ///
    /// The time is that from the request's head until the response is complete. Without a response
    /// by then it is 504; with one that is not complete, the connection is closed.
    pub grants: grants::Settings,
    /// What they may use together.
    pub limits: AppLimits,
    /// Whether functions that nothing provides are there all the same, and trap when called.
    pub unknown_imports_trap: bool,
}

impl AppSettings {
    /// An app that answers everything, with nothing granted.
    #[must_use]
    pub fn new(name: impl Into<String>, component: impl Into<PathBuf>) -> Self {
        let mut grants = grants::Settings::default();
        grants.limits.timeout = Some(Duration::from_secs(30));
        grants.limits.memory = Some(256 << 20);
        Self {
            name: name.into(),
            component: component.into(),
            hosts: Vec::new(),
            path: "/".into(),
            reuse: 1,
            grants,
            limits: AppLimits::default(),
            unknown_imports_trap: false,
        }
    }
}

/// What one app may use, besides what each of its guests may.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AppLimits {
    /// Bytes of a request's body: 413 for more. 16 MiB by default.
    pub body: u64,
    /// Requests under way at once. 1,000 by default.
    pub concurrency: usize,
    /// Requests that wait for others to end: 503 for more, and when the time is up. 1,000 by
    /// default.
    pub queue: usize,
}

impl Default for AppLimits {
    fn default() -> Self {
        Self { body: 16 << 20, concurrency: 1_000, queue: 1_000 }
    }
}
