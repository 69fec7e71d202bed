//! `clock_*`.

use crate::support::{Guest, TestEngine, each_engine, errno, fixed_clocks};
use std::time::{SystemTime, UNIX_EPOCH};
use wayleave_grants::Grants;

each_engine! {
    each_clock_shows_its_own_time,
    there_are_four_clocks,
    the_hosts_clocks_go_on,
}

fn each_clock_shows_its_own_time<E: TestEngine>() {
    let mut grants = Grants::new();
    grants.clocks = fixed_clocks();
    let mut guest = Guest::<E>::new(grants);
    for id in 0_u64..4 {
        for precision in [0, 1, u64::MAX] {
            let time = (101 + id).to_le_bytes();
            guest.writes("clock_time_get", &[id, precision, 17], &[], &[(17, &time)]);
        }
        let resolution = (11 + id).to_le_bytes();
        guest.writes("clock_res_get", &[id, 17], &[], &[(17, &resolution)]);
    }
}

fn there_are_four_clocks<E: TestEngine>() {
    let mut guest = Guest::<E>::new(Grants::new());
    for id in [4, 5, 1 << 31, u64::from(u32::MAX)] {
        guest.err("clock_time_get", &[id, 0, 16], errno::INVAL);
        guest.err("clock_res_get", &[id, 16], errno::INVAL);
    }
}

fn the_hosts_clocks_go_on<E: TestEngine>() {
    let mut guest = Guest::<E>::new(Grants::new());
    let mut now = |id| {
        guest.ok("clock_time_get", &[id, 0, 16]);
        guest.u64(16)
    };
    let system = u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos());
    assert!(now(0).abs_diff(system.unwrap()) < 10_000_000_000);
    for id in 1..4 {
        let before = now(id);
        assert!((0..1000).any(|_| now(id) > before), "clock {id} stands still");
    }
    for id in 0_u64..4 {
        guest.ok("clock_res_get", &[id, 16]);
        assert!((1..=1_000_000_000).contains(&guest.u64(16)));
    }
}
