//! `rights`: what a descriptor may be used for, and what descriptors opened through it may.

/// A set of rights, with the specification's bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rights(pub(super) u64);

impl Rights {
    pub(super) const NONE: Self = Self(0);
    pub(super) const FD_DATASYNC: Self = Self(1 << 0);
    pub(super) const FD_READ: Self = Self(1 << 1);
    pub(super) const FD_SEEK: Self = Self(1 << 2);
    pub(super) const FD_FDSTAT_SET_FLAGS: Self = Self(1 << 3);
    pub(super) const FD_SYNC: Self = Self(1 << 4);
    pub(super) const FD_TELL: Self = Self(1 << 5);
    pub(super) const FD_WRITE: Self = Self(1 << 6);
    pub(super) const FD_ADVISE: Self = Self(1 << 7);
    pub(super) const FD_ALLOCATE: Self = Self(1 << 8);
    pub(super) const PATH_CREATE_DIRECTORY: Self = Self(1 << 9);
    pub(super) const PATH_CREATE_FILE: Self = Self(1 << 10);
    pub(super) const PATH_LINK_SOURCE: Self = Self(1 << 11);
    pub(super) const PATH_LINK_TARGET: Self = Self(1 << 12);
    pub(super) const PATH_OPEN: Self = Self(1 << 13);
    pub(super) const FD_READDIR: Self = Self(1 << 14);
    pub(super) const PATH_READLINK: Self = Self(1 << 15);
    pub(super) const PATH_RENAME_SOURCE: Self = Self(1 << 16);
    pub(super) const PATH_RENAME_TARGET: Self = Self(1 << 17);
    pub(super) const PATH_FILESTAT_GET: Self = Self(1 << 18);
    pub(super) const PATH_FILESTAT_SET_SIZE: Self = Self(1 << 19);
    pub(super) const PATH_FILESTAT_SET_TIMES: Self = Self(1 << 20);
    pub(super) const FD_FILESTAT_GET: Self = Self(1 << 21);
    pub(super) const FD_FILESTAT_SET_SIZE: Self = Self(1 << 22);
    pub(super) const FD_FILESTAT_SET_TIMES: Self = Self(1 << 23);
    pub(super) const PATH_SYMLINK: Self = Self(1 << 24);
    pub(super) const PATH_REMOVE_DIRECTORY: Self = Self(1 << 25);
    pub(super) const PATH_UNLINK_FILE: Self = Self(1 << 26);
    pub(super) const POLL_FD_READWRITE: Self = Self(1 << 27);
    pub(super) const SOCK_SHUTDOWN: Self = Self(1 << 28);
    pub(super) const SOCK_ACCEPT: Self = Self(1 << 29);

    /// What can be done with a file.
    pub(super) const FILE: Self = Self::FD_DATASYNC
        .and(Self::FD_READ)
        .and(Self::FD_SEEK)
        .and(Self::FD_FDSTAT_SET_FLAGS)
        .and(Self::FD_SYNC)
        .and(Self::FD_TELL)
        .and(Self::FD_WRITE)
        .and(Self::FD_ADVISE)
        .and(Self::FD_ALLOCATE)
        .and(Self::FD_FILESTAT_GET)
        .and(Self::FD_FILESTAT_SET_SIZE)
        .and(Self::FD_FILESTAT_SET_TIMES)
        .and(Self::POLL_FD_READWRITE);

    /// What can be done with a folder.
    pub(super) const DIR: Self = Self::FD_FDSTAT_SET_FLAGS
        .and(Self::FD_SYNC)
        .and(Self::FD_DATASYNC)
        .and(Self::FD_ADVISE)
        .and(Self::PATH_CREATE_DIRECTORY)
        .and(Self::PATH_CREATE_FILE)
        .and(Self::PATH_LINK_SOURCE)
        .and(Self::PATH_LINK_TARGET)
        .and(Self::PATH_OPEN)
        .and(Self::FD_READDIR)
        .and(Self::PATH_READLINK)
        .and(Self::PATH_RENAME_SOURCE)
        .and(Self::PATH_RENAME_TARGET)
        .and(Self::PATH_FILESTAT_GET)
        .and(Self::PATH_FILESTAT_SET_SIZE)
        .and(Self::PATH_FILESTAT_SET_TIMES)
        .and(Self::FD_FILESTAT_GET)
        .and(Self::FD_FILESTAT_SET_TIMES)
        .and(Self::PATH_SYMLINK)
        .and(Self::PATH_REMOVE_DIRECTORY)
        .and(Self::PATH_UNLINK_FILE)
        .and(Self::POLL_FD_READWRITE);

    /// What changes something: kept from folders that are granted read-only.
    pub(super) const CHANGE: Self = Self::FD_WRITE
        .and(Self::FD_ALLOCATE)
        .and(Self::FD_FILESTAT_SET_SIZE)
        .and(Self::FD_FILESTAT_SET_TIMES)
        .and(Self::PATH_CREATE_DIRECTORY)
        .and(Self::PATH_CREATE_FILE)
        .and(Self::PATH_LINK_SOURCE)
        .and(Self::PATH_LINK_TARGET)
        .and(Self::PATH_RENAME_SOURCE)
        .and(Self::PATH_RENAME_TARGET)
        .and(Self::PATH_FILESTAT_SET_SIZE)
        .and(Self::PATH_FILESTAT_SET_TIMES)
        .and(Self::PATH_SYMLINK)
        .and(Self::PATH_REMOVE_DIRECTORY)
        .and(Self::PATH_UNLINK_FILE);

    /// What can be done with a stream that has no place to seek to.
    pub(super) const STREAM: Self =
        Self::FD_FDSTAT_SET_FLAGS.and(Self::FD_FILESTAT_GET).and(Self::POLL_FD_READWRITE);

    /// What can be done with a connection.
    pub(super) const CONNECTION: Self =
        Self::STREAM.and(Self::FD_READ).and(Self::FD_WRITE).and(Self::SOCK_SHUTDOWN);

    /// What can be done with a listener.
    pub(super) const LISTENER: Self = Self::STREAM.and(Self::SOCK_ACCEPT);

    /// Both sets together.
    pub(super) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What is in both sets.
    pub(super) const fn only(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// This set without another.
    pub(super) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether all of `other` is in this set.
    #[inline]
    pub(super) const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether any of `other` is in this set.
    pub(super) const fn has_any(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}
