//! `args_*` and `environ_*`.

use crate::support::{Guest, MEMORY, TestEngine, each_engine, errno};
use wayleave_grants::Grants;

each_engine! {
    arguments_are_pointers_and_strings,
    variables_are_pointers_and_strings,
    without_any_nothing_is_written,
    empty_and_long_strings,
    pointers_may_be_unaligned_and_end_with_the_memory,
}

fn grants() -> Grants {
    let grants = Grants::new().args(["a", "bc"]).unwrap();
    grants.env("A", "1").unwrap().env("B", "").unwrap().env("C", "x=y").unwrap()
}

fn arguments_are_pointers_and_strings<E: TestEngine>() {
    let mut guest = Guest::<E>::new(grants());
    guest.writes("args_get", &[8, 32], &[], &[(8, b"\x20\0\0\0\x22\0\0\0"), (32, b"a\0bc\0")]);
    guest.writes("args_sizes_get", &[8, 16], &[], &[(8, b"\x02\0\0\0"), (16, b"\x05\0\0\0")]);
}

fn variables_are_pointers_and_strings<E: TestEngine>() {
    let mut guest = Guest::<E>::new(grants());
    guest.writes(
        "environ_get",
        &[8, 32],
        &[],
        &[(8, b"\x20\0\0\0\x24\0\0\0\x27\0\0\0"), (32, b"A=1\0B=\0C=x=y\0")],
    );
    guest.writes("environ_sizes_get", &[8, 16], &[], &[(8, b"\x03\0\0\0"), (16, b"\x0d\0\0\0")]);
}

fn without_any_nothing_is_written<E: TestEngine>() {
    let mut guest = Guest::<E>::new(Grants::new());
    for (get, sizes) in [("args_get", "args_sizes_get"), ("environ_get", "environ_sizes_get")] {
        guest.writes(get, &[8, 32], &[], &[]);
        guest.writes(sizes, &[8, 16], &[], &[(8, &[0; 4]), (16, &[0; 4])]);
    }
}

fn empty_and_long_strings<E: TestEngine>() {
    let long = "ä".repeat(3000);
    let mut guest = Guest::<E>::new(Grants::new().args(["", &long]).unwrap());
    guest.writes("args_sizes_get", &[0, 4], &[], &[(0, b"\x02\0\0\0"), (4, b"\x72\x17\0\0")]);
    let strings = format!("\0{long}\0");
    guest.writes(
        "args_get",
        &[0, 0x100],
        &[],
        &[(0, b"\0\x01\0\0\x01\x01\0\0"), (0x100, strings.as_bytes())],
    );
}

fn pointers_may_be_unaligned_and_end_with_the_memory<E: TestEngine>() {
    let mut guest = Guest::<E>::new(grants());
    let strings = MEMORY - 5;
    let pointers = [0x1_fffb_u32.to_le_bytes(), 0x1_fffd_u32.to_le_bytes()].concat();
    guest.writes("args_get", &[3, strings], &[], &[(3, &pointers), (strings, b"a\0bc\0")]);
    guest.err("args_get", &[MEMORY, strings], errno::FAULT);
    assert_eq!(guest.call("args_get", &[3, strings + 1]), errno::FAULT);
}
