use std::sync::Arc;
use wayleave::grants::{HttpGrant, HttpGrants};
use wayleave::system::http::Client;
use wayleave_http_client::{HyperClient, Settings};

/// What sends a program's requests, to where these grants allow.
pub(crate) fn client(grants: &[HttpGrant]) -> Arc<dyn Client> {
    let policy = HttpGrants::new(grants.iter().cloned());
    Arc::new(HyperClient::new(Arc::new(policy), Settings::default()))
}
