use super::keys;
use super::{Manifest, ManifestError, Section};
use crate::{Access, Error, Settings, StreamGrant};
use std::path::Path;

/// What one entry of a manifest asks for, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    profile: Option<String>,
    asked: Settings,
    line: usize,
    column: usize,
}

impl Place {
    /// Those of the entries of a table's `[grants]`.
    pub(super) fn all(
        table: &Section<'_>,
        profile: Option<&str>,
    ) -> Result<Vec<Self>, ManifestError> {
        let Some(grants) = table.table("grants")? else { return Ok(Vec::new()) };
        let entries = grants.each(&keys::grants()).into_iter();
        let place = |((line, column), asked)| Self {
            profile: profile.map(ToOwned::to_owned),
            asked,
            line,
            column,
        };
        Ok(entries.map(place).collect())
    }
}

impl Manifest {
    /// Where this manifest asks for what can not be granted, and why it can not; nothing where it
    /// does not ask for it, so that something else does.
    #[must_use]
    pub fn place(&self, profile: Option<&str>, error: &Error) -> Option<ManifestError> {
        let counts =
            |place: &&Place| place.profile.is_none() || place.profile.as_deref() == profile;
        // A profile comes last, and counts.
        let mut places = self.places.iter().filter(counts).rev();
        let place = places.find(|place| is_about(error, &place.asked))?;
        Some(ManifestError::Mistake {
            path: self.path.clone(),
            line: place.line,
            column: place.column,
            message: error.to_string(),
        })
    }
}

impl Section<'_> {
    /// Where this table of grants asks for what can not be granted, and why it can not; nothing
    /// where it does not ask for it.
    #[must_use]
    pub fn place(&self, error: &Error) -> Option<ManifestError> {
        let entries = self.each(&keys::grants());
        let ((line, column), _) = entries.iter().rev().find(|(_, asked)| is_about(error, asked))?;
        Some(self.mistake_at(*line, *column, error.to_string()))
    }
}

fn is_about(error: &Error, asked: &Settings) -> bool {
    let is = |path: &Path, other: &Path| path == other;
    match error {
        Error::OpenDir { path, .. } => asked.dirs.iter().any(|dir| is(&dir.host, path)),
        Error::OverlayFolder { path, .. } => asked
            .dirs
            .iter()
            .any(|dir| matches!(&dir.access, Access::OverlayIn(upper) if is(upper, path))),
        Error::Authorities { path, .. } => asked.tls_ca.iter().any(|file| is(file, path)),
        Error::OpenFile { path, .. } => asked.files.iter().any(|file| is(&file.host, path)),
        Error::OpenImage { path, .. } => asked.images.iter().any(|image| is(&image.file, path)),
        Error::OpenStream { path, .. } => {
            let streams = [&asked.stdin, &asked.stdout, &asked.stderr];
            streams
                .into_iter()
                .flatten()
                .any(|stream| matches!(stream, StreamGrant::File(file) if is(file, path)))
        }
        Error::GuestPath { guest, .. } | Error::SameGuestPath { guest } => {
            asked.guest_paths().contains(guest)
        }
        Error::Env { text, .. } => asked.env.iter().any(|variable| variable.name() == text),
        Error::Listen { address, .. } => asked.listeners.contains(address),
        _ => false,
    }
}
