//! `random_get`.

use crate::support::{Exclaim, Guest, MEMORY, TestEngine, each_engine, errno};
use std::sync::Arc;
use wayleave_grants::Grants;

each_engine! {
    the_buffer_is_filled_and_nothing_else,
    all_of_the_memory_can_be_filled,
    a_buffer_beyond_the_memory_faults_before_anything_is_drawn,
    the_hosts_numbers_differ,
}

fn predictable() -> Grants {
    let mut grants = Grants::new();
    grants.random = Arc::new(Exclaim);
    grants
}

fn the_buffer_is_filled_and_nothing_else<E: TestEngine>() {
    let mut guest = Guest::<E>::new(predictable());
    guest.writes("random_get", &[11, 5], &[], &[(11, b"!!!!!")]);
    guest.writes("random_get", &[11, 0], &[], &[]);
    guest.writes("random_get", &[MEMORY, 0], &[], &[]);
}

fn all_of_the_memory_can_be_filled<E: TestEngine>() {
    let mut guest = Guest::<E>::new(predictable());
    // More than the host fills in one go.
    assert_eq!(guest.call("grow", &[38]), 2);
    guest.ok("random_get", &[0, 40 << 16]);
    guest.memory(|memory| {
        assert_eq!(memory.len(), 40 << 16);
        assert!(memory.iter().all(|byte| *byte == b'!'));
    });
}

fn a_buffer_beyond_the_memory_faults_before_anything_is_drawn<E: TestEngine>() {
    let mut guest = Guest::<E>::new(predictable());
    let most = u64::from(u32::MAX);
    for (at, len) in [(0, MEMORY + 1), (1, MEMORY), (MEMORY + 1, 0), (0, 1 << 31), (0, most)] {
        guest.err("random_get", &[at, len], errno::FAULT);
    }
    guest.err("random_get", &[most, most], errno::FAULT);
    guest.err("random_get", &[1 << 31, 1 << 31], errno::FAULT);
}

fn the_hosts_numbers_differ<E: TestEngine>() {
    let mut guest = Guest::<E>::new(Grants::new());
    guest.ok("random_get", &[0, 16]);
    guest.ok("random_get", &[16, 16]);
    assert_ne!(guest.peek(0, 16), guest.peek(16, 16));
}
