//! Descriptors and their table.

use super::rights::Rights;
use std::io::SeekFrom;
use std::sync::Arc;
use wayleave_grants::Preopen;
use wayleave_system::fs::{Action, Dir, Entries, File, OpenOptions, Watched};
use wayleave_system::net::{Connection, Listener};
use wayleave_system::refusal::LimitWatch;
use wayleave_system::wait::{Interest, Readiness};
use wayleave_system::{ErrorCode, Result};

/// `fdflags` that writes append.
pub(super) const APPEND: u16 = 1 << 0;
/// `fdflags` that data is on the disk when a write returns.
pub(super) const DSYNC: u16 = 1 << 1;
/// `fdflags` that calls answer `again` rather than wait.
pub(super) const NONBLOCK: u16 = 1 << 2;
/// `fdflags` that reads are as synchronised as writes.
pub(super) const RSYNC: u16 = 1 << 3;
/// `fdflags` that data and metadata are on the disk when a write returns.
pub(super) const SYNC: u16 = 1 << 4;

/// What a descriptor refers to.
pub(super) enum Object {
    File(Arc<dyn File>),
    Dir(Arc<dyn Dir>),
    Listener(Arc<dyn Listener>),
    Connection(Arc<dyn Connection>),
}

/// One open descriptor.
pub(super) struct Descriptor {
    pub(super) object: Object,
    /// What may be done with it.
    pub(super) base: Rights,
    /// What may at most be done with what is opened through it.
    pub(super) inheriting: Rights,
    /// `fdflags`.
    pub(super) flags: u16,
    /// The guest path, of a folder that was there from the start.
    pub(super) preopen: Option<String>,
    /// The walk over a folder's entries: open from the first `fd_readdir` on, so that listing a
    /// folder is linear.
    pub(super) entries: Option<Box<dyn Entries>>,
    /// Where a file was opened, if it was in a folder that explains why it is read-only.
    pub(super) origin: Option<Box<Origin>>,
}

/// Where a file was opened.
pub(super) struct Origin {
    pub(super) folder: Arc<dyn Dir>,
    pub(super) path: String,
}

/// Whether a folder refuses every change, and tells why.
fn explains(dir: &dyn Dir) -> bool {
    dir.is_read_only() && Watched::of(dir).is_some()
}

impl Descriptor {
    pub(super) fn new(object: Object, base: Rights, inheriting: Rights, flags: u16) -> Self {
        Self { object, base, inheriting, flags, preopen: None, entries: None, origin: None }
    }

    pub(super) fn stream_in(file: Arc<dyn File>) -> Self {
        Self::stream(file, Rights::FD_READ)
    }

    pub(super) fn stream_out(file: Arc<dyn File>) -> Self {
        Self::stream(file, Rights::FD_WRITE.and(Rights::FD_SYNC).and(Rights::FD_DATASYNC))
    }

    pub(super) fn preopen(preopen: Preopen) -> Self {
        let withheld = if preopen.dir.is_read_only() { Rights::CHANGE } else { Rights::NONE };
        let base = Rights::DIR.without(withheld);
        let inheriting = Rights::DIR.and(Rights::FILE).without(withheld);
        Self {
            preopen: Some(preopen.guest),
            ..Self::new(Object::Dir(preopen.dir), base, inheriting, 0)
        }
    }

    pub(super) fn listener(listener: Arc<dyn Listener>) -> Self {
        let object = Object::Listener(listener);
        Self::new(object, Rights::LISTENER, Rights::CONNECTION, 0)
    }

    pub(super) fn nonblocking(&self) -> bool {
        self.flags & NONBLOCK != 0
    }

    /// The file, for an operation that needs these rights.
    #[inline]
    pub(super) fn file(&self, needed: Rights) -> Result<&Arc<dyn File>> {
        match &self.object {
            Object::File(file) if self.base.has(needed) => Ok(file),
            Object::File(_) => {
                self.tell_of_write(needed);
                Err(self.refusal())
            }
            Object::Dir(_) => Err(ErrorCode::IsDirectory),
            Object::Listener(_) | Object::Connection(_) => Err(ErrorCode::NotSeekable),
        }
    }

