//! Somebody on the host swaps a folder for a link that leads outside, again and again, while a
//! guest uses it.

use crate::support::*;
use std::os::unix::fs::symlink;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use wayleave_system::fs::{
    Dir, FileKind, MemoryDir, Mounts, Node, OpenOptions, Overlay, SetTime, rename,
};

/// How many rounds of tries; without it, as many as fit into about a second for each resolver.
const TRIES: &str = "WAYLEAVE_SWAP_TRIES";

#[test]
fn no_swap_leads_outside() {
    each_os(|sandbox, dir| race(sandbox, || attack(&*dir)));
}

/// With a mount point in the folder, and with one in what is swapped.
#[test]
fn no_swap_around_mounts_leads_outside() {
    each_os(|sandbox, outer| {
        let roots = ["/mount", "/folder/mount"].map(|point| {
            let mut mounts = Mounts::default();
            mounts.dir("/", Arc::clone(&outer)).unwrap();
            mounts.dir(point, Arc::new(MemoryDir::new(1))).unwrap();
            mounts.folders().remove(0).1
        });
        race(sandbox, || roots.iter().for_each(|root| attack(&**root)));
    });
}

/// The overlay is new each time: what was copied up can not be swapped any more.
#[test]
fn no_swap_below_an_overlay_leads_outside() {
    each_os(|sandbox, lower| {
        race(sandbox, || {
            attack(&Overlay::new(Arc::clone(&lower), Arc::new(MemoryDir::new(1 << 16))));
        });
    });
}

fn race(sandbox: &Sandbox, attack: impl Fn()) {
    let tries = std::env::var(TRIES).ok().map(|tries| tries.parse::<u64>().unwrap());
    let inside = sandbox.inside();
    std::fs::create_dir(inside.join("folder")).unwrap();
    std::fs::write(inside.join("folder/secret"), b"harmless").unwrap();
    std::fs::write(inside.join("plain"), b"harmless").unwrap();
    symlink("../outside", inside.join("link")).unwrap();
    symlink("../outside/secret", inside.join("file-link")).unwrap();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let swap = |a: &str, b: &str| {
                let flags = rustix::fs::RenameFlags::EXCHANGE;
                let (a, b) = (inside.join(a), inside.join(b));
                let _ = rustix::fs::renameat_with(rustix::fs::CWD, &a, rustix::fs::CWD, &b, flags);
            };
            while !stop.load(Ordering::Relaxed) {
                swap("folder", "link");
                swap("plain", "file-link");
            }
        });
        let end = Instant::now() + Duration::from_millis(1200);
        let mut rounds = 0_u64;
        while tries.map_or_else(|| Instant::now() < end, |tries| rounds < tries) {
            attack();
            rounds += 1;
        }
        stop.store(true, Ordering::Relaxed);
        eprintln!("{rounds} rounds");
    });
}

/// Everything that could reach through the link. Errors are fine; the canary is what counts.
fn attack(dir: &dyn Dir) {
    let harmless = |node: Node| {
        if let Node::File(file) = node {
            assert_ne!(read(&*file, 100), SECRET);
        }
    };
    let follow_write = OpenOptions { follow: true, ..CREATE };
    let write = OpenOptions { write: true, follow: true, ..READ };
    for path in ["folder/secret", "folder/../folder/secret", "plain", "./plain"] {
        for options in [READ, FOLLOW, write] {
            let _ = dir.open(path, &options).map(harmless);
        }
        for follow in [false, true] {
            if let Ok(stat) = dir.stat_at(path, follow) {
                let size = SECRET.len() as u64;
                assert!(stat.kind != FileKind::Regular || stat.size != size, "{path}");
            }
        }
        let keep = SetTime::Keep;
        let _ = dir.set_times_at(path, true, keep, SetTime::To(Default::default()));
    }
    for options in [READ, FOLLOW] {
        if let Ok(Node::Dir(below)) = dir.open("folder", &options) {
            let _ = below.open("secret", &READ).map(harmless);
        }
    }
    let _ = dir.open("folder/made", &follow_write);
    let _ = dir.remove_file("folder/made");
    let _ = dir.create_dir("folder/sub");
    let _ = dir.create_dir("folder/sub/");
    let _ = rename(dir, "folder/sub", dir, "folder/moved");
    let _ = dir.remove_dir("folder/moved/");
    let _ = dir.remove_dir("folder/sub");
    let _ = dir.symlink("x", "folder/made-link");
    let _ = dir.remove_file("folder/made-link");
    if dir.link_to("plain", true, dir, "hard").is_ok() {
        let _ = dir.open("hard", &READ).map(harmless);
    }
    let _ = dir.remove_file("hard");
}
