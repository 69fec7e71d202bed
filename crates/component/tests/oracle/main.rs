//! Values cross our canonical ABI as they cross Wasmtime's own, whose dynamic `Val` is the oracle:
//! one component runs in both, and what its host sees, what it gives back, and each byte of its
//! memory are the same. So is what happens when its memory is not what it should be.
//!
//! `PROPTEST_CASES` says how many types are tried, each with several values on both engines.
#![allow(clippy::unwrap_used, reason = "a test that can not go on has failed")]

mod guest;
mod ours;
#[path = "../random/mod.rs"]
mod random;
mod theirs;

use guest::{END, HEAP, LOG, RESULT};
use ours::{Gives, Ours, Outcome, Side};
use proptest::prelude::*;
use random::{ENCODINGS, Random, Type};
use std::sync::Arc;
use theirs::Theirs;
use wayleave_component::Value;
use wayleave_engine::Engine;

/// Cases of one run, unless the environment says otherwise: a few seconds.
const CASES: u32 = 24;

/// What a test is about, told when it fails.
struct Case {
    ty: Arc<Type>,
    encoding: &'static str,
    /// Whether no string is put into room that was too large or too small at first.
    exact: bool,
    text: String,
}

impl Case {
    fn new(random: &mut Random) -> Self {
        let ty = Arc::new(random.ty(3));
        let encoding = ENCODINGS[random.below(3)];
        let text = guest::component(&ty, random, encoding);
        let exact = encoding == ENCODINGS[0] || !format!("{ty:?}").contains("string");
        Self { ty, encoding, exact, text }
    }

    fn binary(&self) -> Vec<u8> {
        wat::parse_str(&self.text).unwrap_or_else(|error| panic!("{error}\n{}", self.text))
    }

    /// A value, the same for each seed.
    fn value(&self, seed: u64) -> Value {
        Random::new(seed, false).value(&self.ty)
    }
}

/// That both stop the guest, or none; and that the results are the same, if there are any.
fn same<O: Side, T: Side>(
    (ours, theirs): (&mut O, &mut T),
    case: &Case,
    call: impl Fn(&mut dyn Side) -> Outcome,
) -> Option<Value> {
    let theirs = call(theirs);
    if matches!(&theirs, Err(why) if why.contains(theirs::TOO_MUCH)) {
        return None;
    }
    match (call(ours), theirs) {
        (Ok(ours), Ok(theirs)) => {
            assert_eq!(ours, theirs, "{:?} {}", case.ty, case.encoding);
            Some(ours)
        }
        // Nobody goes back to what was stopped. (Wasmtime lets one, where it was the host that did
        // not like a result.)
        (Err(_), Err(_)) => {
            assert!(ours.top().is_err());
            None
        }
        (ours, theirs) => panic!("{ours:?} and {theirs:?}: {:?} {}", case.ty, case.encoding),
    }
}

/// One value there and another back.
fn values_arrive(ours: &mut impl Side, theirs: &mut impl Side, case: &Case, seed: u64) {
    let result = same((ours, theirs), case, |side| side.run(case.value(seed)));
    assert_eq!(result, Some(case.value(seed + 1)), "{:?} {}", case.ty, case.encoding);
    let (a, b) = (ours.seen(), theirs.seen());
    assert_eq!(a, b);
    assert_eq!(a, [case.value(seed)]);
    memory_is_same(ours, theirs, case);
}

/// That each byte is the same that the host has written, and each core value that it has passed.
fn memory_is_same(ours: &mut impl Side, theirs: &mut impl Side, case: &Case) {
    let top = ours.top().unwrap();
    assert_eq!(top, theirs.top().unwrap(), "{:?} {}", case.ty, case.encoding);
    for (from, to) in [(LOG, top), (RESULT, END)] {
        let (a, b) = (ours.peek(from, to - from), theirs.peek(from, to - from));
        let differs = a.iter().zip(&b).position(|(a, b)| a != b);
        assert_eq!(differs, None, "from {from}: {:?} {}", case.ty, case.encoding);
    }
}

/// Bytes of the memory are changed one after the other, until the guest is stopped.
fn damage(ours: &mut impl Side, theirs: &mut impl Side, case: &Case, random: &mut Random) {
    for _ in 0..6 {
        let top = ours.top().unwrap();
        // Looking leaves a trace in its memory, and so each looks as often as the other.
        let (result, theirs_too) = (ours.peek(RESULT, 4096), theirs.peek(RESULT, 4096));
        assert_eq!(result, theirs_too);
        let used = result.iter().rposition(|byte| *byte != 0).unwrap_or(0) + 4;
        let number = |random: &mut Random, end| u32::try_from(random.below(end)).unwrap();
        let params = case.ty.flat().len();
        let at = match random.below(3) {
            0 => LOG + number(random, 8 * if params > 16 { 1 } else { params }),
            1 => HEAP + number(random, (top - HEAP) as usize + 1),
            _ => RESULT + number(random, used),
        };
        let byte = [0, 1, 2, 0xff, random.next().to_le_bytes()[0]][random.below(5)];
        ours.poke(at, byte);
        theirs.poke(at, byte);
        let place = match random.below(16) {
            0 => RESULT + number(random, 8),
            1 => END - number(random, 64),
            2 => u32::MAX - number(random, 64),
            _ => RESULT,
        };
        let again = match random.below(8) {
            0 => random.next(),
            _ => place.into(),
        };
        let result = match random.below(2) {
            0 => same((ours, theirs), case, |side| side.send(place)),
            _ => same((ours, theirs), case, |side| side.again(again)),
        };
        if result.is_none() {
            return;
        }
        assert_eq!(ours.seen(), theirs.seen(), "{:?} {}", case.ty, case.encoding);
        memory_is_same(ours, theirs, case);
    }
}

/// The guest's `realloc` gives addresses that are wrong by some bytes, or outside.
fn lies(ours: &mut impl Side, theirs: &mut impl Side, case: &Case, random: &mut Random, seed: u64) {
    let by = [1, 2, 4, END, u32::MAX - 8][random.below(5)];
    ours.lie(by);
    theirs.lie(by);
    if same((ours, theirs), case, |side| side.run(case.value(seed))).is_some() {
        memory_is_same(ours, theirs, case);
    }
}

fn check<E: Engine>(binary: &[u8], theirs: &Theirs, case: &Case, random: &mut Random) {
    let ours = Ours::<E>::new(binary);
    for _ in 0..4 {
        let seed = random.next() >> 1;
        let gives: Gives = {
            let ty = case.ty.clone();
            Arc::new(move || Random::new(seed + 1, false).value(&ty))
        };
        let (ours, theirs) = (&mut ours.instance(&gives), &mut theirs.instance(&gives));
        values_arrive(ours, theirs, case, seed);
        match random.below(4) {
            0 if case.exact => lies(ours, theirs, case, random, seed),
            _ => damage(ours, theirs, case, random),
        }
    }
}

fn cases() -> u32 {
    let cases = std::env::var("PROPTEST_CASES").ok();
    cases.map_or(CASES, |cases| cases.parse().unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn values_are_wasmtimes(seed in any::<u64>().no_shrink()) {
        let mut random = Random::new(seed, true);
        let case = Case::new(&mut random);
        let binary = case.binary();
        let theirs = Theirs::new(&binary, &case.ty);
        check::<wayleave_engine::wasmi::Wasmi>(&binary, &theirs, &case, &mut random);
        check::<wayleave_engine::wasmtime::Wasmtime>(&binary, &theirs, &case, &mut random);
    }
}
