use std::path::PathBuf;

/// Why a server can not serve.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A manifest can not be read, or something in it is wrong.
    #[error(transparent)]
    Manifest(#[from] wayleave::grants::manifest::ManifestError),
    /// Settings that do not go together.
    #[error("{0}")]
    Settings(String),
    /// A file can not be read.
    #[error("can not read {}: {source}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// An address can not be listened at.
    #[error("can not listen at {address}: {source}")]
    Listen {
        /// Which.
        address: String,
        /// Why not.
        source: std::io::Error,
    },
    /// A certificate or key can not be used.
    #[error("{}: {reason}", path.display())]
    Tls {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A component can not be loaded.
    #[error("{}: {source}", path.display())]
    Component {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: wayleave::Error,
    },
    /// Something that an app is to be given can not be given.
    #[error("app `{app}`: {source}")]
    Grant {
        /// Which app.
        app: String,
        /// Why not.
        source: wayleave::grants::Error,
    },
    /// Something else of the system's.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// Why it failed.
        source: std::io::Error,
    },
}

impl Error {
    /// Whether what was asked for is wrong, as it is written or as nothing can grant it; not
    /// something that has failed.
    #[must_use]
    pub fn is_asked_for(&self) -> bool {
        matches!(self, Self::Manifest(_) | Self::Settings(_) | Self::Grant { .. })
    }
}
