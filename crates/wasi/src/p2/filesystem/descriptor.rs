use super::convert::kind;
use crate::p2::bindings::wasi::filesystem::types::{DescriptorFlags, DescriptorType, OpenFlags};
use std::sync::Arc;
use wayleave_system::fs::{Dir, File, Node, OpenOptions, SetTime, Stat, SyncKind};
use wayleave_system::{ErrorCode, Result};

/// An open file or folder.
pub(crate) struct Descriptor {
    node: Node,
    flags: DescriptorFlags,
}

impl Descriptor {
    pub(super) fn preopen(dir: Arc<dyn Dir>) -> Self {
        let flags = match dir.is_read_only() {
            true => DescriptorFlags::READ,
            false => DescriptorFlags::READ | DescriptorFlags::MUTATE_DIRECTORY,
        };
        Self { node: Node::Dir(dir), flags }
    }

    pub(super) fn flags(&self) -> DescriptorFlags {
        self.flags
    }

    #[inline]
    pub(super) fn file(&self) -> Result<&Arc<dyn File>> {
        match &self.node {
            Node::File(file) => Ok(file),
            Node::Dir(_) => Err(ErrorCode::IsDirectory),
        }
    }

    #[inline]
    pub(super) fn dir(&self) -> Result<&Arc<dyn Dir>> {
        match &self.node {
            Node::Dir(dir) => Ok(dir),
            Node::File(_) => Err(ErrorCode::NotDirectory),
        }
    }

    /// The file, if it was opened to be read.
    #[inline]
    pub(super) fn readable(&self) -> Result<&Arc<dyn File>> {
        self.file_with(DescriptorFlags::READ)
    }

    /// The file, if it was opened to be written to.
    #[inline]
    pub(super) fn writable(&self) -> Result<&Arc<dyn File>> {
        self.file_with(DescriptorFlags::WRITE)
    }

    #[inline]
    fn file_with(&self, needed: DescriptorFlags) -> Result<&Arc<dyn File>> {
        let file = self.file()?;
        if self.flags.contains(needed) { Ok(file) } else { Err(ErrorCode::BadDescriptor) }
    }

    pub(super) fn kind(&self) -> Result<DescriptorType> {
        match &self.node {
            Node::Dir(_) => Ok(DescriptorType::Directory),
            Node::File(file) => file.kind().map(kind),
        }
    }

    pub(super) fn stat(&self) -> Result<Stat> {
        match &self.node {
            Node::Dir(dir) => dir.stat(),
            Node::File(file) => file.stat(),
        }
    }

    pub(super) fn sync(&self, what: SyncKind) -> Result<()> {
        match &self.node {
            Node::Dir(dir) => dir.sync(what),
            Node::File(file) => file.sync(what),
        }
    }

    pub(super) fn set_times(&self, accessed: SetTime, modified: SetTime) -> Result<()> {
        match &self.node {
            Node::Dir(dir) => dir.set_times(accessed, modified),
            Node::File(file) => file.set_times(accessed, modified),
        }
    }

    /// Opens what is below a folder.
    pub(super) fn open(
        &self,
        path: &str,
        follow: bool,
        how: OpenFlags,
        flags: DescriptorFlags,
    ) -> Result<Self> {
        let dir = self.dir()?;
        let sync = match () {
            () if flags.contains(DescriptorFlags::FILE_INTEGRITY_SYNC) => Some(SyncKind::All),
            () if flags.contains(DescriptorFlags::DATA_INTEGRITY_SYNC) => Some(SyncKind::Data),
            () => None,
        };
        let options = OpenOptions {
            read: flags.contains(DescriptorFlags::READ),
            write: flags.contains(DescriptorFlags::WRITE),
            append: false,
            create: how.contains(OpenFlags::CREATE),
            exclusive: how.contains(OpenFlags::EXCLUSIVE),
            truncate: how.contains(OpenFlags::TRUNCATE),
            directory: how.contains(OpenFlags::DIRECTORY),
            follow,
            sync,
        };
        let node = dir.open(path, &options)?;
        // That a folder can be changed is its grant's to say, not its opener's.
        let flags = match &node {
            Node::Dir(dir) => Self::preopen(dir.clone()).flags,
            Node::File(_) => flags,
        };
        Ok(Self { node, flags })
    }
}
