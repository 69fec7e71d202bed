use std::io::Write;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Mutex;
use std::time::{Duration, Instant};
use wayleave_system::ErrorCode;
use wayleave_system::wait::{
    Interest, Interrupt, Reactor, Readiness, Ready, Suspension, Waits, Woken, look, wait,
};

const READ: Interest = Interest::Read;

#[test]
fn time_limits() {
    let start = Instant::now();
    assert_eq!(wait(&[], Some(Duration::from_millis(30)), None), Ok(Woken::TimedOut));
    assert!(start.elapsed() >= Duration::from_millis(30));
    let (reader, _writer) = std::io::pipe().unwrap();
    let source = [(Readiness::Fd(reader.as_fd()), READ)];
    assert_eq!(wait(&source, Some(Duration::ZERO), None), Ok(Woken::TimedOut));
    assert_eq!(wait(&source, Some(Duration::from_nanos(1)), None), Ok(Woken::TimedOut));
    // Nothing could ever end this one.
    assert_eq!(wait(&[], None, None), Err(ErrorCode::Invalid));
}

#[test]
fn every_source_that_is_ready_is_told() {
    let (quiet, _keep) = std::io::pipe().unwrap();
    let (reader, mut writer) = std::io::pipe().unwrap();
    writer.write_all(b"x").unwrap();
    let fd = |pipe: &'static str| match pipe {
        "quiet" => Readiness::Fd(quiet.as_fd()),
        _ => Readiness::Fd(reader.as_fd()),
    };
    let sources = [(fd("quiet"), READ), (fd("ready"), READ), (Readiness::Now, READ)];
    let ready = |index| Ready { index, hangup: false };
    assert_eq!(wait(&sources, None, None), Ok(Woken::Ready(vec![ready(1), ready(2)])));
    assert_eq!(wait(&sources[..2], None, None), Ok(Woken::Ready(vec![ready(1)])));
    let never = Some(Duration::MAX);
    assert_eq!(wait(&sources[..2], never, None), Ok(Woken::Ready(vec![ready(1)])));
    drop(writer);
    let hangup = Ready { index: 0, hangup: true };
    assert_eq!(wait(&sources[1..2], None, None), Ok(Woken::Ready(vec![hangup])));
}

/// The system takes no more entries than files that the process may have open.
#[test]
fn a_source_may_be_waited_for_many_times() {
    let (quiet, _keep) = std::io::pipe().unwrap();
    let (reader, mut writer) = std::io::pipe().unwrap();
    writer.write_all(b"x").unwrap();
    let pair = [(Readiness::Fd(quiet.as_fd()), READ), (Readiness::Fd(reader.as_fd()), READ)];
    let many: Vec<_> = pair.into_iter().cycle().take(200_000).collect();
    let expected: Vec<_> =
        (0..100_000).map(|at| Ready { index: 2 * at + 1, hangup: false }).collect();
    assert!(wait(&many, None, None) == Ok(Woken::Ready(expected.clone())));
    assert!(look(&many) == Ok(expected));
}

#[test]
fn a_suspended_guest_waits_for_a_source_once() {
    #[derive(Default)]
    struct Count(Mutex<Vec<Interest>>);

    impl Reactor for Count {
        fn sleep(&self, _: Duration) -> Waits {
            Box::pin(std::future::pending())
        }

        fn ready(&self, _: OwnedFd, interest: Interest) -> Waits {
            self.0.lock().unwrap().push(interest);
            Box::pin(std::future::pending())
        }
    }

    let (reader, _writer) = std::io::pipe().unwrap();
    let fd = Readiness::Fd(reader.as_fd());
    let count = Count::default();
    let sources = [(fd, READ), (fd, Interest::Write), (fd, READ)].repeat(100_000);
    Suspension::new(&count, &sources, None).map(drop).unwrap();
    assert_eq!(*count.0.lock().unwrap(), [READ, Interest::Write]);
}

#[test]
fn an_interrupt_wakes() {
    let interrupt = Interrupt::new();
    let (reader, _writer) = std::io::pipe().unwrap();
    let source = [(Readiness::Fd(reader.as_fd()), READ)];
    assert!(!interrupt.is_set());
    let short = Some(Duration::from_millis(1));
    assert_eq!(wait(&source, short, Some(&interrupt)), Ok(Woken::TimedOut));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(20));
            interrupt.clone().trigger();
        });
        assert_eq!(wait(&source, None, Some(&interrupt)), Ok(Woken::Interrupted));
    });
    assert!(interrupt.is_set());
    assert!(interrupt.flag().load(std::sync::atomic::Ordering::Relaxed));
    // It stays so, and counts for more than what is ready.
    interrupt.trigger();
    let now = [(Readiness::Now, READ)];
    assert_eq!(wait(&now, None, Some(&interrupt)), Ok(Woken::Interrupted));
    assert_eq!(wait(&[], None, Some(&interrupt)), Ok(Woken::Interrupted));
}

/// The trigger comes at any moment of the wait's beginning.
#[test]
fn no_interrupt_is_lost() {
    for _ in 0..2000 {
        let interrupt = Interrupt::new();
        std::thread::scope(|scope| {
            scope.spawn(|| interrupt.trigger());
            assert_eq!(wait(&[], None, Some(&interrupt)), Ok(Woken::Interrupted));
        });
    }
}
