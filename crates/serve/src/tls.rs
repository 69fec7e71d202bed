use crate::{Error, TlsSettings};
use std::sync::{Arc, PoisonError, RwLock};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// A server's certificate, which can be replaced while it serves.
pub(crate) struct Tls {
    settings: TlsSettings,
    current: RwLock<TlsAcceptor>,
}

impl Tls {
    pub(crate) fn load(settings: &TlsSettings) -> Result<Self, Error> {
        Ok(Self { settings: settings.clone(), current: RwLock::new(acceptor(settings)?) })
    }

    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads the files again; connections that are open stay as they are.
    pub(crate) fn reload(&self) -> Result<(), Error> {
        let acceptor = acceptor(&self.settings)?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = acceptor;
        Ok(())
    }
}

fn acceptor(settings: &TlsSettings) -> Result<TlsAcceptor, Error> {
    let TlsSettings { cert, key } = settings;
    let bad = |path: &std::path::Path, reason: String| Error::Tls { path: path.into(), reason };
    let read = |path: &std::path::Path| {
        std::fs::read(path).map_err(|source| Error::Read { path: path.into(), source })
    };
    let chain: Vec<_> = CertificateDer::pem_slice_iter(&read(cert)?)
        .collect::<Result<_, _>>()
        .map_err(|error| bad(cert, format!("not a certificate in PEM: {error}")))?;
    if chain.is_empty() {
        return Err(bad(cert, "there is no certificate in it".into()));
    }
    let private = PrivateKeyDer::from_pem_slice(&read(key)?)
        .map_err(|error| bad(key, format!("not a private key in PEM: {error}")))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| bad(cert, error.to_string()))?
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .map_err(|error| bad(cert, format!("it does not go with {}: {error}", key.display())))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
