//! Programs that are recorded on one engine and replayed on another, with nothing of what they were
//! given.

#![allow(clippy::unwrap_used, reason = "a test that can not go on has failed")]

use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use wayleave::recording::{Ended, Error as Broken};
use wayleave::system::refusal::{Answer, Refusal, Refusals};
use wayleave::system::stdio::{Capture, Input};
use wayleave::{
    End, EngineKind, Error, Grants, Instance, Limits, Outcome, Program, Recorder, Recording,
    Runtime,
};

fn built(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../guests/built").join(name)
}

fn load(engine: EngineKind, path: &Path) -> Program {
    let runtime = Runtime::builder().engine(engine).interruptible(true).build().unwrap();
    runtime.load_file(path).unwrap()
}

/// How a program ended, and what it wrote.
#[derive(Debug, PartialEq)]
struct Seen {
    end: String,
    stdout: String,
    stderr: String,
}

impl Seen {
    fn new(outcome: &Outcome, stdout: &Capture, stderr: &Capture) -> Self {
        let end = match &outcome.end {
            End::Exit(code) => format!("exit {code}"),
            End::Trap(trap) => format!("trap: {:?}", trap.kind),
            End::TimedOut(_) => "its time was over".to_owned(),
        };
        let text = |capture: &Capture| String::from_utf8(capture.take()).unwrap();
        Self { end, stdout: text(stdout), stderr: text(stderr) }
    }
}

fn streams() -> (Arc<Capture>, Arc<Capture>) {
    (Arc::new(Capture::new(1 << 20)), Arc::new(Capture::new(1 << 20)))
}

/// A guest on one engine.
struct On {
    engine: EngineKind,
    guest: PathBuf,
    program: Program,
}

impl On {
    fn new(engine: EngineKind, guest: &str) -> Self {
        let guest = built(guest);
        Self { engine, program: load(engine, &guest), guest }
    }

    fn first(guest: &str) -> Self {
        Self::new(EngineKind::ALL[0], guest)
    }

    fn each(guest: &str) -> Vec<Self> {
        EngineKind::ALL.iter().map(|engine| Self::new(*engine, guest)).collect()
    }

    fn record(&self, grants: Grants, to: &Path) -> Seen {
        let (stdout, stderr) = streams();
        let grants = grants.stdout(stdout.clone()).stderr(stderr.clone());
        let bytes = fs::read(&self.guest).unwrap();
        let recorder = Recorder::new(fs::File::create(to).unwrap(), &bytes);
        let recorded = self.program.record(grants, recorder).unwrap();
        assert_eq!(recorded.kept.unwrap().bytes, fs::metadata(to).unwrap().len());
        Seen::new(&recorded.outcome, &stdout, &stderr)
    }

    fn replay(&self, recording: Recording) -> Result<Seen, Error> {
        recording.head().program.check(&fs::read(&self.guest).unwrap())?;
        self.replay_unchecked(recording).0
    }

    /// What the call wrote, and how it ended.
    fn record_call(&self, grants: Grants, to: &Path) -> (String, Ended) {
        let (stdout, stderr) = streams();
        let bytes = fs::read(&self.guest).unwrap();
        let recorder = Recorder::new(fs::File::create(to).unwrap(), &bytes).invoked("run()");
        let grants = grants.stdout(stdout.clone()).stderr(stderr);
        let (mut instance, session) = self.program.record_instance(grants, recorder).unwrap();
        let ended = call(&self.program, &mut instance);
        session.finish(&ended).unwrap();
        (String::from_utf8(stdout.take()).unwrap(), ended)
    }

    /// What it writes again, and whether that was all, given how it is told to have ended.
    fn replay_call(
        &self,
        recording: Recording,
        tell: impl FnOnce(Ended) -> Ended,
    ) -> (String, Result<Ended, Broken>) {
        let (stdout, stderr) = streams();
        let (mut instance, replay) =
            match self.program.replay_instance(recording, stdout.clone(), stderr) {
                Ok(both) => both,
                Err(Error::Recording(error)) => return (String::new(), Err(error)),
                Err(error) => panic!("{error}"),
            };
        let ended = replay.finish(tell(call(&self.program, &mut instance)));
        (String::from_utf8(stdout.take()).unwrap(), ended)
    }

