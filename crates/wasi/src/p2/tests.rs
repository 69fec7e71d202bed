//! The interfaces through their traits, on folders in memory. What crosses the guest's memory is
//! tested with guests.

use super::Host;
use super::bindings::wasi::cli::{environment, exit, stdin, stdout, terminal_stdout};
use super::bindings::wasi::clocks::wall_clock::Datetime;
use super::bindings::wasi::clocks::{monotonic_clock, timezone, wall_clock};
use super::bindings::wasi::filesystem::preopens;
use super::bindings::wasi::filesystem::types::{
    DescriptorFlags, DescriptorType, ErrorCode, Host as _, NewTimestamp, OpenFlags, PathFlags,
};
use super::bindings::wasi::io::error::Host as _;
use super::bindings::wasi::io::poll::Host as _;
use super::bindings::wasi::io::streams::{Host as _, StreamError};
use super::bindings::wasi::random::{insecure_seed, random};
use super::filesystem::{Descriptor, Entries};
use super::streams::{InputStream, OutputStream};
use std::sync::Arc;
use std::time::{Duration, Instant};
use wayleave_component::abi::{GuestBytes, GuestText};
use wayleave_component::{Borrow, Caller, Own};
use wayleave_engine::{Exit, Stop};
use wayleave_grants::Grants;
use wayleave_system::fs::{Dir, MemoryDir, ReadOnly, SetTime, Timestamp};
use wayleave_system::stdio::{Capture, Input};
use wayleave_system::wait::Interrupt;

fn lend<R>(own: &Own<R>) -> Borrow<R> {
    Borrow::new(own.rep())
}

/// A guest with a writable folder, and the same one to read only.
fn host() -> (Host, Own<Descriptor>, Own<Descriptor>) {
    let dir: Arc<dyn Dir> = Arc::new(MemoryDir::new(1 << 20));
    let grants = Grants::new()
        .preopen(dir.clone(), "/")
        .unwrap()
        .preopen(Arc::new(ReadOnly::new(dir)), "/ro")
        .unwrap();
    let mut host = Host::new(grants);
    let mut found = preopens::Host::get_directories(&mut host).unwrap();
    let (ro, ro_name) = found.pop().unwrap();
    let (rw, rw_name) = found.pop().unwrap();
    assert_eq!((rw_name.as_str(), ro_name.as_str(), found.len()), ("/", "/ro", 0));
    (host, rw, ro)
}

fn open(
    host: &mut Host,
    dir: &Own<Descriptor>,
    path: &str,
    how: OpenFlags,
    flags: DescriptorFlags,
) -> Result<Own<Descriptor>, ErrorCode> {
    host.descriptor_open_at(lend(dir), PathFlags::empty(), path, how, flags).unwrap()
}

fn create(host: &mut Host, dir: &Own<Descriptor>, path: &str, content: &[u8]) -> Own<Descriptor> {
    let flags = DescriptorFlags::READ | DescriptorFlags::WRITE;
    let file = open(host, dir, path, OpenFlags::CREATE, flags).unwrap();
    let written = host.descriptor_write(lend(&file), content, 0).unwrap();
    assert_eq!(written, Ok(content.len() as u64));
    file
}

/// A guest that calls, and what was put into its memory last.
struct Guest<'h> {
    host: &'h mut Host,
    bytes: Vec<u8>,
}

impl<'h> Guest<'h> {
    fn new(host: &'h mut Host) -> Self {
        Self { host, bytes: Vec::new() }
    }
}

impl Caller<Host> for Guest<'_> {
    fn state(&mut self) -> &mut Host {
        self.host
    }

    fn bytes<X>(
        &mut self,
        room: u32,
        fill: impl FnOnce(&mut Host, &mut [u8]) -> Result<usize, X>,
    ) -> Result<Result<GuestBytes, X>, Stop> {
        self.bytes = vec![0; room as usize];
        Ok(fill(self.host, &mut self.bytes).map(|used| {
            self.bytes.truncate(used);
            GuestBytes::new(1, room)
        }))
    }

    fn text(&mut self, text: impl Fn(&mut Host) -> &str) -> Result<GuestText, Stop> {
        self.bytes = text(self.host).into();
        Ok(GuestText::new(1, 0))
    }
}

