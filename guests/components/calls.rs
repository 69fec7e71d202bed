//! Calls WASI as it is told: `wit/calls.wit` says what.

use std::cell::RefCell;
use std::mem;

use wasip2::cli::{stdin, stdout};
use wasip2::clocks::monotonic_clock;
use wasip2::clocks::wall_clock::Datetime;
use wasip2::filesystem::preopens;
use wasip2::filesystem::types::{
    Descriptor, DescriptorFlags, DescriptorStat, ErrorCode, NewTimestamp, OpenFlags, PathFlags,
};
use wasip2::io::poll;
use wasip2::sockets::network::{IpAddressFamily, IpSocketAddress, Ipv4SocketAddress};
use wasip2::sockets::{
    instance_network, ip_name_lookup, tcp, tcp_create_socket, udp_create_socket,
};

wit_bindgen::generate!({ world: "calls-world", path: "../components/wit" });

struct Calls;
export!(Calls);

#[derive(Default)]
struct State {
    /// By their numbers, from [`FIRST`] on.
    descriptors: Vec<Option<Descriptor>>,
    listener: Option<tcp::TcpSocket>,
}

const FIRST: usize = 3;
const HOUR: u64 = 3_600_000_000_000;

thread_local! {
    static STATE: RefCell<State> = RefCell::default();
}

/// Does something with a descriptor.
fn with<R>(fd: u32, call: impl FnOnce(&Descriptor) -> Result<R, ErrorCode>) -> Result<R, u8> {
    STATE.with_borrow(|state| {
        let found = (fd as usize).checked_sub(FIRST).and_then(|at| state.descriptors.get(at));
        let Some(Some(descriptor)) = found else { return Err(ErrorCode::BadDescriptor as u8) };
        call(descriptor).map_err(|code| code as u8)
    })
}

/// The same, where there is nothing to tell but success.
fn done(fd: u32, call: impl FnOnce(&Descriptor) -> Result<(), ErrorCode>) -> Result<u64, u8> {
    with(fd, call).map(|()| 0)
}

/// The lowest free number, for a descriptor.
fn number(descriptor: Descriptor) -> u32 {
    STATE.with_borrow_mut(|state| {
        let all = &mut state.descriptors;
        let free = all.iter().position(Option::is_none).unwrap_or(all.len());
        if free == all.len() {
            all.push(None);
        }
        all[free] = Some(descriptor);
        (free + FIRST) as u32
    })
}

fn path_flags(bits: u8) -> PathFlags {
    PathFlags::from_bits_retain(bits)
}

fn time(time: Option<Time>) -> NewTimestamp {
    time.map_or(NewTimestamp::NoChange, |(seconds, nanoseconds)| {
        NewTimestamp::Timestamp(Datetime { seconds, nanoseconds })
    })
}

fn told(stat: DescriptorStat) -> Stat {
    let time = |time: Option<Datetime>| time.map(|time| (time.seconds, time.nanoseconds));
    (
        stat.type_ as u8,
        stat.link_count,
        stat.size,
        time(stat.data_access_timestamp),
        time(stat.data_modification_timestamp),
        time(stat.status_change_timestamp),
    )
}

impl Guest for Calls {
    fn start() -> Vec<String> {
        let given = preopens::get_directories().into_iter();
        given.map(|(descriptor, path)| (number(descriptor), path).1).collect()
    }

    fn open(dir: u32, follow: u8, path: String, how: u8, flags: u8) -> Result<u32, u8> {
        let how = OpenFlags::from_bits_retain(how);
        let flags = DescriptorFlags::from_bits_retain(flags);
        with(dir, |dir| dir.open_at(path_flags(follow), &path, how, flags)).map(number)
    }

    fn close(fd: u32) {
        STATE.with_borrow_mut(|state| state.descriptors[fd as usize - FIRST] = None);
    }

    fn read(fd: u32, length: u64) -> Result<Vec<u8>, u8> {
        with(fd, |file| file.read(length, 0)).map(|(bytes, _)| bytes)
    }

    fn write(fd: u32, bytes: Vec<u8>) -> Result<u64, u8> {
        with(fd, |file| file.write(&bytes, 0))
    }

    fn write_by_stream(fd: u32, append: bool, bytes: Vec<u8>) -> Result<u64, u8> {
        let stream = with(fd, |file| match append {
            true => file.append_via_stream(),
            false => file.write_via_stream(0),
        })?;
        stream.blocking_write_and_flush(&bytes).map(|()| 0).map_err(|_| u8::MAX)
    }

