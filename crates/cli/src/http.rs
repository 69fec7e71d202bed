use crate::failure::Failure;
use std::sync::Arc;
use wayleave::Grants;
use wayleave::grants::Settings;
use wayleave_http_client::{HyperClient, Roots};

/// The grants, with what sends the program's requests, where they may go anywhere.
pub(crate) fn with_client(grants: Grants, settings: &Settings) -> Result<Grants, Failure> {
    let Some(policy) = grants.http_policy() else { return Ok(grants) };
    let mut roots = Roots::system();
    for path in &settings.tls_ca {
        roots = roots.and_file(path).map_err(Failure::usage)?;
    }
    let settings = wayleave_http_client::Settings { roots, ..Default::default() };
    Ok(grants.http(Arc::new(HyperClient::new(policy, settings))))
}
