//! Symbolic and hard links.

use crate::support::*;
use wayleave_system::ErrorCode;
use wayleave_system::fs::{FileKind, link};

#[test]
fn symlink() {
    each(|dir| {
        let make = |target, path| dir.symlink(target, path);
        put(&*dir, "file", b"");
        dir.create_dir("dir").unwrap();
        assert_eq!(make("", "x"), Err(ErrorCode::NoEntry));
        assert_eq!(make("/", "x"), Err(ErrorCode::NotCapable));
        assert_eq!(make("/etc/passwd", "x"), Err(ErrorCode::NotCapable));
        assert_eq!(make("a\0b", "x"), Err(ErrorCode::Invalid));
        assert_eq!(make("source", "new/"), Err(ErrorCode::NoEntry));
        for existing in ["file", "file/", "dir", "dir/", ".", "dir/..", "dir/."] {
            assert_eq!(make("source", existing), Err(ErrorCode::Exists), "{existing}");
        }
        assert_eq!(make("dir//", "new"), Ok(()));
        assert_eq!(dir.read_link("new"), Ok(b"dir//".to_vec()));
        assert_eq!(make("source", "new/"), Err(ErrorCode::Exists));
        assert_eq!(dir.stat_at("new", false).unwrap().size, 5);
        assert_eq!(list(&*dir), ["dir", "file", "new"]);
    });
}

#[test]
fn read_link() {
    each(|dir| {
        put(&*dir, "file", b"");
        dir.symlink("..", "up").unwrap();
        dir.symlink("file", "link").unwrap();
        assert_eq!(dir.read_link("up"), Ok(b"..".to_vec()));
        assert_eq!(dir.read_link("up/"), Err(ErrorCode::NotCapable));
        assert_eq!(dir.read_link("link/"), Err(ErrorCode::NotDirectory));
        assert_eq!(dir.read_link("file"), Err(ErrorCode::Invalid));
        assert_eq!(dir.read_link("."), Err(ErrorCode::Invalid));
        assert_eq!(dir.read_link("missing"), Err(ErrorCode::NoEntry));
        let long = "t/".repeat(1000);
        dir.symlink(&long, "long").unwrap();
        assert_eq!(dir.read_link("long"), Ok(long.into_bytes()));
    });
}

#[test]
fn hard_links() {
    each(|dir| {
        let make = |from, follow, to| link(&*dir, from, follow, &*dir, to);
        put(&*dir, "file", b"one");
        dir.create_dir("dir").unwrap();
        dir.symlink("missing", "dangling").unwrap();
        dir.symlink("dir/../file", "link").unwrap();
        dir.symlink("itself", "itself").unwrap();
        assert_eq!(make("file", false, "dir/second"), Ok(()));
        assert_eq!(dir.stat_at("file", false).unwrap().links, 2);
        put(&*dir, "dir/second", b"two");
        assert_eq!(contents(&*dir, "file"), b"two");
        assert_eq!(make("file", false, "file"), Err(ErrorCode::Exists));
        assert_eq!(make("file", false, "dir"), Err(ErrorCode::Exists));
        assert_eq!(make("file", false, "dangling"), Err(ErrorCode::Exists));
        assert_eq!(make("file", false, "new/"), Err(ErrorCode::NoEntry));
        assert_eq!(make("file/", false, "new"), Err(ErrorCode::NotDirectory));
        assert_eq!(make("dir", false, "new"), Err(ErrorCode::NotPermitted));
        assert_eq!(make(".", false, "new"), Err(ErrorCode::NotPermitted));
        assert_eq!(make("missing", false, "new"), Err(ErrorCode::NoEntry));
        assert_eq!(make("dangling", true, "new"), Err(ErrorCode::NoEntry));
        assert_eq!(make("itself", true, "new"), Err(ErrorCode::Loop));
        assert_eq!(make("itself", false, "third"), Ok(()));
        assert_eq!(kind(&*dir, "third"), Ok(FileKind::SymbolicLink));
        assert_eq!(make("link", true, "fourth"), Ok(()));
        assert_eq!(kind(&*dir, "fourth"), Ok(FileKind::Regular));
        assert_eq!(dir.stat_at("file", false).unwrap().links, 3);
    });
}