    /// What came of it, and what was written until then where it failed.
    fn replay_unchecked(&self, recording: Recording) -> (Result<Seen, Error>, String) {
        let (stdout, stderr) = streams();
        match self.program.replay(recording, stdout.clone(), stderr.clone()) {
            Ok(outcome) => (Ok(Seen::new(&outcome, &stdout, &stderr)), String::new()),
            Err(error) => (Err(error), String::from_utf8(stdout.take()).unwrap()),
        }
    }
}

/// Calls what programs export for being run, as any other export.
fn call(program: &Program, instance: &mut Instance) -> Ended {
    let path = program.find_funcs("run").remove(0);
    let path: Vec<_> = path.iter().map(String::as_str).collect();
    match instance.invoke(&path, &[]) {
        Ok(result) => Ended::returned(format!("{result:?}").as_bytes()),
        Err(Error::Stopped(stop)) => (&instance.ended(stop).end).into(),
        Err(error) => panic!("{error}"),
    }
}

/// Records a guest on each engine, and replays it on each. What it is given is made anew for each
/// recording, and is gone when it is replayed.
fn everywhere<W>(guest: &str, make: impl Fn() -> (Grants, W)) -> Seen {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("recording");
    let programs = On::each(guest);
    let mut last = None;
    for on in &programs {
        let (grants, world) = make();
        let seen = on.record(grants, &file);
        drop(world);
        for again in &programs {
            let way = format!("{guest} from {} to {}", on.engine, again.engine);
            let result = again.replay(Recording::open(&file).unwrap());
            assert_eq!(result.unwrap_or_else(|error| panic!("{way}: {error}")), seen, "{way}");
        }
        last = Some(seen);
    }
    last.unwrap()
}

fn args(args: &[&str]) -> Grants {
    Grants::new().args(args.iter().copied()).unwrap()
}

#[test]
fn clocks_arguments_and_ends_are_replayed() {
    for versions in ["", "p2/"] {
        let guest = |name: &str| format!("{versions}{name}.wasm");
        let seen = everywhere(&guest("clocks"), || (args(&["clocks", "fixed"]), ()));
        assert!(seen.stdout.starts_with("now: ") && seen.end == "exit 0", "{seen:?}");
        let seen = everywhere(&guest("args_env"), || {
            (args(&["args_env", "a", "ü"]).env("NAME", "value").unwrap(), ())
        });
        assert!(seen.stdout.contains("ü") && seen.stdout.contains("NAME=value"), "{seen:?}");
        let seen = everywhere(&guest("exit_code"), || (args(&["exit_code", "1"]), ()));
        assert_eq!(seen.end, "exit 1");
        let seen = everywhere(&guest("trap_unreachable"), || (args(&["trap"]), ()));
        assert_eq!(seen.end, "trap: Unreachable");
        let seen = everywhere(&guest("panic"), || (args(&["panic"]), ()));
        assert!(seen.end.starts_with("trap") && !seen.stderr.is_empty(), "{seen:?}");
    }
}

/// Who is asked while a guest is recorded can not let it have more than the replay will.
#[test]
fn limits_stay_as_they_are_while_a_guest_is_recorded() {
    struct Yes;
    impl Refusals for Yes {
        fn refused(&self, _: Refusal) -> Answer {
            Answer::Allow
        }
        fn may_allow(&self) -> bool {
            true
        }
        fn ended(&self, _: Refusal) {}
    }
    for guest in ["allocate.wasm", "p2/allocate.wasm"] {
        let seen = everywhere(guest, || {
            let mut limits = Limits::default();
            limits.memory_bytes = 16 << 20;
            (args(&["allocate", "64"]).limits(limits).refusals(Arc::new(Yes)), ())
        });
        assert!(seen.stdout.starts_with("refused after "), "{seen:?}");
    }
}