/// The kind and the name of the next entry.
fn next_entry(host: &mut Host, entries: &Own<Entries>) -> Option<(DescriptorType, String)> {
    let mut guest = Guest::new(host);
    let next = Host::directory_entry_stream_read_directory_entry(&mut guest, lend(entries));
    let kind = next.unwrap().unwrap()?.r#type;
    Some((kind, String::from_utf8(guest.bytes).unwrap()))
}

fn take(host: &Host, stream: &Own<InputStream>, len: u64) -> Result<Vec<u8>, StreamError> {
    host.inputs.get(lend(stream)).unwrap().take(len, &host.waiter, false).unwrap()
}

#[test]
fn a_file_is_read_from_a_place_to_its_end() {
    let (mut host, rw, _) = host();
    let file = create(&mut host, &rw, "a", b"0123456789");
    let stream = host.descriptor_read_via_stream(lend(&file), 2).unwrap().unwrap();
    assert_eq!(take(&host, &stream, 3).unwrap(), b"234");
    assert_eq!(host.input_stream_skip(lend(&stream), 2).unwrap().unwrap(), 2);
    assert_eq!(take(&host, &stream, 100).unwrap(), b"789");
    assert!(matches!(take(&host, &stream, 1), Err(StreamError::Closed)));
    assert_eq!(take(&host, &stream, 0).unwrap(), b"");
    let closed = host.input_stream_blocking_skip(lend(&stream), 1).unwrap();
    assert!(matches!(closed, Err(StreamError::Closed)));
    host.input_stream_drop(stream).unwrap();
}

#[test]
fn streams_write_at_a_place_or_at_the_end() {
    let (mut host, rw, _) = host();
    let file = create(&mut host, &rw, "a", b"0123456789");
    let out = host.descriptor_write_via_stream(lend(&file), 3).unwrap().unwrap();
    assert!(host.output_stream_check_write(lend(&out)).unwrap().unwrap() > 4096);
    host.output_stream_write(lend(&out), b"ab").unwrap().unwrap();
    host.output_stream_blocking_write_zeroes_and_flush(lend(&out), 1).unwrap().unwrap();
    host.output_stream_write(lend(&out), b"c").unwrap().unwrap();
    host.output_stream_blocking_flush(lend(&out)).unwrap().unwrap();
    let end = host.descriptor_append_via_stream(lend(&file)).unwrap().unwrap();
    host.output_stream_write(lend(&end), b"!").unwrap().unwrap();
    let stream = host.descriptor_read_via_stream(lend(&file), 0).unwrap().unwrap();
    assert_eq!(take(&host, &stream, 100).unwrap(), b"012ab\0c789!");
}

#[test]
fn bytes_are_spliced() {
    let (mut host, rw, _) = host();
    let from = create(&mut host, &rw, "a", b"0123456789");
    let to = create(&mut host, &rw, "b", b"");
    let input = host.descriptor_read_via_stream(lend(&from), 4).unwrap().unwrap();
    let output = host.descriptor_write_via_stream(lend(&to), 0).unwrap().unwrap();
    let moved = host.output_stream_splice(lend(&output), lend(&input), 4).unwrap();
    assert_eq!(moved.unwrap(), 4);
    let moved = host.output_stream_blocking_splice(lend(&output), lend(&input), 100).unwrap();
    assert_eq!(moved.unwrap(), 2);
    let moved = host.output_stream_splice(lend(&output), lend(&input), 1).unwrap();
    assert!(matches!(moved, Err(StreamError::Closed)));
    let stream = host.descriptor_read_via_stream(lend(&to), 0).unwrap().unwrap();
    assert_eq!(take(&host, &stream, 100).unwrap(), b"456789");
}

