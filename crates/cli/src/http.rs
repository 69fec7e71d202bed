use crate::failure::Failure;
use std::sync::Arc;
use wayleave::grants::{HttpGrants, Settings};
use wayleave::system::http::Client;
use wayleave_http_client::{HyperClient, Roots};

/// What sends a program's requests, to where these settings allow; `None` when that is nowhere.
pub(crate) fn client(settings: &Settings) -> Result<Option<Arc<dyn Client>>, Failure> {
    if settings.http.is_empty() {
        return Ok(None);
    }
    let mut roots = Roots::system();
    for path in &settings.tls_ca {
        roots = roots.and_file(path).map_err(Failure::other)?;
    }
    let policy = HttpGrants::new(settings.http.iter().cloned());
    let settings = wayleave_http_client::Settings { roots, ..Default::default() };
    Ok(Some(Arc::new(HyperClient::new(Arc::new(policy), settings))))
}