    /// The folder, for an operation that needs these rights.
    #[inline]
    pub(super) fn dir(&self, needed: Rights) -> Result<&Arc<dyn Dir>> {
        match &self.object {
            Object::Dir(dir) if self.base.has(needed) || self.left_to(dir, needed) => Ok(dir),
            Object::Dir(_) => Err(self.refusal()),
            _ => Err(ErrorCode::NotDirectory),
        }
    }

    /// Whether a refusal is left to the folder: one that is read-only and tells why it refuses.
    #[cold]
    fn left_to(&self, dir: &Arc<dyn Dir>, needed: Rights) -> bool {
        Rights::CHANGE.has(needed.without(self.base)) && explains(&**dir)
    }

    /// Whether it is a folder that refuses every change, and tells why.
    pub(super) fn explains(&self) -> bool {
        matches!(&self.object, Object::Dir(dir) if explains(&**dir))
    }

    /// Whether these rights are there.
    #[inline]
    pub(super) fn check(&self, needed: Rights) -> Result<()> {
        if self.base.has(needed) { Ok(()) } else { Err(self.refusal()) }
    }

    /// C libraries ask for no more rights than a folder passes on. So what was opened to be written,
    /// in a folder that is read-only, is refused only now.
    #[cold]
    fn tell_of_write(&self, needed: Rights) {
        let Some(origin) = &self.origin else { return };
        let watched = Watched::of(&*origin.folder);
        if let Some(watched) = watched.filter(|_| Rights::CHANGE.has(needed.without(self.base))) {
            let write = OpenOptions { write: true, ..OpenOptions::default() };
            watched.refused(Action::Open(write), &origin.path, ErrorCode::ReadOnly);
        }
    }

    /// What a missing right is called: a folder that was granted read-only answers as a read-only
    /// file system does, which programs understand.
    #[cold]
    pub(super) fn refusal(&self) -> ErrorCode {
        match &self.object {
            Object::Dir(dir) if dir.is_read_only() => ErrorCode::ReadOnly,
            _ => ErrorCode::NotCapable,
        }
    }

    /// When the descriptor can be read from or written to.
    pub(super) fn readiness(&self, interest: Interest) -> Result<Readiness<'_>> {
        self.check(Rights::POLL_FD_READWRITE)?;
        match &self.object {
            Object::File(file) => Ok(file.readiness(interest)),
            Object::Dir(_) => Err(ErrorCode::IsDirectory),
            Object::Listener(listener) => Ok(listener.readiness()),
            Object::Connection(connection) => Ok(connection.readiness(interest)),
        }
    }

    /// A standard stream. Guests take a character device that can not seek for a terminal, so what
    /// can seek must have the rights to.
    fn stream(file: Arc<dyn File>, rights: Rights) -> Self {
        let seekable = match file.seek(SeekFrom::Current(0)) {
            Ok(_) => Rights::FD_SEEK.and(Rights::FD_TELL),
            Err(_) => Rights::NONE,
        };
        let base = Rights::STREAM.and(rights).and(seekable);
        Self::new(Object::File(file), base, Rights::NONE, 0)
    }
}

/// The open descriptors. New ones take the lowest free number, as POSIX has it.
pub(super) struct Table {
    slots: Vec<Option<Descriptor>>,
    /// No number below this is free.
    free_from: usize,
    limit: usize,
    watch: LimitWatch,
}

impl Table {
    /// `watch` is told when the guest wants more descriptors than `limit`.
    pub(super) fn new(limit: usize, watch: LimitWatch) -> Self {
        Self { slots: Vec::new(), free_from: 0, limit: limit.min(u32::MAX as usize), watch }
    }

    /// Adds what the embedder gives; the limit is for what the guest opens.
    pub(super) fn add(&mut self, descriptor: Descriptor) {
        if self.free_from == self.slots.len() {
            self.free_from += 1;
        }
        self.slots.push(Some(descriptor));
    }

