use std::io::SeekFrom;

/// What differs between WASI 0.1 and 0.0: a few layouts. Offsets and sizes are in bytes.
pub(crate) trait Layout: 'static {
    /// The module name.
    const MODULE: &'static str;
    /// Whether connections can be accepted.
    const HAS_SOCK_ACCEPT: bool;
    /// Where `filestat` has its link count.
    const FILESTAT_LINKS: usize;
    /// How wide the link count is.
    const FILESTAT_LINKS_BYTES: usize;
    /// Where `filestat` has the file's size; three timestamps follow, and then it ends.
    const FILESTAT_SIZE: usize;
    /// The size of a `subscription`.
    const SUBSCRIPTION_BYTES: u32;
    /// Where a `subscription` has the clock's `id`.
    const CLOCK: u32;

    /// The place that `fd_seek` is to go to; `None` when it is not one.
    fn whence(whence: u32, delta: i64) -> Option<SeekFrom>;
}

/// The layouts of 0.1.
pub(super) struct Snapshot1;

impl Layout for Snapshot1 {
    const MODULE: &'static str = "wasi_snapshot_preview1";
    const HAS_SOCK_ACCEPT: bool = true;
    const FILESTAT_LINKS: usize = 24;
    const FILESTAT_LINKS_BYTES: usize = 8;
    const FILESTAT_SIZE: usize = 32;
    const SUBSCRIPTION_BYTES: u32 = 48;
    const CLOCK: u32 = 16;

    fn whence(whence: u32, delta: i64) -> Option<SeekFrom> {
        match whence {
            0 => u64::try_from(delta).ok().map(SeekFrom::Start),
            1 => Some(SeekFrom::Current(delta)),
            2 => Some(SeekFrom::End(delta)),
            _ => None,
        }
    }
}
