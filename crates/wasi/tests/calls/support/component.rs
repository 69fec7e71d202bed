//! The guest of 0.2: `guests/components/calls.rs`, whose exports call WASI as they are told.

use super::files::{Access, Files, Result};
use super::{Open, Stat, TestEngine, errno};
use wayleave_component::{Instance, Lift, Lower, Value};
use wayleave_engine::{Limits, Stop};
use wayleave_grants::Grants;
use wayleave_wasi::p2::Host;

/// Descriptor flags.
mod flags {
    pub(super) const READ: u8 = 1;
    pub(super) const WRITE: u8 = 2;
    pub(super) const MUTATE_DIRECTORY: u8 = 32;
    /// Three of them.
    pub(super) const SYNC: u8 = 4 | 8 | 16;
    pub(super) const ALL: u8 = 63;
}

/// The errno of each error code, in the order in which the interface has them.
const ERRNOS: [u32; 37] = [
    2, // access
    errno::AGAIN,
    7, // already
    errno::BADF,
    10, // busy
    16, // deadlock
    19, // quota
    errno::EXIST,
    errno::FBIG,
    errno::ILSEQ,
    26, // in-progress
    27, // interrupted
    errno::INVAL,
    29, // io
    errno::ISDIR,
    errno::LOOP,
    34, // too-many-links
    35, // message-size
    errno::NAMETOOLONG,
    43, // no-device
    errno::NOENT,
    46, // no-lock
    48, // insufficient-memory
    51, // insufficient-space
    errno::NOTDIR,
    errno::NOTEMPTY,
    56, // not-recoverable
    errno::NOTSUP,
    59, // no-tty
    60, // no-such-device
    errno::OVERFLOW,
    // This is what 0.2 has for what leads out of a folder.
    errno::NOTCAPABLE,
    errno::PIPE,
    errno::ROFS,
    errno::SPIPE,
    74, // text-file-busy
    errno::XDEV,
];

type Time = Option<(u64, u32)>;
type Metadata = (u8, u64, u64, Time, Time, Time);
/// A running guest, and its calls.
pub(crate) struct Component<E: TestEngine> {
    instance: Instance<E, Host>,
}

impl<E: TestEngine> Component<E> {
    /// A guest that is given this.
    pub(crate) fn new(grants: Grants) -> Self {
        let shared = E::shared();
        let mut limits = Limits::default();
        limits.interrupt = grants.interrupt.as_ref().map(|interrupt| interrupt.flag());
        let host = Host::new(grants);
        let instance = shared.component.instantiate(&shared.engine, host, limits).unwrap();
        let mut guest = Self { instance };
        guest.call::<_, Vec<String>>("start", ());
        guest
    }

    /// Calls an export by its values.
    pub(crate) fn try_call(
        &mut self,
        name: &str,
        args: &[Value],
    ) -> std::result::Result<Option<Value>, Stop> {
        let func = self.instance.func(&[name]).unwrap();
        self.instance.call(&func, args)
    }

    /// Calls an export that does not end the guest.
    pub(crate) fn call<P: Lower, R: for<'m> Lift<'m>>(&mut self, name: &str, params: P) -> R
    where
        (R,): for<'m> Lift<'m>,
    {
        let func = self.instance.typed::<P, (R,)>(&[name]).unwrap();
        self.instance.call_typed(&func, params).unwrap_or_else(|stop| panic!("{name}: {stop}")).0
    }

    fn result<P: Lower, R: for<'m> Lift<'m>>(&mut self, name: &str, params: P) -> Result<R> {
        self.call::<P, std::result::Result<R, u8>>(name, params).map_err(errno)
    }

    /// Calls an export that succeeds with nothing to tell.
    pub(crate) fn done<P: Lower>(&mut self, name: &str, params: P) -> Result<()> {
        self.result::<P, u64>(name, params).map(drop)
    }
}

fn errno(code: u8) -> u32 {
    ERRNOS[usize::from(code)]
}

fn fd(fd: u64) -> u32 {
    u32::try_from(fd).unwrap()
}

fn bits(bits: u64) -> u8 {
    u8::try_from(bits).unwrap()
}

fn time(nanoseconds: Option<u64>) -> Time {
    let nanoseconds = nanoseconds?;
    Some((nanoseconds / 1_000_000_000, u32::try_from(nanoseconds % 1_000_000_000).unwrap()))
}

fn stat((kind, nlink, size, accessed, modified, changed): Metadata) -> Stat {
    // unknown, block-device, character-device, directory, fifo, symbolic-link, regular-file, socket
    let kind = [0, 1, 2, Stat::DIRECTORY, 0, Stat::LINK, Stat::REGULAR, 6][usize::from(kind)];
    let time = |time: Time| {
        time.map_or(0, |(seconds, nanoseconds)| {
            seconds.saturating_mul(1_000_000_000).saturating_add(nanoseconds.into())
        })
    };
    let (atim, mtim, ctim) = (time(accessed), time(modified), time(changed));
    Stat { dev: 0, ino: 0, kind, nlink, size, atim, mtim, ctim }
}

