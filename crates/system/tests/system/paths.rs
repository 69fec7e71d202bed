//! What a path may look like, and what a slash behind it asks for.

use crate::support::*;
use wayleave_system::ErrorCode;
use wayleave_system::fs::{FileKind, OpenOptions};

#[test]
fn dots_and_doubled_slashes() {
    each(|dir| {
        dir.create_dir("dir").unwrap();
        dir.create_dir("dir/nested").unwrap();
        put(&*dir, "dir/nested/file", b"here");
        let open = |path| opened(dir.open(path, &READ));
        assert_eq!(open("dir/.//nested/../../dir/nested/../nested///./file"), Ok("file"));
        assert_eq!(open("dir/nested/"), Ok("folder"));
        assert_eq!(open("dir/nested///"), Ok("folder"));
        assert_eq!(open("."), Ok("folder"));
        assert_eq!(open("./"), Ok("folder"));
        assert_eq!(open("dir/.."), Ok("folder"));
        assert_eq!(open("dir/nested/file/"), Err(ErrorCode::NotDirectory));
        assert_eq!(open("dir/nested/file/."), Err(ErrorCode::NotDirectory));
        assert_eq!(open("dir/nested/file/.."), Err(ErrorCode::NotDirectory));
        assert_eq!(open("missing/.."), Err(ErrorCode::NoEntry));
    });
}

/// Each of these, for every operation that takes a path.
#[test]
fn refused_paths() {
    let long = "n".repeat(5000);
    let refused = [
        ("", ErrorCode::NoEntry),
        ("/", ErrorCode::NotCapable),
        ("/dir", ErrorCode::NotCapable),
        ("..", ErrorCode::NotCapable),
        ("../outside/secret", ErrorCode::NotCapable),
        ("dir/../..", ErrorCode::NotCapable),
        ("dir/../../inside/dir", ErrorCode::NotCapable),
        ("dir\0", ErrorCode::Invalid),
        (&long, ErrorCode::NameTooLong),
    ];
    each(|dir| {
        dir.create_dir("dir").unwrap();
        put(&*dir, "file", b"");
        for (path, error) in refused {
            let error = Err(error);
            let keep = wayleave_system::fs::SetTime::Keep;
            for options in [READ, FOLLOW, DIRECTORY, CREATE] {
                assert_eq!(opened(dir.open(path, &options)).map(drop), error, "{path:?}");
            }
            assert_eq!(dir.stat_at(path, false).map(drop), error, "{path:?}");
            assert_eq!(dir.stat_at(path, true).map(drop), error, "{path:?}");
            assert_eq!(dir.set_times_at(path, true, keep, keep), error, "{path:?}");
            assert_eq!(dir.create_dir(path), error, "{path:?}");
            assert_eq!(dir.remove_dir(path), error, "{path:?}");
            assert_eq!(dir.remove_file(path), error, "{path:?}");
            assert_eq!(dir.symlink("file", path), error, "{path:?}");
            assert_eq!(dir.read_link(path).map(drop), error, "{path:?}");
            assert_eq!(dir.rename_to(path, &*dir, "new"), error, "{path:?}");
            assert_eq!(dir.rename_to("file", &*dir, path), error, "{path:?}");
            assert_eq!(dir.link_to(path, false, &*dir, "new"), error, "{path:?}");
            assert_eq!(dir.link_to("file", false, &*dir, path), error, "{path:?}");
        }
        assert_eq!(list(&*dir), ["dir", "file"]);
    });
}

#[test]
fn names_have_255_bytes_at_most() {
    each(|dir| {
        let (fits, too_long) = ("n".repeat(255), "n".repeat(256));
        assert_eq!(dir.create_dir(&fits), Ok(()));
        assert_eq!(dir.create_dir(&too_long), Err(ErrorCode::NameTooLong));
        assert_eq!(kind(&*dir, &too_long), Err(ErrorCode::NameTooLong));
        assert_eq!(opened(dir.open(&too_long, &CREATE)), Err(ErrorCode::NameTooLong));
    });
}

#[test]
fn opening() {
    each(|dir| {
        dir.create_dir("dir").unwrap();
        put(&*dir, "file", b"12345");
        dir.symlink("dir", "to-dir").unwrap();
        dir.symlink("file", "to-file").unwrap();
        dir.symlink("missing", "dangling").unwrap();
        let open = |path, options| opened(dir.open(path, &options));
        let exclusive = OpenOptions { exclusive: true, ..CREATE };
        let follow_dir = OpenOptions { follow: true, ..DIRECTORY };
        let create_dir = OpenOptions { create: true, ..DIRECTORY };
        let write_dir = OpenOptions { write: true, ..DIRECTORY };

        assert_eq!(open("missing", READ), Err(ErrorCode::NoEntry));
        assert_eq!(open("file", OpenOptions::default()), Ok("file"));
        assert_eq!(open("file", exclusive), Err(ErrorCode::Exists));
        assert_eq!(open("to-file", exclusive), Err(ErrorCode::Exists));
        assert_eq!(open("dangling", exclusive), Err(ErrorCode::Exists));
        assert_eq!(open("dir", CREATE), Err(ErrorCode::IsDirectory));
        assert_eq!(open("dir", WRITE), Err(ErrorCode::IsDirectory));
        assert_eq!(open(".", write_dir), Err(ErrorCode::IsDirectory));
        assert_eq!(open("new/", CREATE), Err(ErrorCode::IsDirectory));
        assert_eq!(open("new", create_dir), Err(ErrorCode::Invalid));
        assert_eq!(open("file", DIRECTORY), Err(ErrorCode::NotDirectory));

        assert_eq!(open("to-dir", READ), Err(ErrorCode::Loop));
        assert_eq!(open("to-file", READ), Err(ErrorCode::Loop));
        assert_eq!(open("dangling", READ), Err(ErrorCode::Loop));
        assert_eq!(open("to-dir", DIRECTORY), Err(ErrorCode::NotDirectory));
        assert_eq!(open("to-dir", FOLLOW), Ok("folder"));
        assert_eq!(open("to-dir", follow_dir), Ok("folder"));
        assert_eq!(open("to-file", FOLLOW), Ok("file"));
        assert_eq!(open("to-file", follow_dir), Err(ErrorCode::NotDirectory));
        assert_eq!(open("dangling", FOLLOW), Err(ErrorCode::NoEntry));

        // A slash follows the link.
        assert_eq!(open("to-dir/", READ), Ok("folder"));
        assert_eq!(open("to-file/", READ), Err(ErrorCode::NotDirectory));
        assert_eq!(kind(&*dir, "to-dir/"), Ok(FileKind::Directory));
        assert_eq!(kind(&*dir, "to-dir"), Ok(FileKind::SymbolicLink));
        assert_eq!(kind(&*dir, "to-file/"), Err(ErrorCode::NotDirectory));

        // Created where the link leads.
        assert_eq!(open("dangling", OpenOptions { follow: true, ..CREATE }), Ok("file"));
        assert_eq!(kind(&*dir, "missing"), Ok(FileKind::Regular));
        assert_eq!(list(&*dir), ["dangling", "dir", "file", "missing", "to-dir", "to-file"]);
    });
}
