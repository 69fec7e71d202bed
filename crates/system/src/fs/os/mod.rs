//! Files and folders of the operating system.

mod dir;
mod entries;
mod file;
mod links;
mod names;
mod open;
mod resolve;
mod stat;
mod times;
mod transfer;

pub use dir::OsDir;
pub use file::OsFile;
pub use resolve::Resolver;
