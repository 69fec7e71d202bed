//! The options about the network.

use std::path::PathBuf;
use wayleave::Grants;
use wayleave::grants::{AddressRule, Error, HttpGrant, NameRule};

/// What may be reached. `run` and `serve` have the same.
#[derive(clap::Args, Clone, Default)]
#[command(next_help_heading = "Grants")]
pub(crate) struct OutboundArgs {
    /// Let it send HTTP requests to a host, on the usual ports or these; `*` is every host and port
    #[arg(long, value_name = "HOST[:PORTS]")]
    pub(crate) allow_http: Vec<HttpGrant>,
    /// Trust the authorities in a file, too, when requests are sent by TLS
    #[arg(long, value_name = "FILE")]
    pub(crate) tls_ca: Vec<PathBuf>,
    /// Let it connect and send: tcp://HOST:PORTS or udp://HOST:PORTS, and http://HOST or https://HOST
    /// for requests. HOST is an address, a block (10.0.0.0/8, [fd00::/8]), a name, *.NAME or *;
    /// PORTS are 443, 80,443, 8000-8100 or *. Ends in ->ADDRESS:PORT to lead elsewhere, and in
    /// #ipv4-only or #ipv6-only
    #[arg(long, value_name = "RULE")]
    pub(crate) allow_outbound: Vec<AddressRule>,
    /// Deny what such a rule is about, whatever allows it; tcp:// denies requests, too
    #[arg(long, value_name = "RULE")]
    pub(crate) deny_outbound: Vec<AddressRule>,
    /// Let it look names up: NAME, *.NAME or *; NAME->ADDRESS gives it one. Names of
    /// --allow-outbound need no rule of their own
    #[arg(long, value_name = "NAME")]
    pub(crate) allow_resolve: Vec<NameRule>,
    /// Refuse addresses that are not in the Internet (of this machine, private, reserved), unless
    /// a rule names them by address, by block, or as localhost
    #[arg(long)]
    pub(crate) public_only: bool,
}

impl OutboundArgs {
    /// The grants, with these.
    pub(crate) fn add_to(&self, grants: Grants) -> Result<Grants, Error> {
        let mut grants = grants.public_only(self.public_only);
        for grant in &self.allow_http {
            grants = grants.allow_http(grant);
        }
        for rule in &self.allow_outbound {
            grants = grants.allow_outbound(rule.clone());
        }
        for rule in &self.deny_outbound {
            grants = grants.deny_outbound(rule.clone())?;
        }
        for rule in &self.allow_resolve {
            grants = grants.allow_resolve(rule.clone());
        }
        Ok(grants)
    }
}