#[test]
fn what_was_not_asked_for_when_opening_is_refused() {
    let (mut host, rw, _) = host();
    create(&mut host, &rw, "a", b"x");
    let reader = open(&mut host, &rw, "a", OpenFlags::empty(), DescriptorFlags::READ).unwrap();
    let writer = open(&mut host, &rw, "a", OpenFlags::empty(), DescriptorFlags::WRITE).unwrap();
    let bad = Err(ErrorCode::BadDescriptor);
    assert_eq!(host.descriptor_write(lend(&reader), b"y", 0).unwrap(), bad.clone());
    assert_eq!(host.descriptor_set_size(lend(&reader), 0).unwrap().map(|()| 0), bad.clone());
    let stream = host.descriptor_write_via_stream(lend(&reader), 0).unwrap();
    assert_eq!(stream.map(|_| 0), bad.clone());
    let stream = host.descriptor_append_via_stream(lend(&reader)).unwrap();
    assert_eq!(stream.map(|_| 0), bad.clone());
    let stream = host.descriptor_read_via_stream(lend(&writer), 0).unwrap();
    assert_eq!(stream.map(|_| 0), bad);
    let flags = host.descriptor_get_flags(lend(&reader)).unwrap().unwrap();
    assert_eq!(flags, DescriptorFlags::READ);
}

#[test]
fn a_folder_is_no_file_and_a_file_no_folder() {
    let (mut host, rw, _) = host();
    let file = create(&mut host, &rw, "a", b"x");
    let is_dir = host.descriptor_read_via_stream(lend(&rw), 0).unwrap().map(|_| ());
    assert_eq!(is_dir, Err(ErrorCode::IsDirectory));
    let no_dir = host.descriptor_read_directory(lend(&file)).unwrap().map(|_| ());
    assert_eq!(no_dir, Err(ErrorCode::NotDirectory));
    assert_eq!(host.descriptor_get_type(lend(&rw)).unwrap(), Ok(DescriptorType::Directory));
    assert_eq!(host.descriptor_get_type(lend(&file)).unwrap(), Ok(DescriptorType::RegularFile));
}

#[test]
fn a_folder_to_read_only_stays_as_it_is() {
    let (mut host, rw, ro) = host();
    create(&mut host, &rw, "a", b"content");
    host.descriptor_create_directory_at(lend(&rw), "d").unwrap().unwrap();
    let flags = host.descriptor_get_flags(lend(&ro)).unwrap().unwrap();
    assert_eq!(flags, DescriptorFlags::READ);
    let read_write = DescriptorFlags::READ | DescriptorFlags::WRITE;
    let wanted = [
        open(&mut host, &ro, "a", OpenFlags::TRUNCATE, DescriptorFlags::READ).map(|_| ()),
        open(&mut host, &ro, "a", OpenFlags::empty(), read_write).map(|_| ()),
        open(&mut host, &ro, "b", OpenFlags::CREATE, DescriptorFlags::READ).map(|_| ()),
        open(&mut host, &ro, "b", OpenFlags::CREATE | OpenFlags::EXCLUSIVE, read_write).map(|_| ()),
        host.descriptor_create_directory_at(lend(&ro), "e").unwrap(),
        host.descriptor_unlink_file_at(lend(&ro), "a").unwrap(),
        host.descriptor_remove_directory_at(lend(&ro), "d").unwrap(),
        host.descriptor_symlink_at(lend(&ro), "a", "s").unwrap(),
        host.descriptor_rename_at(lend(&ro), "a", lend(&ro), "b").unwrap(),
        host.descriptor_rename_at(lend(&ro), "a", lend(&rw), "b").unwrap(),
        host.descriptor_rename_at(lend(&rw), "a", lend(&ro), "b").unwrap(),
        host.descriptor_link_at(lend(&ro), PathFlags::empty(), "a", lend(&rw), "b").unwrap(),
        host.descriptor_set_times_at(
            lend(&ro),
            PathFlags::empty(),
            "a",
            NewTimestamp::Now,
            NewTimestamp::Now,
        )
        .unwrap(),
    ];
    for (number, result) in wanted.into_iter().enumerate() {
        assert_eq!(result, Err(ErrorCode::ReadOnly), "{number}");
    }
    // A folder below has no more than the one above.
    let sub = open(&mut host, &ro, "d", OpenFlags::DIRECTORY, DescriptorFlags::MUTATE_DIRECTORY);
    if let Ok(sub) = sub {
        let made = host.descriptor_create_directory_at(lend(&sub), "e").unwrap();
        assert_eq!(made, Err(ErrorCode::ReadOnly));
        let flags = host.descriptor_get_flags(lend(&sub)).unwrap().unwrap();
        assert!(!flags.contains(DescriptorFlags::MUTATE_DIRECTORY));
    }
    let file = open(&mut host, &ro, "a", OpenFlags::empty(), DescriptorFlags::READ).unwrap();
    assert_eq!(host.descriptor_stat(lend(&file)).unwrap().unwrap().size, 7);
}

