use std::time::Duration;
use wayleave::grants::Settings;
use wayleave::grants::units::{parse_bytes, parse_duration};

#[derive(clap::Args)]
#[command(next_help_heading = "Limits")]
pub(crate) struct LimitArgs {
    /// End it after this time, also when it sleeps or waits (500ms, 10s, 2m)
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    timeout: Option<Duration>,
    /// Most memory of the program (64M, 1G, or bytes)
    #[arg(long, value_name = "SIZE", value_parser = parse_bytes)]
    max_memory: Option<u64>,
    /// Most fuel, roughly instructions
    #[arg(long, value_name = "UNITS")]
    fuel: Option<u64>,
}

impl LimitArgs {
    pub(crate) fn ask(&self, settings: &mut Settings) {
        let limits = &mut settings.limits;
        limits.timeout = self.timeout.or(limits.timeout);
        limits.memory = self.max_memory.or(limits.memory);
        limits.fuel = self.fuel.or(limits.fuel);
    }
}