#[test]
fn what_is_read_is_replayed_when_it_is_gone() {
    for version in ["", "p2/"] {
        let seen = everywhere(&format!("{version}wc.wasm"), || {
            (args(&["wc"]).stdin(Arc::new(Input::new(&b"one two\nthree\n"[..]))), ())
        });
        assert!(seen.stdout.contains('3'), "{seen:?}");
        let world = || {
            let folder = TempDir::new().unwrap();
            fs::write(folder.path().join("a"), "first\n".repeat(30_000)).unwrap();
            fs::write(folder.path().join("b"), "second\n").unwrap();
            fs::create_dir(folder.path().join("c")).unwrap();
            folder
        };
        let seen = everywhere(&format!("{version}cat.wasm"), || {
            let folder = world();
            let grants = args(&["cat", "/in/b", "/in/a", "/in/b"]);
            (grants.dir_read_only(folder.path(), "/in").unwrap(), folder)
        });
        assert_eq!(seen.stdout.len(), 7 + 180_000 + 7);
        let seen = everywhere(&format!("{version}ls.wasm"), || {
            let folder = world();
            (args(&["ls", "/in"]).dir(folder.path(), "/in").unwrap(), folder)
        });
        assert_eq!(seen.stdout.lines().count(), 3, "{seen:?}");
    }
}

#[test]
fn everything_that_is_done_with_files_is_replayed_and_not_done() {
    for version in ["", "p2/"] {
        let seen = everywhere(&format!("{version}fs_suite.wasm"), || {
            let folder = TempDir::new().unwrap();
            (args(&["fs_suite", "/work"]).dir(folder.path(), "/work").unwrap(), folder)
        });
        let expected = fs::read_to_string(built("../fs_suite.expected")).unwrap();
        assert_eq!(seen.stdout, expected);
    }
}

#[test]
fn nobody_waits_again() {
    for guest in ["sleep.wasm", "p2/sleep.wasm"] {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("recording");
        let programs = On::each(guest);
        let seen = programs[0].record(args(&["sleep", "1500"]), &file);
        for on in programs {
            let start = Instant::now();
            let again = on.replay(Recording::open(&file).unwrap()).unwrap();
            assert!(start.elapsed() < Duration::from_secs(1), "{}", on.engine);
            assert_eq!(again, seen, "{}", on.engine);
        }
    }
}

#[test]
fn a_guest_that_was_stopped_is_stopped_at_the_same_place() {
    let mut limits = Limits::default();
    limits.timeout = Some(Duration::from_millis(200));
    for guest in ["sleep.wasm", "p2/sleep.wasm", "../wat/infinite_loop.wat"] {
        let seen = everywhere(guest, || (args(&["sleep", "3600000"]).limits(limits.clone()), ()));
        assert_eq!(seen.end, "its time was over", "{guest}");
    }
}

/// A recording of `cat`, of two small files.
fn cat(folder: &Path) -> (PathBuf, Seen) {
    let file = folder.join("recording");
    fs::write(folder.join("a"), "from a\n").unwrap();
    fs::write(folder.join("b"), "from b\n").unwrap();
    let grants = args(&["cat", "/in/a", "/in/b"]).dir(folder, "/in").unwrap();
    let seen = On::first("cat.wasm").record(grants, &file);
    (file, seen)
}

#[test]
fn another_program_strays_and_is_told_where() {
    let folder = TempDir::new().unwrap();
    let (file, _) = cat(folder.path());
    let open = || Recording::open(&file).unwrap();
    for guest in ["wc.wasm", "ls.wasm", "hello.wasm", "p2/cat.wasm", "clocks.wasm"] {
        let other = On::first(guest);
        let error = other.replay(open());
        assert!(matches!(error, Err(Error::Recording(Broken::OtherProgram { .. }))), "{error:?}");
        let (result, stdout) = other.replay_unchecked(open());
        let error = result.expect_err(guest);
        assert!(matches!(error, Error::Recording(Broken::Strayed { .. })), "{guest}: {error}");
        assert_eq!(error.to_string().lines().count(), 1);
        assert_eq!(stdout, "", "{guest}: what it wrote was shown before it was compared");
    }
}

/// Every byte of a recording, changed: never a panic, and never another output without an error.
#[test]
fn damage_is_noticed_before_anything_is_replayed() {
    let folder = TempDir::new().unwrap();
    let (file, seen) = cat(folder.path());
    damage(&file, &seen, &On::first("cat.wasm"));
}

