use crate::failure::Failure;
use std::sync::Arc;
use wayleave::grants::Settings;
use wayleave::system::http::{Client, Policy};
use wayleave_http_client::{HyperClient, Roots};

/// What sends a program's requests, to where this policy allows.
pub(crate) fn client(
    settings: &Settings,
    policy: Arc<dyn Policy>,
) -> Result<Arc<dyn Client>, Failure> {
    let mut roots = Roots::system();
    for path in &settings.tls_ca {
        roots = roots.and_file(path).map_err(Failure::other)?;
    }
    let settings = wayleave_http_client::Settings { roots, ..Default::default() };
    Ok(Arc::new(HyperClient::new(policy, settings)))
}
