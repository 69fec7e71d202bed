//! Files of the host with times that a version of WASI has no words for.

use crate::support::{
    Component, FOLLOW, Files, Make, Open, Provider, Sandbox, TestEngine, each_engine, each_guest,
    errno,
};
use std::fs::{File, FileTimes};
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

each_guest! {
    times_of_the_host_are_told_as_far_as_they_can_be,
}

each_engine! {
    in_0_2_a_time_is_exact_or_left_out,
    in_0_2_a_time_that_none_can_have_is_not_set,
}

/// Seconds around 1970, around what 32 bits, 34 bits (ext4) and nanoseconds in 64 bits can hold, and
/// around what a system can.
const SECONDS: [i64; 19] = [
    0,
    1,
    -1,
    -2,
    -86_400,
    i32::MIN as i64 - 1,
    i32::MIN as i64,
    i32::MAX as i64,
    i32::MAX as i64 + 1,
    u32::MAX as i64 + 1,
    (1 << 34) - 1,
    // The last whole second that 0.1 can tell, and the next.
    18_446_744_073,
    18_446_744_074,
    -(1 << 40),
    1 << 40,
    i64::MIN + 1,
    i64::MAX - 1,
    i64::MIN,
    i64::MAX,
];

/// A time of the host, where it can hold it.
fn system_time(seconds: i64, nanoseconds: u32) -> Option<SystemTime> {
    let whole = Duration::from_secs(seconds.unsigned_abs());
    let time = match seconds < 0 {
        true => UNIX_EPOCH.checked_sub(whole),
        false => UNIX_EPOCH.checked_add(whole),
    };
    time?.checked_add(Duration::from_nanos(nanoseconds.into()))
}

/// Gives a file each odd time, as far as its file system takes it; the test is given what that has
/// made of it: seconds and nanoseconds. How many they were.
fn each_time(sandbox: &Sandbox, mut test: impl FnMut(i64, u32)) -> usize {
    sandbox.put("file", b"abc");
    let path = sandbox.host("inside/file").unwrap();
    let file = File::open(&path).unwrap();
    let mut set = 0;
    for seconds in SECONDS {
        for nanoseconds in [0, 1, 999_999_999] {
            let Some(time) = system_time(seconds, nanoseconds) else { continue };
            let times = FileTimes::new().set_accessed(time).set_modified(time);
            if file.set_times(times).is_err() {
                continue;
            }
            let is = path.metadata().unwrap();
            assert_eq!((is.atime(), is.atime_nsec()), (is.mtime(), is.mtime_nsec()));
            test(is.mtime(), u32::try_from(is.mtime_nsec()).unwrap());
            set += 1;
        }
    }
    set
}

fn times_of_the_host_are_told_as_far_as_they_can_be(make: Make) {
    for provider in [Provider::Kernel, Provider::Walk] {
        let sandbox = Sandbox::new(provider);
        sandbox.put("file", b"abc");
        let mut guest = make(sandbox.grants());
        let fd = guest.open(3, "file", Open::READ).unwrap();
        let mut before_1970 = 0;
        let set = each_time(&sandbox, |seconds, nanoseconds| {
            // 0.1 knows no time before 1970, and none after 2554: then it is the nearest.
            let nanoseconds = i128::from(seconds) * 1_000_000_000 + i128::from(nanoseconds);
            let told = u64::try_from(nanoseconds.clamp(0, u64::MAX.into())).unwrap();
            for stat in [guest.fstat(fd), guest.stat(3, "file", 0), guest.stat(3, "file", FOLLOW)] {
                let stat = stat.unwrap();
                assert_eq!((stat.atim, stat.mtim), (told, told), "{seconds}");
            }
            assert_eq!(guest.names(3).unwrap(), ["file"]);
            before_1970 += usize::from(seconds < 0);
            // One of them can be set without the other, and what it is left at is the same.
            guest.set_times(3, "file", 0, (Some(7), None)).unwrap();
            assert_eq!(guest.fstat(fd).map(|stat| (stat.atim, stat.mtim)), Ok((7, told)));
        });
        // Most file systems can hold most of them.
        assert!(set > 20 && before_1970 >= 6, "{set} times, {before_1970} before 1970");
    }
}

type Time = Option<(u64, u32)>;
type Metadata = (u8, u64, u64, Time, Time, Time);

fn in_0_2_a_time_is_exact_or_left_out<E: TestEngine>() {
    let sandbox = Sandbox::new(Provider::Kernel);
    let mut guest = Component::<E>::new(sandbox.grants());
    sandbox.put("file", b"abc");
    let fd = guest.open(3, "file", Open::READ).unwrap();
    each_time(&sandbox, |seconds, nanoseconds| {
        let told = u64::try_from(seconds).ok().map(|seconds| (seconds, nanoseconds));
        let stat: Result<Metadata, u8> = guest.call("stat-at", (3_u32, 0_u8, "file"));
        let (_, _, size, accessed, modified, changed) = stat.unwrap();
        assert_eq!((size, accessed, modified), (3, told, told), "{seconds}");
        assert!(changed.is_some());
        guest.call::<_, Result<u64, u8>>("hash", (3_u32, 0_u8, "file")).unwrap();
        // What the hash has seen of the file answers for it to nobody else.
        assert_eq!(guest.fstat(fd).map(|stat| stat.size), Ok(3));
    });
}

fn in_0_2_a_time_that_none_can_have_is_not_set<E: TestEngine>() {
    for sandbox in Sandbox::each() {
        sandbox.put("file", b"abc");
        let mut guest = Component::<E>::new(sandbox.grants());
        let fd = guest.open(3, "file", Open::READ).unwrap();
        let number = u32::try_from(fd).unwrap();
        guest.fset_times(fd, (Some(5), Some(5))).unwrap();
        let most = i64::MAX.cast_unsigned();
        let cases: [((u64, u32), u32); 6] = [
            ((0, 1_000_000_000), errno::INVAL),
            ((0, u32::MAX), errno::INVAL),
            // Numbers that mean "now" and "keep" to Linux.
            ((1, (1 << 30) - 1), errno::INVAL),
            ((1, (1 << 30) - 2), errno::INVAL),
            ((most + 1, 0), errno::OVERFLOW),
            ((u64::MAX, 999_999_999), errno::OVERFLOW),
        ];
        for (time, expected) in cases {
            let time = Some(time);
            for times in [(time, None), (None, time), (time, time)] {
                let done = [
                    guest.done("set-times", (number, times.0, times.1)),
                    guest.done("set-times-at", (3_u32, 0_u8, "file", times.0, times.1)),
                ];
                assert_eq!(done, [Err(expected); 2], "{time:?}");
            }
            assert_eq!(guest.fstat(fd).map(|stat| (stat.atim, stat.mtim)), Ok((5, 5)));
        }
        // What a system can hold, its file system may not: it keeps the nearest, or refuses.
        let extremes: [(u64, u32); 5] =
            [(most, 999_999_999), (most, 0), (most - 1, 1), (1 << 60, 0), (0, 0)];
        for time in extremes {
            let _ = guest.done("set-times", (number, Some(time), Some(time)));
            guest.fstat(fd).unwrap();
            guest.stat(3, "file", 0).unwrap();
        }
    }
}
