use std::path::PathBuf;
use wayleave::grants::{AddressRule, HttpGrant, NameRule, Settings};

#[derive(clap::Args)]
#[command(next_help_heading = "Grants")]
pub(crate) struct HttpArgs {
    /// Let the program send HTTP requests to a host, on the usual ports or this one; `*` is every
    /// host and port
    #[arg(long, value_name = "HOST[:PORT]")]
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

#[derive(clap::Args)]
#[command(next_help_heading = "Grants")]
pub(crate) struct NetworkArgs {
    /// Let it connect and send: tcp://HOST:PORTS or udp://HOST:PORTS. HOST is an address, a block
    /// (10.0.0.0/8, [fd00::/8]), a name or *; PORTS are 443, 80,443, 8000-8100 or *
    #[arg(long = "allow-outbound", value_name = "RULE")]
    outbound: Vec<AddressRule>,
    /// Let it listen and receive at addresses of this machine, written in the same way
    #[arg(long = "allow-inbound", value_name = "RULE")]
    inbound: Vec<AddressRule>,
    /// Let it look names up: NAME, *.NAME or *. Names of --allow-outbound need no rule of their own
    #[arg(long = "allow-resolve", value_name = "NAME")]
    resolve: Vec<NameRule>,
}

impl NetworkArgs {
    pub(crate) fn ask(&self, settings: &mut Settings) {
        settings.outbound.extend_from_slice(&self.outbound);
        settings.inbound.extend_from_slice(&self.inbound);
        settings.resolve.extend_from_slice(&self.resolve);
    }
}
