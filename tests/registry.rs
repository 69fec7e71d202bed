//! Published packages as data: fetched into cargo's own folder, never compiled.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The folder of a package, fetched by cargo if it is not there yet.
pub(crate) fn package(name: &str, version: &str) -> PathBuf {
    if let Some(folder) = fetched(name, version) {
        return folder;
    }
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let status = Command::new(cargo)
        .args(["info", "--quiet", &format!("{name}@{version}")])
        // Outside the workspace, whose lock file has nothing to do with it.
        .current_dir(std::env::temp_dir())
        .stdout(Stdio::null())
        .status();
    match (status, fetched(name, version)) {
        (Ok(status), Some(folder)) if status.success() => folder,
        (status, _) => panic!("cargo could not fetch {name} {version}: {status:?}"),
    }
}

fn fetched(name: &str, version: &str) -> Option<PathBuf> {
    let home = std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| Path::new(&home).join(".cargo")))?;
    let registries = fs::read_dir(home.join("registry/src")).ok()?;
    registries
        .filter_map(|registry| Some(registry.ok()?.path().join(format!("{name}-{version}"))))
        .find(|folder| folder.join(".cargo-ok").exists())
}
