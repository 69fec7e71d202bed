//! Ways out of a folder, none of which must lead anywhere.

use crate::support::oflags::CREAT;
use crate::support::{
    Access, FOLLOW, Files, LONG_AGO, Make, Open, Provider, Sandbox, each_guest, errno,
};
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

each_guest! {
    no_link_out_opens_whatever_the_flags,
    nothing_is_changed_through_a_link_out,
    a_slash_behind_a_link_out_leads_nowhere,
    a_guests_own_link_leads_nowhere,
    a_link_that_is_moved_leads_nowhere,
    a_subfolder_is_left_neither_up_nor_by_links,
    a_link_that_is_swapped_in_leads_nowhere,
}

/// Links that lead out, or nowhere, with their texts. All but the last two are relative; those lead to the
/// folder outside, so that a hole does no harm but to the sandbox.
const LINKS: [(&str, &str); 13] = [
    ("evil", "../outside"),
    ("slash", "evil/"),
    ("chained", "second"),
    ("second", "deep/evil"),
    ("deep/evil", "../../outside"),
    ("dangling", "../outside/none"),
    ("secret", "../outside/secret"),
    ("up", ".."),
    ("back", "../inside"),
    ("loop", "looping"),
    ("looping", "./loop"),
    ("absolute", "OUTSIDE"),
    ("absolute_file", "OUTSIDE/secret"),
];

/// A folder with all of these, a file and folders; no file `new`.
fn world(provider: Provider) -> Sandbox {
    let sandbox = Sandbox::new(provider);
    ["deep", "sub"].into_iter().for_each(|path| sandbox.mkdir(path));
    sandbox.put("keep", b"keep");
    let outside = sandbox.host("outside").unwrap_or_default();
    for (path, text) in links(provider) {
        sandbox.link(&text.replace("OUTSIDE", outside.to_str().unwrap()), path);
    }
    sandbox
}

/// Links that the provider can have.
fn links(provider: Provider) -> &'static [(&'static str, &'static str)] {
    if provider == Provider::Memory { &LINKS[..11] } else { &LINKS }
}

/// Everything below a folder: names, bytes, times of change.
fn census(path: &Path) -> Vec<(String, Vec<u8>, SystemTime)> {
    let mut all = Vec::new();
    for entry in fs::read_dir(path).unwrap() {
        let path = entry.unwrap().path();
        let metadata = path.symlink_metadata().unwrap();
        let bytes = if metadata.is_file() { fs::read(&path).unwrap() } else { Vec::new() };
        all.push((path.display().to_string(), bytes, metadata.modified().unwrap()));
        if metadata.is_dir() {
            all.append(&mut census(&path));
        }
    }
    all.sort();
    all
}

/// Runs a test on each provider, and asserts that it changed nothing outside.
fn each_world(make: Make, test: impl Fn(&Sandbox, &mut dyn Files)) {
    for provider in Provider::ALL {
        let sandbox = world(provider);
        let outside = sandbox.host("outside");
        let before = outside.as_deref().map(census);
        test(&sandbox, &mut *make(sandbox.grants()));
        assert_eq!(outside.as_deref().map(census), before, "{provider:?}");
    }
}

/// What is behind the links.
const BEHIND: [&str; 9] =
    ["", "/", "//", "/.", "/secret", "/new", "/sub/", "/none/new", "/../inside/keep"];

/// What each way to open each path that leads out is told.
fn open_all(make: Make, sandbox: &Sandbox) -> Vec<(String, u64, u64, Access, u32)> {
    let mut guest = make(sandbox.grants());
    let accesses = guest.accesses();
    let mut told = Vec::new();
    for (link, _) in links(sandbox.provider) {
        for path in BEHIND.map(|behind| format!("{link}{behind}")) {
            for (oflags, lookup) in (0..32).map(|n| (n >> 1, n & 1)) {
                for access in accesses.iter().copied() {
                    let opened = guest.open_for(3, &path, (lookup, oflags), access);
                    let how = (path.clone(), lookup, oflags, access);
                    let Err(errno) = opened else {
                        panic!("opened {how:?} {:?}", sandbox.provider)
                    };
                    told.push((how.0, lookup, oflags, access, errno));
                }
            }
        }
    }
    told
}

