//! `wayleave.toml`: settings as a file.
//!
//! ```toml
//! [grants]
//! dir = ["data::/data::ro"]
//! env = ["LANG"]
//!
//! [limits]
//! timeout = "10s"
//!
//! [profile.online.grants]
//! allow-outbound = ["tcp://example.com:443"]
//! ```
//!
//! The keys are the command line's options, and so are their values. Relative paths are taken from
//! the manifest's own folder on. Whatever is wrong anywhere in a manifest, nothing of it counts.

mod document;
mod error;
mod extend;
mod key;
pub mod keys;
mod place;
pub mod schema;
mod without;
mod write;

pub use document::{Document, Section};
pub use error::ManifestError;
pub use key::Key;
pub use without::Without;

use crate::Settings;
use place::Place;
use std::path::{Path, PathBuf};

/// What a manifest asks for: for every run, and besides in each profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    path: PathBuf,
    always: Settings,
    profiles: Vec<(String, Settings)>,
    /// The lines in which the profiles begin.
    lines: Vec<usize>,
    places: Vec<Place>,
}

/// The tables that [`Manifest`] has.
pub const TABLES: [&str; 3] = ["grants", "limits", "profile"];
/// The tables that a server's manifest has instead.
pub const SERVER_TABLES: [&str; 2] = ["serve", "app"];

impl Manifest {
    /// Reads a file.
    ///
    /// # Errors
    /// [`ManifestError::Read`], and as [`Manifest::parse`].
    pub fn read(path: impl AsRef<Path>) -> Result<Self, ManifestError> {
        let path = path.as_ref();
        Self::parse(path, &ManifestError::read(path)?)
    }

    /// Reads text; relative paths in it are taken from the folder of `path` on.
    ///
    /// # Errors
    /// [`ManifestError::Mistake`]: the first mistake, with line and column.
    pub fn parse(path: &Path, text: &str) -> Result<Self, ManifestError> {
        let document = Document::parse(path, text)?;
        let root = document.root();
        for table in SERVER_TABLES {
            if !root.has(table) {
                continue;
            }
            return Err(root.mistake(
                table,
                &format!(
                    "`{table}` is for `wayleave serve`; one program has `grants`, `limits` and \
                     `profile`"
                ),
            ));
        }
        root.only(&TABLES)?;
        let (mut profiles, mut lines) = (Vec::new(), Vec::new());
        let mut places = Place::all(&root, None)?;
        if let Some(table) = root.table("profile")? {
            for (name, profile) in table.tables()? {
                profile.only(&["grants", "limits"])?;
                profiles.push((name.to_owned(), settings(&profile)?));
                lines.push(table.line_of(name));
                places.extend(Place::all(&profile, Some(name))?);
            }
        }
        let (path, always) = (path.to_owned(), settings(&root)?);
        let manifest = Self { path, always, profiles, lines, places };
        for (name, _) in &manifest.profiles {
            // A profile may be fine by itself and contradict what is always asked for.
            if let Some((key, reason)) = manifest.with(name).and_then(|all| all.contradiction()) {
                let profile = root.table("profile")?;
                let profile = profile.map(|table| table.table(name)).transpose()?.flatten();
                let grants = profile.map(|table| table.table("grants")).transpose()?.flatten();
                return Err(grants.unwrap_or(root).mistake(key, &reason));
            }
        }
        Ok(manifest)
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The names of the profiles.
    pub fn profiles(&self) -> impl Iterator<Item = &str> {
        self.profiles.iter().map(|(name, _)| name.as_str())
    }

    /// What is asked for; with a profile, what that asks for besides
    /// ([`Settings::extended_by`]).
    ///
    /// # Errors
    /// [`ManifestError::Profile`] when there is no such profile.
    pub fn settings(&self, profile: Option<&str>) -> Result<Settings, ManifestError> {
        let Some(name) = profile else { return Ok(self.always.clone()) };
        self.with(name).ok_or_else(|| {
            let lines = self.profiles().zip(&self.lines);
            let names: Vec<_> =
                lines.map(|(name, line)| format!("`{name}` (line {line})")).collect();
            let advice = match names.as_slice() {
                [] => "it has none".to_owned(),
                names => format!("it has {}", names.join(", ")),
            };
            ManifestError::Profile { path: self.path.clone(), name: name.to_owned(), advice }
        })
    }

    fn with(&self, profile: &str) -> Option<Settings> {
        let (_, besides) = self.profiles.iter().find(|(name, _)| name == profile)?;
        Some(self.always.clone().extended_by(besides.clone()))
    }
}

/// Reads `[grants]` and `[limits]` of a table.
///
/// # Errors
/// [`ManifestError::Mistake`].
pub fn settings(table: &Section<'_>) -> Result<Settings, ManifestError> {
    let mut settings = Settings::default();
    if let Some(grants) = table.table("grants")? {
        grants.read(&keys::grants(), &[], &mut settings)?;
        if let Some((key, reason)) = settings.contradiction() {
            return Err(grants.mistake(key, &reason));
        }
    }
    if let Some(limits) = table.table("limits")? {
        limits.read(&keys::limits(), &[], &mut settings)?;
    }
    Ok(settings)
}
