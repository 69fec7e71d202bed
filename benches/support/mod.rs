//! What the benchmarks share: running guests natively, with Wayleave and with its peers, and writing
//! down what came out.
#![allow(dead_code, reason = "every benchmark uses its own part of this")]

pub(crate) mod chart;
pub(crate) mod options;
pub(crate) mod process;
pub(crate) mod report;
pub(crate) mod runners;

use std::error::Error;
use std::path::{Path, PathBuf};

pub(crate) type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The workspace: the folder that this benchmark was started in or below.
///
/// # Errors
/// When started from somewhere else.
pub(crate) fn workspace() -> Result<PathBuf> {
    let here = std::env::current_dir()?;
    let root = here.ancestors().find(|folder| folder.join("guests/build.sh").exists());
    Ok(root.ok_or("start this inside the workspace")?.to_owned())
}

/// Where cargo puts what it builds.
pub(crate) fn target_folder(workspace: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| workspace.join("target"), |folder| workspace.join(folder))
}

/// The middle value, or the mean of the middle two; `None` of nothing.
pub(crate) fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        length if length % 2 == 1 => Some(sorted[middle]),
        _ => Some(f64::midpoint(sorted[middle - 1], sorted[middle])),
    }
}
