/// Seconds and nanoseconds since 1970-01-01 00:00 UTC; negative seconds are before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp {
    /// Whole seconds.
    pub seconds: i64,
    /// Nanoseconds of the second, 0 to 999,999,999.
    pub nanoseconds: u32,
}

/// What to do with a timestamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetTime {
    /// Leave it.
    Keep,
    /// Set it to the present.
    Now,
    /// Set it to this.
    To(Timestamp),
}

/// Kinds of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum FileKind {
    Unknown,
    BlockDevice,
    CharacterDevice,
    Directory,
    Fifo,
    Regular,
    Socket,
    SymbolicLink,
}

/// Metadata of a file or folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stat {
    /// The device that holds it.
    pub device: u64,
    /// Its number there.
    pub inode: u64,
    /// What it is.
    pub kind: FileKind,
    /// How many names it has.
    pub links: u64,
    /// Bytes.
    pub size: u64,
    /// Last read.
    pub accessed: Timestamp,
    /// Last change of contents.
    pub modified: Timestamp,
    /// Last change of contents or metadata.
    pub changed: Timestamp,
}

/// One entry of a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DirEntry<'a> {
    /// The name, as the host has it: nearly always UTF-8.
    pub name: &'a [u8],
    /// The file's number, the one that its metadata have as well, or 0 where the host does not tell.
    pub inode: u64,
    /// The file's kind, or [`FileKind::Unknown`] where the host does not tell.
    pub kind: FileKind,
    /// The cookie of the place behind this entry.
    pub next: u64,
}

/// How a path is to be opened. The default opens nothing: ask for `read` or `write`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OpenOptions {
    /// To read from it.
    pub read: bool,
    /// To write to it.
    pub write: bool,
    /// Each write goes to the end.
    pub append: bool,
    /// Make it if it is missing.
    pub create: bool,
    /// With `create`: it must be missing.
    pub exclusive: bool,
    /// Empty it.
    pub truncate: bool,
    /// It must be a folder.
    pub directory: bool,
    /// Follow a symbolic link at the path's end; without, such a link is
    /// [`Loop`](crate::ErrorCode::Loop), or [`NotDirectory`](crate::ErrorCode::NotDirectory) with
    /// `directory`.
    pub follow: bool,
    /// Each write returns when it is on the disk.
    pub sync: Option<SyncKind>,
}

/// What has to be on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyncKind {
    /// Contents, and the metadata needed to read them back.
    Data,
    /// Contents and all metadata.
    All,
}

/// How a range of a file will be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are POSIX's")]
pub enum Advice {
    Normal,
    Sequential,
    Random,
    WillNeed,
    DontNeed,
    NoReuse,
}
