use std::net::SocketAddr;
use wayleave::grants::units::parse_address;
use wayleave::grants::{Settings, StreamGrant};

/// What a program finds open from the start.

#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Grants")]
pub(crate) struct StreamArgs {
    /// Standard input: inherit, null or file:PATH [default: inherit]
    #[arg(long, value_name = "STREAM")]
    stdin: Option<StreamGrant>,
    /// Standard output: inherit, null or file:PATH [default: inherit]
    #[arg(long, value_name = "STREAM")]
    stdout: Option<StreamGrant>,
    /// Standard error: inherit, null or file:PATH [default: inherit]
    #[arg(long, value_name = "STREAM")]
    stderr: Option<StreamGrant>,
    /// Listen on an address and give the listener, behind the folders (without any, as descriptor 3)
    #[arg(long, value_name = "ADDR:PORT", value_parser = parse_address)]
    tcp_listen: Vec<SocketAddr>,
}

impl StreamArgs {
    pub(crate) fn ask(&self, settings: &mut Settings) {
        for (asked, place) in [
            (&self.stdin, &mut settings.stdin),
            (&self.stdout, &mut settings.stdout),
            (&self.stderr, &mut settings.stderr),
        ] {
            *place = asked.clone().or(place.take());
        }
        settings.listeners.extend_from_slice(&self.tcp_listen);
    }
}
