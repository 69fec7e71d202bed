use std::path::{Path, PathBuf};

/// Why a manifest is of no use. One line for people, that begins with the place.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// The file can not be read.
    #[error("can not read {}: {source}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// Something in it is wrong.
    #[error("{}:{line}:{column}: {message}", path.display())]
    Mistake {
        /// The file.
        path: PathBuf,
        /// Where in it, from 1 on.
        line: usize,
        /// Where in the line, from 1 on, in characters.
        column: usize,
        /// What is wrong, and what is expected.
        message: String,
    },
    /// It has no such profile.
    #[error("{}: there is no profile `{name}`; {advice}", path.display())]
    Profile {
        /// The file.
        path: PathBuf,
        /// The profile.
        name: String,
        /// Which ones there are.
        advice: String,
    },
    /// Settings that text can not say: a path with `::` in it, or one that is not UTF-8.
    #[error("the settings can not be written as a manifest: {reason}")]
    Unwritable {
        /// Why.
        reason: String,
    },
}

impl ManifestError {
    /// The text of a manifest's file.
    ///
    /// # Errors
    /// [`ManifestError::Read`].
    pub fn read(path: &Path) -> Result<String, Self> {
        std::fs::read_to_string(path).map_err(|source| Self::Read { path: path.into(), source })
    }
}
