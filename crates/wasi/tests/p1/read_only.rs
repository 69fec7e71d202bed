//! Folders that are granted read-only.

use crate::support::oflags::{CREAT, TRUNC};
use crate::support::{
    FOLLOW, Guest, Open, Provider, Sandbox, Stat, TestEngine, each_engine, errno, iovecs,
};
use std::sync::Arc;
use wayleave_system::fs::ReadOnly;

each_engine! {
    opening_changes_nothing_whatever_the_flags,
    no_path_is_changed,
    no_open_file_is_changed,
    everything_can_be_read,
    a_subfolder_has_no_wider_rights,
    a_writable_folder_on_the_same_files_lends_nothing,
    grants_of_the_hosts_folders_can_be_read_only,
}

/// Read-only on 3, and the writable folder itself on 4.
fn world<E: TestEngine>(provider: Provider) -> (Sandbox, Guest<E>) {
    let sandbox = Sandbox::new(provider);
    sandbox.put("file", b"abc");
    sandbox.mkdir("sub");
    sandbox.put("sub/file", b"abc");
    sandbox.link("file", "link");
    let grants = sandbox.read_only().preopen(sandbox.dir(), "rw").unwrap();
    (sandbox, Guest::<E>::new(grants))
}

/// The metadata that neither reading changes nor putting times back.
fn essence(stat: Stat) -> Stat {
    Stat { atim: 0, ctim: 0, ..stat }
}

/// Runs a test on each provider, and asserts that it changed nothing.
fn each_world<E: TestEngine>(test: impl Fn(&Sandbox, &mut Guest<E>)) {
    for provider in Provider::ALL {
        let (sandbox, mut guest) = world::<E>(provider);
        let paths = [".", "file", "sub", "sub/file", "link"];
        let look = |guest: &mut Guest<E>| {
            let stats = paths.map(|path| essence(guest.stat(4, path, 0).unwrap()));
            (stats, sandbox.get("file"), sandbox.get("sub/file"))
        };
        let before = look(&mut guest);
        test(&sandbox, &mut guest);
        assert_eq!(look(&mut guest), before, "{provider:?}");
    }
}

fn is_refusal<T: std::fmt::Debug>(result: &Result<T, u32>) -> bool {
    matches!(result, Err(errno::ROFS | errno::NOTCAPABLE))
}

fn opening_changes_nothing_whatever_the_flags<E: TestEngine>() {
    each_world::<E>(|sandbox, guest| {
        let rights = [Open::READ.base, Open::WRITE.base, 1 << 6, 1 << 8, 1 << 22, 0];
        for path in ["file", "link", "sub/file", "new", "sub/new"] {
            for oflags in 0..16 {
                for base in rights {
                    for fdflags in [0, 1] {
                        let open = Open { base, fdflags, ..Open::READ }.oflags(oflags);
                        let opened = guest.open(3, path, open);
                        let changes = oflags & (CREAT | TRUNC) != 0
                            || base & (1 << 6 | 1 << 8 | 1 << 22) != 0;
                        let what = format!("{path} {open:?}: {opened:?}");
                        assert!(!changes || opened.is_err(), "{what}");
                        let plain = !changes && oflags == 0 && fdflags == 0;
                        assert!(!plain || path.ends_with("new") || opened.is_ok(), "{what}");
                        opened.into_iter().for_each(|fd| guest.close(fd));
                    }
                }
            }
        }
        let truncate = guest.open(3, "file", Open::READ.oflags(TRUNC));
        assert_eq!(truncate, Err(errno::ROFS));
        assert!(!sandbox.has("new") && !sandbox.has("sub/new"));
    });
}

fn no_path_is_changed<E: TestEngine>() {
    each_world::<E>(|_, guest| {
        let refused = [
            guest.mkdir(3, "new"),
            guest.rmdir(3, "sub"),
            guest.unlink(3, "file"),
            guest.rename((3, "file"), (3, "new")),
            guest.link((3, "file"), 0, (3, "new")),
            guest.symlink("file", 3, "new"),
            guest.set_times(3, "file", 0, (1, 1, 5)),
            guest.set_times(3, "link", FOLLOW, (1, 1, 10)),
        ];
        // As a read-only file system says, which programs understand.
        assert_eq!(refused, [Err(errno::ROFS); 8]);
        guest.err("fd_filestat_set_times", &[3, 1, 1, 5], errno::ROFS);
    });
}

fn no_open_file_is_changed<E: TestEngine>() {
    each_world::<E>(|_, guest| {
        let fd = guest.open(3, "file", Open::READ).unwrap();
        guest.poke(8, &iovecs(&[(100, 2)]));
        let calls: [(&str, &[u64]); 6] = [
            ("fd_write", &[fd, 8, 1, 4]),
            ("fd_pwrite", &[fd, 8, 1, 0, 4]),
            ("fd_allocate", &[fd, 0, 100]),
            ("fd_filestat_set_size", &[fd, 1]),
            ("fd_filestat_set_times", &[fd, 1, 1, 5]),
            ("fd_fdstat_set_rights", &[fd, u64::MAX, 0]),
        ];
        for (name, args) in calls {
            let errno = guest.call(name, args);
            assert!(is_refusal(&Err::<(), _>(errno)), "{name}: {errno}");
        }
        assert_eq!(guest.read(fd, 9), Ok(b"abc".to_vec()));
    });
}

