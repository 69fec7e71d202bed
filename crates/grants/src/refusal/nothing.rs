use wayleave_system::fs::{
    Dir, Entries, FileKind, Node, OpenOptions, SetTime, Stat, SyncKind, Timestamp,
};
use wayleave_system::{ErrorCode, Result};

/// A folder in which nothing is: every path is missing, as a guest's library says of paths for which
/// it has no folder.
pub(super) struct Nothing;

impl Dir for Nothing {
    fn open(&self, _: &str, _: &OpenOptions) -> Result<Node> {
        Err(ErrorCode::NoEntry)
    }

    fn stat_at(&self, _: &str, _: bool) -> Result<Stat> {
        Err(ErrorCode::NoEntry)
    }

    fn set_times_at(&self, _: &str, _: bool, _: SetTime, _: SetTime) -> Result<()> {
        Err(ErrorCode::NoEntry)
    }

    fn create_dir(&self, _: &str) -> Result<()> {
        Err(ErrorCode::NoEntry)
    }

    fn remove_dir(&self, _: &str) -> Result<()> {
        Err(ErrorCode::NoEntry)
    }

    fn remove_file(&self, _: &str) -> Result<()> {
        Err(ErrorCode::NoEntry)
    }

    fn symlink(&self, _: &str, _: &str) -> Result<()> {
        Err(ErrorCode::NoEntry)
    }

    fn read_link(&self, _: &str) -> Result<Vec<u8>> {
        Err(ErrorCode::NoEntry)
    }

    fn rename_to(&self, _: &str, _: &dyn Dir, _: &str) -> Result<()> {
        Err(ErrorCode::NoEntry)
    }

    fn link_to(&self, _: &str, _: bool, _: &dyn Dir, _: &str) -> Result<()> {
        Err(ErrorCode::NoEntry)
    }

    fn stat(&self) -> Result<Stat> {
        Ok(Stat {
            device: 0,
            inode: 0,
            kind: FileKind::Directory,
            links: 1,
            size: 0,
            accessed: Timestamp::default(),
            modified: Timestamp::default(),
            changed: Timestamp::default(),
        })
    }

    fn set_times(&self, _: SetTime, _: SetTime) -> Result<()> {
        Err(ErrorCode::NoEntry)
    }

    fn sync(&self, _: SyncKind) -> Result<()> {
        Ok(())
    }

    fn entries(&self) -> Result<Box<dyn Entries>> {
        Err(ErrorCode::NoEntry)
    }

    // Not read-only, so that whatever is tried is told as missing.
    fn is_read_only(&self) -> bool {
        false
    }
}
