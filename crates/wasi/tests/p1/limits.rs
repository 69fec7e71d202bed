//! What a guest can make the host spend is bounded.

use crate::support::{
    Guest, MEMORY, Open, Provider, Sandbox, Subscription, TestEngine, Version, each_engine, errno,
    iovecs,
};
use std::fs;
use wayleave_grants::Limits;

each_engine! {
    descriptors_are_limited,
    what_is_beyond_the_limit_is_not_made,
    long_lists_of_buffers_cost_the_host_little,
    more_subscriptions_than_allowed_are_refused,
    more_random_bytes_than_memory_are_refused,
    extreme_times_are_times_or_errors,
}

fn limited(sandbox: &Sandbox, descriptors: usize) -> wayleave_grants::Grants {
    let mut limits = Limits::default();
    limits.descriptors = descriptors;
    sandbox.grants().limits(limits)
}

fn descriptors_are_limited<E: TestEngine>() {
    let sandbox = Sandbox::new(Provider::Kernel);
    sandbox.put("file", b"");
    let mut guest = Guest::<E>::new(limited(&sandbox, 50));
    let opened = (0..).take_while(|_| guest.open(3, "file", Open::READ).is_ok()).count();
    assert_eq!(opened, 50 - 4);
    assert_eq!(guest.open(3, "file", Open::READ), Err(errno::MFILE));
    guest.close(20);
    assert_eq!(guest.open(3, "file", Open::READ), Ok(20));
}

fn what_is_beyond_the_limit_is_not_made<E: TestEngine>() {
    let sandbox = Sandbox::new(Provider::Kernel);
    sandbox.put("file", b"contents");
    let mut guest = Guest::<E>::new(limited(&sandbox, 4));
    for flags in [1, 8, 9] {
        let made = guest.open(3, "new", Open::WRITE.oflags(flags));
        let emptied = guest.open(3, "file", Open::WRITE.oflags(flags));
        assert_eq!((made, emptied), (Err(errno::MFILE), Err(errno::MFILE)));
    }
    assert!(!sandbox.has("new"));
    assert_eq!(sandbox.get("file"), b"contents");
}

fn long_lists_of_buffers_cost_the_host_little<E: TestEngine>() {
    let sandbox = Sandbox::new(Provider::Kernel);
    sandbox.put("file", b"");
    let mut guest = Guest::<E>::new(sandbox.grants());
    let fd = guest.open(3, "file", Open::WRITE).unwrap();
    // 8,000 times the same half of the memory: 512 MB to read or write.
    let list = iovecs(&vec![(0, 0x1_0000); 8_000]);
    guest.poke(0x1_0000, &list);
    let before = peak_kilobytes();
    for name in ["fd_write", "fd_read"] {
        let errno = guest.call(name, &[fd, 0x1_0000, 8_000, MEMORY - 8]);
        assert_eq!(errno, errno::SUCCESS, "{name}");
        guest.poke(0x1_0000, &list);
    }
    assert!(peak_kilobytes() - before < 64 << 10, "{before} kB before");
    // The list itself must be inside.
    guest.err("fd_write", &[fd, MEMORY - 8, 2, 0], errno::FAULT);
}

/// The most memory that this process has had.
fn peak_kilobytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

fn more_subscriptions_than_allowed_are_refused<E: TestEngine>() {
    let mut guest = Guest::<E>::new(wayleave_grants::Grants::new());
    for count in [0, 16_385, u64::from(u32::MAX)] {
        guest.err("poll_oneoff", &[0, 0, count, 0x100], errno::INVAL);
    }
    let now = [Subscription::after(0); 600];
    assert_eq!(guest.poll(Version::Snapshot1, &now).unwrap().len(), 600);
}

fn more_random_bytes_than_memory_are_refused<E: TestEngine>() {
    let mut guest = Guest::<E>::new(wayleave_grants::Grants::new());
    for len in [MEMORY + 1, 1 << 31, u64::from(u32::MAX)] {
        guest.err("random_get", &[0, len], errno::FAULT);
    }
    guest.ok("random_get", &[0, MEMORY]);
}

fn extreme_times_are_times_or_errors<E: TestEngine>() {
    for sandbox in Sandbox::each() {
        sandbox.put("file", b"");
        let mut guest = Guest::<E>::new(sandbox.grants());
        for time in [0, 1, 999_999_999, i64::MAX.cast_unsigned(), 1 << 63, u64::MAX] {
            if guest.set_times(3, "file", 1, (time, time, 0b101)).is_ok() {
                let stat = guest.stat(3, "file", 1).unwrap();
                // File systems keep less than 64 bits of it.
                assert!(stat.mtim <= time, "{time} {stat:?}");
            }
        }
    }
}