fn no_link_out_opens_whatever_the_flags(make: Make) {
    let [kernel, walk, memory] = Provider::ALL.map(|provider| {
        let sandbox = world(provider);
        let top = sandbox.host("");
        let before = top.as_deref().map(census);
        let told = open_all(make, &sandbox);
        assert_eq!(top.as_deref().map(census), before, "{provider:?}");
        told
    });
    let reading = |(path, lookup, oflags, access, _): &&(String, u64, u64, Access, u32)| {
        path == "evil/secret" && (*lookup, *oflags) == (FOLLOW, 0) && !access.writes
    };
    assert_eq!(kernel.iter().find(reading).unwrap().4, errno::NOTCAPABLE);
    for (kernel, walk) in kernel.iter().zip(&walk) {
        assert_eq!(kernel, walk, "the resolvers disagree");
    }
    for (kernel, memory) in kernel.iter().zip(&memory) {
        assert_eq!(kernel, memory, "memory disagrees with the system");
    }
    assert_eq!(kernel.len(), walk.len());
    assert!(memory.len() > 10_000);
}

fn nothing_is_changed_through_a_link_out(make: Make) {
    each_world(make, |sandbox, guest| {
        for link in links(sandbox.provider).iter().map(|(link, _)| *link) {
            // What leads to a file, or to nothing, leads nowhere further.
            if !["evil", "slash", "chained", "deep/evil", "up", "back", "absolute"].contains(&link)
            {
                continue;
            }
            let below = |name: &str| format!("{link}/{name}");
            let (secret, new, sub) = (&*below("secret"), &*below("new"), &*below("sub"));
            let keep = (3, "keep");
            let refused = [
                guest.stat(3, link, FOLLOW).map(drop),
                guest.stat(3, secret, 0).map(drop),
                guest.set_times(3, link, FOLLOW, LONG_AGO),
                guest.set_times(3, secret, 0, LONG_AGO),
                guest.mkdir(3, new),
                guest.rmdir(3, sub),
                guest.unlink(3, secret),
                guest.rename((3, secret), (3, "stolen")),
                guest.rename(keep, (3, new)),
                guest.rename(keep, (3, secret)),
                guest.link((3, secret), 0, (3, "stolen")),
                guest.link((3, secret), FOLLOW, (3, "stolen")),
                guest.link(keep, 0, (3, new)),
                guest.symlink("x", 3, new),
                guest.readlink(3, secret).map(drop),
            ];
            assert_eq!(refused, [Err(errno::NOTCAPABLE); 15], "{link} {:?}", sandbox.provider);
        }
        for file in ["secret", "dangling"] {
            assert_eq!(guest.stat(3, file, FOLLOW), Err(errno::NOTCAPABLE));
            assert_eq!(guest.set_times(3, file, FOLLOW, LONG_AGO), Err(errno::NOTCAPABLE));
            let stolen = guest.link((3, file), FOLLOW, (3, "stolen"));
            assert_eq!(stolen, Err(errno::NOTCAPABLE));
        }
        assert!(!sandbox.has("stolen") && sandbox.has("keep"));
    });
}

fn a_slash_behind_a_link_out_leads_nowhere(make: Make) {
    each_world(make, |sandbox, guest| {
        for (link, _) in links(sandbox.provider) {
            let slash = &*format!("{link}/");
            let out = (3, slash);
            let done = [
                guest.mkdir(3, slash),
                guest.rmdir(3, slash),
                guest.unlink(3, slash),
                guest.rename(out, (3, "stolen")),
                guest.rename((3, "sub"), out),
                guest.rename((3, "keep"), out),
                guest.link(out, 0, (3, "stolen")),
                guest.link(out, FOLLOW, (3, "stolen")),
                guest.link((3, "keep"), 0, out),
                guest.symlink("x", 3, slash),
                guest.readlink(3, slash).map(drop),
                guest.stat(3, slash, 0).map(drop),
                guest.set_times(3, slash, 0, LONG_AGO),
            ];
            assert!(done.iter().all(Result::is_err), "{slash} {:?}: {done:?}", sandbox.provider);
            assert!(sandbox.has(link) && sandbox.has("sub"), "{slash}");
        }
        assert!(!sandbox.has("stolen") && sandbox.has("keep"));
    });
}

