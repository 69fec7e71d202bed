//! Tar and zip files as folders that can be read.
//!
//! Opening an image reads its tables: names, kinds, times, and where the contents lie. Contents are
//! read from the archive when a guest reads them; what is deflated is unpacked a block at a time
//! ([`unpack`]). What an image can cost its host is bounded, whatever the archive says:
//!
//! - its tables are at most 64 MiB ([`MOST_TABLE`]) and 262,144 names ([`MOST_NAMES`]), and so are
//!   the texts of its symbolic links;
//! - unpacking takes at most 27 MiB, for the image as a whole, and no member is believed to unpack
//!   to more than Deflate can (1,032 times its size), nor to lie where another does.
//!
//! Guests know nothing of permissions; they are kept for overlays that copy members. Devices and
//! pipes are left aside. Checksums of contents are not looked at.

mod dir;
mod entries;
mod file;
mod source;
mod tar;
mod tree;
mod unpack;
mod zip;

pub use dir::Image;

use crate::ErrorCode;
use source::Source;
use std::path::Path;

/// How many bytes of an archive are read for names, kinds and times.
const MOST_TABLE: u64 = 64 << 20;

/// How many names an image has, those of folders that are only implied among them.
const MOST_NAMES: usize = 1 << 18;

/// Why a file can not be used as an image.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ImageError {
    /// The file can not be opened or read.
    #[error("{0}")]
    Open(ErrorCode),
    /// It is some other kind of file.
    #[error("it is neither a tar nor a zip file")]
    Unknown,
    /// It is compressed as a whole: nothing in it could be read without unpacking all before it.
    #[error("it is compressed ({0}); unpack it to a tar file first")]
    Compressed(&'static str),
    /// It contradicts itself, or ends too early.
    #[error("it is damaged: {0}")]
    Damaged(String),
    /// It has more names, or larger tables, than an image may have.
    #[error("it has too much in it: {0}")]
    TooMuch(String),
    /// One of its members can not be in an image.
    #[error("its member {name:?} {reason}")]
    Member {
        /// The member's name.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl ImageError {
    fn member(name: &[u8], reason: impl Into<String>) -> Self {
        let name = String::from_utf8_lossy(name).into_owned();
        Self::Member { name, reason: reason.into() }
    }
}

impl From<ErrorCode> for ImageError {
    fn from(code: ErrorCode) -> Self {
        Self::Open(code)
    }
}

impl Image {
    /// Opens an archive by its path, with all the rights of this process: for the embedder, never
    /// for a guest.
    ///
    /// # Errors
    /// Why it can not be used.
    pub fn open_ambient(path: &Path) -> Result<Self, ImageError> {
        // To open a pipe is to wait for somebody who writes to it.
        if !path.metadata().map_err(ErrorCode::from)?.is_file() {
            return Err(ImageError::Unknown);
        }
        Self::new(std::fs::File::open(path).map_err(ErrorCode::from)?)
    }

    /// An archive that is open. It must not change any more; if it does, what guests read of it is
    /// wrong or an error.
    ///
    /// # Errors
    /// Why it can not be used.
    pub fn new(file: std::fs::File) -> Result<Self, ImageError> {
        let source = Source::new(file)?;
        let mut start = [0; 512];
        let read = source.read_some_at(&mut start, 0)?;
        let start = &start[..read];
        if let Some(compression) = compression(start) {
            return Err(ImageError::Compressed(compression));
        }
        let members =
            if tar::is_tar(start) { tar::members(&source) } else { zip::members(&source) }?;
        Ok(Self::top(members.into_tree(source)))
    }
}

/// What a file is compressed with, by how it starts.
fn compression(start: &[u8]) -> Option<&'static str> {
    let marks: [(&[u8], &str); 6] = [
        (b"\x1f\x8b", "gzip"),
        (b"BZh", "bzip2"),
        (b"\xfd7zXZ\0", "xz"),
        (b"\x28\xb5\x2f\xfd", "zstd"),
        (b"\x04\x22\x4d\x18", "lz4"),
        (b"7z\xbc\xaf\x27\x1c", "7-Zip"),
    ];
    marks.iter().find(|(mark, _)| start.starts_with(mark)).map(|(_, name)| *name)
}
