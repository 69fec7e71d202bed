use super::convert::{FileNumber, kind};
use super::seen::Seen;
use crate::p2::bindings::wasi::filesystem::types::DirectoryEntry;
use std::sync::Arc;
use wayleave_system::Result;
use wayleave_system::fs::{self, Dir};

/// A walk over a folder's entries.
pub(crate) struct Entries {
    walk: Box<dyn fs::Entries>,
    dir: Arc<dyn Dir>,
    /// The folder's own device, which is that of its entries but for what is mounted there.
    device: u64,
}

impl Entries {
    pub(super) fn new(dir: Arc<dyn Dir>) -> Result<Self> {
        let (walk, device) = (dir.entries()?, dir.stat()?.device);
        Ok(Self { walk, dir, device })
    }

    /// The next entry, if there is one. What is known of it besides goes to `seen`. Names that are
    /// no text can not be told: they are left out, as are the folder itself and the one above.
    pub(super) fn next(&mut self, mut seen: Option<&mut Seen>) -> Result<Option<DirectoryEntry>> {
        loop {
            let Some(entry) = self.walk.peek()? else { return Ok(None) };
            let found = match std::str::from_utf8(entry.name) {
                Ok("." | "..") | Err(_) => None,
                Ok(name) => {
                    let file = FileNumber { device: self.device, inode: entry.inode };
                    if let Some(seen) = &mut seen
                        && file.inode != 0
                    {
                        seen.entry(&self.dir, name, file, entry.kind);
                    }
                    Some(DirectoryEntry { r#type: kind(entry.kind), name: name.to_owned() })
                }
            };
            self.walk.advance();
            if found.is_some() {
                return Ok(found);
            }
        }
    }
}