fn a_guests_own_link_leads_nowhere(make: Make) {
    each_world(make, |_, guest| {
        let texts = [
            ("a", "../../etc/passwd"),
            ("b", "../outside/secret"),
            ("c", "sub/../../outside/secret"),
            ("d", ".."),
            ("deep/e", "../../outside/"),
            ("f", "deep/e/secret"),
        ];
        for (path, text) in texts {
            guest.symlink(text, 3, path).unwrap();
            assert_eq!(guest.readlink(3, path).as_deref(), Ok(text));
            for open in [Open::READ, Open::WRITE, Open::WRITE.oflags(CREAT), Open::DIR] {
                assert_eq!(guest.open(3, path, open), Err(errno::NOTCAPABLE), "{text} {open:?}");
            }
            assert_eq!(guest.stat(3, path, FOLLOW), Err(errno::NOTCAPABLE), "{text}");
            let stolen = guest.link((3, path), FOLLOW, (3, "stolen"));
            assert_eq!(stolen, Err(errno::NOTCAPABLE), "{text}");
        }
        for text in ["/etc/passwd", "/", "//etc/passwd"] {
            assert_eq!(guest.symlink(text, 3, "g"), Err(errno::NOTCAPABLE), "{text}");
            assert_eq!(guest.stat(3, "g", 0), Err(errno::NOENT), "{text}");
        }
    });
}

fn a_link_that_is_moved_leads_nowhere(make: Make) {
    each_world(make, |_, guest| {
        guest.symlink("../keep", 3, "deep/link").unwrap();
        let fd = guest.open(3, "deep/link", Open::READ).unwrap();
        assert_eq!(guest.read(fd, 9), Ok(b"keep".to_vec()));
        guest.rename((3, "deep/link"), (3, "link")).unwrap();
        assert_eq!(guest.open(3, "link", Open::READ), Err(errno::NOTCAPABLE));
        guest.link((3, "link"), 0, (3, "second_link")).unwrap();
        assert_eq!(guest.open(3, "second_link", Open::READ), Err(errno::NOTCAPABLE));
    });
}

fn a_subfolder_is_left_neither_up_nor_by_links(make: Make) {
    each_world(make, |_, guest| {
        guest.symlink("../keep", 3, "sub/link").unwrap();
        let sub = guest.open(3, "sub", Open::DIR).unwrap();
        for path in ["..", "../keep", "link", "./link", "../sub/link"] {
            assert_eq!(guest.open(sub, path, Open::READ), Err(errno::NOTCAPABLE), "{path}");
        }
        // Nor where the folder is elsewhere by now.
        guest.rename((3, "sub"), (3, "deep/sub")).unwrap();
        assert_eq!(guest.open(sub, "..", Open::DIR), Err(errno::NOTCAPABLE));
        assert_eq!(guest.rename((sub, "../sub"), (3, "x")), Err(errno::NOTCAPABLE));
    });
}

struct SetWhenDropped<'a>(&'a AtomicBool);

impl Drop for SetWhenDropped<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn a_link_that_is_swapped_in_leads_nowhere(make: Make) {
    for provider in [Provider::Kernel, Provider::Walk] {
        let sandbox = world(provider);
        sandbox.mkdir("place");
        sandbox.put("place/secret", b"mine");
        let inside = sandbox.host("inside").unwrap();
        let before = census(&sandbox.host("outside").unwrap());
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let rename = |from, to| fs::rename(inside.join(from), inside.join(to)).unwrap();
                while !done.load(Ordering::Relaxed) {
                    rename("place", "place_away");
                    rename("evil", "place");
                    rename("place", "evil");
                    rename("place_away", "place");
                }
            });
            // Set when this ends, by a panic, too.
            let _done = SetWhenDropped(&done);
            let mut guest = make(sandbox.grants());
            let until = Instant::now() + Duration::from_millis(150);
            while Instant::now() < until {
                if let Ok(fd) = guest.open(3, "place/secret", Open::READ) {
                    assert_eq!(guest.read(fd, 9), Ok(b"mine".to_vec()));
                    guest.close(fd);
                }
                let _ = guest.mkdir(3, "place/new");
                let _ = guest.rmdir(3, "place/new");
                let _ = guest.set_times(3, "place/secret", FOLLOW, LONG_AGO);
                let _ = guest.rename((3, "place/secret"), (3, "place/moved"));
                let _ = guest.rename((3, "place/moved"), (3, "place/secret"));
            }
        });
        assert_eq!(census(&sandbox.host("outside").unwrap()), before, "{provider:?}");
    }
}