impl<E: TestEngine> Files for Component<E> {
    fn open(&mut self, dir: u64, path: &str, open: Open) -> Result<u64> {
        let writes = open.base & (1 << 6 | 1 << 8 | 1 << 22) != 0;
        let words = u64::from(flags::READ | if writes { flags::WRITE } else { 0 });
        let access = Access { words, fdflags: 0, writes };
        self.open_for(dir, path, (open.lookup, open.oflags), access)
    }

    fn accesses(&self) -> Vec<Access> {
        // Those for synchronised writes make no difference to each other.
        let access = |words: u8| Access {
            words: words.into(),
            fdflags: 0,
            writes: words & flags::WRITE != 0,
        };
        (0..=flags::ALL)
            .filter(|words| [0, flags::SYNC].contains(&(words & flags::SYNC)))
            .map(access)
            .collect()
    }

    fn open_for(&mut self, dir: u64, path: &str, how: (u64, u64), access: Access) -> Result<u64> {
        let (lookup, oflags) = (bits(how.0), bits(how.1));
        let params = (fd(dir), lookup, path, oflags, bits(access.words));
        self.result::<_, u32>("open", params).map(u64::from)
    }

    fn open_widest(&mut self, dir: u64, path: &str) -> Result<u64> {
        let words = u64::from(flags::READ | flags::MUTATE_DIRECTORY);
        let directory = (0, super::oflags::DIRECTORY);
        let opened =
            self.open_for(dir, path, directory, Access { words, fdflags: 0, writes: false })?;
        let got: u8 = self.result("flags-of", (fd(opened),))?;
        let given: u8 = self.result("flags-of", (fd(dir),))?;
        assert_eq!(got, given, "{path} has other flags than the folder that it is in");
        Ok(opened)
    }

    fn close(&mut self, number: u64) {
        let func = self.instance.typed::<(u32,), ()>(&["close"]).unwrap();
        self.instance.call_typed(&func, (fd(number),)).unwrap();
    }

    fn read(&mut self, number: u64, len: u32) -> Result<Vec<u8>> {
        self.result("read", (fd(number), u64::from(len)))
    }

    fn sync(&mut self, number: u64) -> Result<()> {
        self.done("sync", (fd(number),))
    }

    fn change(&mut self, number: u64) -> Vec<(&'static str, Result<()>)> {
        let (fd, bytes) = (fd(number), b"xy".as_slice());
        let long_ago = time(Some(1));
        vec![
            ("write", self.done("write", (fd, bytes))),
            ("write-via-stream", self.done("write-by-stream", (fd, false, bytes))),
            ("append-via-stream", self.done("write-by-stream", (fd, true, bytes))),
            ("set-size", self.done("set-size", (fd, 1_u64))),
            ("set-times", self.done("set-times", (fd, long_ago, long_ago))),
        ]
    }

    fn stat(&mut self, dir: u64, path: &str, lookup: u64) -> Result<Stat> {
        self.result("stat-at", (fd(dir), bits(lookup), path)).map(stat)
    }

    fn fstat(&mut self, number: u64) -> Result<Stat> {
        self.result("stat-of", (fd(number),)).map(stat)
    }

    fn set_times(
        &mut self,
        dir: u64,
        path: &str,
        lookup: u64,
        (accessed, modified): (Option<u64>, Option<u64>),
    ) -> Result<()> {
        let params = (fd(dir), bits(lookup), path, time(accessed), time(modified));
        self.done("set-times-at", params)
    }

    fn fset_times(&mut self, number: u64, times: (Option<u64>, Option<u64>)) -> Result<()> {
        self.done("set-times", (fd(number), time(times.0), time(times.1)))
    }

    fn mkdir(&mut self, dir: u64, path: &str) -> Result<()> {
        self.done("create-directory", (fd(dir), path))
    }

    fn rmdir(&mut self, dir: u64, path: &str) -> Result<()> {
        self.done("remove-directory", (fd(dir), path))
    }

    fn unlink(&mut self, dir: u64, path: &str) -> Result<()> {
        self.done("unlink", (fd(dir), path))
    }

    fn rename(&mut self, from: (u64, &str), to: (u64, &str)) -> Result<()> {
        self.done("rename", (fd(from.0), from.1, fd(to.0), to.1))
    }

    fn link(&mut self, from: (u64, &str), lookup: u64, to: (u64, &str)) -> Result<()> {
        self.done("link", (fd(from.0), bits(lookup), from.1, fd(to.0), to.1))
    }

    fn symlink(&mut self, target: &str, dir: u64, path: &str) -> Result<()> {
        self.done("symlink", (target, fd(dir), path))
    }

    fn readlink(&mut self, dir: u64, path: &str) -> Result<String> {
        self.result("readlink", (fd(dir), path))
    }

    fn names(&mut self, number: u64) -> Result<Vec<String>> {
        let mut names: Vec<String> = self.result("names", (fd(number),))?;
        names.sort();
        Ok(names)
    }
}
