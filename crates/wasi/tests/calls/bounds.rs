//! Pointers that lead out of the memory: each function, each pointer.

use crate::sock::listener;
use crate::support::{
    Guest, MEMORY, Open, Provider, Sandbox, Subscription, TestEngine, Version, each_version, errno,
    iovecs,
};
use std::io::Write;
use std::net::TcpStream;
use wayleave_grants::Grants;

each_version! {
    a_pointer_out_of_the_memory_faults_and_nothing_happens,
    buffers_out_of_the_memory_fault_and_nothing_is_read,
    every_pointer_may_lead_to_the_memorys_end,
    lengths_that_no_result_needs_do_not_matter,
}

/// What a pointer argument leads to.
#[derive(Clone, Copy)]
enum Points {
    /// So many bytes.
    To(u64),
    /// As many bytes as another argument says.
    By(usize),
    /// As many records of so many bytes as another argument says.
    Records(usize, u64),
}
use Points::{By, Records, To};

const READ: u64 = 1 << 1;

/// Where valid pointers lead: texts at 100 ("file") and 110 ("new"), a list of one buffer at 120, a
/// subscription at 200; results go from 300 on.
type Case = (&'static str, &'static [u64], &'static [(usize, Points)]);

/// A valid call of each function with pointers; and which arguments these are.
const CASES: [Case; 35] = [
    ("args_get", &[300, 400], &[(0, To(8)), (1, To(5))]),
    ("args_sizes_get", &[300, 400], &[(0, To(4)), (1, To(4))]),
    ("environ_get", &[300, 400], &[(0, To(8)), (1, To(8))]),
    ("environ_sizes_get", &[300, 400], &[(0, To(4)), (1, To(4))]),
    ("clock_res_get", &[1, 300], &[(1, To(8))]),
    ("clock_time_get", &[1, 0, 300], &[(2, To(8))]),
    ("fd_fdstat_get", &[FILE, 300], &[(1, To(24))]),
    ("fd_filestat_get", &[FILE, 300], &[(1, To(64))]),
    ("fd_pread", &[FILE, 120, 1, 0, 300], &[(1, Records(2, 8)), (4, To(4))]),
    ("fd_prestat_get", &[DIR, 300], &[(1, To(8))]),
    ("fd_prestat_dir_name", &[DIR, 300, 1], &[(1, By(2))]),
    ("fd_pwrite", &[FILE, 120, 1, 0, 300], &[(1, Records(2, 8)), (4, To(4))]),
    ("fd_read", &[FILE, 120, 1, 300], &[(1, Records(2, 8)), (3, To(4))]),
    ("fd_readdir", &[DIR, 400, 100, 0, 300], &[(1, By(2)), (4, To(4))]),
    ("fd_seek", &[FILE, 2, 0, 300], &[(3, To(8))]),
    ("fd_tell", &[FILE, 300], &[(1, To(8))]),
    ("fd_write", &[FILE, 120, 1, 300], &[(1, Records(2, 8)), (3, To(4))]),
    ("path_create_directory", &[DIR, 110, 3], &[(1, By(2))]),
    ("path_filestat_get", &[DIR, 0, 100, 4, 300], &[(2, By(3)), (4, To(64))]),
    ("path_filestat_set_times", &[DIR, 0, 100, 4, 1, 1, 5], &[(2, By(3))]),
    ("path_link", &[DIR, 0, 100, 4, DIR, 110, 3], &[(2, By(3)), (5, By(6))]),
    ("path_open", &[DIR, 0, 110, 3, 1, READ, 0, 0, 300], &[(2, By(3)), (8, To(4))]),
    ("path_readlink", &[DIR, 115, 4, 400, 4, 300], &[(1, By(2)), (3, By(4)), (5, To(4))]),
    ("path_remove_directory", &[DIR, 125, 3], &[(1, By(2))]),
    ("path_rename", &[DIR, 100, 4, DIR, 110, 3], &[(1, By(2)), (4, By(5))]),
    ("path_symlink", &[100, 4, DIR, 110, 3], &[(0, By(1)), (3, By(4))]),
    ("path_unlink_file", &[DIR, 100, 4], &[(1, By(2))]),
    ("poll_oneoff", &[200, 400, 1, 300], &[(0, Records(2, 48)), (1, Records(2, 32)), (3, To(4))]),
    ("random_get", &[300, 100], &[(0, By(1))]),
    ("sock_accept", &[LISTENER, 0, 300], &[(2, To(4))]),
    ("sock_recv", &[SOCKET, 120, 1, 0, 300, 310], &[(1, Records(2, 8)), (4, To(4)), (5, To(2))]),
    ("sock_send", &[SOCKET, 120, 1, 0, 300], &[(1, Records(2, 8)), (4, To(4))]),
    // With two of each.
    ("fd_read", &[FILE, 120, 2, 300], &[(1, Records(2, 8))]),
    ("fd_write", &[FILE, 120, 2, 300], &[(1, Records(2, 8))]),
    ("poll_oneoff", &[200, 400, 2, 300], &[(0, Records(2, 48)), (1, Records(2, 32))]),
];

const DIR: u64 = 3;
const LISTENER: u64 = 4;
const FILE: u64 = 5;
const SOCKET: u64 = 6;

/// A guest with one of everything.
struct World<E: TestEngine> {
    version: Version,
    guest: Guest<E>,
    sandbox: Sandbox,
    _peers: [TcpStream; 2],
}

impl<E: TestEngine> World<E> {
    fn new(version: Version) -> Self {
        let sandbox = Sandbox::new(Provider::Kernel);
        sandbox.put("file", b"abcdefgh");
        sandbox.link("file", "link");
        sandbox.mkdir("sub");
        let (grants, address) = listener();
        let grants = Grants { preopens: sandbox.grants().preopens, ..grants };
        let grants = grants.args(["a", "bc"]).unwrap();
        let grants = grants.env("A", "1").unwrap().env("B", "2").unwrap();
        let mut guest = Guest::<E>::of(version, grants);
        assert_eq!(guest.open(DIR, "file", Open::WRITE), Ok(FILE));
        let connect = || TcpStream::connect(address).unwrap();
        let mut peer = connect();
        if has_sockets(version) {
            guest.ok("sock_accept", &[LISTENER, 0, 0]);
            peer.write_all(b"sent").unwrap();
        }
        let mut world = Self { version, guest, sandbox, _peers: [peer, connect()] };
        world.fill();
        world
    }

    fn fill(&mut self) {
        self.guest.memory(|memory| memory.fill(b'?'));
        self.guest.poke(100, b"file");
        self.guest.poke(110, b"new");
        self.guest.poke(115, b"link");
        self.guest.poke(120, &iovecs(&[(500, 4), (600, 4)]));
        self.guest.poke(200, &Subscription::after(0).bytes(self.version, 0).repeat(2));
    }

    /// Asserts that nothing has happened.
    fn is_untouched(&mut self, what: &str) {
        assert_eq!(self.sandbox.get("file"), b"abcdefgh", "{what}");
        assert!(!self.sandbox.has("new"), "{what} made something");
        assert!(self.sandbox.has("sub"), "{what} removed something");
        assert_eq!(self.guest.tell(FILE), Ok(0), "{what} moved the position");
        let free = if has_sockets(self.version) { SOCKET + 1 } else { SOCKET };
        self.guest.err("fd_close", &[free], errno::BADF);
        self.fill();
    }
}

/// Whether a version can come to have a socket: 0.0 accepts none.
fn has_sockets(version: Version) -> bool {
    version == Version::Snapshot1
}

/// The cases of a version. In 0.0, metadata and subscriptions have 56 bytes.
fn cases(version: Version) -> impl Iterator<Item = (&'static str, Vec<u64>, Vec<(usize, Points)>)> {
    let of = move |points| match (version, points) {
        (Version::Unstable, To(64)) => To(56),
        (Version::Unstable, Records(count, 48)) => Records(count, 56),
        (_, points) => points,
    };
    CASES
        .into_iter()
        .filter(move |(name, ..)| has_sockets(version) || !name.starts_with("sock_"))
        .map(move |(name, valid, pointers)| {
            let pointers = pointers.iter().map(|&(index, points)| (index, of(points)));
            (name, fix(name, valid), pointers.collect())
        })
}

/// What an argument list's pointer leads to, in bytes.
fn extent(args: &[u64], points: Points) -> u64 {
    match points {
        To(bytes) => bytes,
        By(length) => args[length],
        Records(count, size) => args[count] * size,
    }
}

/// Addresses from which so many bytes are not all in the memory.
fn beyond(bytes: u64) -> [u64; 7] {
    let most = u64::from(u32::MAX);
    [MEMORY - bytes + 1, MEMORY - 1, MEMORY, MEMORY + 1, 1 << 31, most - bytes + 1, most]
        .map(|address| if bytes == 1 { address.max(MEMORY) } else { address })
}

fn a_pointer_out_of_the_memory_faults_and_nothing_happens<E: TestEngine>(version: Version) {
    let mut world = World::<E>::new(version);
    for (name, valid, pointers) in cases(version) {
        for (index, points) in pointers {
            for address in beyond(extent(&valid, points)) {
                let mut args = valid.clone();
                args[index] = address;
                world.guest.err(name, &args, errno::FAULT);
            }
            // A length that leads out, from a good address.
            let (By(length) | Records(length, _)) = points else { continue };
            for long in [MEMORY + 1, 1 << 31, u64::from(u32::MAX)] {
                let mut args = valid.clone();
                args[length] = long;
                let expected = match (name, index) {
                    ("fd_prestat_dir_name", _) | ("path_readlink", 3) => continue,
                    // More than can ever be waited for.
                    ("poll_oneoff", _) => errno::INVAL,
                    _ => errno::FAULT,
                };
                world.guest.err(name, &args, expected);
            }
        }
        world.is_untouched(name);
    }
    // The bytes and the connection that were waiting still are.
    if has_sockets(version) {
        assert_eq!(world.guest.read(SOCKET, 9), Ok(b"sent".to_vec()));
        world.guest.ok("sock_accept", &[LISTENER, 0, 300]);
    }
}

/// The name of the folder to remove is where the second buffer of the list would be.
fn fix(name: &str, args: &[u64]) -> Vec<u64> {
    let mut args = args.to_vec();
    if name == "path_remove_directory" {
        args[1] = 110;
    }
    args
}

fn buffers_out_of_the_memory_fault_and_nothing_is_read<E: TestEngine>(version: Version) {
    let mut world = World::<E>::new(version);
    let end = u32::try_from(MEMORY).unwrap();
    let bad = [
        (end, 1),
        (end - 1, 2),
        (end + 1, 0),
        (0, end + 1),
        (u32::MAX, 1),
        (u32::MAX, u32::MAX),
        (1, u32::MAX),
        (1 << 31, 1 << 31),
    ];
    for buffer in bad {
        for list in [[buffer, (500, 4)], [(500, 4), buffer]] {
            for count in [1, 2] {
                if list[..count].contains(&buffer) {
                    fault_everywhere(&mut world, &iovecs(&list), count as u64);
                }
            }
        }
    }
    if has_sockets(version) {
        assert_eq!(world.guest.read(SOCKET, 9), Ok(b"sent".to_vec()));
    }
}

fn fault_everywhere<E: TestEngine>(world: &mut World<E>, list: &[u8], count: u64) {
    let calls: [(&str, &[u64]); 6] = [
        ("fd_read", &[FILE, 120, count, 300]),
        ("fd_write", &[FILE, 120, count, 300]),
        ("fd_pread", &[FILE, 120, count, 0, 300]),
        ("fd_pwrite", &[FILE, 120, count, 0, 300]),
        ("sock_recv", &[SOCKET, 120, count, 0, 300, 310]),
        ("sock_send", &[SOCKET, 120, count, 0, 300]),
    ];
    for (name, args) in calls {
        if name.starts_with("sock_") && !has_sockets(world.version) {
            continue;
        }
        world.guest.poke(120, list);
        world.guest.err(name, args, errno::FAULT);
        world.is_untouched(name);
    }
}

fn every_pointer_may_lead_to_the_memorys_end<E: TestEngine>(version: Version) {
    for (name, valid, pointers) in cases(version) {
        for (index, points) in pointers {
            let mut world = World::<E>::new(version);
            if name == "path_remove_directory" {
                world.guest.poke(110, b"sub");
            }
            let bytes = extent(&valid, points);
            let from = usize::try_from(valid[index]).unwrap();
            let mut args = valid.clone();
            args[index] = MEMORY - bytes;
            let moved = world.guest.peek(from as u64, usize::try_from(bytes).unwrap());
            world.guest.poke(args[index], &moved);
            world.guest.ok(name, &args);
        }
    }
}

fn lengths_that_no_result_needs_do_not_matter<E: TestEngine>(version: Version) {
    let mut world = World::<E>::new(version);
    let most = u64::from(u32::MAX);
    world.guest.ok("fd_prestat_dir_name", &[DIR, 300, most]);
    world.guest.ok("path_readlink", &[DIR, 115, 4, 400, most, 300]);
    assert_eq!((world.guest.u32(300), world.guest.peek(400, 5)), (4, b"file?".to_vec()));
    world.is_untouched("");
}
