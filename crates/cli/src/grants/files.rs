use wayleave::grants::{DirGrant, Settings};

#[derive(clap::Args)]
#[command(next_help_heading = "Grants")]
pub(crate) struct FileArgs {
    /// Give a folder, `::ro` to read only; the guest finds it as GUEST, or as HOST
    #[arg(long = "dir", value_name = "HOST[::GUEST][::ro]")]
    dirs: Vec<DirGrant>,
}

impl FileArgs {
    pub(crate) fn ask(&self, settings: &mut Settings) {
        settings.dirs.extend_from_slice(&self.dirs);
    }
}