fn damage(file: &Path, seen: &Seen, program: &On) {
    let folder = file.parent().unwrap();
    let good = fs::read(file).unwrap();
    let bad = folder.join("bad");
    for place in 0..good.len() {
        for change in [1, 0x10, 0x80] {
            let mut bytes = good.clone();
            bytes[place] ^= change;
            fs::write(&bad, bytes).unwrap();
            let error = Recording::open(&bad).err();
            let error = error.unwrap_or_else(|| panic!("{place} ^ {change} went unnoticed"));
            assert_eq!(error.to_string().lines().count(), 1);
            // What looks cut off may be replayed up to there.
            let Ok(partial) = Recording::open_cut_off(&bad) else { continue };
            let (result, stdout) = program.replay_unchecked(partial);
            assert!(result.is_err(), "{place} ^ {change} was replayed");
            assert!(seen.stdout.starts_with(&stdout), "{place} ^ {change}");
        }
    }
    let mut newer = good.clone();
    newer[8] += 1;
    fs::write(&bad, newer).unwrap();
    let error = Recording::open(&bad).err().unwrap().to_string();
    assert!(error.contains("format 3") && error.contains("record it again"), "{error}");
}

/// What a killed program leaves can be replayed up to there.
#[test]
fn a_recording_that_is_cut_off_is_replayed_as_far_as_it_goes() {
    let folder = TempDir::new().unwrap();
    let (file, seen) = cat(folder.path());
    for program in On::each("cat.wasm") {
        let outputs = cut_off(&file, &seen, &program);
        assert!(outputs.iter().any(|output| output == "from a\n"), "{outputs:?}");
    }
}

/// What is written of a recording that ends at each of its bytes.
fn cut_off(file: &Path, seen: &Seen, program: &On) -> Vec<String> {
    let whole = fs::read(file).unwrap();
    let part = file.with_extension("part");
    let mut outputs = Vec::new();
    for end in 0..whole.len() {
        fs::write(&part, &whole[..end]).unwrap();
        let error = Recording::open(&part).err().unwrap();
        assert!(matches!(error, Broken::CutOff { .. } | Broken::NotARecording), "{error}");
        let Ok(recording) = Recording::open_cut_off(&part) else { continue };
        let (result, stdout) = program.replay_unchecked(recording);
        let error = result.unwrap_err();
        assert!(matches!(error, Error::Recording(Broken::CutOff { .. })), "{error}");
        outputs.push(stdout);
    }
    assert!(outputs.is_sorted_by_key(String::len));
    assert!(outputs.iter().all(|output| seen.stdout.starts_with(output)));
    outputs
}

/// Sockets, their waits and what the rules refuse.
#[test]
fn the_network_is_replayed_without_one() {
    let rules = |grants: Grants, protocol: &str| {
        let any = format!("{protocol}://127.0.0.1:*").parse().unwrap();
        let own = format!("{protocol}://127.0.0.1:0").parse().unwrap();
        grants.allow_outbound(any).allow_inbound(own).unwrap()
    };
    for (protocol, printed) in [("tcp", "many bytes: 8388608"), ("udp", "cut to 10")] {
        let seen = everywhere("p2/network.wasm", || {
            (rules(args(&["network", protocol, "127.0.0.1"]), protocol), ())
        });
        assert!(seen.stdout.contains(printed) && seen.end == "exit 0", "{seen:?}");
    }
    let seen = everywhere("p2/network.wasm", || {
        let grants = args(&["network", "lookup", "localhost"]);
        (grants.allow_resolve("localhost".parse().unwrap()), ())
    });
    assert!(seen.stdout.contains("127.0.0.1"), "{seen:?}");
    for rule in [None, Some("tcp://127.0.0.1:1")] {
        let seen = everywhere("p2/network.wasm", || {
            let grants = args(&["network", "tcp", "127.0.0.1"]);
            let rule = rule.map(|rule| rule.parse().unwrap());
            (rule.into_iter().fold(grants, Grants::allow_outbound), ())
        });
        assert_eq!((&*seen.end, &*seen.stdout), ("exit 1", "failed: PermissionDenied\n"));
    }
}

#[cfg(feature = "http")]
mod requests {
    use super::*;
    use http::{Request, Response};
    use std::task::Poll;
    use wayleave::system::http::{Body, Client, Coming, Options, Pending, full};

    /// Answers with what was asked, after a while.
    struct Mirror;

    impl Client for Mirror {
        fn send(&self, request: Request<Body>, _: Options) -> Arc<dyn Coming> {
            let headers = format!("{:?}", request.headers());
            let text = format!("{} {} {headers}\n", request.method(), request.uri());
            let mut turns = 0;
            Arc::new(Pending::new(std::future::poll_fn(move |context| {
                // Whose body nobody takes is told so.
                let _asked = &request;
                turns += 1;
                if turns > 2 {
                    return Poll::Ready(Ok(Response::new(full(text.clone()))));
                }
                context.waker().wake_by_ref();
                Poll::Pending
            })))
        }
    }

