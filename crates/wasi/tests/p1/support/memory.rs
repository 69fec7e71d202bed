//! Comparing memories.

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
