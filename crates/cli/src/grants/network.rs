use std::path::PathBuf;
use wayleave::grants::{AddressRule, HttpGrant, NameRule, Settings};

#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Grants")]
pub(crate) struct HttpArgs {
    /// Let it send HTTP requests to a host, on the usual ports or these; `*` is every host and port
    #[arg(long, value_name = "HOST[:PORTS]")]
    allow_http: Vec<HttpGrant>,
    /// Trust the authorities in a file, too, when requests are sent by TLS
    #[arg(long, value_name = "FILE")]
    tls_ca: Vec<PathBuf>,
}

impl HttpArgs {
    pub(crate) fn ask(&self, settings: &mut Settings) {
        settings.http.extend_from_slice(&self.allow_http);
        settings.tls_ca.extend_from_slice(&self.tls_ca);
    }
}

#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Grants")]
pub(crate) struct NetworkArgs {
    /// Let it connect and send: tcp://HOST:PORTS or udp://HOST:PORTS, and http://HOST or https://HOST
    /// for requests. HOST is an address, a block (10.0.0.0/8, [fd00::/8]), a name, *.NAME or *;
    /// PORTS are 443, 80,443, 8000-8100 or *. Ends in ->ADDRESS:PORT to lead elsewhere, and in
    /// #ipv4-only or #ipv6-only
    #[arg(long = "allow-outbound", value_name = "RULE")]
    outbound: Vec<AddressRule>,
    /// Deny what such a rule is about, whatever allows it; tcp:// denies requests, too
    #[arg(long, value_name = "RULE")]
    deny_outbound: Vec<AddressRule>,
    /// Let it listen and receive at addresses of this machine: tcp://ADDRESS:PORTS or
    /// udp://ADDRESS:PORTS; ends in ->PORT or ->ADDRESS:PORT to listen there instead
    #[arg(long = "allow-inbound", value_name = "RULE")]
    inbound: Vec<AddressRule>,
    /// Let it look names up: NAME, *.NAME or *; NAME->ADDRESS gives it one. Names of
    /// --allow-outbound need no rule of their own
    #[arg(long = "allow-resolve", value_name = "NAME")]
    resolve: Vec<NameRule>,
    /// Refuse addresses that are not in the Internet (of this machine, private, reserved), unless
    /// a rule names them by address, by block, or as localhost
    #[arg(long)]
    public_only: bool,
}

impl NetworkArgs {
    pub(crate) fn ask(&self, settings: &mut Settings) {
        settings.outbound.extend_from_slice(&self.outbound);
        settings.deny_outbound.extend_from_slice(&self.deny_outbound);
        settings.inbound.extend_from_slice(&self.inbound);
        settings.resolve.extend_from_slice(&self.resolve);
        settings.public_only |= self.public_only;
    }
}