#[test]
fn paths_stay_below_their_folder() {
    let (mut host, rw, _) = host();
    host.descriptor_create_directory_at(lend(&rw), "a").unwrap().unwrap();
    for path in ["..", "../x", "/", "/etc/passwd", "a/../../x"] {
        let outside = host.descriptor_stat_at(lend(&rw), PathFlags::empty(), path).unwrap();
        assert_eq!(outside.map(|stat| stat.size), Err(ErrorCode::NotPermitted), "{path}");
    }
    let outside = host.descriptor_symlink_at(lend(&rw), "/etc/passwd", "s").unwrap();
    assert_eq!(outside, Err(ErrorCode::NotPermitted));
}

#[test]
fn links_lead_nowhere_outside() {
    let (mut host, rw, _) = host();
    let links = [
        ("../outside", "evil"),
        ("evil/", "slash"),
        ("slash", "chained"),
        ("..", "up"),
        ("up/..", "higher"),
        ("loop", "loop"),
        ("./../outside/", "dotted"),
    ];
    for (text, link) in links {
        host.descriptor_symlink_at(lend(&rw), text, link).unwrap().unwrap();
    }
    let hows = [
        OpenFlags::empty(),
        OpenFlags::CREATE,
        OpenFlags::CREATE | OpenFlags::EXCLUSIVE,
        OpenFlags::TRUNCATE,
        OpenFlags::DIRECTORY,
    ];
    let write = DescriptorFlags::READ | DescriptorFlags::WRITE;
    for (_, link) in links {
        for behind in ["", "/", "//", "/.", "/secret", "/../inside/x"] {
            let path = format!("{link}{behind}");
            for follow in [PathFlags::empty(), PathFlags::SYMLINK_FOLLOW] {
                for how in hows {
                    for flags in [DescriptorFlags::READ, write] {
                        let opened =
                            host.descriptor_open_at(lend(&rw), follow, &path, how, flags).unwrap();
                        assert!(opened.is_err(), "{path} {follow:?} {how:?} {flags:?}");
                    }
                }
                let set = host
                    .descriptor_set_times_at(
                        lend(&rw),
                        PathFlags::SYMLINK_FOLLOW,
                        &path,
                        NewTimestamp::Now,
                        NewTimestamp::Now,
                    )
                    .unwrap();
                assert!(set.is_err(), "{path}");
            }
            let made = host.descriptor_create_directory_at(lend(&rw), &path).unwrap();
            assert!(made.is_err(), "{path}");
            let removed = host.descriptor_remove_directory_at(lend(&rw), &path).unwrap();
            assert!(removed.is_err(), "{path}");
            if !behind.is_empty() {
                let gone = host.descriptor_unlink_file_at(lend(&rw), &path).unwrap();
                assert!(gone.is_err(), "{path}");
            }
        }
    }
}

