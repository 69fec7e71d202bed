use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;

/// How a client behaves. The limits on time hold where a guest has not set shorter ones.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Until there is a connection, TLS included. 30 seconds by default.
    pub connect_timeout: Duration,
    /// Until a response begins. 10 minutes by default: some answers are long in the making.
    pub first_byte_timeout: Duration,
    /// From one part of a body to the next. 10 minutes by default.
    pub between_bytes_timeout: Duration,
    /// Connections that are open at the same time, used or not. 256 by default.
    pub connections: usize,
    /// Connections to one host that are kept for further requests. 8 by default.
    pub idle_per_host: usize,
    /// How long they are kept. 60 seconds by default; servers often close them sooner.
    pub idle_timeout: Duration,
    /// Whose certificates are trusted: [`Roots::system`] by default.
    pub roots: Roots,
}

/// Whose certificates are trusted.
#[derive(Clone, Debug)]
pub struct Roots {
    pub(crate) system: bool,
    pub(crate) extra: Vec<CertificateDer<'static>>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(30),
            first_byte_timeout: Duration::from_secs(600),
            between_bytes_timeout: Duration::from_secs(600),
            connections: 256,
            idle_per_host: 8,
            idle_timeout: Duration::from_secs(60),
            roots: Roots::system(),
        }
    }
}

impl Roots {
    /// Those that the system trusts.
    #[must_use]
    pub fn system() -> Self {
        Self { system: true, extra: Vec::new() }
    }

    /// Nobody yet.
    #[must_use]
    pub fn none() -> Self {
        Self { system: false, extra: Vec::new() }
    }

    /// Those in a PEM file, too.
    ///
    /// # Errors
    /// The file can not be read, or has no certificates.
    pub fn and_file(self, path: impl AsRef<Path>) -> Result<Self, RootsError> {
        let path = path.as_ref();
        let reason = |reason: String| RootsError { path: path.to_owned(), reason };
        let pem = std::fs::read(path).map_err(|error| reason(error.to_string()))?;
        self.and_pem(&pem).map_err(reason)
    }

    fn and_pem(mut self, pem: &[u8]) -> Result<Self, String> {
        let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
        let found = found.map_err(|error| format!("a certificate is damaged: {error}"))?;
        if found.is_empty() {
            return Err("there is no certificate in it, in PEM".to_owned());
        }
        self.extra.extend(found);
        Ok(self)
    }
}

/// Certificates could not be read.
#[derive(Debug, thiserror::Error)]
#[error("certificates of {}: {reason}", path.display())]
pub struct RootsError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub reason: String,
}
