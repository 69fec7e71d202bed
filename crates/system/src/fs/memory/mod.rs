//! Files and folders in memory, with the rules of a POSIX file system.

mod contents;
mod dir;
mod entries;
mod file;
mod inode;
mod names;
mod open;
mod quota;
mod rename;
mod volume;

pub use dir::MemoryDir;
pub use file::MemoryFile;
