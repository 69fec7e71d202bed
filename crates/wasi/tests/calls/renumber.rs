//! `fd_close` and `fd_renumber`.

use crate::support::{Guest, Open, Provider, Sandbox, TestEngine, Version, each_version, errno};

each_version! {
    a_closed_descriptor_is_gone,
    the_lowest_free_number_is_taken,
    a_descriptor_takes_anothers_place,
    a_descriptor_keeps_its_own_place,
    what_is_not_open_can_not_be_renumbered,
    streams_and_given_folders_can_be_replaced,
    moving_a_hundred_thousand_times_leaks_nothing,
}

fn guest_with_two<E: TestEngine>(version: Version) -> (Sandbox, Guest<E>, u64, u64) {
    let sandbox = Sandbox::new(Provider::Kernel);
    sandbox.put("a", b"A");
    sandbox.put("b", b"B");
    let mut guest = Guest::<E>::of(version, sandbox.grants());
    let a = guest.open(3, "a", Open::READ).unwrap();
    let b = guest.open(3, "b", Open::READ).unwrap();
    (sandbox, guest, a, b)
}

fn a_closed_descriptor_is_gone<E: TestEngine>(version: Version) {
    let (sandbox, mut guest, a, b) = guest_with_two::<E>(version);
    let open = sandbox.host_descriptors();
    guest.writes("fd_close", &[a], &[], &[]);
    guest.err("fd_close", &[a], errno::BADF);
    assert_eq!(guest.read(a, 1), Err(errno::BADF));
    assert_eq!(guest.read(b, 1), Ok(b"B".to_vec()));
    assert_eq!(sandbox.host_descriptors(), open - 1);
    drop(guest);
    assert_eq!(sandbox.host_descriptors(), 1);
}

fn the_lowest_free_number_is_taken<E: TestEngine>(version: Version) {
    let (_sandbox, mut guest, a, b) = guest_with_two::<E>(version);
    assert_eq!((a, b), (4, 5));
    guest.close(1);
    guest.close(4);
    assert_eq!(guest.open(3, "a", Open::READ), Ok(1));
    assert_eq!(guest.open(3, "a", Open::READ), Ok(4));
    assert_eq!(guest.open(3, "a", Open::READ), Ok(6));
}

fn a_descriptor_takes_anothers_place<E: TestEngine>(version: Version) {
    let (sandbox, mut guest, a, b) = guest_with_two::<E>(version);
    let open = sandbox.host_descriptors();
    guest.writes("fd_renumber", &[a, b], &[], &[]);
    assert_eq!(guest.read(b, 1), Ok(b"A".to_vec()));
    assert_eq!(guest.read(a, 1), Err(errno::BADF));
    assert_eq!(sandbox.host_descriptors(), open - 1);
}

fn a_descriptor_keeps_its_own_place<E: TestEngine>(version: Version) {
    let (sandbox, mut guest, a, _) = guest_with_two::<E>(version);
    let open = sandbox.host_descriptors();
    guest.writes("fd_renumber", &[a, a], &[], &[]);
    assert_eq!(guest.read(a, 1), Ok(b"A".to_vec()));
    assert_eq!(sandbox.host_descriptors(), open);
}

fn what_is_not_open_can_not_be_renumbered<E: TestEngine>(version: Version) {
    let (_sandbox, mut guest, a, b) = guest_with_two::<E>(version);
    guest.close(b);
    for other in [b, b + 1, 1 << 31, u64::from(u32::MAX)] {
        guest.err("fd_renumber", &[a, other], errno::BADF);
        guest.err("fd_renumber", &[other, a], errno::BADF);
        guest.err("fd_renumber", &[other, other], errno::BADF);
    }
    assert_eq!(guest.read(a, 1), Ok(b"A".to_vec()));
}

fn streams_and_given_folders_can_be_replaced<E: TestEngine>(version: Version) {
    let (_sandbox, mut guest, a, b) = guest_with_two::<E>(version);
    guest.ok("fd_renumber", &[a, 0]);
    assert_eq!(guest.read(0, 1), Ok(b"A".to_vec()));
    // What takes a given folder's number was not given.
    guest.ok("fd_renumber", &[b, 3]);
    guest.err("fd_prestat_get", &[3, 16], errno::BADF);
    assert_eq!(guest.open(3, "a", Open::READ), Err(errno::NOTDIR));
}

fn moving_a_hundred_thousand_times_leaks_nothing<E: TestEngine>(version: Version) {
    let (sandbox, mut guest, a, b) = guest_with_two::<E>(version);
    let third = guest.open(3, "b", Open::READ).unwrap();
    guest.ok("fd_renumber", &[third, b]);
    let open = sandbox.host_descriptors();
    for round in 0..100_000 {
        let (from, to) = if round % 2 == 0 { (a, b) } else { (b, a) };
        assert_eq!(guest.call("fd_renumber", &[from, to]), errno::SUCCESS);
        // The place that has become free is taken again.
        if round % 1000 == 0 {
            assert_eq!(guest.open(3, "b", Open::READ), Ok(from));
            assert_eq!(sandbox.host_descriptors(), open);
        } else {
            guest.ok("fd_renumber", &[to, to]);
            assert_eq!(guest.call("fd_renumber", &[from, to]), errno::BADF);
            assert_eq!(guest.open(3, ".", Open::DIR), Ok(from));
        }
    }
    assert_eq!(sandbox.host_descriptors(), open);
}