    fn set_size(fd: u32, size: u64) -> Result<u64, u8> {
        done(fd, |file| file.set_size(size))
    }

    fn sync(fd: u32) -> Result<u64, u8> {
        done(fd, |file| file.sync_data().and_then(|()| file.sync()))
    }

    fn flags_of(fd: u32) -> Result<u8, u8> {
        with(fd, Descriptor::get_flags).map(|flags| flags.bits())
    }

    fn names(fd: u32) -> Result<Vec<String>, u8> {
        with(fd, |dir| {
            let entries = dir.read_directory()?;
            let mut names = Vec::new();
            while let Some(entry) = entries.read_directory_entry()? {
                names.push(entry.name);
            }
            Ok(names)
        })
    }

    fn stat_of(fd: u32) -> Result<Stat, u8> {
        with(fd, Descriptor::stat).map(told)
    }

    fn stat_at(dir: u32, follow: u8, path: String) -> Result<Stat, u8> {
        with(dir, |dir| dir.stat_at(path_flags(follow), &path)).map(told)
    }

    fn set_times(fd: u32, accessed: Option<Time>, modified: Option<Time>) -> Result<u64, u8> {
        done(fd, |file| file.set_times(time(accessed), time(modified)))
    }

    fn set_times_at(
        dir: u32,
        follow: u8,
        path: String,
        accessed: Option<Time>,
        modified: Option<Time>,
    ) -> Result<u64, u8> {
        let (accessed, modified) = (time(accessed), time(modified));
        done(dir, |dir| dir.set_times_at(path_flags(follow), &path, accessed, modified))
    }

    fn create_directory(dir: u32, path: String) -> Result<u64, u8> {
        done(dir, |dir| dir.create_directory_at(&path))
    }

    fn remove_directory(dir: u32, path: String) -> Result<u64, u8> {
        done(dir, |dir| dir.remove_directory_at(&path))
    }

    fn unlink(dir: u32, path: String) -> Result<u64, u8> {
        done(dir, |dir| dir.unlink_file_at(&path))
    }

    fn symlink(target: String, dir: u32, path: String) -> Result<u64, u8> {
        done(dir, |dir| dir.symlink_at(&target, &path))
    }

    fn readlink(dir: u32, path: String) -> Result<String, u8> {
        with(dir, |dir| dir.readlink_at(&path))
    }

    fn rename(dir: u32, path: String, to_dir: u32, to: String) -> Result<u64, u8> {
        with(dir, |dir| Ok(with(to_dir, |to_dir| dir.rename_at(&path, to_dir, &to))))
            .and_then(|renamed| renamed.map(|()| 0))
    }

    fn link(dir: u32, follow: u8, path: String, to_dir: u32, to: String) -> Result<u64, u8> {
        let follow = path_flags(follow);
        with(dir, |dir| Ok(with(to_dir, |to_dir| dir.link_at(follow, &path, to_dir, &to))))
            .and_then(|linked| linked.map(|()| 0))
    }

    fn hash(dir: u32, follow: u8, path: String) -> Result<u64, u8> {
        with(dir, |dir| dir.metadata_hash_at(path_flags(follow), &path)).map(|hash| hash.lower)
    }

    fn forge(handle: u32) -> Result<u64, u8> {
        // SAFETY: nothing else is made of the number; the host is to notice.
        let forged = mem::ManuallyDrop::new(unsafe { Descriptor::from_handle(handle) });
        forged.stat().map(|stat| stat.size).map_err(|code| code as u8)
    }

    fn hoard_all(what: Hoard, attempts: u32) -> u32 {
        let folder = preopens::get_directories().into_iter().next().map(|(folder, _)| folder);
        let folder = || folder.as_ref().expect("a folder");
        let none = PathFlags::empty();
        let both = DescriptorFlags::READ | DescriptorFlags::WRITE;
        let file = || folder().open_at(none, "file", OpenFlags::empty(), both).expect("the file");
        let network = instance_network::instance_network();
        let mut try_one: Box<dyn FnMut() -> bool> = match what {
            Hoard::Files => Box::new(|| {
                kept(folder().open_at(none, "file", OpenFlags::empty(), DescriptorFlags::READ))
            }),
            Hoard::Readers => with_one(file(), |file| kept(file.read_via_stream(0))),
            Hoard::Writers => with_one(file(), |file| kept(file.write_via_stream(0))),
            Hoard::Appenders => with_one(file(), |file| kept(file.append_via_stream())),
            Hoard::Listings => Box::new(|| kept(folder().read_directory())),
            Hoard::Folders => Box::new(|| kept(Ok::<_, ()>(preopens::get_directories()))),
            Hoard::Stdins => Box::new(|| kept(Ok::<_, ()>(stdin::get_stdin()))),
            Hoard::Stdouts => Box::new(|| kept(Ok::<_, ()>(stdout::get_stdout()))),
            Hoard::Timers => {
                Box::new(|| kept(Ok::<_, ()>(monotonic_clock::subscribe_duration(HOUR))))
            }
            Hoard::ReadyStreams => {
                with_one(stdin::get_stdin(), |input| kept(Ok::<_, ()>(input.subscribe())))
            }
            Hoard::TcpSockets => {
                Box::new(|| kept(tcp_create_socket::create_tcp_socket(IpAddressFamily::Ipv4)))
            }
            Hoard::UdpSockets => {
                Box::new(|| kept(udp_create_socket::create_udp_socket(IpAddressFamily::Ipv4)))
            }
            Hoard::Lookups => {
                with_one(network, |all| kept(ip_name_lookup::resolve_addresses(all, "127.0.0.1")))
            }
        };
        let mut got = 0;
        for _ in 0..attempts {
            got += u32::from(try_one());
        }
        got
    }