fn everything_can_be_read<E: TestEngine>() {
    each_world::<E>(|_, guest| {
        let fd = guest.open(3, "link", Open::READ).unwrap();
        assert_eq!(guest.read(fd, 9), Ok(b"abc".to_vec()));
        assert_eq!(guest.list(3, 4096, 0).0.len(), 5);
        assert_eq!(guest.readlink(3, "link"), Ok("file".to_owned()));
        let sub = guest.open(3, "sub", Open::DIR).unwrap();
        assert_eq!(guest.list(sub, 4096, 0).0.len(), 3);
        for fd in [fd, sub] {
            guest.ok("fd_sync", &[fd]);
        }
    });
}

fn a_subfolder_has_no_wider_rights<E: TestEngine>() {
    each_world::<E>(|sandbox, guest| {
        let wide = Open { base: !(1 << 6 | 1 << 8 | 1 << 22), ..Open::DIR };
        let sub = guest.open(3, "sub", Open { inheriting: u64::MAX, ..wide }).unwrap();
        guest.err("fd_fdstat_set_rights", &[sub, u64::MAX, u64::MAX], errno::NOTCAPABLE);
        let refused = [
            guest.open(sub, "file", Open::WRITE).map(drop),
            guest.open(sub, "new", Open::READ.oflags(CREAT)).map(drop),
            guest.open(sub, "file", Open::READ.oflags(TRUNC)).map(drop),
            guest.mkdir(sub, "new"),
            guest.unlink(sub, "file"),
            guest.rename((sub, "file"), (4, "stolen")),
            guest.link((sub, "file"), 0, (4, "stolen")),
            guest.set_times(sub, "file", 0, (1, 1, 5)),
        ];
        assert!(refused.iter().all(is_refusal), "{refused:?} {:?}", sandbox.provider);
        assert!(!sandbox.has("stolen"));
    });
}

fn a_writable_folder_on_the_same_files_lends_nothing<E: TestEngine>() {
    each_world::<E>(|sandbox, guest| {
        let refused = [
            guest.link((3, "file"), 0, (4, "stolen")),
            guest.link((3, "link"), FOLLOW, (4, "stolen")),
            guest.rename((3, "file"), (4, "stolen")),
            guest.rename((3, "sub"), (4, "stolen")),
            guest.link((4, "file"), 0, (3, "brought")),
            guest.rename((4, "file"), (3, "brought")),
            guest.rename((4, "file"), (3, "sub/file")),
        ];
        assert_eq!(refused, [Err(errno::ROFS); 7], "{:?}", sandbox.provider);
        assert!(!sandbox.has("stolen") && !sandbox.has("brought"));
        // A link made on the writable side is no way to write on the other.
        for (path, text) in [("way", "file"), ("sub/way", "../file")] {
            let before = guest.stat(4, ".", 0).unwrap();
            let below = guest.stat(4, "sub", 0).unwrap();
            guest.symlink(text, 4, path).unwrap();
            assert!(is_refusal(&guest.open(3, path, Open::WRITE)));
            assert!(is_refusal(&guest.open(3, path, Open::READ.oflags(TRUNC))));
            guest.unlink(4, path).unwrap();
            // The census looks at the folders' times, too; ours are put back.
            guest.set_times(4, ".", 0, (0, before.mtim, 4)).unwrap();
            guest.set_times(4, "sub", 0, (0, below.mtim, 4)).unwrap();
        }
    });
}

fn grants_of_the_hosts_folders_can_be_read_only<E: TestEngine>() {
    let sandbox = Sandbox::new(Provider::Kernel);
    sandbox.put("file", b"abc");
    let inside = sandbox.host("inside").unwrap();
    let text = format!("{}::/data::ro", inside.display());
    let parsed = wayleave_grants::Grants::new().dir_grant(text.parse().unwrap()).unwrap();
    let called = wayleave_grants::Grants::new().dir_read_only(&inside, "/data").unwrap();
    let wrapped = wayleave_grants::Grants::new();
    let wrapped = wrapped.preopen(Arc::new(ReadOnly::new(sandbox.dir())), "/data").unwrap();
    for grants in [parsed, called, wrapped] {
        let mut guest = Guest::<E>::new(grants);
        assert!(is_refusal(&guest.open(3, "file", Open::WRITE)));
        assert_eq!(guest.unlink(3, "file"), Err(errno::ROFS));
        assert_eq!(guest.stat(3, "file", 0).map(|stat| stat.size), Ok(3));
    }
}
