//! What guests of every version do with files, so that one test is a test of all of them.

use super::component::Component;
use super::{Guest, Open, Stat, TestEngine, Version, errno, iovecs};
use wayleave_grants::Grants;

/// A result, or the errno of 0.1 that means the same.
pub(crate) type Result<T> = std::result::Result<T, u32>;

/// Makes a guest that is given this: folders are its descriptors 3 and on.
pub(crate) type Make = fn(Grants) -> Box<dyn Files>;

/// A guest of 0.0.
pub(crate) fn v0_0<E: TestEngine>(grants: Grants) -> Box<dyn Files> {
    Box::new(Guest::<E>::of(Version::Unstable, grants))
}

/// A guest of 0.1.
pub(crate) fn v0_1<E: TestEngine>(grants: Grants) -> Box<dyn Files> {
    Box::new(Guest::<E>::of(Version::Snapshot1, grants))
}

/// A guest of 0.2.
pub(crate) fn v0_2<E: TestEngine>(grants: Grants) -> Box<dyn Files> {
    Box::new(Component::<E>::new(grants))
}

/// What a file is opened for, in a version's own words: rights, or descriptor flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Access {
    pub(crate) words: u64,
    /// `fdflags`, where they are words of their own.
    pub(crate) fdflags: u64,
    /// Whether that is more than reading.
    pub(crate) writes: bool,
}

/// Calls on files. Times are nanoseconds; where there is none, they stay as they are.
pub(crate) trait Files {
    fn open(&mut self, dir: u64, path: &str, open: Open) -> Result<u64>;
    /// All ways to say what a file is opened for that are worth a try.
    fn accesses(&self) -> Vec<Access>;
    /// Opens with these flags, which may contradict each other.
    fn open_for(&mut self, dir: u64, path: &str, flags: (u64, u64), access: Access) -> Result<u64>;
    /// Opens a folder with all that can be asked for, which is not to give more than it is given.
    fn open_widest(&mut self, dir: u64, path: &str) -> Result<u64>;
    fn close(&mut self, fd: u64);
    /// From the beginning of a file that was just opened.
    fn read(&mut self, fd: u64, len: u32) -> Result<Vec<u8>>;
    fn sync(&mut self, fd: u64) -> Result<()>;
    /// What each way to change an open file has come to.
    fn change(&mut self, fd: u64) -> Vec<(&'static str, Result<()>)>;
    fn stat(&mut self, dir: u64, path: &str, lookup: u64) -> Result<Stat>;
    fn fstat(&mut self, fd: u64) -> Result<Stat>;
    fn set_times(
        &mut self,
        dir: u64,
        path: &str,
        lookup: u64,
        times: (Option<u64>, Option<u64>),
    ) -> Result<()>;
    fn fset_times(&mut self, fd: u64, times: (Option<u64>, Option<u64>)) -> Result<()>;
    fn mkdir(&mut self, dir: u64, path: &str) -> Result<()>;
    fn rmdir(&mut self, dir: u64, path: &str) -> Result<()>;
    fn unlink(&mut self, dir: u64, path: &str) -> Result<()>;
    fn rename(&mut self, from: (u64, &str), to: (u64, &str)) -> Result<()>;
    fn link(&mut self, from: (u64, &str), lookup: u64, to: (u64, &str)) -> Result<()>;
    fn symlink(&mut self, target: &str, dir: u64, path: &str) -> Result<()>;
    fn readlink(&mut self, dir: u64, path: &str) -> Result<String>;
    /// The names in a folder, sorted, without dots.
    fn names(&mut self, fd: u64) -> Result<Vec<String>>;
}

/// Both times, set to the first nanosecond of 1970.
pub(crate) const LONG_AGO: (Option<u64>, Option<u64>) = (Some(1), Some(1));

/// `fstflags`, and times that are not looked at where the flags do not say so.
fn fstflags((accessed, modified): (Option<u64>, Option<u64>)) -> (u64, u64, u64) {
    let flags = u64::from(accessed.is_some()) | u64::from(modified.is_some()) << 2;
    (accessed.unwrap_or(7), modified.unwrap_or(7), flags)
}

impl<E: TestEngine> Files for Guest<E> {
    fn open(&mut self, dir: u64, path: &str, open: Open) -> Result<u64> {
        self.open(dir, path, open)
    }