    fn listen() -> u16 {
        let network = instance_network::instance_network();
        let socket = tcp_create_socket::create_tcp_socket(IpAddressFamily::Ipv4).expect("a socket");
        let any = Ipv4SocketAddress { port: 0, address: (127, 0, 0, 1) };
        socket.start_bind(&network, IpSocketAddress::Ipv4(any)).expect("an address");
        socket.finish_bind().expect("bound");
        socket.start_listen().expect("to listen");
        socket.finish_listen().expect("listens");
        let IpSocketAddress::Ipv4(bound) = socket.local_address().expect("bound") else {
            unreachable!()
        };
        STATE.with_borrow_mut(|state| state.listener = Some(socket));
        bound.port
    }

    fn wait(what: Waiting) -> u64 {
        let (input, output) = (stdin::get_stdin(), stdout::get_stdout());
        let accept = || {
            STATE.with_borrow(|state| {
                let listener = state.listener.as_ref().expect("a listener");
                listener.subscribe().block();
                listener.accept().expect("a connection")
            })
        };
        match what {
            Waiting::Timer => monotonic_clock::subscribe_duration(HOUR).block(),
            Waiting::PollTimers => {
                let timers = [HOUR, 2 * HOUR, u64::MAX].map(monotonic_clock::subscribe_duration);
                return poll::poll(&timers.each_ref())[0].into();
            }
            Waiting::Stdin => input.subscribe().block(),
            Waiting::StdinRead => {
                return input.blocking_read(8).map_or(0, |bytes| bytes.len() as u64);
            }
            Waiting::StdinSkip => return input.blocking_skip(8).unwrap_or(0),
            Waiting::PollStdin => {
                let both = [monotonic_clock::subscribe_duration(HOUR), input.subscribe()];
                return poll::poll(&both.each_ref())[0].into();
            }
            Waiting::StdoutWrite => while output.blocking_write_and_flush(&[b'x'; 4096]).is_ok() {},
            Waiting::StdoutRoom => {
                while let Ok(room @ 1..) = output.check_write() {
                    let bytes = vec![b'x'; room.min(4096) as usize];
                    output.write(&bytes).expect("as much as there is room for");
                }
                output.subscribe().block();
            }
            Waiting::Splice => return output.blocking_splice(&input, 8).unwrap_or(0),
            Waiting::Accept => drop(accept()),
            Waiting::Receive => {
                let (_socket, input, _output) = accept();
                return input.blocking_read(8).map_or(0, |bytes| bytes.len() as u64);
            }
            Waiting::Datagram => {
                let network = instance_network::instance_network();
                let socket =
                    udp_create_socket::create_udp_socket(IpAddressFamily::Ipv4).expect("a socket");
                let any = Ipv4SocketAddress { port: 0, address: (127, 0, 0, 1) };
                socket.start_bind(&network, IpSocketAddress::Ipv4(any)).expect("an address");
                socket.finish_bind().expect("bound");
                let (incoming, _outgoing) = socket.stream(None).expect("streams");
                incoming.subscribe().block();
            }
        }
        0
    }
}

/// Keeps what was made, for good: whether it was.
fn kept<T, E>(made: Result<T, E>) -> bool {
    made.map(mem::forget).is_ok()
}

/// Tries with the same one each time.
fn with_one<'a, T: 'a>(one: T, call: impl Fn(&T) -> bool + 'a) -> Box<dyn FnMut() -> bool + 'a> {
    Box::new(move || call(&one))
}
