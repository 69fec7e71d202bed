use crate::fs::FileKind;

/// A path at which an overlay differs from its lower folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The path from the overlay's top; bytes that are not UTF-8 are replaced.
    pub path: String,
    /// What happened to it.
    pub change: ChangeKind,
    /// What is there now, or, of what was deleted, was there.
    pub kind: FileKind,
    /// Its size in bytes, of files and symbolic links; 0 for anything else.
    pub size: u64,
}

/// What happened to a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChangeKind {
    /// It is in the lower folder, and no longer to be seen.
    Deleted,
    /// It is there now, and not in the lower folder.
    Added,
    /// Its contents or its time of modification are different.
    Modified,
}