#[test]
fn without_a_grant_there_is_no_folder() {
    let mut host = Host::new(Grants::new());
    assert!(preopens::Host::get_directories(&mut host).unwrap().is_empty());
}

/// The interface has no times before 1970, which files of the host may have.
#[test]
fn extreme_times_of_the_host_are_told_or_left_out() {
    let dir: Arc<dyn Dir> = Arc::new(MemoryDir::new(1 << 20));
    let mut host = Host::new(Grants::new().preopen(dir.clone(), "/").unwrap());
    let (root, _) = preopens::Host::get_directories(&mut host).unwrap().remove(0);
    let file = create(&mut host, &root, "a", b"");
    for seconds in [0, -1, 1, i64::MIN, i64::MAX] {
        let time = SetTime::To(Timestamp { seconds, nanoseconds: 999_999_999 });
        // What a provider does not keep it refuses.
        if dir.set_times_at("a", true, time, time).is_err() {
            continue;
        }
        let stat = host.descriptor_stat(lend(&file)).unwrap().unwrap();
        let told = stat.data_modification_timestamp.map(|time| time.seconds);
        assert_eq!(told, u64::try_from(seconds).ok(), "{seconds}");
        host.descriptor_metadata_hash(lend(&file)).unwrap().unwrap();
    }
}

#[test]
fn a_folder_is_listed_without_itself() {
    let (mut host, rw, _) = host();
    for name in ["a", "b", "c"] {
        create(&mut host, &rw, name, b"");
    }
    host.descriptor_create_directory_at(lend(&rw), "d").unwrap().unwrap();
    let walk = host.descriptor_read_directory(lend(&rw)).unwrap().unwrap();
    let mut names = Vec::new();
    while let Some((kind, name)) = next_entry(&mut host, &walk) {
        names.push((name, kind == DescriptorType::Directory));
    }
    names.sort();
    // The other folder is mounted in this one.
    let expected = [("a", false), ("b", false), ("c", false), ("d", true), ("ro", true)];
    assert_eq!(names, expected.map(|(name, dir)| (name.to_owned(), dir)));
    assert!(next_entry(&mut host, &walk).is_none(), "the end stays the end");
    host.directory_entry_stream_drop(walk).unwrap();
}

#[test]
fn a_file_is_known_again() {
    let (mut host, rw, _) = host();
    let one = create(&mut host, &rw, "a", b"x");
    let other = create(&mut host, &rw, "b", b"x");
    let again = open(&mut host, &rw, "a", OpenFlags::empty(), DescriptorFlags::READ).unwrap();
    assert!(host.descriptor_is_same_object(lend(&one), lend(&again)).unwrap());
    assert!(!host.descriptor_is_same_object(lend(&one), lend(&other)).unwrap());
    let hash = |host: &mut Host, file| host.descriptor_metadata_hash(file).unwrap().unwrap();
    let first = hash(&mut host, lend(&one));
    assert_eq!(first, hash(&mut host, lend(&again)));
    assert_ne!(first, hash(&mut host, lend(&other)));
    let path = host.descriptor_metadata_hash_at(lend(&rw), PathFlags::empty(), "a").unwrap();
    assert_eq!(path, Ok(first));
    // What is written to it does not make it another file.
    host.descriptor_write(lend(&one), b"more", 0).unwrap().unwrap();
    assert_eq!(hash(&mut host, lend(&one)), first);
}

