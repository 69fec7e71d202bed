//! Reading WIT.

use crate::config::Config;
use std::collections::BTreeSet;
use std::path::PathBuf;
use syn::{Error, LitStr, Result};
use wit_parser::{Resolve, Stability, WorldId, WorldItem};

/// A world, and everything that it is made of.
pub(crate) struct Wit {
    pub(crate) resolve: Resolve,
    pub(crate) world: WorldId,
    /// The files it was read from.
    pub(crate) files: Vec<PathBuf>,
}

/// Reads what the configuration names.
pub(crate) fn read(config: &Config) -> Result<Wit> {
    check_features(config)?;
    let features = config.features.iter().map(LitStr::value).collect();
    let (resolve, package, files) = parse(config, Features::Some(features))?;
    let world = config.world.as_ref().map(LitStr::value);
    let mut wit = match resolve.select_world(&[package], world.as_deref()) {
        Ok(world) => Wit { resolve, world, files },
        Err(error) => {
            let place = config.world.as_ref().map_or_else(|| config.source(), LitStr::span);
            return Err(Error::new(place, no_world(&resolve, package, world, &error.to_string())));
        }
    };
    // A type of an interface that is both imported and exported is two types.
    wit.resolve.generate_nominal_type_ids(wit.world);
    Ok(wit)
}

enum Features {
    All,
    Some(Vec<String>),
}

type Parsed = (Resolve, wit_parser::PackageId, Vec<PathBuf>);

fn parse(config: &Config, features: Features) -> Result<Parsed> {
    let mut resolve = Resolve::default();
    match features {
        Features::All => resolve.all_features = true,
        Features::Some(features) => resolve.features.extend(features),
    }
    let mut files = Vec::new();
    let mut package = None;
    if let Some(path) = &config.path {
        let full = full_path(path)?;
        let (id, sources) = resolve.push_path(&full).map_err(|error| {
            Error::new(path.span(), format!("`{}`: {}", path.value(), resolve.render_error(&error)))
        })?;
        files.extend(sources.paths().map(PathBuf::from));
        package = Some(id);
    }
    if let Some(inline) = &config.inline {
        let id = resolve
            .push_str("inline", &inline.value())
            .map_err(|error| Error::new(inline.span(), resolve.render_error(&error)))?;
        package = Some(id);
    }
    match package {
        Some(package) => Ok((resolve, package, files)),
        None => Err(Error::new(config.source(), "there is no WIT")),
    }
}

/// Paths are relative to the folder of the crate's `Cargo.toml`.
fn full_path(path: &LitStr) -> Result<PathBuf> {
    let folder = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from).unwrap_or_default();
    let full = folder.join(path.value());
    if full.exists() {
        return Ok(full);
    }
    let message = format!(
        "there is no file or folder `{}` (the path is relative to the crate's Cargo.toml)",
        path.value()
    );
    Err(Error::new(path.span(), message))
}

fn no_world(
    resolve: &Resolve,
    package: wit_parser::PackageId,
    world: Option<String>,
    error: &str,
) -> String {
    let package = &resolve.packages[package];
    let worlds: Vec<_> = package.worlds.keys().map(|name| format!("`{name}`")).collect();
    let worlds = match worlds.is_empty() {
        true => "has none".to_owned(),
        false => format!("has {}", worlds.join(", ")),
    };
    match world {
        Some(world) if world.contains(':') => error.to_owned(),
        Some(world) => {
            format!("there is no world `{world}`: the package `{}` {worlds}", package.name)
        }
        None => format!(
            "say which world is meant, `world: \"...\"`: the package `{}` {worlds}",
            package.name
        ),
    }
}

/// That each feature turns something on.
fn check_features(config: &Config) -> Result<()> {
    if config.features.is_empty() {
        return Ok(());
    }
    let (resolve, ..) = parse(config, Features::All)?;
    let known = features(&resolve);
    match config.features.iter().find(|feature| !known.contains(&*feature.value())) {
        None => Ok(()),
        Some(feature) => {
            let known: Vec<_> = known.iter().map(|name| format!("`{name}`")).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            let message =
                format!("nothing is gated by the feature `{}`; features: {known}", feature.value());
            Err(Error::new(feature.span(), message))
        }
    }
}

/// The names in all `@unstable` gates.
fn features(resolve: &Resolve) -> BTreeSet<&str> {
    let interfaces = resolve.interfaces.iter().flat_map(|(_, interface)| {
        interface.functions.values().map(|f| &f.stability).chain([&interface.stability])
    });
    let worlds = resolve.worlds.iter().flat_map(|(_, world)| {
        let items = world.imports.values().chain(world.exports.values());
        items.map(|item: &WorldItem| item.stability(resolve)).chain([&world.stability])
    });
    let types = resolve.types.iter().map(|(_, ty)| &ty.stability);
    interfaces.chain(worlds).chain(types).filter_map(gate).collect()
}

fn gate(stability: &Stability) -> Option<&str> {
    match stability {
        Stability::Unstable { feature, .. } => Some(feature),
        _ => None,
    }
}
