use wayleave::grants::{ClockGrant, RandomGrant, Settings};

#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Grants")]
pub(crate) struct DeterminismArgs {
    /// What clocks show: real, fixed:TIME (2024-02-29T12:00:00Z), offset:DURATION (-1h), or
    /// coarse:DURATION, in steps of it [default: real]
    #[arg(long, value_name = "CLOCK")]
    clock: Option<ClockGrant>,
    /// Where random numbers come from: secure, the system, or seed:N, the same ones each time
    /// [default: secure]
    #[arg(long, value_name = "SOURCE")]
    random: Option<RandomGrant>,
    /// Let nothing differ from run to run: simulated time (from fixed:TIME on), random numbers from
    /// a seed, sorted folders, no network
    #[arg(long)]
    deterministic: bool,
}

impl DeterminismArgs {
    pub(crate) fn ask(&self, settings: &mut Settings) {
        settings.clock = self.clock.or(settings.clock);
        settings.random = self.random.or(settings.random);
        settings.deterministic |= self.deterministic;
    }
}
