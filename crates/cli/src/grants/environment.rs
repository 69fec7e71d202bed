use wayleave::grants::{EnvGrant, Settings};

#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Grants")]
pub(crate) struct EnvironmentArgs {
    /// Set a variable, or inherit one of the host's
    #[arg(long = "env", value_name = "NAME[=VALUE]")]
    env: Vec<EnvGrant>,
    /// Inherit all variables of the host
    #[arg(long)]
    inherit_env: bool,
}

impl EnvironmentArgs {
    pub(crate) fn ask(&self, settings: &mut Settings) {
        settings.env.extend_from_slice(&self.env);
        settings.inherit_env |= self.inherit_env;
    }
}
