use super::contents::Contents;
use super::names::Names;
use super::quota::Charge;
use crate::clock::{Clock, OsClock};
use crate::fs::walk::{Folder, Step};
use crate::fs::{FileKind, SetTime, Stat, Timestamp};
use crate::{ErrorCode, Result};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A file, folder or symbolic link, whatever its names are.
pub(super) struct Inode {
    pub(super) device: u64,
    pub(super) number: u64,
    pub(super) kind: FileKind,
    state: Mutex<State>,
}

pub(super) struct State {
    pub(super) links: u64,
    accessed: Timestamp,
    modified: Timestamp,
    changed: Timestamp,
    pub(super) body: Body,
}

pub(super) enum Body {
    File(Contents),
    Folder(Names),
    Link(Text),
}

/// The text of a symbolic link.
pub(super) struct Text {
    pub(super) bytes: Vec<u8>,
    /// Held as long as the text is.
    pub(super) _charge: Charge,
}

impl Inode {
    pub(super) fn new(device: u64, number: u64, body: Body) -> Arc<Self> {
        let kind = match body {
            Body::File(_) => FileKind::Regular,
            Body::Folder(_) => FileKind::Directory,
            Body::Link(_) => FileKind::SymbolicLink,
        };
        let now = now();
        let links = if kind == FileKind::Directory { 2 } else { 1 };
        let state = State { links, accessed: now, modified: now, changed: now, body };
        Arc::new(Self { device, number, kind, state: Mutex::new(state) })
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn stat(&self) -> Stat {
        let state = self.lock();
        Stat {
            device: self.device,
            inode: self.number,
            kind: self.kind,
            links: state.links,
            size: match &state.body {
                Body::File(contents) => contents.size(),
                Body::Folder(names) => names.len(),
                Body::Link(text) => text.bytes.len() as u64,
            },
            accessed: state.accessed,
            modified: state.modified,
            changed: state.changed,
        }
    }

    pub(super) fn set_times(&self, accessed: SetTime, modified: SetTime) -> Result<()> {
        let now = now();
        let mut state = self.lock();
        let accessed = chosen(accessed, state.accessed, now)?;
        let modified = chosen(modified, state.modified, now)?;
        (state.accessed, state.modified, state.changed) = (accessed, modified, now);
        Ok(())
    }

    /// What this folder calls `name`.
    ///
    /// # Errors
    /// `NameTooLong`, and `NotDirectory` of anything but a folder.
    pub(super) fn child(&self, name: &[u8]) -> Result<Option<Arc<Self>>> {
        super::names::check(name)?;
        Ok(self.lock().names()?.get(name))
    }
}

impl State {
    pub(super) fn contents(&mut self) -> Result<&mut Contents> {
        match &mut self.body {
            Body::File(contents) => Ok(contents),
            Body::Folder(_) => Err(ErrorCode::IsDirectory),
            Body::Link(_) => Err(ErrorCode::Invalid),
        }
    }

    pub(super) fn names(&mut self) -> Result<&mut Names> {
        match &mut self.body {
            Body::Folder(names) => Ok(names),
            _ => Err(ErrorCode::NotDirectory),
        }
    }

    /// Notes that the contents were changed just now.
    pub(super) fn touch(&mut self) {
        self.modified = now();
        self.changed = self.modified;
    }

    /// Notes that something other than the contents was changed just now.
    pub(super) fn touch_metadata(&mut self) {
        self.changed = now();
    }
}

impl Folder for Arc<Inode> {
    fn enter(&self, name: &[u8]) -> Result<Step<Self>> {
        let child = self.child(name)?.ok_or(ErrorCode::NoEntry)?;
        if child.kind == FileKind::Directory {
            return Ok(Step::Folder(child));
        }
        match &child.lock().body {
            Body::Link(text) => Ok(Step::Link(text.bytes.clone())),
            _ => Err(ErrorCode::NotDirectory),
        }
    }

    fn link_text(&self, name: &[u8]) -> Result<Option<Vec<u8>>> {
        let Some(child) = self.child(name)? else { return Ok(None) };
        match &child.lock().body {
            Body::Link(text) => Ok(Some(text.bytes.clone())),
            _ => Ok(None),
        }
    }
}

impl Drop for Inode {
    /// Takes a tree apart level by level: a guest's may be deeper than the host's stack.
    fn drop(&mut self) {
        let mut pending = take_children(self);
        while let Some(child) = pending.pop() {
            if let Some(mut child) = Arc::into_inner(child) {
                pending.append(&mut take_children(&mut child));
            }
        }
    }
}

fn take_children(inode: &mut Inode) -> Vec<Arc<Inode>> {
    let state = inode.state.get_mut().unwrap_or_else(PoisonError::into_inner);
    state.names().map(Names::take_all).unwrap_or_default()
}

fn chosen(choice: SetTime, present: Timestamp, now: Timestamp) -> Result<Timestamp> {
    match choice {
        SetTime::Keep => Ok(present),
        SetTime::Now => Ok(now),
        SetTime::To(time) if time.nanoseconds >= 1_000_000_000 => Err(ErrorCode::Invalid),
        SetTime::To(time) => Ok(time),
    }
}

fn now() -> Timestamp {
    let now = std::time::Duration::from_nanos(OsClock::Realtime.now());
    Timestamp {
        seconds: i64::try_from(now.as_secs()).unwrap_or(i64::MAX),
        nanoseconds: now.subsec_nanos(),
    }
}
