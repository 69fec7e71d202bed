//! Symbolic links that lead out, and every operation on them.

use crate::support::*;
use std::os::unix::fs::symlink;
use wayleave_system::ErrorCode;
use wayleave_system::fs::{OpenOptions, SetTime, rename};

/// Every way to open.
pub(crate) fn all_options() -> impl Iterator<Item = OpenOptions> {
    (0..256_u32).map(|bits| {
        let bit = |number: u32| bits & (1 << number) != 0;
        OpenOptions {
            read: bit(0),
            write: bit(1),
            append: bit(2),
            create: bit(3),
            exclusive: bit(4),
            truncate: bit(5),
            directory: bit(6),
            follow: bit(7),
            sync: None,
        }
    })
}

#[test]
fn nothing_leads_outside() {
    each_os(|sandbox, dir| {
        let outside = sandbox.outside();
        let secret = outside.join("secret");
        let inside = sandbox.inside();
        let links = [
            ("absolute", outside.to_str().unwrap()),
            ("absolute-file", secret.to_str().unwrap()),
            ("relative", "../outside"),
            ("relative-file", "../outside/secret"),
            ("slash", "../outside/"),
            ("chained", "relative"),
            ("chained-slash", "slash/"),
            ("dangling", "../outside/new"),
            ("back", "../inside"),
            ("root", "/"),
        ];
        for (name, target) in links {
            symlink(target, inside.join(name)).unwrap();
        }
        symlink("loop", inside.join("loop")).unwrap();
        put(&*dir, "file", b"");
        dir.create_dir("dir").unwrap();
        let time = SetTime::To(Default::default());

        for (name, target) in links {
            let below = ["", "/", "//", "/.", "/secret", "/new", "/../outside/secret"];
            for path in below.map(|rest| format!("{name}{rest}")) {
                for options in all_options() {
                    assert!(dir.open(&path, &options).is_err(), "{path} {options:?}");
                }
                if path != name {
                    assert!(dir.stat_at(&path, false).is_err(), "{path}");
                    assert!(dir.set_times_at(&path, false, time, time).is_err(), "{path}");
                    assert!(dir.read_link(&path).is_err(), "{path}");
                    assert!(dir.remove_file(&path).is_err(), "{path}");
                    assert!(dir.link_to(&path, false, &*dir, "hard").is_err(), "{path}");
                    assert!(rename(&*dir, &path, &*dir, "moved").is_err(), "{path}");
                    assert!(rename(&*dir, "dir", &*dir, &path).is_err(), "{path}");
                }
                assert_eq!(dir.stat_at(&path, true), Err(ErrorCode::NotCapable), "{path}");
                assert!(dir.set_times_at(&path, true, time, time).is_err(), "{path}");
                assert!(dir.link_to(&path, true, &*dir, "hard").is_err(), "{path}");
                assert!(dir.create_dir(&path).is_err(), "{path}");
                assert!(dir.remove_dir(&path).is_err(), "{path}");
                assert!(dir.symlink("x", &path).is_err(), "{path}");
                assert!(dir.link_to("file", false, &*dir, &path).is_err(), "{path}");
                sandbox.check_outside();
            }
            assert_eq!(dir.read_link(name), Ok(target.as_bytes().to_vec()));
        }
        for options in all_options() {
            assert!(dir.open("loop", &options).is_err());
            assert!(dir.open("loop/x", &options).is_err());
        }
    });
}

/// A guest may make links upwards: they are of no use to it.
#[test]
fn links_that_the_guest_makes_itself() {
    each(|dir| {
        dir.create_dir("a").unwrap();
        dir.symlink("../../etc/passwd", "a/up").unwrap();
        dir.symlink("..", "a/parent").unwrap();
        dir.symlink("a/parent/..", "twice").unwrap();
        for options in all_options().filter(|options| !options.exclusive) {
            assert!(dir.open("a/up", &options).is_err());
            assert!(dir.open("twice", &options).is_err());
        }
        assert_eq!(dir.stat_at("a/up", true), Err(ErrorCode::NotCapable));
        assert_eq!(dir.stat_at("twice/", false), Err(ErrorCode::NotCapable));
        // Harmless as long as they stay below.
        assert_eq!(opened(dir.open("a/parent", &FOLLOW)), Ok("folder"));
        let a = folder(dir.open("a", &READ));
        assert_eq!(opened(a.open("parent", &FOLLOW)), Err(ErrorCode::NotCapable));
        // Moving one deeper does not make it lead out either.
        rename(&*dir, "a/parent", &*dir, "parent").unwrap();
        assert_eq!(opened(dir.open("parent", &FOLLOW)), Err(ErrorCode::NotCapable));
    });
}