    /// How many numbers are or were in use.
    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    /// Adds what the guest opens.
    pub(super) fn insert(&mut self, descriptor: Descriptor) -> Result<u32> {
        let number = self.vacancy()?;
        if number == self.slots.len() {
            self.slots.push(Some(descriptor));
        } else {
            self.slots[number] = Some(descriptor);
        }
        self.free_from = number + 1;
        u32::try_from(number).map_err(|_| ErrorCode::TooManyOpen)
    }

    /// The number that the next descriptor will have. Asked before something is opened, so that
    /// nothing is opened in vain.
    pub(super) fn vacancy(&mut self) -> Result<usize> {
        while self.slots.get(self.free_from).is_some_and(Option::is_some) {
            self.free_from += 1;
        }
        if self.free_from >= self.limit {
            let wanted = self.free_from + 1;
            if wanted > u32::MAX as usize || !self.watch.allows(wanted as u64) {
                return Err(ErrorCode::TooManyOpen);
            }
            self.limit = wanted;
        }
        Ok(self.free_from)
    }

    #[inline]
    pub(super) fn get(&self, fd: u32) -> Result<&Descriptor> {
        match self.slots.get(fd as usize) {
            Some(Some(descriptor)) => Ok(descriptor),
            _ => Err(ErrorCode::BadDescriptor),
        }
    }

    #[inline]
    pub(super) fn get_mut(&mut self, fd: u32) -> Result<&mut Descriptor> {
        match self.slots.get_mut(fd as usize) {
            Some(Some(descriptor)) => Ok(descriptor),
            _ => Err(ErrorCode::BadDescriptor),
        }
    }

    /// Takes a descriptor out; dropping it closes it.
    pub(super) fn remove(&mut self, fd: u32) -> Result<Descriptor> {
        let number = fd as usize;
        let taken = self.slots.get_mut(number).and_then(Option::take);
        let descriptor = taken.ok_or(ErrorCode::BadDescriptor)?;
        self.free_from = self.free_from.min(number);
        Ok(descriptor)
    }

    /// Moves `from` to the number of `to`, which is closed. Both must be open.
    pub(super) fn renumber(&mut self, from: u32, to: u32) -> Result<()> {
        self.get(from)?;
        self.get(to)?;
        if from != to {
            let descriptor = self.remove(from)?;
            *self.get_mut(to)? = descriptor;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wayleave_system::stdio::Null;

    fn descriptor(mark: u16) -> Descriptor {
        let object = Object::File(Arc::new(Null));
        Descriptor::new(object, Rights::FILE, Rights::NONE, mark)
    }

    #[test]
    fn the_lowest_free_number_is_taken() {
        let mut table = Table::new(8, LimitWatch::default());
        for expected in 0..5 {
            assert_eq!(table.insert(descriptor(0)), Ok(expected));
        }
        table.remove(3).unwrap();
        table.remove(1).unwrap();
        assert_eq!(table.insert(descriptor(0)), Ok(1));
        assert_eq!(table.insert(descriptor(0)), Ok(3));
        assert_eq!(table.insert(descriptor(0)), Ok(5));
    }

    #[test]
    fn the_limit_holds_and_closing_makes_room() {
        let mut table = Table::new(2, LimitWatch::default());
        table.insert(descriptor(0)).unwrap();
        table.insert(descriptor(0)).unwrap();
        assert_eq!(table.insert(descriptor(0)), Err(ErrorCode::TooManyOpen));
        table.remove(0).unwrap();
        assert_eq!(table.insert(descriptor(0)), Ok(0));
    }

    #[test]
    fn renumbering_replaces_and_frees() {
        let mut table = Table::new(8, LimitWatch::default());
        for mark in 0..3 {
            table.insert(descriptor(mark)).unwrap();
        }
        table.renumber(2, 0).unwrap();
        assert_eq!(table.get(0).unwrap().flags, 2);
        assert_eq!(table.renumber(2, 0), Err(ErrorCode::BadDescriptor));
        assert_eq!(table.renumber(0, 2), Err(ErrorCode::BadDescriptor));
        assert_eq!(table.renumber(0, u32::MAX), Err(ErrorCode::BadDescriptor));
        assert_eq!(table.renumber(1, 1), Ok(()));
        assert_eq!(table.insert(descriptor(9)), Ok(2));
    }
}
