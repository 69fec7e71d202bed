//! A guest never leaves its folder, whatever paths and links it finds or makes.

use crate::support::{
    FOLLOW, Guest, Open, Provider, Sandbox, TestEngine, each_engine, errno, oflags,
};
use std::fs;

each_engine! {
    links_that_lead_out_are_never_followed,
    a_slash_behind_a_link_changes_nothing,
    links_the_guest_makes_lead_nowhere_else,
    without_grants_there_is_nothing,
}

/// Folders of the host, with links that lead out of them in every way.
fn prepared() -> impl Iterator<Item = Sandbox> {
    [Provider::Kernel, Provider::Walk].into_iter().map(|provider| {
        let sandbox = Sandbox::new(provider);
        let outside = sandbox.host("outside").unwrap();
        sandbox.mkdir("sub");
        sandbox.link("../outside", "relative");
        sandbox.link(outside.to_str().unwrap(), "absolute");
        sandbox.link("relative", "chained");
        sandbox.link("../outside/", "slashed");
        sandbox.link("sub/../../outside", "through");
        sandbox
    })
}

const LINKS: [&str; 5] = ["relative", "absolute", "chained", "slashed", "through"];

/// What is outside, as it was.
fn assert_untouched(sandbox: &Sandbox) {
    let outside = sandbox.host("outside").unwrap();
    let mut names: Vec<_> =
        fs::read_dir(&outside).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["secret", "sub"]);
    assert_eq!(fs::read(outside.join("secret")).unwrap(), b"secret");
    assert_eq!(fs::read_dir(outside.join("sub")).unwrap().count(), 0);
}

fn links_that_lead_out_are_never_followed<E: TestEngine>() {
    for sandbox in prepared() {
        let mut guest = Guest::<E>::new(sandbox.grants());
        for link in LINKS {
            for name in ["secret", "new", "sub"] {
                for lookup in [0, FOLLOW] {
                    for flags in 0..16 {
                        for open in [Open::READ, Open::WRITE, Open { base: 0, ..Open::READ }] {
                            let path = format!("{link}/{name}");
                            let open = Open { lookup, ..open.oflags(flags) };
                            assert!(guest.open(3, &path, open).is_err(), "{path} {open:?}");
                        }
                    }
                }
            }
            let secret = format!("{link}/secret");
            assert!(guest.stat(3, &secret, FOLLOW).is_err());
            assert!(guest.set_times(3, &secret, FOLLOW, (0, 0, 0b101)).is_err());
            assert!(guest.unlink(3, &secret).is_err());
            assert!(guest.rename((3, &secret), (3, "mine")).is_err());
            assert!(guest.link((3, &secret), FOLLOW, (3, "mine")).is_err());
            assert!(guest.mkdir(3, &format!("{link}/made")).is_err());
            assert!(guest.rmdir(3, &format!("{link}/sub")).is_err());
            assert!(guest.symlink("x", 3, &format!("{link}/made")).is_err());
            assert!(guest.readlink(3, &format!("{link}/x")).is_err());
        }
        assert_untouched(&sandbox);
    }
}

fn a_slash_behind_a_link_changes_nothing<E: TestEngine>() {
    for sandbox in prepared() {
        let mut guest = Guest::<E>::new(sandbox.grants());
        for link in LINKS {
            for path in [format!("{link}/"), format!("{link}/."), format!("{link}//")] {
                for lookup in [0, FOLLOW] {
                    for open in [Open::DIR, Open::READ, Open::WRITE.oflags(oflags::CREAT)] {
                        assert!(guest.open(3, &path, Open { lookup, ..open }).is_err(), "{path}");
                    }
                    assert!(guest.stat(3, &path, lookup).is_err(), "{path}");
                }
                assert!(guest.mkdir(3, &path).is_err());
                assert!(guest.rmdir(3, &path).is_err());
                assert!(guest.unlink(3, &path).is_err());
                assert!(guest.rename((3, &path), (3, "mine")).is_err());
                assert!(guest.rename((3, "sub"), (3, &path)).is_err());
            }
        }
        assert_untouched(&sandbox);
    }
}

fn links_the_guest_makes_lead_nowhere_else<E: TestEngine>() {
    for sandbox in Sandbox::each() {
        let mut guest = Guest::<E>::new(sandbox.grants());
        assert!(guest.symlink("/etc/passwd", 3, "absolute").is_err(), "{:?}", sandbox.provider);
        guest.mkdir(3, "deep").unwrap();
        let up = "../../../../../../../etc/passwd";
        for name in ["up", "deep/up"] {
            if guest.symlink(up, 3, name).is_ok() {
                for open in [Open::READ, Open::WRITE, Open::WRITE.oflags(oflags::CREAT)] {
                    let opened = guest.open(3, name, open);
                    assert_eq!(opened, Err(errno::NOTCAPABLE), "{name} {:?}", sandbox.provider);
                }
            }
        }
        for path in ["..", "../outside/secret", "/etc/passwd", "/", "deep/../../outside"] {
            assert_eq!(guest.open(3, path, Open::READ), Err(errno::NOTCAPABLE), "{path}");
        }
    }
}

fn without_grants_there_is_nothing<E: TestEngine>() {
    let mut guest = Guest::<E>::new(wayleave_grants::Grants::new());
    for path in [".", "", "/", "file", "/etc/passwd"] {
        assert_eq!(guest.open(3, path, Open::READ), Err(errno::BADF), "{path}");
    }
    assert_eq!(guest.open(0, ".", Open::READ), Err(errno::NOTDIR));
}
