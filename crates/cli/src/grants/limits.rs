use super::parse_number;
use std::time::Duration;
use wayleave::grants::Settings;
use wayleave::grants::units::{parse_bytes, parse_timeout};

#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Limits")]
pub(crate) struct LimitArgs {
    /// End it after this time, also when it sleeps or waits (500ms, 10s, 2m)
    #[arg(long, value_name = "TIME", value_parser = parse_timeout)]
    timeout: Option<Duration>,
    /// Most fuel, roughly instructions
    #[arg(long, value_name = "UNITS", value_parser = parse_number::<u64>)]
    fuel: Option<u64>,
    /// Most memory (64M, 1G, or bytes) [default: 4G]
    #[arg(long, value_name = "SIZE", value_parser = parse_bytes)]
    max_memory: Option<u64>,
    /// Most elements of its tables [default: 1000000]
    #[arg(long, value_name = "NUMBER", value_parser = parse_number::<u64>)]
    max_table_elements: Option<u64>,
    /// Most instances of modules [default: 10000]
    #[arg(long, value_name = "NUMBER", value_parser = parse_number::<u64>)]
    max_instances: Option<u64>,
    /// Most descriptors, and other handles of each kind, open at once [default: 65536]
    #[arg(long, value_name = "NUMBER", value_parser = parse_number::<u64>)]
    max_handles: Option<u64>,
    /// Most memory of the host's for one call, as for random numbers [default: 64M]
    #[arg(long, value_name = "SIZE", value_parser = parse_bytes)]
    max_buffers: Option<u64>,
    /// Most connections and other sockets open at once [default: 65536]
    #[arg(long, value_name = "NUMBER", value_parser = parse_number::<u64>)]
    max_sockets: Option<u64>,
    /// Most bytes received from the network
    #[arg(long, value_name = "SIZE", value_parser = parse_bytes)]
    max_bytes_in: Option<u64>,
    /// Most bytes sent to the network
    #[arg(long, value_name = "SIZE", value_parser = parse_bytes)]
    max_bytes_out: Option<u64>,
}

impl LimitArgs {
    pub(crate) fn ask(&self, settings: &mut Settings) {
        let limits = &mut settings.limits;
        limits.timeout = self.timeout.or(limits.timeout);
        limits.fuel = self.fuel.or(limits.fuel);
        limits.memory = self.max_memory.or(limits.memory);
        limits.table_elements = self.max_table_elements.or(limits.table_elements);
        limits.instances = self.max_instances.or(limits.instances);
        limits.handles = self.max_handles.or(limits.handles);
        limits.buffers = self.max_buffers.or(limits.buffers);
        limits.sockets = self.max_sockets.or(limits.sockets);
        limits.bytes_in = self.max_bytes_in.or(limits.bytes_in);
        limits.bytes_out = self.max_bytes_out.or(limits.bytes_out);
    }
}
