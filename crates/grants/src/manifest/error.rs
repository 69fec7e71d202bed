use super::document::position;
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
    /// It can not be extended without rewriting what is there.
    #[error("{}: it is written so that nothing can be added safely; add by hand: {by_hand}", path.display())]
    Unextendable {
        /// The file.
        path: PathBuf,
        /// What would have been added.
        by_hand: String,
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
    /// [`ManifestError::Read`]; [`ManifestError::Mistake`] where it is not UTF-8.
    pub fn read(path: &Path) -> Result<String, Self> {
        let bytes =
            std::fs::read(path).map_err(|source| Self::Read { path: path.into(), source })?;
        String::from_utf8(bytes).map_err(|error| {
            let end = error.utf8_error().valid_up_to();
            let text = String::from_utf8_lossy(error.as_bytes().get(..end).unwrap_or_default());
            let (line, column) = position(&text, end);
            let message = "not UTF-8, which a manifest is written in".to_owned();
            Self::Mistake { path: path.into(), line, column, message }
        })
    }
}
