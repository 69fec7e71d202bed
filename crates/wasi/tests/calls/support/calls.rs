//! Calls as a guest's library makes them: with strings and results instead of addresses.

use super::errno::SUCCESS;
use super::module::Version;
use super::{Event, Guest, Subscription, TestEngine, iovecs};

/// `lookupflags`: follow a symbolic link at the path's end.
pub(crate) const FOLLOW: u64 = 1;

/// `oflags`.
pub(crate) mod oflags {
    pub(crate) const CREAT: u64 = 1;
    pub(crate) const DIRECTORY: u64 = 2;
    pub(crate) const EXCL: u64 = 4;
    pub(crate) const TRUNC: u64 = 8;
}

/// How to open; the default asks for what `open(path, O_RDONLY)` does.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Open {
    pub(crate) lookup: u64,
    pub(crate) oflags: u64,
    pub(crate) base: u64,
    pub(crate) inheriting: u64,
    pub(crate) fdflags: u64,
}

/// All rights.
const ALL: u64 = (1 << 30) - 1;
/// `fd_datasync`, `fd_write`, `fd_allocate`, `fd_filestat_set_size`: what wasi-libc asks for only
/// to write.
const TO_WRITE: u64 = 1 | 1 << 6 | 1 << 8 | 1 << 22;

impl Open {
    pub(crate) const READ: Self =
        Self { lookup: FOLLOW, oflags: 0, base: ALL & !TO_WRITE, inheriting: ALL, fdflags: 0 };
    pub(crate) const WRITE: Self = Self { base: ALL, ..Self::READ };
    pub(crate) const DIR: Self = Self { oflags: oflags::DIRECTORY, ..Self::READ };

    pub(crate) fn oflags(self, oflags: u64) -> Self {
        Self { oflags, ..self }
    }
}

/// `filestat`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stat {
    pub(crate) dev: u64,
    pub(crate) ino: u64,
    pub(crate) kind: u8,
    pub(crate) nlink: u64,
    pub(crate) size: u64,
    pub(crate) atim: u64,
    pub(crate) mtim: u64,
    pub(crate) ctim: u64,
}

impl Stat {
    pub(crate) const DIRECTORY: u8 = 3;
    pub(crate) const REGULAR: u8 = 4;
    pub(crate) const LINK: u8 = 7;

    fn parse(version: Version, bytes: &[u8]) -> Self {
        let at = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap());
        // In 0.0, the number of links has 32 bits, and shares eight bytes with the type.
        let (nlink, rest) = match version {
            Version::Snapshot1 => (at(24), 32),
            Version::Unstable => (at(16) >> 32, 24),
        };
        Self {
            dev: at(0),
            ino: at(8),
            kind: bytes[16],
            nlink,
            size: at(rest),
            atim: at(rest + 8),
            mtim: at(rest + 16),
            ctim: at(rest + 24),
        }
    }
}

/// An entry of a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) next: u64,
    pub(crate) ino: u64,
    pub(crate) kind: u8,
    pub(crate) name: String,
}

type Result<T> = std::result::Result<T, u32>;

impl<E: TestEngine> Guest<E> {
    fn result<T>(&mut self, errno: u32, value: impl FnOnce(&mut Self) -> T) -> Result<T> {
        if errno == SUCCESS { Ok(value(self)) } else { Err(errno) }
    }

    pub(crate) fn done(&mut self, name: &str, args: &[u64]) -> Result<()> {
        let errno = self.call(name, args);
        self.result(errno, |_| ())
    }

    pub(crate) fn open(&mut self, dir: u64, path: &str, open: Open) -> Result<u64> {
        let (at, len) = self.text(path);
        let fd = self.put(&[0; 4]);
        let Open { lookup, oflags, base, inheriting, fdflags } = open;
        let args = [dir, lookup, at, len, oflags, base, inheriting, fdflags, fd];
        let errno = self.call("path_open", &args);
        self.result(errno, |guest| guest.u32(fd).into())
    }

    pub(crate) fn close(&mut self, fd: u64) {
        self.ok("fd_close", &[fd]);
    }

    pub(crate) fn read(&mut self, fd: u64, len: u32) -> Result<Vec<u8>> {
        let list = self.put(&iovecs(&[(0x8000, len)]));
        let size = self.put(&[0; 4]);
        let errno = self.call("fd_read", &[fd, list, 1, size]);
        self.result(errno, |guest| {
            let read = guest.u32(size);
            guest.peek(0x8000, read as usize)
        })
    }

    pub(crate) fn write(&mut self, fd: u64, bytes: &[u8]) -> Result<u32> {
        let at = u32::try_from(self.put(bytes)).unwrap();
        let list = self.put(&iovecs(&[(at, u32::try_from(bytes.len()).unwrap())]));
        let size = self.put(&[0; 4]);
        let errno = self.call("fd_write", &[fd, list, 1, size]);
        self.result(errno, |guest| guest.u32(size))
    }

    pub(crate) fn seek(&mut self, fd: u64, delta: i64, whence: u64) -> Result<u64> {
        let position = self.put(&[0; 8]);
        let errno = self.call("fd_seek", &[fd, delta.cast_unsigned(), whence, position]);
        self.result(errno, |guest| guest.u64(position))
    }

    pub(crate) fn tell(&mut self, fd: u64) -> Result<u64> {
        let position = self.put(&[0; 8]);
        let errno = self.call("fd_tell", &[fd, position]);
        self.result(errno, |guest| guest.u64(position))
    }

