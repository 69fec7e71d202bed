use std::path::PathBuf;
use std::sync::Arc;
use wayleave::system::http::{Client, Policy};
use wayleave_http_client::{HyperClient, Roots, RootsError, Settings};

/// What sends a program's requests, to where this policy allows; `trusted` are files with
/// certificates of authorities besides the system's.
pub(crate) fn client(
    policy: Arc<dyn Policy>,
    trusted: &[PathBuf],
) -> Result<Arc<dyn Client>, RootsError> {
    let mut roots = Roots::system();
    for path in trusted {
        roots = roots.and_file(path)?;
    }
    let settings = Settings { roots, ..Settings::default() };
    Ok(Arc::new(HyperClient::new(policy, settings)))
}