#[test]
fn a_hash_is_of_what_is_there_now() {
    let (mut host, rw, _) = host();
    create(&mut host, &rw, "a", b"x");
    create(&mut host, &rw, "b", b"x");
    let hash = |host: &mut Host, path| {
        host.descriptor_metadata_hash_at(lend(&rw), PathFlags::empty(), path).unwrap().unwrap()
    };
    let look = |host: &mut Host, path| {
        host.descriptor_stat_at(lend(&rw), PathFlags::empty(), path).unwrap().unwrap();
    };
    let (a, b) = (hash(&mut host, "a"), hash(&mut host, "b"));
    look(&mut host, "a");
    assert_eq!(hash(&mut host, "a"), a);
    look(&mut host, "a");
    assert_eq!(hash(&mut host, "b"), b);
    // A link is not what it leads to, in either order.
    host.descriptor_symlink_at(lend(&rw), "b", "link").unwrap().unwrap();
    let with = |host: &mut Host, flags| {
        host.descriptor_metadata_hash_at(lend(&rw), flags, "link").unwrap().unwrap()
    };
    let target = with(&mut host, PathFlags::SYMLINK_FOLLOW);
    assert_eq!(target, b);
    for (first, second) in [
        (PathFlags::empty(), PathFlags::SYMLINK_FOLLOW),
        (PathFlags::SYMLINK_FOLLOW, PathFlags::empty()),
    ] {
        let kind = |flags: PathFlags| match flags.contains(PathFlags::SYMLINK_FOLLOW) {
            true => DescriptorType::RegularFile,
            false => DescriptorType::SymbolicLink,
        };
        with(&mut host, first);
        let found = host.descriptor_stat_at(lend(&rw), second, "link").unwrap().unwrap();
        assert_eq!(found.r#type, kind(second));
    }
    // Between the two, another file has come into its place.
    look(&mut host, "a");
    host.descriptor_rename_at(lend(&rw), "b", lend(&rw), "a").unwrap().unwrap();
    assert_eq!(hash(&mut host, "a"), b);
    look(&mut host, "a");
    host.descriptor_unlink_file_at(lend(&rw), "a").unwrap().unwrap();
    let gone = host.descriptor_metadata_hash_at(lend(&rw), PathFlags::empty(), "a").unwrap();
    assert_eq!(gone.map(|_| ()), Err(ErrorCode::NoEntry));
}

#[test]
fn an_entrys_hash_is_its_files() {
    let (mut host, rw, _) = host();
    create(&mut host, &rw, "a", b"x");
    create(&mut host, &rw, "b", b"x");
    let hash = |host: &mut Host, path: &str| {
        host.descriptor_metadata_hash_at(lend(&rw), PathFlags::empty(), path).unwrap()
    };
    let (a, b) = (hash(&mut host, "a").unwrap(), hash(&mut host, "b").unwrap());
    let of = |path: &str| if path == "a" { a } else { b };
    let list = |host: &mut Host| host.descriptor_read_directory(lend(&rw)).unwrap().unwrap();
    let next = |host: &mut Host, entries: &Own<Entries>| next_entry(host, entries).unwrap().1;
    let entries = list(&mut host);
    for _ in 0..2 {
        let name = next(&mut host, &entries);
        assert_eq!(hash(&mut host, &name).unwrap(), of(&name));
    }
    // Of another entry than the one that was just read.
    let entries = list(&mut host);
    let name = next(&mut host, &entries);
    let other = if name == "a" { "b" } else { "a" };
    assert_eq!(hash(&mut host, other).unwrap(), of(other));
    // In between, another file has come into its place, and then none.
    let entries = list(&mut host);
    let name = next(&mut host, &entries);
    let other = if name == "a" { "b" } else { "a" };
    host.descriptor_rename_at(lend(&rw), other, lend(&rw), &name).unwrap().unwrap();
    assert_eq!(hash(&mut host, &name).unwrap(), of(other));
    let entries = list(&mut host);
    let name = next(&mut host, &entries);
    host.descriptor_unlink_file_at(lend(&rw), &name).unwrap().unwrap();
    assert_eq!(hash(&mut host, &name).map(|_| ()), Err(ErrorCode::NoEntry));
}

#[test]
fn times_are_set_and_told() {
    let (mut host, rw, _) = host();
    let file = create(&mut host, &rw, "a", b"");
    let time = Datetime { seconds: 1_000_000_000, nanoseconds: 5 };
    let set = |host: &mut Host, time: Datetime| {
        let time = NewTimestamp::Timestamp(time);
        host.descriptor_set_times(lend(&file), NewTimestamp::NoChange, time).unwrap()
    };
    set(&mut host, time).unwrap();
    let stat = host.descriptor_stat(lend(&file)).unwrap().unwrap();
    assert_eq!(stat.data_modification_timestamp, Some(time));
    let wild = Datetime { seconds: 0, nanoseconds: 1_000_000_000 };
    assert_eq!(set(&mut host, wild), Err(ErrorCode::Invalid));
    let late = Datetime { seconds: u64::MAX, nanoseconds: 0 };
    assert_eq!(set(&mut host, late), Err(ErrorCode::Overflow));
}

#[test]
fn errors_say_what_they_are() {
    let (mut host, rw, _) = host();
    let file = create(&mut host, &rw, "a", b"");
    // More than the folder in memory may hold.
    let out = host.descriptor_write_via_stream(lend(&file), 0).unwrap().unwrap();
    let full = host.output_stream_write(lend(&out), &vec![1; 2 << 20]).unwrap();
    let Err(StreamError::LastOperationFailed(error)) = full else { panic!("{full:?}") };
    let code = host.filesystem_error_code(lend(&error)).unwrap();
    assert!(matches!(code, Some(ErrorCode::InsufficientSpace | ErrorCode::Quota)), "{code:?}");
    let words = host.error_to_debug_string(lend(&error)).unwrap();
    assert!(words.contains("space") || words.contains("quota"), "{words}");
    host.error_drop(error).unwrap();
}

#[test]
fn pollables_are_ready_when_their_time_has_come() {
    let (mut host, ..) = host();
    let start = Instant::now();
    let hour = monotonic_clock::Host::subscribe_duration(&mut host, 3_600_000_000_000).unwrap();
    let soon = monotonic_clock::Host::subscribe_duration(&mut host, 20_000_000).unwrap();
    let past = monotonic_clock::Host::subscribe_instant(&mut host, 0).unwrap();
    assert!(!host.pollable_ready(lend(&hour)).unwrap());
    assert!(host.pollable_ready(lend(&past)).unwrap());
    assert_eq!(host.poll(vec![lend(&hour), lend(&past)]).unwrap(), [1]);
    assert_eq!(host.poll(vec![lend(&hour), lend(&soon)]).unwrap(), [1]);
    assert!(start.elapsed() >= Duration::from_millis(20));
    host.pollable_block(lend(&soon)).unwrap();
    assert!(matches!(host.poll(Vec::new()), Err(Stop::Trap(_))));
    let most = wayleave_grants::Limits::default().descriptors;
    assert_eq!(host.poll(vec![lend(&past); most]).unwrap().len(), most);
    let Err(Stop::Trap(trap)) = host.poll(vec![lend(&past); most + 1]) else { panic!() };
    assert!(trap.to_string().contains("a list of 65537 pollables"), "{trap}");
    for pollable in [hour, soon, past] {
        host.pollable_drop(pollable).unwrap();
    }
}

#[test]
fn waiting_can_be_interrupted() {
    let interrupt = Interrupt::new();
    let mut host = Host::new(Grants::new().interrupt(interrupt.clone()));
    let hour = monotonic_clock::Host::subscribe_duration(&mut host, 3_600_000_000_000).unwrap();
    let waker = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(20));
        interrupt.trigger();
    });
    assert!(matches!(host.pollable_block(lend(&hour)), Err(Stop::Trap(_))));
    waker.join().unwrap();
}

