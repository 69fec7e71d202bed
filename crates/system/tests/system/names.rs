//! Making and removing.

use crate::support::*;
use wayleave_system::ErrorCode;

#[test]
fn create_dir() {
    each(|dir| {
        put(&*dir, "file", b"");
        dir.symlink("nowhere", "dangling").unwrap();
        assert_eq!(dir.create_dir("plain"), Ok(()));
        assert_eq!(dir.create_dir("slash//"), Ok(()));
        assert_eq!(dir.create_dir("plain/below"), Ok(()));
        for existing in ["plain", "plain/", ".", "./", "plain/.", "plain/..", "file", "file/"] {
            assert_eq!(dir.create_dir(existing), Err(ErrorCode::Exists), "{existing}");
        }
        assert_eq!(dir.create_dir("dangling"), Err(ErrorCode::Exists));
        assert_eq!(dir.create_dir("dangling/"), Err(ErrorCode::Exists));
        assert_eq!(dir.create_dir("dangling/x"), Err(ErrorCode::NoEntry));
        assert_eq!(dir.create_dir("file/x"), Err(ErrorCode::NotDirectory));
        assert_eq!(list(&*dir), ["dangling", "file", "plain", "slash"]);
    });
}

#[test]
fn remove_dir() {
    each(|dir| {
        put(&*dir, "file", b"");
        dir.create_dir("full").unwrap();
        dir.create_dir("full/below").unwrap();
        dir.symlink("full", "link").unwrap();
        assert_eq!(dir.remove_dir("file"), Err(ErrorCode::NotDirectory));
        assert_eq!(dir.remove_dir("file/"), Err(ErrorCode::NotDirectory));
        assert_eq!(dir.remove_dir("link"), Err(ErrorCode::NotDirectory));
        assert_eq!(dir.remove_dir("link/"), Err(ErrorCode::NotDirectory));
        assert_eq!(dir.remove_dir("full"), Err(ErrorCode::NotEmpty));
        assert_eq!(dir.remove_dir("."), Err(ErrorCode::Invalid));
        assert_eq!(dir.remove_dir("full/."), Err(ErrorCode::Invalid));
        assert_eq!(dir.remove_dir("full/.."), Err(ErrorCode::NotEmpty));
        assert_eq!(dir.remove_dir("missing"), Err(ErrorCode::NoEntry));
        assert_eq!(dir.remove_dir("link/below/"), Ok(()));
        assert_eq!(dir.remove_dir("full"), Ok(()));
        assert_eq!(list(&*dir), ["file", "link"]);
    });
}

#[test]
fn remove_file() {
    each(|dir| {
        put(&*dir, "file", b"");
        dir.create_dir("dir").unwrap();
        dir.symlink("dir", "link").unwrap();
        for folder in ["dir", "dir/", ".", "dir/..", "dir/."] {
            assert_eq!(dir.remove_file(folder), Err(ErrorCode::IsDirectory), "{folder}");
        }
        assert_eq!(dir.remove_file("file/"), Err(ErrorCode::NotDirectory));
        assert_eq!(dir.remove_file("link/"), Err(ErrorCode::NotDirectory));
        assert_eq!(dir.remove_file("missing"), Err(ErrorCode::NoEntry));
        assert_eq!(dir.remove_file("missing/"), Err(ErrorCode::NoEntry));
        assert_eq!(dir.remove_file("link"), Ok(()));
        assert_eq!(dir.remove_file("file"), Ok(()));
        assert_eq!(list(&*dir), ["dir"]);
    });
}

#[test]
fn open_files_and_folders_outlive_their_names() {
    each(|dir| {
        put(&*dir, "file", b"still here");
        let open = file(dir.open("file", &READ));
        dir.remove_file("file").unwrap();
        put(&*dir, "file", b"another");
        assert_eq!(read(&*open, 100), b"still here");
        assert_eq!(open.stat().unwrap().links, 0);

        dir.create_dir("dir").unwrap();
        let gone = folder(dir.open("dir", &DIRECTORY));
        dir.remove_dir("dir").unwrap();
        dir.create_dir("dir").unwrap();
        assert_eq!(gone.create_dir("x"), Err(ErrorCode::NoEntry));
        assert_eq!(opened(gone.open("x", &CREATE)), Err(ErrorCode::NoEntry));
        assert_eq!(gone.symlink("x", "y"), Err(ErrorCode::NoEntry));
        assert_eq!(list(&*dir), ["dir", "file"]);
    });
}
