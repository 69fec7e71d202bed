use std::sync::Arc;
use wayleave::Grants;
use wayleave::grants::{Error, Settings};
use wayleave_http_client::{HyperClient, Roots, RootsError};

/// The grants, with what sends the program's requests, where they may go anywhere.
pub(crate) fn with_client(grants: Grants, settings: &Settings) -> Result<Grants, Error> {
    let Some(policy) = grants.http_policy() else { return Ok(grants) };
    let mut roots = Roots::system();
    for path in &settings.tls_ca {
        let unfit = |RootsError { path, reason }| Error::Authorities { path, reason };
        roots = roots.and_file(path).map_err(unfit)?;
    }
    let settings = wayleave_http_client::Settings { roots, ..Default::default() };
    Ok(grants.http(Arc::new(HyperClient::new(policy, settings))))
}