    const FETCH: &str = "components/http_fetch.wasm";

    fn put() -> Grants {
        args(&["fetch", "PUT", "http://host/path", "body"]).http(Arc::new(Mirror))
    }

    #[test]
    fn are_replayed_without_a_client() {
        let seen = everywhere(FETCH, || (put(), ()));
        let asked = "PUT http://host/path {\"content-length\": \"4\"}";
        assert!(
            seen.stdout.starts_with("status: 200\n") && seen.stdout.contains(asked),
            "{seen:?}"
        );
    }

    /// Without a client they are denied, which is no answer from outside.
    #[test]
    fn that_are_denied_are_denied_again() {
        let seen = everywhere(FETCH, || (args(&["fetch", "PUT", "http://host/", "body"]), ()));
        assert_eq!(seen.stdout, "error: ErrorCode::HttpRequestDenied\n");
    }

    /// The same program but for one letter of a header that it sends.
    #[test]
    fn that_are_others_are_told() {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("recording");
        let first = On::first(FETCH);
        first.record(put(), &file);
        let mut bytes = fs::read(&first.guest).unwrap();
        let name = b"content-length";
        let places = (0..bytes.len()).filter(|at| bytes[*at..].starts_with(name));
        let places: Vec<_> = places.collect();
        assert!(!places.is_empty());
        places.into_iter().for_each(|at| bytes[at + 13] = b'x');
        let guest = folder.path().join("other.wasm");
        fs::write(&guest, bytes).unwrap();
        for engine in EngineKind::ALL {
            let other =
                On { engine: *engine, program: load(*engine, &guest), guest: guest.clone() };
            let (result, stdout) = other.replay_unchecked(Recording::open(&file).unwrap());
            let error = result.unwrap_err().to_string();
            let told = "recorded the request in another way, \
                        now the request of \"PUT http://host/path\"";
            assert!(error.contains(told) && stdout.is_empty(), "{error}");
        }
    }

    #[test]
    fn in_damaged_recordings_are_refused() {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("recording");
        let first = On::first(FETCH);
        let seen = first.record(put(), &file);
        damage(&file, &seen, &first);
        let outputs = cut_off(&file, &seen, &first);
        assert!(outputs.iter().any(|output| output == "status: 200\n"), "{outputs:?}");
    }
}

/// A call of an export in place of a run.
#[test]
fn a_call_is_replayed() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("recording");
    for guest in ["p2/chance.wasm", "p2/clocks.wasm", "p2/trap_unreachable.wasm"] {
        let programs = On::each(guest);
        for on in &programs {
            let (seen, ended) = on.record_call(args(&["a"]), &file);
            for again in &programs {
                let way = format!("{guest} from {} to {}", on.engine, again.engine);
                let recording = Recording::open(&file).unwrap();
                assert_eq!(recording.head().program.invoked.as_deref(), Some("run()"));
                let (replayed, result) = again.replay_call(recording, |ended| ended);
                assert_eq!(replayed, seen, "{way}");
                assert_eq!(result.unwrap_or_else(|error| panic!("{way}: {error}")), ended);
                let recording = Recording::open(&file).unwrap();
                let (_, result) = again.replay_call(recording, |_| Ended::returned(b"other"));
                let error = result.unwrap_err().to_string();
                assert!(error.contains("now the end with the result #"), "{way}: {error}");
            }
        }
        if guest == "p2/chance.wasm" {
            damage_to_calls(&file, &programs[0]);
        }
    }
}

fn damage_to_calls(file: &Path, on: &On) {
    let whole = fs::read(file).unwrap();
    let part = file.with_extension("part");
    for end in 0..whole.len() {
        fs::write(&part, &whole[..end]).unwrap();
        assert!(Recording::open(&part).is_err());
        let Ok(recording) = Recording::open_cut_off(&part) else { continue };
        let error = on.replay_call(recording, |ended| ended).1.unwrap_err();
        assert!(matches!(error, Broken::CutOff { .. }), "{error}");
    }
}

