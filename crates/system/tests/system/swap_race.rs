//! Somebody on the host swaps a folder for a link that leads outside, again and again, while a
//! guest uses it.

use crate::support::*;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use wayleave_system::fs::{
    Dir, FileKind, MemoryDir, Mounts, Node, OpenOptions, Overlay, SetTime, rename,
};

/// How many rounds of tries; without it, as many as fit into two seconds for each resolver.
const TRIES: &str = "WAYLEAVE_SWAP_TRIES";

const DURATION: Duration = Duration::from_secs(2);

/// So many rounds have to begin with the folder in its place, so many with the link there, and so
/// many to see one become the other: otherwise nothing was tried.
const LEAST: u64 = 20;

/// How long it may take until that has happened, on a machine that has other work.
const PATIENCE: Duration = Duration::from_secs(60);

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
        let swapper = scope.spawn(|| {
            let swap = |a: &str, b: &str| {
                let flags = rustix::fs::RenameFlags::EXCHANGE;
                let (a, b) = (inside.join(a), inside.join(b));
                rustix::fs::renameat_with(rustix::fs::CWD, &a, rustix::fs::CWD, &b, flags).is_ok()
            };
            let mut swaps = 0;
            while !stop.load(Ordering::Relaxed) {
                swaps += u64::from(swap("folder", "link")) + u64::from(swap("plain", "file-link"));
            }
            swaps
        });
        let stop_swapping = SetWhenDropped(&stop);
        let start = Instant::now();
        let mut seen = Seen::default();
        while tries.map_or(start.elapsed() < DURATION, |tries| seen.rounds < tries)
            || !seen.enough() && start.elapsed() < PATIENCE
        {
            let before = is_link(&inside);
            attack();
            seen.add(before, is_link(&inside));
        }
        drop(stop_swapping);
        let swaps: u64 = swapper.join().unwrap();
        eprintln!("{swaps} swaps, {seen:?}");
        assert!(seen.enough(), "no races: {swaps} swaps, {seen:?}");
    });
}

/// Set by a panic, too, so that the other thread ends.
struct SetWhenDropped<'a>(&'a AtomicBool);

impl Drop for SetWhenDropped<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Rounds of tries, and what they met.
#[derive(Debug, Default)]
struct Seen {
    rounds: u64,
    /// Rounds that began with the folder in its place.
    folder: u64,
    /// Rounds that began with the link there.
    link: u64,
    /// Rounds that ended with the other one.
    swapped: u64,
}

impl Seen {
    fn add(&mut self, link: bool, link_afterwards: bool) {
        self.rounds += 1;
        *(if link { &mut self.link } else { &mut self.folder }) += 1;
        self.swapped += u64::from(link != link_afterwards);
    }

    fn enough(&self) -> bool {
        [self.folder, self.link, self.swapped].into_iter().all(|count| count >= LEAST)
    }
}

/// Whether the link is where the folder was, as the host sees it.
fn is_link(inside: &Path) -> bool {
    inside.join("folder").symlink_metadata().is_ok_and(|metadata| metadata.is_symlink())
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
