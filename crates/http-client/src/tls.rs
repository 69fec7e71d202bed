use super::settings::Roots;
use std::sync::{Arc, Mutex, PoisonError};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use wayleave_system::http::ErrorCode;

/// TLS, made ready by the first connection that needs it: reading what the system trusts takes
/// milliseconds.
pub(crate) struct Tls {
    roots: Roots,
    connector: Mutex<Option<TlsConnector>>,
}

impl Tls {
    pub(crate) fn new(roots: Roots) -> Self {
        Self { roots, connector: Mutex::new(None) }
    }

    pub(crate) fn connector(&self) -> Result<TlsConnector, ErrorCode> {
        let mut connector = self.connector.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(connector) = &*connector {
            return Ok(connector.clone());
        }
        let config = config(&self.roots).map_err(|error| {
            tracing::error!("TLS can not be set up: {error}");
            ErrorCode::ConfigurationError
        })?;
        Ok(connector.insert(TlsConnector::from(Arc::new(config))).clone())
    }
}

fn config(roots: &Roots) -> Result<ClientConfig, tokio_rustls::rustls::Error> {
    let mut store = RootCertStore::empty();
    if roots.system {
        let found = rustls_native_certs::load_native_certs();
        for error in &found.errors {
            tracing::warn!("some of the system's certificates can not be read: {error}");
        }
        store.add_parsable_certificates(found.certs);
    }
    store.add_parsable_certificates(roots.extra.iter().cloned());
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(store)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}
