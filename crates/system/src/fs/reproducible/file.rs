use super::FileNumbers;
use crate::Result;
use crate::fs::forward::forward_file;
use crate::fs::{File, SetTime};
use std::sync::Arc;

/// A file whose number and times are those of [`Reproducible`](super::Reproducible) folders.
pub struct ReproducibleFile {
    file: Arc<dyn File>,
    numbers: Arc<FileNumbers>,
}

impl ReproducibleFile {
    /// `file`, with the numbers of its guest.
    #[must_use]
    pub fn new(file: Arc<dyn File>, numbers: Arc<FileNumbers>) -> Self {
        Self { file, numbers }
    }
}

impl File for ReproducibleFile {
    forward_file!(file: read, write, read_at, write_at, seek, kind, stat, set_size, allocate, advise, sync, set_append, available, readiness);

    fn set_times(&self, accessed: SetTime, modified: SetTime) -> Result<()> {
        self.file.set_times(accessed, modified)?;
        self.numbers.set_times(self.file.stat()?, accessed, modified);
        Ok(())
    }
}
