use crate::{AccessLog, Address, AppSettings, Error, Settings, TlsSettings};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;
use wayleave::grants;
use wayleave::grants::units::{parse_bytes, parse_duration};
use wayleave::grants::{AddressRule, DirGrant, EnvGrant, HttpGrant, NameRule};

/// `wayleave.toml`.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Manifest {
    #[serde(default)]
    serve: Serve,
    #[serde(default, rename = "app")]
    apps: Vec<App>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Serve {
    #[serde(default)]
    addr: Vec<Parsed<Address>>,
    admin: Option<Parsed<Address>>,
    tls: Option<Tls>,
    engine: Option<Parsed<wayleave::EngineKind>>,
    threads: Option<usize>,
    max_connections: Option<usize>,
    head_timeout: Option<Time>,
    max_head: Option<Size>,
    drain: Option<Time>,
    access_log: Option<Parsed<AccessLog>>,
    reload: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tls {
    cert: PathBuf,
    key: PathBuf,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct App {
    name: Option<String>,
    component: PathBuf,
    #[serde(default)]
    hosts: Vec<String>,
    path: Option<String>,
    reuse: Option<u32>,
    #[serde(default)]
    grants: Grants,
    #[serde(default)]
    limits: Limits,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Grants {
    #[serde(default)]
    dir: Vec<Parsed<DirGrant>>,
    #[serde(default)]
    env: Vec<Parsed<EnvGrant>>,
    #[serde(default)]
    http: Vec<Parsed<HttpGrant>>,
    #[serde(default)]
    tls_ca: Vec<PathBuf>,
    #[serde(default)]
    outbound: Vec<Parsed<AddressRule>>,
    #[serde(default)]
    resolve: Vec<Parsed<NameRule>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Limits {
    timeout: Option<Time>,
    memory: Option<Size>,
    fuel: Option<u64>,
    body: Option<Size>,
    concurrency: Option<usize>,
    queue: Option<usize>,
}

impl Settings {
    /// Reads a manifest. Paths in it are taken from its own folder on.
    ///
    /// # Errors
    /// [`Error::Read`], and [`Error::Manifest`] with line and column.
    pub fn from_manifest(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let text = std::fs::read_to_string(path)
            .map_err(|source| Error::Read { path: path.into(), source })?;
        let manifest: Manifest = toml::from_str(&text).map_err(|error| {
            let before = &text[..error.span().map_or(0, |span| span.start.min(text.len()))];
            let line_start = before.rfind('\n').map_or(0, |end| end + 1);
            Error::Manifest {
                path: path.into(),
                line: before.matches('\n').count() + 1,
                column: before[line_start..].chars().count() + 1,
                message: error.message().replace('\n', " "),
            }
        })?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let settings = manifest.settings(folder).map_err(Error::Settings)?;
        Ok(Self { manifest: Some(path.into()), ..settings })
    }
}

impl Manifest {
    fn settings(self, folder: &Path) -> Result<Settings, String> {
        let default = Settings::default();
        let Serve { addr, admin, tls, engine, threads, .. } = self.serve;
        let apps = self.apps.into_iter().map(|app| app.settings(folder));
        Ok(Settings {
            addresses: addr.into_iter().map(|address| address.0).collect(),
            admin: admin.map(|address| address.0),
            tls: tls
                .map(|tls| TlsSettings { cert: folder.join(tls.cert), key: folder.join(tls.key) }),
            apps: apps.collect::<Result<_, _>>()?,
            engine: engine.map(|engine| engine.0),
            threads,
            max_connections: self.serve.max_connections.unwrap_or(default.max_connections),
            head_timeout: self.serve.head_timeout.map_or(default.head_timeout, |time| time.0),
            max_head: self.serve.max_head.map_or(default.max_head, Size::bytes),
            drain: self.serve.drain.map_or(default.drain, |time| time.0),
            access_log: self.serve.access_log.map_or(default.access_log, |log| log.0),
            reload: self.serve.reload.unwrap_or(default.reload),
            ..default
        })
    }
}

impl App {
    fn settings(self, folder: &Path) -> Result<AppSettings, String> {
        let stem = self.component.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let path = self.path.unwrap_or_else(|| "/".into());
        let name = self.name.unwrap_or(stem);
        if !path.starts_with('/') {
            return Err(format!("app `{name}`: the path {path:?} does not begin with `/`"));
        }
        if self.reuse == Some(0) {
            return Err(format!("app `{name}`: `reuse` is at least 1"));
        }
        let mut app = AppSettings::new(name, folder.join(self.component));
        app.hosts = self.hosts;
        app.path = path;
        app.reuse = self.reuse.unwrap_or(app.reuse);
        let limits = &mut app.limits;
        limits.body = self.limits.body.as_ref().map_or(limits.body, |size| size.0);
        limits.concurrency = self.limits.concurrency.unwrap_or(limits.concurrency);
        limits.queue = self.limits.queue.unwrap_or(limits.queue);
        app.grants = app.grants.extended_by(self.grants.settings(self.limits, folder));
        Ok(app)
    }
}

impl Grants {
    fn settings(self, limits: Limits, folder: &Path) -> grants::Settings {
        let dir = |Parsed(grant): Parsed<DirGrant>| {
            let host = folder.join(&grant.host);
            DirGrant { host, ..grant }
        };
        let mut settings = grants::Settings::default();
        settings.dirs = self.dir.into_iter().map(dir).collect();
        settings.env = parsed(self.env);
        settings.http = parsed(self.http);
        settings.tls_ca = self.tls_ca.iter().map(|path| folder.join(path)).collect();
        settings.outbound = parsed(self.outbound);
        settings.resolve = parsed(self.resolve);
        settings.limits.timeout = limits.timeout.map(|time| time.0);
        settings.limits.memory = limits.memory.map(|size| size.0);
        settings.limits.fuel = limits.fuel;
        settings
    }
}

/// What is written as the command line has it.
struct Parsed<T>(T);

fn parsed<T>(list: Vec<Parsed<T>>) -> Vec<T> {
    list.into_iter().map(|item| item.0).collect()
}

impl<'de, T: FromStr<Err: Display>> Deserialize<'de> for Parsed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Self).map_err(D::Error::custom)
    }
}

/// `"30s"`.
struct Time(Duration);

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = text_or_number(deserializer)?;
        parse_duration(&text)
            .map(Self)
            .map_err(|reason| D::Error::custom(format!("{text:?}: {reason}")))
    }
}