#[test]
fn standard_streams_are_what_was_given() {
    let out = Arc::new(Capture::new(10));
    let grants = Grants::new().stdin(Arc::new(Input::new("some input"))).stdout(out.clone());
    let mut host = Host::new(grants);
    let input = stdin::Host::get_stdin(&mut host).unwrap();
    assert_eq!(take(&host, &input, 4).unwrap(), b"some");
    assert_eq!(take(&host, &input, 100).unwrap(), b" input");
    assert!(matches!(take(&host, &input, 1), Err(StreamError::Closed)));
    let output: Own<OutputStream> = stdout::Host::get_stdout(&mut host).unwrap();
    host.output_stream_blocking_write_and_flush(lend(&output), b"12345").unwrap().unwrap();
    let full = host.output_stream_write(lend(&output), b"6789012").unwrap();
    assert!(matches!(full, Err(StreamError::LastOperationFailed(_))));
    assert_eq!(out.contents(), b"1234567890");
    assert!(terminal_stdout::Host::get_terminal_stdout(&mut host).unwrap().is_none());
}

#[test]
fn arguments_variables_and_exit() {
    let grants = Grants::new().arg("name").unwrap().arg("x").unwrap().env("A", "b").unwrap();
    let mut host = Host::new(grants);
    assert_eq!(environment::Host::get_arguments(&mut host).unwrap(), ["name", "x"]);
    let variables = environment::Host::get_environment(&mut host).unwrap();
    assert_eq!(variables, [("A".to_owned(), "b".to_owned())]);
    assert_eq!(environment::Host::initial_cwd(&mut host).unwrap(), None);
    for (status, code) in [(Ok(()), 0), (Err(()), 1)] {
        let Err(Stop::Exit(Exit(got))) = exit::Host::exit(&mut host, status) else { panic!() };
        assert_eq!(got, code);
    }
    let exited = exit::Host::exit_with_code(&mut host, 42);
    assert!(matches!(exited, Err(Stop::Exit(Exit(42)))));
}

