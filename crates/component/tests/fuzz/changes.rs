//! Changes to bytes, for tests of what becomes of damaged programs.

use proptest::prelude::*;

/// A change to some bytes; places are taken modulo what there is.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    Set(usize, u8),
    Flip(usize, u8),
    Remove(usize, usize),
    Insert(usize, Vec<u8>),
    Copy(usize, usize, usize),
}

/// Any change.
pub(crate) fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        4 => (any::<usize>(), any::<u8>()).prop_map(|(at, byte)| Change::Set(at, byte)),
        // Numbers that mean something: indices, small counts, types.
        4 => (any::<usize>(), 0u8..8).prop_map(|(at, byte)| Change::Set(at, byte)),
        4 => (any::<usize>(), 0u8..8).prop_map(|(at, bit)| Change::Flip(at, bit)),
        1 => (any::<usize>(), 1usize..40).prop_map(|(at, len)| Change::Remove(at, len)),
        1 => (any::<usize>(), prop::collection::vec(any::<u8>(), 1..10))
            .prop_map(|(at, bytes)| Change::Insert(at, bytes)),
        1 => (any::<usize>(), 1usize..40, any::<usize>())
            .prop_map(|(from, len, to)| Change::Copy(from, len, to)),
    ]
}

/// Makes a change.
pub(crate) fn apply(change: Change, bytes: &mut Vec<u8>) {
    let len = bytes.len();
    if len == 0 {
        return;
    }
    match change {
        Change::Set(at, byte) => bytes[at % len] = byte,
        Change::Flip(at, bit) => bytes[at % len] ^= 1 << bit,
        Change::Remove(at, count) => {
            let at = at % len;
            bytes.drain(at..(at + count).min(len));
        }
        Change::Insert(at, more) => {
            let at = at % len;
            bytes.splice(at..at, more);
        }
        Change::Copy(from, count, to) => {
            let (from, to) = (from % len, to % len);
            let copied = bytes[from..(from + count).min(len)].to_vec();
            bytes.splice(to..to, copied);
        }
    }
}
