use crate::support::*;
use std::sync::Arc;
use wayleave_system::ErrorCode;
use wayleave_system::fs::{Dir, FileKind, MemoryDir, Resolver, link, rename};

#[test]
fn folders() {
    each(|dir| {
        let to = |from, to| rename(&*dir, from, &*dir, to);
        dir.create_dir("source").unwrap();
        assert_eq!(to("source/", "target"), Ok(()));
        assert_eq!(to("target", "source/"), Ok(()));
        assert_eq!(to("source/", "target/"), Ok(()));
        assert_eq!(to("source", "target"), Err(ErrorCode::NoEntry));
        assert_eq!(to("target", "target"), Ok(()));
        dir.create_dir("empty").unwrap();
        assert_eq!(to("target", "empty"), Ok(()));
        put(&*dir, "empty/file", b"");
        dir.create_dir("other").unwrap();
        assert_eq!(to("other", "empty"), Err(ErrorCode::NotEmpty));
        assert_eq!(to("other", "empty/file"), Err(ErrorCode::NotDirectory));
        assert_eq!(to("empty/file", "other"), Err(ErrorCode::IsDirectory));
        assert_eq!(to("empty", "empty/below"), Err(ErrorCode::Invalid));
        assert_eq!(to("empty/file", "empty"), Err(ErrorCode::NotEmpty));
        for dots in [".", "other/.", "other/.."] {
            assert_eq!(to(dots, "x"), Err(ErrorCode::Busy), "{dots}");
            assert_eq!(to("other", dots), Err(ErrorCode::Busy), "{dots}");
        }
        assert_eq!(to("empty", "other/moved"), Ok(()));
        assert_eq!(kind(&*dir, "other/moved/../moved/file"), Ok(FileKind::Regular));
    });
}

#[test]
fn files_and_links() {
    each(|dir| {
        let to = |from, to| rename(&*dir, from, &*dir, to);
        put(&*dir, "file", b"contents");
        assert_eq!(to("file/", "x"), Err(ErrorCode::NotDirectory));
        assert_eq!(to("file", "x/"), Err(ErrorCode::NotDirectory));
        dir.create_dir("dir").unwrap();
        dir.symlink("dir", "link").unwrap();
        // Slashes do not lead through a link here.
        assert_eq!(to("link/", "x"), Err(ErrorCode::NotDirectory));
        assert_eq!(to("dir", "link/"), Err(ErrorCode::NotDirectory));
        assert_eq!(to("link", "moved"), Ok(()));
        assert_eq!(dir.read_link("moved"), Ok(b"dir".to_vec()));
        assert_eq!(to("file", "moved"), Ok(()));
        assert_eq!(contents(&*dir, "moved"), b"contents");
        // Two names of one file: nothing to do.
        link(&*dir, "moved", false, &*dir, "second").unwrap();
        assert_eq!(to("moved", "second"), Ok(()));
        assert_eq!(list(&*dir), ["dir", "moved", "second"]);
    });
}

#[test]
fn between_folders() {
    each(|dir| {
        dir.create_dir("a").unwrap();
        dir.create_dir("b").unwrap();
        put(&*dir, "a/file", b"1");
        let (a, b) = (folder(dir.open("a", &READ)), folder(dir.open("b", &READ)));
        rename(&*a, "file", &*b, "renamed").unwrap();
        link(&*b, "renamed", false, &*a, "linked").unwrap();
        assert_eq!((list(&*a), list(&*b)), (vec!["linked".into()], vec!["renamed".into()]));
        // A folder is the capability to what is below it only.
        assert_eq!(rename(&*a, "../b/renamed", &*a, "x"), Err(ErrorCode::NotCapable));
        assert_eq!(rename(&*a, "linked", &*a, "../x"), Err(ErrorCode::NotCapable));
    });
}

#[test]
fn between_providers() {
    let sandbox = Sandbox::new();
    let os: Arc<dyn Dir> = sandbox.open(Resolver::Kernel);
    let walk: Arc<dyn Dir> = sandbox.open(Resolver::Walk);
    let memory: Arc<dyn Dir> = Arc::new(MemoryDir::new(10_000));
    let other: Arc<dyn Dir> = Arc::new(MemoryDir::new(10_000));
    for dir in [&os, &memory] {
        put(&**dir, "file", b"");
    }
    for (from, to) in [(&os, &memory), (&memory, &os), (&memory, &other)] {
        assert_eq!(rename(&**from, "file", &**to, "x"), Err(ErrorCode::CrossDevice));
        assert_eq!(link(&**from, "file", false, &**to, "x"), Err(ErrorCode::CrossDevice));
    }
    assert_eq!(rename(&*os, "file", &*walk, "moved"), Ok(()));
}