/// `"64M"`.
struct Size(u64);

impl Size {
    fn bytes(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = text_or_number(deserializer)?;
        parse_bytes(&text)
            .map(Self)
            .map_err(|reason| D::Error::custom(format!("{text:?}: {reason}")))
    }
}

fn text_or_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    match toml::Value::deserialize(deserializer)? {
        toml::Value::String(text) => Ok(text),
        toml::Value::Integer(number) => Ok(number.to_string()),
        other => {
            let found = other.type_str();
            Err(D::Error::custom(format!("expected a text such as \"30s\", found a {found}")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::AppLimits;

    fn read(text: &str) -> Result<Settings, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("wayleave.toml");
        std::fs::write(&path, text).unwrap();
        let base = format!("{}/", folder.path().display());
        Settings::from_manifest(&path).map_err(|error| error.to_string().replace(&base, ""))
    }

    #[test]
    fn everything() {
        let settings = read(
            r#"
            [serve]
            addr = ["127.0.0.1:0", "unix:/run/w.sock"]
            admin = "127.0.0.1:9000"
            tls = { cert = "cert.pem", key = "/keys/key.pem" }
            max-head = "16K"
            drain = "5s"
            access-log = "json"

            [[app]]
            component = "apps/hello.wasm"
            hosts = ["example.com", "*.example.com"]
            reuse = 100
            grants = { dir = ["data::/data::ro"], env = ["A=b"], http = ["api.example.com"], outbound = ["tcp://10.0.0.0/8:5432"] }
            limits = { timeout = "2s", memory = "64M", body = 1000, concurrency = 8 }

            [[app]]
            name = "other"
            component = "/apps/other.wasm"
            path = "/other"
            "#,
        )
        .unwrap();
        let [hello, other] = settings.apps.as_slice() else { panic!() };
        assert_eq!(settings.addresses.len(), 2);
        assert_eq!(settings.max_head, 16 << 10);
        assert_eq!(settings.access_log, AccessLog::Json);
        assert!(settings.tls.as_ref().unwrap().cert.is_absolute());
        assert_eq!(settings.tls.unwrap().key, Path::new("/keys/key.pem"));
        assert_eq!((hello.name.as_str(), hello.reuse), ("hello", 100));
        assert!(hello.component.ends_with("apps/hello.wasm") && hello.component.is_absolute());
        assert!(hello.grants.dirs[0].host.is_absolute());
        assert_eq!(hello.grants.limits.timeout, Some(Duration::from_secs(2)));
        assert_eq!(hello.grants.limits.memory, Some(64 << 20));
        assert_eq!(hello.limits.body, 1000);
        assert_eq!((other.name.as_str(), other.path.as_str()), ("other", "/other"));
        assert_eq!(other.limits, AppLimits::default());
        assert_eq!(other.grants.limits.memory, Some(256 << 20));
    }

    #[test]
    fn mistakes_are_shown_where_they_are() {
        for (text, message) in [
            ("[serve]\naddr = [\"8080\"]", "wayleave.toml:2:8: \"8080\" is not an address"),
            ("[[app]]\ncomponent = \"a\"\nhost = \"b\"", "wayleave.toml:3:1: unknown field `host`"),
            ("[[app]]\nname = \"a\"", "missing field `component`"),
            ("[[app]]\ncomponent = \"a\"\nlimits.timeout = \"2 weeks\"", "unknown unit"),
            ("[[app]]\ncomponent = \"a\"\nlimits.memory = true", "expected a text"),
            ("[[app]]\ncomponent = \"a\"\ngrants.dir = [\"\"]", "wayleave.toml:3:14: "),
            ("[[app]]\ncomponent = \"a\"\npath = \"b\"", "does not begin with `/`"),
            ("[[app]]\ncomponent = \"a\"\ngrants.http = [\"http://a\"]", "without a scheme"),
            ("[[app]]\ncomponent = \"a\"\ngrants.outbound = [\"a\"]", "wayleave.toml:3:"),
            ("[[app]\n", "wayleave.toml:1:"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(message), "{error}");
            assert!(!error.contains('\n'), "{error}");
        }
    }
}
