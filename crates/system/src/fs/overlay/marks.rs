//! Names in the upper folder that are not for guests: marks that hide a name of the lower folder,
//! and files that are being copied up.

use crate::fs::Dir;
use crate::fs::OpenOptions;
use crate::{ErrorCode, Result};
use std::sync::atomic::{AtomicU64, Ordering};

const MARK: &str = ".wh.";
const TEMPORARY: &str = ".wh..wh.";

/// Whether a name is one of these.
pub(super) fn is_mark(name: &[u8]) -> bool {
    name.starts_with(MARK.as_bytes())
}

/// The name that a mark hides; `None` for anything else.
pub(super) fn hidden_name(name: &[u8]) -> Option<&str> {
    if name.starts_with(TEMPORARY.as_bytes()) {
        return None;
    }
    str::from_utf8(name.strip_prefix(MARK.as_bytes())?).ok()
}

/// # Errors
/// `NotPermitted` for a name that only the overlay may make.
pub(super) fn check(name: &str) -> Result<()> {
    if is_mark(name.as_bytes()) { Err(ErrorCode::NotPermitted) } else { Ok(()) }
}

/// Whether `upper` hides what its lower folder has at `name`.
pub(super) fn hides(upper: &dyn Dir, name: &str) -> Result<bool> {
    match upper.stat_at(&mark(name), false) {
        Ok(_) => Ok(true),
        // There can be no mark of a name as long as that.
        Err(ErrorCode::NoEntry | ErrorCode::NameTooLong) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Hides what the lower folder has at `name`. A mark that is there already will do.
pub(super) fn make(upper: &dyn Dir, name: &str) -> Result<()> {
    let new = OpenOptions { write: true, create: true, exclusive: true, ..OpenOptions::default() };
    match upper.open(&mark(name), &new) {
        Ok(_) | Err(ErrorCode::Exists) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Takes the mark away again.
pub(super) fn remove(upper: &dyn Dir, name: &str) -> Result<()> {
    upper.remove_file(&mark(name))
}

/// Takes away all marks, of a folder that is about to go.
pub(super) fn clear(upper: &dyn Dir) -> Result<()> {
    let mut entries = upper.entries()?;
    let mut marks = Vec::new();
    while let Some(entry) = entries.peek()? {
        if let Ok(name) = str::from_utf8(entry.name)
            && is_mark(entry.name)
        {
            marks.push(name.to_owned());
        }
        entries.advance();
    }
    marks.iter().try_for_each(|mark| upper.remove_file(mark))
}

/// A name for something that is not complete yet. Marks hide it from guests; it may be there
/// already, left by a run that was killed.
pub(super) fn temporary() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("{TEMPORARY}{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

fn mark(name: &str) -> String {
    [MARK, name].concat()
}
