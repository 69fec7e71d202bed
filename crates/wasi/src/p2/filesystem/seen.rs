use super::Descriptor;
use super::convert::hash;
use crate::p2::bindings::wasi::filesystem::types::{MetadataHashValue, PathFlags};
use wayleave_component::Borrow;
use wayleave_system::fs::Stat;

/// What the call just before has seen at a path. C libraries ask for a file's metadata and then for
/// its hash, as one question in two calls: the second need not go to the system again.
pub(in crate::p2) struct Seen {
    dir: u32,
    flags: PathFlags,
    path: String,
    hash: MetadataHashValue,
}

impl Seen {
    pub(super) fn new(dir: Borrow<Descriptor>, flags: PathFlags, path: &str, stat: &Stat) -> Self {
        Self { dir: dir.rep(), flags, path: path.to_owned(), hash: hash(stat) }
    }

    /// The hash, if it is the same question.
    pub(super) fn hash_of(
        self,
        dir: Borrow<Descriptor>,
        flags: PathFlags,
        path: &str,
    ) -> Option<MetadataHashValue> {
        (self.dir == dir.rep() && self.flags == flags && self.path == path).then_some(self.hash)
    }
}
