use crate::support::*;
use wayleave_system::ErrorCode;
use wayleave_system::fs::SetTime::{Keep, Now, To};
use wayleave_system::fs::Timestamp;

const fn at(seconds: i64, nanoseconds: u32) -> Timestamp {
    Timestamp { seconds, nanoseconds }
}

#[test]
fn of_files_folders_and_links() {
    each(|dir| {
        put(&*dir, "file", b"");
        dir.create_dir("dir").unwrap();
        dir.symlink("file", "link").unwrap();
        let modified = |path, follow| dir.stat_at(path, follow).unwrap().modified;
        let (old, older) = (at(1_000_000, 5), at(-7, 999_999_999));

        dir.set_times_at("link", false, Keep, To(older)).unwrap();
        assert_eq!(modified("link", false), older);
        assert_ne!(modified("file", false), older);
        dir.set_times_at("link", true, To(older), To(old)).unwrap();
        assert_eq!(modified("link", false), older);
        assert_eq!(modified("link", true), old);
        assert_eq!(dir.stat_at("file", false).unwrap().accessed, older);
        dir.set_times_at("dir/", false, Keep, To(old)).unwrap();
        assert_eq!(modified("dir", true), old);
        assert_eq!(dir.set_times_at("file/", false, Keep, To(old)), Err(ErrorCode::NotDirectory));

        let file = file(dir.open("file", &READ));
        file.set_times(Keep, Now).unwrap();
        let stat = file.stat().unwrap();
        assert!(stat.modified > old);
        assert_eq!(stat.accessed, older);
        dir.set_times(To(old), To(old)).unwrap();
        assert_eq!(dir.stat().unwrap().modified, old);
    });
}

#[test]
fn extremes() {
    each(|dir| {
        put(&*dir, "file", b"");
        let file = file(dir.open("file", &READ));
        for seconds in [i64::MIN, i64::MIN + 1, -1, 0, 1, i64::MAX - 1, i64::MAX] {
            for nanoseconds in [0, 1, 999_999_999] {
                let time = To(at(seconds, nanoseconds));
                // The file system may move it to the nearest time that it can hold.
                let _ = dir.set_times_at("file", false, time, time);
                let _ = file.set_times(time, time);
                file.stat().unwrap();
                dir.stat_at("file", true).unwrap();
            }
            // Among them the numbers that mean "now" and "keep" to the system.
            for nanoseconds in [1_000_000_000, (1 << 30) - 1, (1 << 30) - 2, u32::MAX] {
                let time = To(at(seconds, nanoseconds));
                assert_eq!(file.set_times(time, Keep), Err(ErrorCode::Invalid));
                assert_eq!(dir.set_times(Keep, time), Err(ErrorCode::Invalid));
                assert_eq!(dir.set_times_at("file", true, Keep, time), Err(ErrorCode::Invalid));
            }
        }
    });
}
