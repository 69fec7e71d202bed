//! A folder with limits.

use super::{Dir, Entries, Node, OpenOptions, SetTime, Stat, SyncKind};
use crate::{ErrorCode, Result};
use std::sync::Arc;

/// What may be done through one [`Quota`]. The default limits nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QuotaLimits {
    /// By how many bytes all files together may grow.
    pub bytes: Option<u64>,
    /// How many names may be added: of files, folders and links.
    pub files: Option<u64>,
    /// To how many bytes one file may grow.
    pub file_size: Option<u64>,
    /// How many files and folders may be open at a time.
    pub open_files: Option<u64>,
}

/// A folder with limits, shared by everything that is opened through it.
#[derive(Clone)]
pub struct Quota {
    dir: Arc<dyn Dir>,
    _limits: QuotaLimits,
}

impl Quota {
    /// `dir`, within `limits`.
    #[must_use]
    pub fn new(dir: Arc<dyn Dir>, limits: QuotaLimits) -> Self {
        Self { dir, _limits: limits }
    }
}

super::stub_dir!(Quota, dir);
