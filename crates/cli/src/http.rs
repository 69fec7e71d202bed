use std::path::PathBuf;
use std::sync::Arc;
use wayleave::grants::{HttpGrant, HttpGrants};
use wayleave::system::http::Client;
use wayleave_http_client::{HyperClient, Roots, RootsError, Settings};

/// What sends a program's requests, to where these grants allow; `trusted` are files with
/// certificates of authorities besides the system's.
pub(crate) fn client(
    grants: &[HttpGrant],
    trusted: &[PathBuf],
) -> Result<Arc<dyn Client>, RootsError> {
    let mut roots = Roots::system();
    for path in trusted {
        roots = roots.and_file(path)?;
    }
    let policy = HttpGrants::new(grants.iter().cloned());
    let settings = Settings { roots, ..Settings::default() };
    Ok(Arc::new(HyperClient::new(Arc::new(policy), settings)))
}
