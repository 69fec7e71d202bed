use super::convert::{FileNumber, kind};
use super::seen::Seen;
use crate::p2::Host;
use crate::p2::bindings::wasi::filesystem::types::{DescriptorType, ErrorCode as GuestCode};
use crate::p2::error::guest_code;
use std::sync::Arc;
use wayleave_bindgen::{ComponentType, Lower};
use wayleave_component::abi::GuestText;
use wayleave_component::{Borrow, Caller};
use wayleave_engine::{Stop, utf8};
use wayleave_system::Result;
use wayleave_system::fs::{self, Dir, FileKind};

/// What `read-directory-entry` gives.
pub(crate) type NextEntry = std::result::Result<Option<DirectoryEntry>, GuestCode>;

/// An entry whose name is in the guest's memory already.
#[derive(Debug, ComponentType, Lower)]
pub(crate) struct DirectoryEntry {
    pub(crate) r#type: DescriptorType,
    name: GuestText,
}

/// A walk over a folder's entries.
pub(crate) struct Entries {
    walk: Box<dyn fs::Entries>,
    dir: Arc<dyn Dir>,
    /// The folder's own device, which is that of its entries but for what is mounted there.
    device: u64,
}

/// The next entry, if there is one.
#[inline(always)]
pub(super) fn next(
    caller: &mut impl Caller<Host>,
    this: Borrow<Entries>,
) -> std::result::Result<NextEntry, Stop> {
    let host = caller.state();
    host.seen.forget();
    let found = match host.entries.get_mut(this)?.next(&mut host.seen) {
        Ok(Some(found)) => kind(found),
        Ok(None) => return Ok(Ok(None)),
        Err(code) => return Ok(Err(guest_code(code))),
    };
    if !host.remembers() {
        host.seen.forget();
    }
    let name = caller.text(|host| host.seen.name())?;
    Ok(Ok(Some(DirectoryEntry { r#type: found, name })))
}

impl Entries {
    pub(super) fn new(dir: Arc<dyn Dir>) -> Result<Self> {
        let (walk, device) = (dir.entries()?, dir.stat()?.device);
        Ok(Self { walk, dir, device })
    }

    /// The kind of the next entry, if there is one. What is known of it besides is `seen`. Names that
    /// are no text can not be told: they are left out, as are the folder itself and the one above.
    fn next(&mut self, seen: &mut Seen) -> Result<Option<FileKind>> {
        loop {
            let Some(entry) = self.walk.peek()? else { return Ok(None) };
            let found = match utf8(entry.name) {
                Ok("." | "..") | Err(_) => None,
                Ok(name) => {
                    let file = FileNumber { device: self.device, inode: entry.inode };
                    seen.entry(&self.dir, file, entry.kind, name);
                    Some(entry.kind)
                }
            };
            self.walk.advance();
            if found.is_some() {
                return Ok(found);
            }
        }
    }
}