    pub(crate) fn stat(&mut self, dir: u64, path: &str, lookup: u64) -> Result<Stat> {
        let (at, len) = self.text(path);
        let stat = self.put(&[0; 64]);
        let errno = self.call("path_filestat_get", &[dir, lookup, at, len, stat]);
        self.result(errno, |guest| Stat::parse(guest.version, &guest.peek(stat, 64)))
    }

    pub(crate) fn fstat(&mut self, fd: u64) -> Result<Stat> {
        let stat = self.put(&[0; 64]);
        let errno = self.call("fd_filestat_get", &[fd, stat]);
        self.result(errno, |guest| Stat::parse(guest.version, &guest.peek(stat, 64)))
    }

    /// The rights of a descriptor: its own, and those it passes on.
    pub(crate) fn rights(&mut self, fd: u64) -> (u64, u64) {
        let stat = self.put(&[0; 24]);
        self.ok("fd_fdstat_get", &[fd, stat]);
        (self.u64(stat + 8), self.u64(stat + 16))
    }

    pub(crate) fn set_times(
        &mut self,
        dir: u64,
        path: &str,
        lookup: u64,
        (atim, mtim, flags): (u64, u64, u64),
    ) -> Result<()> {
        let (at, len) = self.text(path);
        self.done("path_filestat_set_times", &[dir, lookup, at, len, atim, mtim, flags])
    }

    pub(crate) fn mkdir(&mut self, dir: u64, path: &str) -> Result<()> {
        let (at, len) = self.text(path);
        self.done("path_create_directory", &[dir, at, len])
    }

    pub(crate) fn rmdir(&mut self, dir: u64, path: &str) -> Result<()> {
        let (at, len) = self.text(path);
        self.done("path_remove_directory", &[dir, at, len])
    }

    pub(crate) fn unlink(&mut self, dir: u64, path: &str) -> Result<()> {
        let (at, len) = self.text(path);
        self.done("path_unlink_file", &[dir, at, len])
    }

    pub(crate) fn rename(&mut self, from: (u64, &str), to: (u64, &str)) -> Result<()> {
        let (old, old_len) = self.text(from.1);
        let (new, new_len) = self.text(to.1);
        self.done("path_rename", &[from.0, old, old_len, to.0, new, new_len])
    }

    pub(crate) fn link(&mut self, from: (u64, &str), lookup: u64, to: (u64, &str)) -> Result<()> {
        let (old, old_len) = self.text(from.1);
        let (new, new_len) = self.text(to.1);
        self.done("path_link", &[from.0, lookup, old, old_len, to.0, new, new_len])
    }

    pub(crate) fn symlink(&mut self, target: &str, dir: u64, path: &str) -> Result<()> {
        let (old, old_len) = self.text(target);
        let (new, new_len) = self.text(path);
        self.done("path_symlink", &[old, old_len, dir, new, new_len])
    }

    pub(crate) fn readlink(&mut self, dir: u64, path: &str) -> Result<String> {
        let (at, len) = self.text(path);
        let size = self.put(&[0; 4]);
        let errno = self.call("path_readlink", &[dir, at, len, 0x8000, 0x1000, size]);
        self.result(errno, |guest| {
            let size = guest.u32(size);
            String::from_utf8(guest.peek(0x8000, size as usize)).unwrap()
        })
    }

    /// One `fd_readdir` into a buffer of `len` bytes: the entries that are whole, and whether the
    /// buffer was filled.
    pub(crate) fn readdir(&mut self, fd: u64, len: u64, cookie: u64) -> Result<(Vec<Entry>, bool)> {
        let size = self.put(&[0; 4]);
        let errno = self.call("fd_readdir", &[fd, 0x4000, len, cookie, size]);
        self.result(errno, |guest| {
            let used = guest.u32(size);
            (entries(&guest.peek(0x4000, used as usize)), u64::from(used) == len)
        })
    }

    /// All entries from a cookie on, read with a buffer of `len` bytes; and how many calls it took.
    pub(crate) fn list(&mut self, fd: u64, len: u64, mut cookie: u64) -> (Vec<Entry>, usize) {
        let mut all = Vec::new();
        for calls in 1.. {
            let (mut some, filled) = self.readdir(fd, len, cookie).unwrap();
            assert!(!filled || !some.is_empty(), "no entry fits {len} bytes");
            cookie = some.last().map_or(cookie, |entry| entry.next);
            all.append(&mut some);
            if !filled {
                return (all, calls);
            }
        }
        unreachable!()
    }

    pub(crate) fn poll(&mut self, version: Version, list: &[Subscription]) -> Result<Vec<Event>> {
        let bytes: Vec<u8> =
            (0..).zip(list).flat_map(|(index, one)| one.bytes(version, index)).collect();
        let list_at = self.put(&bytes);
        let count = list.len() as u64;
        let size = self.put(&[0; 4]);
        let errno = self.call("poll_oneoff", &[list_at, 0x8000, count, size]);
        self.result(errno, |guest| {
            let happened = guest.u32(size) as usize;
            guest.peek(0x8000, happened * 32).chunks(32).map(Event::parse).collect()
        })
    }
}

/// The entries in a buffer, but for one that is cut off at its end.
fn entries(mut bytes: &[u8]) -> Vec<Entry> {
    let mut entries = Vec::new();
    while let Some((head, rest)) = bytes.split_at_checked(24) {
        let namlen = u32::from_le_bytes(head[16..20].try_into().unwrap());
        let Some((name, rest)) = rest.split_at_checked(namlen as usize) else { break };
        entries.push(Entry {
            next: u64::from_le_bytes(head[0..8].try_into().unwrap()),
            ino: u64::from_le_bytes(head[8..16].try_into().unwrap()),
            kind: head[20],
            name: String::from_utf8(name.to_vec()).unwrap(),
        });
        bytes = rest;
    }
    entries
}
