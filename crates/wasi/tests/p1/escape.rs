//! Ways out of a folder, none of which must lead anywhere.

use crate::support::oflags::CREAT;
use crate::support::{FOLLOW, Guest, Open, Provider, Sandbox, TestEngine, each_engine, errno};
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};
use wayleave_grants::Grants;

each_engine! {
    no_link_out_opens_whatever_the_flags,
    nothing_is_changed_through_a_link_out,
    a_slash_behind_a_link_out_leads_nowhere,
    a_guests_own_link_leads_nowhere,
    a_link_that_is_moved_leads_nowhere,
    a_subfolder_is_left_neither_up_nor_by_links,
    a_link_that_is_swapped_in_leads_nowhere,
    without_a_grant_every_path_fails,
}

/// Links that lead out, with their texts. All but the last two are relative; those lead to the
/// folder outside, so that a hole does no harm but to the sandbox.
const LINKS: [(&str, &str); 11] = [
    ("evil", "../outside"),
    ("slash", "evil/"),
    ("chained", "second"),
    ("second", "deep/evil"),
    ("deep/evil", "../../outside"),
    ("dangling", "../outside/none"),
    ("secret", "../outside/secret"),
    ("up", ".."),
    ("back", "../inside"),
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
    if provider == Provider::Memory { &LINKS[..9] } else { &LINKS }
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
fn each_world<E: TestEngine>(test: impl Fn(&Sandbox, &mut Guest<E>)) {
    for provider in Provider::ALL {
        let sandbox = world(provider);
        let outside = sandbox.host("outside");
        let before = outside.as_deref().map(census);
        test(&sandbox, &mut Guest::<E>::new(sandbox.grants()));
        assert_eq!(outside.as_deref().map(census), before, "{provider:?}");
    }
}

/// What each way to open each path that leads out is told.
fn open_all<E: TestEngine>(sandbox: &Sandbox) -> Vec<(String, u32)> {
    let mut guest = Guest::<E>::new(sandbox.grants());
    let mut told = Vec::new();
    for (link, _) in links(sandbox.provider) {
        for rest in
            ["", "/", "//", "/.", "/secret", "/new", "/sub/", "/none/new", "/../inside/keep"]
        {
            for (oflags, lookup) in (0..32).map(|n| (n >> 1, n & 1)) {
                for base in [Open::READ.base, Open::WRITE.base, 1 << 6, 0] {
                    let path = format!("{link}{rest}");
                    let open = Open { lookup, base, ..Open::READ }.oflags(oflags);
                    let what = format!("{path} oflags {oflags} lookup {lookup} rights {base:x}");
                    match guest.open(3, &path, open) {
                        Ok(_) => panic!("opened {what} with {:?}", sandbox.provider),
                        Err(errno) => told.push((what, errno)),
                    }
                }
            }
        }
    }
    told
}

fn no_link_out_opens_whatever_the_flags<E: TestEngine>() {
    let [kernel, walk, memory] = Provider::ALL.map(|provider| {
        let sandbox = world(provider);
        let top = sandbox.host("");
        let before = top.as_deref().map(census);
        let told = open_all::<E>(&sandbox);
        assert_eq!(top.as_deref().map(census), before, "{provider:?}");
        told
    });
    let plain = kernel.iter().find(|(what, _)| what.starts_with("evil/secret oflags 0"));
    assert_eq!(plain.unwrap().1, errno::NOTCAPABLE);
    for (kernel, walk) in kernel.iter().zip(&walk) {
        assert_eq!(kernel, walk, "the resolvers disagree");
    }
    for (kernel, memory) in kernel.iter().zip(&memory) {
        assert_eq!(kernel, memory, "memory disagrees with the system");
    }
    assert_eq!(kernel.len(), walk.len());
    assert!(memory.len() > 10_000);
}

fn nothing_is_changed_through_a_link_out<E: TestEngine>() {
    each_world::<E>(|sandbox, guest| {
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
                guest.set_times(3, link, FOLLOW, (1, 1, 5)),
                guest.set_times(3, secret, 0, (1, 1, 5)),
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
            assert_eq!(guest.set_times(3, file, FOLLOW, (1, 1, 5)), Err(errno::NOTCAPABLE));
            let stolen = guest.link((3, file), FOLLOW, (3, "stolen"));
            assert_eq!(stolen, Err(errno::NOTCAPABLE));
        }
        assert!(!sandbox.has("stolen") && sandbox.has("keep"));
    });
}