    fn accesses(&self) -> Vec<Access> {
        const TO_WRITE: u64 = 1 << 6 | 1 << 8 | 1 << 22;
        let rights = [Open::READ.base, Open::WRITE.base, 1 << 6, 1 << 8, 1 << 22, 0];
        let each =
            |words| [0, 1].map(|fdflags| Access { words, fdflags, writes: words & TO_WRITE != 0 });
        rights.into_iter().flat_map(each).collect()
    }

    fn open_for(&mut self, dir: u64, path: &str, flags: (u64, u64), access: Access) -> Result<u64> {
        let Access { words, fdflags, .. } = access;
        let (lookup, oflags) = flags;
        self.open(dir, path, Open { lookup, oflags, base: words, fdflags, ..Open::READ })
    }

    fn open_widest(&mut self, dir: u64, path: &str) -> Result<u64> {
        let wide = Open { base: !(1 << 6 | 1 << 8 | 1 << 22), ..Open::DIR };
        let fd = self.open(dir, path, Open { inheriting: u64::MAX, ..wide })?;
        self.err("fd_fdstat_set_rights", &[fd, u64::MAX, u64::MAX], errno::NOTCAPABLE);
        Ok(fd)
    }

    fn close(&mut self, fd: u64) {
        self.close(fd);
    }

    fn read(&mut self, fd: u64, len: u32) -> Result<Vec<u8>> {
        self.read(fd, len)
    }

    fn sync(&mut self, fd: u64) -> Result<()> {
        self.done("fd_sync", &[fd])
    }

    fn change(&mut self, fd: u64) -> Vec<(&'static str, Result<()>)> {
        self.poke(8, &iovecs(&[(100, 2)]));
        let calls: [(&str, &[u64]); 6] = [
            ("fd_write", &[fd, 8, 1, 4]),
            ("fd_pwrite", &[fd, 8, 1, 0, 4]),
            ("fd_allocate", &[fd, 0, 100]),
            ("fd_filestat_set_size", &[fd, 1]),
            ("fd_filestat_set_times", &[fd, 1, 1, 5]),
            ("fd_fdstat_set_rights", &[fd, u64::MAX, 0]),
        ];
        calls.into_iter().map(|(name, args)| (name, self.done(name, args))).collect()
    }

    fn stat(&mut self, dir: u64, path: &str, lookup: u64) -> Result<Stat> {
        self.stat(dir, path, lookup)
    }

    fn fstat(&mut self, fd: u64) -> Result<Stat> {
        self.fstat(fd)
    }

    fn set_times(
        &mut self,
        dir: u64,
        path: &str,
        lookup: u64,
        times: (Option<u64>, Option<u64>),
    ) -> Result<()> {
        self.set_times(dir, path, lookup, fstflags(times))
    }

    fn fset_times(&mut self, fd: u64, times: (Option<u64>, Option<u64>)) -> Result<()> {
        let (accessed, modified, flags) = fstflags(times);
        self.done("fd_filestat_set_times", &[fd, accessed, modified, flags])
    }

    fn mkdir(&mut self, dir: u64, path: &str) -> Result<()> {
        self.mkdir(dir, path)
    }

    fn rmdir(&mut self, dir: u64, path: &str) -> Result<()> {
        self.rmdir(dir, path)
    }

    fn unlink(&mut self, dir: u64, path: &str) -> Result<()> {
        self.unlink(dir, path)
    }

    fn rename(&mut self, from: (u64, &str), to: (u64, &str)) -> Result<()> {
        self.rename(from, to)
    }

    fn link(&mut self, from: (u64, &str), lookup: u64, to: (u64, &str)) -> Result<()> {
        self.link(from, lookup, to)
    }

    fn symlink(&mut self, target: &str, dir: u64, path: &str) -> Result<()> {
        self.symlink(target, dir, path)
    }

    fn readlink(&mut self, dir: u64, path: &str) -> Result<String> {
        self.readlink(dir, path)
    }

    fn names(&mut self, fd: u64) -> Result<Vec<String>> {
        self.readdir(fd, 4096, 0)?;
        let mut names: Vec<_> = self.list(fd, 4096, 0).0.into_iter().map(|e| e.name).collect();
        names.retain(|name| name != "." && name != "..");
        names.sort();
        Ok(names)
    }
}
