use super::convert::{FileNumber, kind};
use super::seen::Seen;
use crate::p2::bindings::wasi::filesystem::types::{DirectoryEntry, ErrorCode as GuestCode};
use std::sync::Arc;
use wayleave_engine::utf8;
use wayleave_system::Result;
use wayleave_system::fs::{self, Dir};

/// What `read-directory-entry` gives.
pub(crate) type NextEntry = std::result::Result<Option<DirectoryEntry>, GuestCode>;

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

    /// The next entry, if there is one. What is known of it besides goes to `seen`, but for the name,
    /// for which `seen` has room. Names that are no text can not be told: they are left out, as are
    /// the folder itself and the one above.
    pub(super) fn next(&mut self, seen: &mut Seen) -> Result<Option<DirectoryEntry>> {
        loop {
            let Some(entry) = self.walk.peek()? else { return Ok(None) };
            let found = match utf8(entry.name) {
                Ok("." | "..") | Err(_) => None,
                Ok(name) => {
                    let file = FileNumber { device: self.device, inode: entry.inode };
                    seen.entry(&self.dir, file, entry.kind);
                    let mut room = seen.take_room();
                    room.push_str(name);
                    Some(DirectoryEntry { r#type: kind(entry.kind), name: room })
                }
            };
            self.walk.advance();
            if found.is_some() {
                return Ok(found);
            }
        }
    }
}
