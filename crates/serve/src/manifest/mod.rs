//! A server's `wayleave.toml`.

mod keys;

use crate::{AppSettings, Error, Settings, TlsSettings};
use std::path::{Path, PathBuf};
use wayleave::grants;
use wayleave::grants::manifest::{Document, ManifestError, SERVER_TABLES, Section, TABLES, schema};

impl Settings {
    /// Reads a manifest. Paths in it are taken from its own folder on.
    ///
    /// # Errors
    /// [`Error::Manifest`], with line and column.
    pub fn from_manifest(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let text = ManifestError::read(path)?;
        let document = Document::parse(path, &text)?;
        Ok(Self { manifest: Some(path.into()), ..read(&document.root())? })
    }
}

/// The JSON schema of manifests: of one program's (`[grants]`), and of a server's (`[[app]]`).
#[must_use]
pub fn manifest_schema() -> serde_json::Value {
    let mut serve = schema::object(&keys::serve());
    serve["properties"]["tls"] = schema::object(&keys::tls());
    let mut app = schema::object(&keys::app());
    app["properties"]["grants"] = schema::object(&keys::grant());
    app["properties"]["limits"] = schema::object(&keys::limit());
    app["required"] = serde_json::json!(["component"]);
    let apps = serde_json::json!({ "type": "array", "items": app });
    schema::manifest([("serve", serve), ("app", apps)])
}

/// Where a manifest asks for what one of its apps can not be granted, and why it can not.
pub(crate) fn place(path: &Path, name: &str, error: &grants::Error) -> Option<ManifestError> {
    let text = ManifestError::read(path).ok()?;
    let document = Document::parse(path, &text).ok()?;
    let tables = document.root().list("app").ok()?.into_iter();
    let mut named = tables.filter(|table| app(table).is_ok_and(|app| app.name == name));
    named.next()?.table("grants").ok()??.place(error)
}

fn read(root: &Section<'_>) -> Result<Settings, ManifestError> {
    for table in TABLES {
        if root.has(table) {
            let advice =
                "is for `wayleave run`; what an app is given and may use is said in [[app]]";
            return Err(root.mistake(table, &format!("`{table}` {advice}")));
        }
    }
    root.only(&SERVER_TABLES)?;
    let mut settings = Settings::default();
    if let Some(serve) = root.table("serve")? {
        serve.read(&keys::serve(), &["tls"], &mut settings)?;
        if let Some(table) = serve.table("tls")? {
            let mut files = TlsSettings { cert: PathBuf::new(), key: PathBuf::new() };
            table.read(&keys::tls(), &[], &mut files)?;
            table.require(&["cert", "key"])?;
            settings.tls = Some(files);
        }
    }
    for table in root.list("app")? {
        settings.apps.push(app(&table)?);
    }
    Ok(settings)
}

fn app(table: &Section<'_>) -> Result<AppSettings, ManifestError> {
    let mut app = AppSettings::new("", "");
    table.read(&keys::app(), &["grants", "limits"], &mut app)?;
    table.require(&["component"])?;
    if app.name.is_empty() {
        let stem = app.component.file_stem().unwrap_or_default();
        app.name = stem.to_string_lossy().into_owned();
    }
    if let Some(grants) = table.table("grants")? {
        grants.read(&keys::grant(), &[], &mut app)?;
        if let Some((key, reason)) = app.grants.contradiction() {
            return Err(grants.mistake(key, &reason));
        }
    }
    if let Some(limits) = table.table("limits")? {
        limits.read(&keys::limit(), &[], &mut app)?;
    }
    Ok(app)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AccessLog, AppLimits};
    use std::time::Duration;

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
            grants = { dir = ["data::/data::ro"], env = ["A=b"], allow-http = ["api.example.com"], allow-outbound = ["tcp://10.0.0.0/8:5432", "https://a"], deny-outbound = ["tcp://10.0.0.1:*"], public-only = true }
            limits = { timeout = "2s", max-memory = "64M", max-body = 1000, concurrency = 8 }

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
        assert_eq!((hello.grants.outbound.len(), hello.grants.deny_outbound.len()), (2, 1));
        assert!(hello.grants.public_only && !other.grants.public_only);
        assert_eq!((other.name.as_str(), other.path.as_str()), ("other", "/other"));
        assert_eq!(other.limits, AppLimits::default());
        assert_eq!(other.grants.limits.memory, Some(256 << 20));
    }

    #[test]
    fn mistakes_are_shown_where_they_are() {
        for (text, message) in [
            ("[serve]\naddr = [\"8080\"]", "wayleave.toml:2:9: \"8080\" is not an address"),
            ("[serve]\nadmin = 1", "wayleave.toml:2:9: `admin` is a text, \"ADDR\"; this is"),
            ("[serve]\ntls = { cert = \"a\" }", "wayleave.toml:2:7: `key` is missing"),
            ("[serve]\nreload = 1", "wayleave.toml:2:10: `reload` is true or false"),
            ("[[app]]\ncomponent = \"a\"\nhost = \"b\"", "wayleave.toml:3:1: unknown key `host`"),
            ("[[app]]\nname = \"a\"", "wayleave.toml:1:1: `component` is missing"),
            ("[app]\ncomponent = \"a\"", "wayleave.toml:1:1: `app` is a list of tables, [[app]]"),
            (
                "[[app]]\ncomponent = \"a\"\nlimits.timeout = \"2 weeks\"",
                "wayleave.toml:3:18: \"2 weeks\": unknown unit",
            ),
            (
                "[[app]]\ncomponent = \"a\"\nlimits.max-memory = true",
                "wayleave.toml:3:21: `max-memory` is a text",
            ),
            ("[[app]]\ncomponent = \"a\"\ngrants.dir = [\"\"]", "wayleave.toml:3:15: folder grant"),
            (
                "[[app]]\ncomponent = \"a\"\npath = \"b\"",
                "wayleave.toml:3:8: the path \"b\" does not",
            ),
            ("[[app]]\ncomponent = \"a\"\nreuse = 0", "wayleave.toml:3:9: `reuse` is at least 1"),
            (
                "[[app]]\ncomponent = \"a\"\ngrants.allow-http = [\"http://a\"]",
                "wayleave.toml:3:22: HTTP grant",
            ),
            (
                "[[app]]\ncomponent = \"a\"\ngrants.outbound = []",
                "wayleave.toml:3:8: unknown key `outbound`; did you mean `allow-outbound`?",
            ),
            (
                "[[app]]\ncomponent = \"a\"\ngrants.stdin = \"null\"",
                "wayleave.toml:3:8: unknown key `stdin`",
            ),
            (
                "[[app]]\ncomponent = \"a\"\ngrants.tls-ca = [\"a\"]",
                "wayleave.toml:3:8: `tls-ca` is for HTTP requests",
            ),
            ("[grants]\ndir = [\"a\"]", "wayleave.toml:1:2: `grants` is for `wayleave run`"),
            ("[[app]\n", "wayleave.toml:1:"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.starts_with(message), "{error}");
            assert!(!error.contains('\n'), "{error}");
        }
    }
}