fn a_slash_behind_a_link_out_leads_nowhere<E: TestEngine>() {
    each_world::<E>(|sandbox, guest| {
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
                guest.set_times(3, slash, 0, (1, 1, 5)),
            ];
            assert!(done.iter().all(Result::is_err), "{slash} {:?}: {done:?}", sandbox.provider);
            assert!(sandbox.has(link) && sandbox.has("sub"), "{slash}");
        }
        assert!(!sandbox.has("stolen") && sandbox.has("keep"));
    });
}

fn a_guests_own_link_leads_nowhere<E: TestEngine>() {
    each_world::<E>(|_, guest| {
        let texts = ["../../etc/passwd", "../outside/secret", "sub/../../outside/secret", ".."];
        for (path, text) in ["a", "b", "c", "d"].into_iter().zip(texts) {
            if guest.symlink(text, 3, path).is_ok() {
                assert_eq!(guest.open(3, path, Open::READ), Err(errno::NOTCAPABLE), "{text}");
                let create = Open::WRITE.oflags(CREAT);
                assert_eq!(guest.open(3, path, create), Err(errno::NOTCAPABLE), "{text}");
                assert_eq!(guest.stat(3, path, FOLLOW), Err(errno::NOTCAPABLE), "{text}");
            }
        }
        assert_eq!(guest.symlink("/etc/passwd", 3, "e"), Err(errno::NOTCAPABLE));
    });
}

fn a_link_that_is_moved_leads_nowhere<E: TestEngine>() {
    each_world::<E>(|_, guest| {
        guest.symlink("../keep", 3, "deep/link").unwrap();
        let fd = guest.open(3, "deep/link", Open::READ).unwrap();
        assert_eq!(guest.read(fd, 9), Ok(b"keep".to_vec()));
        guest.rename((3, "deep/link"), (3, "link")).unwrap();
        assert_eq!(guest.open(3, "link", Open::READ), Err(errno::NOTCAPABLE));
        guest.link((3, "link"), 0, (3, "second_link")).unwrap();
        assert_eq!(guest.open(3, "second_link", Open::READ), Err(errno::NOTCAPABLE));
    });
}

fn a_subfolder_is_left_neither_up_nor_by_links<E: TestEngine>() {
    each_world::<E>(|_, guest| {
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

fn a_link_that_is_swapped_in_leads_nowhere<E: TestEngine>() {
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
            let mut guest = Guest::<E>::new(sandbox.grants());
            let until = Instant::now() + Duration::from_millis(150);
            while Instant::now() < until {
                if let Ok(fd) = guest.open(3, "place/secret", Open::READ) {
                    assert_eq!(guest.read(fd, 9), Ok(b"mine".to_vec()));
                    guest.close(fd);
                }
                let _ = guest.mkdir(3, "place/new");
                let _ = guest.rmdir(3, "place/new");
                let _ = guest.set_times(3, "place/secret", FOLLOW, (1, 1, 5));
                let _ = guest.rename((3, "place/secret"), (3, "place/moved"));
                let _ = guest.rename((3, "place/moved"), (3, "place/secret"));
            }
        });
        assert_eq!(census(&sandbox.host("outside").unwrap()), before, "{provider:?}");
    }
}

fn without_a_grant_every_path_fails<E: TestEngine>() {
    let mut guest = Guest::<E>::new(Grants::new());
    // 0xffffff9c is AT_FDCWD.
    for fd in [0, 1, 2, 3, 4, 0xffff_ff9c] {
        let expected = if fd < 3 { errno::NOTDIR } else { errno::BADF };
        for path in ["", ".", "..", "/", "/etc/passwd", "Cargo.toml", "./Cargo.toml"] {
            let failed = [
                guest.open(fd, path, Open::READ).map(drop),
                guest.stat(fd, path, 0).map(drop),
                guest.readlink(fd, path).map(drop),
            ];
            assert_eq!(failed, [Err(expected); 3], "{path:?} below {fd}");
        }
        // Names that nobody misses.
        for path in ["wayleave-test", "/tmp/wayleave-test", "./wayleave-test/"] {
            let failed = [
                guest.open(fd, path, Open::WRITE.oflags(CREAT)).map(drop),
                guest.set_times(fd, path, 0, (0, 0, 10)),
                guest.mkdir(fd, path),
                guest.rmdir(fd, path),
                guest.unlink(fd, path),
                guest.rename((fd, path), (fd, "wayleave-test-2")),
                guest.link((fd, path), 0, (fd, "wayleave-test-2")),
                guest.symlink("x", fd, path),
            ];
            assert_eq!(failed, [Err(expected); 8], "{path:?} below {fd}");
        }
    }
}
