use super::convert::kind;
use crate::p2::bindings::wasi::filesystem::types::DirectoryEntry;
use wayleave_system::Result;
use wayleave_system::fs;

/// A walk over a folder's entries.
pub(crate) struct Entries(Box<dyn fs::Entries>);

impl Entries {
    pub(super) fn new(walk: Box<dyn fs::Entries>) -> Self {
        Self(walk)
    }

    /// The next entry, if there is one. Names that are no text can not be told: they are left out,
    /// as are the folder itself and the one above.
    pub(super) fn next(&mut self) -> Result<Option<DirectoryEntry>> {
        loop {
            let Some(entry) = self.0.peek()? else { return Ok(None) };
            let found = match std::str::from_utf8(entry.name) {
                Ok("." | "..") | Err(_) => None,
                Ok(name) => {
                    Some(DirectoryEntry { r#type: kind(entry.kind), name: name.to_owned() })
                }
            };
            self.0.advance();
            if found.is_some() {
                return Ok(found);
            }
        }
    }
}