#[test]
fn clocks_and_random_numbers() {
    let (mut host, ..) = host();
    let first = monotonic_clock::Host::now(&mut host).unwrap();
    assert!(monotonic_clock::Host::now(&mut host).unwrap() >= first);
    assert!(monotonic_clock::Host::resolution(&mut host).unwrap() > 0);
    let wall = wall_clock::Host::now(&mut host).unwrap();
    assert!(wall.seconds > 1_700_000_000 && wall.nanoseconds < 1_000_000_000);
    assert_eq!(timezone::Host::utc_offset(&mut host, wall).unwrap(), 0);
    let mut caller = Guest::new(&mut host);
    let random = <Host as random::Host>::get_random_bytes;
    let seen = [20, 40, 5000].map(|len| {
        random(&mut caller, len).unwrap();
        assert_eq!(caller.bytes.len() as u64, len);
        caller.bytes[..20].to_vec()
    });
    assert!(seen[0] != seen[1] && seen[1] != seen[2] && seen[0] != [0; 20]);
    assert!(matches!(random(&mut caller, 1 << 40), Err(Stop::Trap(_))));
    let numbers = [0; 4].map(|_| random::Host::get_random_u64(&mut host).unwrap());
    assert!(numbers.iter().any(|number| *number != numbers[0]));
    let seed = insecure_seed::Host::insecure_seed(&mut host).unwrap();
    assert_ne!(seed.0, seed.1);
}

#[test]
fn open_descriptors_are_limited() {
    let mut grants = Grants::new().preopen(Arc::new(MemoryDir::new(1 << 20)), "/").unwrap();
    grants.limits.descriptors = 4;
    let mut host = Host::new(grants);
    let (root, _) = preopens::Host::get_directories(&mut host).unwrap().remove(0);
    let file = create(&mut host, &root, "a", b"");
    for _ in 0..2 {
        open(&mut host, &root, "a", OpenFlags::empty(), DescriptorFlags::READ).unwrap();
    }
    let one_more = open(&mut host, &root, "a", OpenFlags::empty(), DescriptorFlags::READ);
    assert_eq!(one_more.map(|_| ()), Err(ErrorCode::InsufficientMemory));
    host.descriptor_drop(file).unwrap();
    open(&mut host, &root, "a", OpenFlags::empty(), DescriptorFlags::READ).unwrap();
}
