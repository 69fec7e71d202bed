//! Folders that are granted read-only.

use crate::support::oflags::{CREAT, TRUNC};
use crate::support::{
    FOLLOW, Files, LONG_AGO, Make, Open, Provider, Sandbox, Stat, each_guest, errno,
};
use std::sync::Arc;
use wayleave_system::fs::ReadOnly;

each_guest! {
    opening_changes_nothing_whatever_the_flags,
    no_path_is_changed,
    no_open_file_is_changed,
    everything_can_be_read,
    a_subfolder_has_no_wider_rights,
    a_writable_folder_on_the_same_files_lends_nothing,
    grants_of_the_hosts_folders_can_be_read_only,
}

/// Read-only on 3, and the writable folder itself on 4.
fn world(make: Make, provider: Provider) -> (Sandbox, Box<dyn Files>) {
    let sandbox = Sandbox::new(provider);
    sandbox.put("file", b"abc");
    sandbox.mkdir("sub");
    sandbox.put("sub/file", b"abc");
    sandbox.link("file", "link");
    let grants = sandbox.read_only().preopen(sandbox.dir(), "rw").unwrap();
    (sandbox, make(grants))
}

/// The metadata that neither reading changes nor putting times back.
fn essence(stat: Stat) -> Stat {
    Stat { atim: 0, ctim: 0, ..stat }
}

/// Runs a test on each provider, and asserts that it changed nothing.
fn each_world(make: Make, test: impl Fn(&Sandbox, &mut dyn Files)) {
    for provider in Provider::ALL {
        let (sandbox, mut guest) = world(make, provider);
        let paths = [".", "file", "sub", "sub/file", "link"];
        let look = |guest: &mut dyn Files| {
            let stats = paths.map(|path| essence(guest.stat(4, path, 0).unwrap()));
            (stats, sandbox.get("file"), sandbox.get("sub/file"))
        };
        let before = look(&mut *guest);
        test(&sandbox, &mut *guest);
        assert_eq!(look(&mut *guest), before, "{provider:?}");
    }
}

fn is_refusal<T: std::fmt::Debug>(result: &Result<T, u32>) -> bool {
    matches!(result, Err(errno::ROFS | errno::NOTCAPABLE))
}

fn opening_changes_nothing_whatever_the_flags(make: Make) {
    each_world(make, |sandbox, guest| {
        let accesses = guest.accesses();
        for path in ["file", "link", "sub/file", "new", "sub/new"] {
            for oflags in 0..16 {
                for access in accesses.iter().copied() {
                    let opened = guest.open_for(3, path, (FOLLOW, oflags), access);
                    let new = path.ends_with("new");
                    let changes =
                        access.writes || oflags & TRUNC != 0 || oflags & CREAT != 0 && new;
                    let what = format!("{path} {oflags} {access:?}: {opened:?}");
                    assert!(!changes || opened.is_err(), "{what}");
                    let plain = !changes && oflags == 0 && access.fdflags == 0;
                    assert!(!plain || new || opened.is_ok(), "{what}");
                    let Ok(fd) = opened else { continue };
                    let changed = guest.change(fd);
                    assert!(changed.iter().all(|(_, done)| done.is_err()), "{what}: {changed:?}");
                    guest.close(fd);
                }
            }
        }
        let truncate = guest.open(3, "file", Open::READ.oflags(TRUNC));
        assert_eq!(truncate, Err(errno::ROFS));
        assert!(!sandbox.has("new") && !sandbox.has("sub/new"));
    });
}

fn no_path_is_changed(make: Make) {
    each_world(make, |_, guest| {
        let refused = [
            guest.mkdir(3, "new"),
            guest.rmdir(3, "sub"),
            guest.unlink(3, "file"),
            guest.rename((3, "file"), (3, "new")),
            guest.link((3, "file"), 0, (3, "new")),
            guest.symlink("file", 3, "new"),
            guest.set_times(3, "file", 0, LONG_AGO),
            guest.set_times(3, "link", FOLLOW, LONG_AGO),
            guest.fset_times(3, LONG_AGO),
        ];
        // As a read-only file system says, which programs understand.
        assert_eq!(refused, [Err(errno::ROFS); 9]);
    });
}

fn no_open_file_is_changed(make: Make) {
    each_world(make, |_, guest| {
        let fd = guest.open(3, "file", Open::READ).unwrap();
        for (how, changed) in guest.change(fd) {
            // 0.2 says of a descriptor that it is not one for writing.
            let refused = is_refusal(&changed) || changed == Err(errno::BADF);
            assert!(refused, "{how}: {changed:?}");
        }
        assert_eq!(guest.read(fd, 9), Ok(b"abc".to_vec()));
    });
}

fn everything_can_be_read(make: Make) {
    each_world(make, |_, guest| {
        let fd = guest.open(3, "link", Open::READ).unwrap();
        assert_eq!(guest.read(fd, 9), Ok(b"abc".to_vec()));
        assert_eq!(guest.names(3).as_deref(), Ok(&["file", "link", "sub"].map(String::from)[..]));
        assert_eq!(guest.readlink(3, "link"), Ok("file".to_owned()));
        let sub = guest.open(3, "sub", Open::DIR).unwrap();
        assert_eq!(guest.names(sub).as_deref(), Ok(&["file".to_owned()][..]));
        for fd in [fd, sub] {
            guest.sync(fd).unwrap();
        }
    });
}

fn a_subfolder_has_no_wider_rights(make: Make) {
    each_world(make, |sandbox, guest| {
        let sub = guest.open_widest(3, "sub").unwrap();
        let refused = [
            guest.open(sub, "file", Open::WRITE).map(drop),
            guest.open(sub, "new", Open::READ.oflags(CREAT)).map(drop),
            guest.open(sub, "file", Open::READ.oflags(TRUNC)).map(drop),
            guest.mkdir(sub, "new"),
            guest.unlink(sub, "file"),
            guest.rename((sub, "file"), (4, "stolen")),
            guest.link((sub, "file"), 0, (4, "stolen")),
            guest.set_times(sub, "file", 0, LONG_AGO),
        ];
        assert!(refused.iter().all(is_refusal), "{refused:?} {:?}", sandbox.provider);
        assert!(!sandbox.has("stolen"));
    });
}

fn a_writable_folder_on_the_same_files_lends_nothing(make: Make) {
    each_world(make, |sandbox, guest| {
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
            guest.set_times(4, ".", 0, (None, Some(before.mtim))).unwrap();
            guest.set_times(4, "sub", 0, (None, Some(below.mtim))).unwrap();
        }
    });
}

fn grants_of_the_hosts_folders_can_be_read_only(make: Make) {
    let sandbox = Sandbox::new(Provider::Kernel);
    sandbox.put("file", b"abc");
    let inside = sandbox.host("inside").unwrap();
    let text = format!("{}::/data::ro", inside.display());
    let parsed = wayleave_grants::Grants::new().dir_grant(text.parse().unwrap()).unwrap();
    let called = wayleave_grants::Grants::new().dir_read_only(&inside, "/data").unwrap();
    let wrapped = wayleave_grants::Grants::new();
    let wrapped = wrapped.preopen(Arc::new(ReadOnly::new(sandbox.dir())), "/data").unwrap();
    for grants in [parsed, called, wrapped] {
        let mut guest = make(grants);
        assert!(is_refusal(&guest.open(3, "file", Open::WRITE)));
        assert_eq!(guest.unlink(3, "file"), Err(errno::ROFS));
        assert_eq!(guest.stat(3, "file", 0).map(|stat| stat.size), Ok(3));
    }
}
