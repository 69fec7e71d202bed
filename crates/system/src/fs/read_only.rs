use super::forward::{forward_dir, forward_file};
use super::refuse::{refuse_dir_changes, refuse_file_changes};
use super::{Dir, File, Node, OpenOptions};
use crate::{ErrorCode, Result};
use std::sync::Arc;

/// A folder of which nothing can be changed, nor of anything that is opened through it.
pub struct ReadOnly {
    dir: Arc<dyn Dir>,
}

impl ReadOnly {
    /// `dir`, to look at only.
    #[must_use]
    pub fn new(dir: Arc<dyn Dir>) -> Self {
        Self { dir }
    }

    /// Opens what exists already, though it was allowed to create it.
    fn open_existing(&self, path: &str, options: &OpenOptions) -> Result<Node> {
        if options.directory {
            return Err(ErrorCode::Invalid);
        }
        if options.exclusive {
            return match self.dir.stat_at(path, false) {
                Ok(_) => Err(ErrorCode::Exists),
                Err(error) => Err(missing_is_read_only(error)),
            };
        }
        let existing = OpenOptions { create: false, ..*options };
        match self.dir.open(path, &existing).map_err(missing_is_read_only)? {
            Node::Dir(_) => Err(ErrorCode::IsDirectory),
            file @ Node::File(_) => Ok(file),
        }
    }
}

fn handed_out(node: Node) -> Node {
    match node {
        Node::Dir(dir) => Node::Dir(Arc::new(ReadOnly { dir })),
        Node::File(file) => Node::File(Arc::new(ReadOnlyFile::new(file))),
    }
}

fn missing_is_read_only(error: ErrorCode) -> ErrorCode {
    if error == ErrorCode::NoEntry { ErrorCode::ReadOnly } else { error }
}

impl Dir for ReadOnly {
    fn open(&self, path: &str, options: &OpenOptions) -> Result<Node> {
        if options.write || options.append || options.truncate {
            return Err(ErrorCode::ReadOnly);
        }
        let node = if options.create {
            self.open_existing(path, options)
        } else {
            self.dir.open(path, options)
        };
        node.map(handed_out)
    }

    fn open_direct(&self, path: &str, options: &OpenOptions) -> Option<Result<Node>> {
        if options.write || options.append || options.truncate || options.create {
            return None;
        }
        Some(self.dir.open_direct(path, options)?.map(handed_out))
    }

    forward_dir!(dir, but set_permissions: stat_at, read_link, stat, sync, entries);
    refuse_dir_changes!();
}

/// A file that was opened for reading. The system would refuse to write to it, but not to set its
/// times.
pub(super) struct ReadOnlyFile {
    file: Arc<dyn File>,
}

impl ReadOnlyFile {
    pub(super) fn new(file: Arc<dyn File>) -> Self {
        Self { file }
    }
}

impl File for ReadOnlyFile {
    forward_file!(file, but set_permissions: read, read_at, seek, kind, stat, advise, sync, available, readiness);
    refuse_file_changes!();
}
