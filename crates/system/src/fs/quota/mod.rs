//! A folder with limits.
//!
//! # What is counted
//!
//! - **Bytes** of regular files by their sizes, holes included, and of the texts of symbolic links:
//!   by how much all of them together have grown through this mount. What shrinks, by truncation,
//!   gives its bytes back at once; what is removed, when its last name is gone and nobody has it
//!   open through this mount. A hard link costs no bytes.
//! - **Files**: names that were made through this mount and are still there, of files, folders and
//!   links. Removing a name gives one back, and so does renaming over one.
//! - **Open** files and folders: handles, until they are closed. The mount's own is none of them.
//!
//! Removing or shrinking what was there before gives back as well, but never more than was taken:
//! the count stops at nothing, so that a guest can not save up. So the host never has more than it
//! had, and the limit. What others do to the files is not counted.
//!
//! An overlay stores more than its view grows by: where that is to be limited, the limits belong
//! around its upper folder.

mod account;
mod dir;
mod file;
mod inode;

pub use dir::Quota;

use crate::refusal::LimitWatch;

/// What may be done through one [`Quota`]. The default limits nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QuotaLimits {
    /// By how many bytes all files together may grow; beyond, writes are
    /// [`Quota`](crate::ErrorCode::Quota), as a whole.
    pub bytes: Option<u64>,
    /// How many names may be added, of files, folders and links; beyond,
    /// [`Quota`](crate::ErrorCode::Quota).
    pub files: Option<u64>,
    /// To how many bytes one file may grow; beyond, [`FileTooBig`](crate::ErrorCode::FileTooBig).
    /// Larger files that are there already can be changed, not extended.
    pub file_size: Option<u64>,
    /// How many files and folders may be open at a time; beyond,
    /// [`TooManyOpen`](crate::ErrorCode::TooManyOpen).
    pub open_files: Option<u64>,
}

/// Who is told of what is beyond [`QuotaLimits`].
#[derive(Clone, Debug, Default)]
pub struct QuotaWatch {
    /// Of bytes.
    pub bytes: LimitWatch,
    /// Of names.
    pub files: LimitWatch,
    /// Of the bytes of one file.
    pub file_size: LimitWatch,
    /// Of open files and folders.
    pub open_files: LimitWatch,
}

impl QuotaLimits {
    /// Whether sizes of files have to be known.
    fn sizes(&self) -> bool {
        self.bytes.is_some() || self.file_size.is_some()
    }
}
