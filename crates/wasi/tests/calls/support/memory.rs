//! Comparing memories, and how much of it there is.

/// What memory is filled with, so that each byte that a call writes shows.
pub(crate) const MASK: u8 = b'?';

/// Asserts that two memories are the same; says where they first are not.
#[track_caller]
pub(crate) fn assert_same(actual: &[u8], expected: &[u8], what: &str) {
    if actual == expected {
        return;
    }
    assert_eq!(actual.len(), expected.len(), "{what}: size of the memory");
    let differs = |index: &usize| actual[*index] != expected[*index];
    let first = (0..actual.len()).find(differs).unwrap();
    let last = (0..actual.len()).rfind(differs).unwrap();
    let shown = first..(last + 1).min(first + 96);
    panic!(
        "{what}: memory differs in {first}..={last}\n  actual: {}\nexpected: {}",
        actual[shown.clone()].escape_ascii(),
        expected[shown].escape_ascii(),
    );
}

/// The most memory that this process has had, in bytes.
pub(crate) fn peak() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse::<usize>().unwrap() * 1024
}
