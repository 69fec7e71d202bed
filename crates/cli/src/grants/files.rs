use wayleave::grants::{DirGrant, FileGrant, ImageGrant, MemoryGrant, Settings};

#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Grants")]
pub(crate) struct FileArgs {
    /// Give a folder; the guest finds it as GUEST, or as HOST. MODE is ro, rw (the default), overlay
    /// (changes stay in memory) or overlay=FOLDER (they go there), then limits: bytes=1G,
    /// files=1000, file-size=10M, open=64
    #[arg(long = "dir", value_name = "HOST[::GUEST][::MODE]")]
    dirs: Vec<DirGrant>,
    /// Give one file, and nothing else of its folder
    #[arg(long = "file", value_name = "HOST[::GUEST][::ro]")]
    files: Vec<FileGrant>,
    /// Give an empty folder in memory, for 64 MiB or what the limits say
    #[arg(long = "mem", value_name = "GUEST[::LIMITS]")]
    memories: Vec<MemoryGrant>,
    /// Give what is in a tar or zip file, to read only
    #[arg(long = "image", value_name = "FILE::GUEST")]
    images: Vec<ImageGrant>,
}

impl FileArgs {
    pub(crate) fn ask(&self, settings: &mut Settings) {
        settings.dirs.extend_from_slice(&self.dirs);
        settings.files.extend_from_slice(&self.files);
        settings.memories.extend_from_slice(&self.memories);
        settings.images.extend_from_slice(&self.images);
    }
}