/// Who made a recording does not decide what its replay may use.
#[test]
fn a_replay_is_given_no_more_than_usual() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("recording");
    type Limit = fn(&mut Limits) -> &mut usize;
    let raises: [(&str, Limit); 5] = [
        ("bytes of memory", |limits| &mut limits.memory_bytes),
        ("elements of tables", |limits| &mut limits.table_elements),
        ("instances", |limits| &mut limits.instances),
        ("handles", |limits| &mut limits.descriptors),
        ("bytes of buffers", |limits| &mut limits.buffer_bytes),
    ];
    for on in On::each("hello.wasm") {
        for (what, limit) in raises {
            let mut limits = Limits::default();
            *limit(&mut limits) += 1;
            let seen = on.record(args(&["hello"]).limits(limits.clone()), &file);
            let error = on.replay(Recording::open(&file).unwrap()).unwrap_err().to_string();
            let told = format!("may use {} {what}, and a replay", *limit(&mut limits));
            assert!(error.contains(&told), "{error}");
            let trusted = Recording::open(&file).unwrap().trust_limits(true);
            assert_eq!(on.replay(trusted).unwrap(), seen);
            // Less than usual is kept: what the program was refused for it, it is refused again.
            *limit(&mut limits) -= 2;
            let seen = on.record(args(&["hello"]).limits(limits), &file);
            assert_eq!(on.replay(Recording::open(&file).unwrap()).unwrap(), seen);
        }
    }
}

#[test]
fn a_replay_ends_in_time() {
    let folder = TempDir::new().unwrap();
    let (file, seen) = cat(folder.path());
    let open = |time| Recording::open(&file).unwrap().timeout(Some(Duration::from_millis(time)));
    for on in On::each("../wat/infinite_loop.wat") {
        let error = on.replay_unchecked(open(100)).0.unwrap_err();
        assert!(matches!(error, Error::Recording(Broken::TimedOut)), "{}: {error}", on.engine);
    }
    for on in On::each("cat.wasm") {
        assert_eq!(on.replay(open(60_000)).unwrap(), seen);
    }
}

#[test]
fn connections_of_a_listener_are_replayed() {
    let seen = everywhere("tcp_echo.wasm", || {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let clients = thread::spawn(move || {
            for text in ["first", "second"] {
                let mut stream = TcpStream::connect(address).unwrap();
                stream.write_all(text.as_bytes()).unwrap();
                stream.shutdown(Shutdown::Write).unwrap();
                let mut echo = String::new();
                stream.read_to_string(&mut echo).unwrap();
                assert_eq!(echo, text);
            }
        });
        let listener = wayleave::system::net::TcpListener::try_from(listener).unwrap();
        (args(&["tcp_echo", "2"]).listener(Arc::new(listener)), clients)
    });
    assert_eq!(seen.stdout, "connection 0: 5 bytes\nconnection 1: 6 bytes\n");
}

/// No file, clock or variable is reached by a guest that is replayed.
#[test]
fn a_replay_is_given_nothing() {
    let folder = TempDir::new().unwrap();
    let (file, suite) = (folder.path().join("recording"), On::first("fs_suite.wasm"));
    let work = TempDir::new().unwrap();
    let grants = args(&["fs_suite", "/work"]).dir(work.path(), "/work").unwrap();
    suite.record(grants, &file);
    let before = listing(work.path());
    suite.replay(Recording::open(&file).unwrap()).unwrap();
    assert_eq!(listing(work.path()), before);
}

fn listing(folder: &Path) -> Vec<(PathBuf, u64)> {
    let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
    let mut entries: Vec<_> =
        entries.map(|entry| (entry.path(), entry.metadata().unwrap().len())).collect();
    entries.sort();
    entries
}

#[test]
fn a_recording_that_can_not_be_written_ends_no_program() {
    struct Full(usize);
    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 = self.0.checked_sub(bytes.len()).ok_or(std::io::ErrorKind::StorageFull)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let guest = built("hello.wasm");
    let (stdout, stderr) = streams();
    let grants = args(&["hello"]).stdout(stdout.clone()).stderr(stderr);
    let recorder = Recorder::new(Full(100), &fs::read(&guest).unwrap());
    let recorded = load(EngineKind::ALL[0], &guest).record(grants, recorder).unwrap();
    assert!(recorded.outcome.success());
    assert_eq!(stdout.take(), b"Hello, world!\n");
    assert_eq!(recorded.kept.unwrap_err().kind(), std::io::ErrorKind::StorageFull);
}
