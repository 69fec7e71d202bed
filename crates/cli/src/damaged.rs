//! Programs that something has happened to, for tests of what looks at programs.

#[path = "../../component/tests/fuzz/changes.rs"]
mod changes;

use changes::{apply, change};
use proptest::prelude::*;
use std::path::Path;

/// Small ones of all kinds: there is much in them that a change can hit.
const PROGRAMS: [&str; 9] = [
    "guests/wat/change_files.wat",
    "guests/wat/reactor.wat",
    "guests/wat/unstable_hello.wat",
    "guests/built/exit_code.wasm",
    "guests/built/components/fixed_clocks.wasm",
    "tests/cli/components/keyvalue.wat",
    "tests/cli/components/library.wat",
    "tests/cli/components/resource.wat",
    "tests/cli/errors/exceptions.wat",
];

/// A program, mostly damaged.
pub(crate) fn programs() -> impl Strategy<Value = Vec<u8>> {
    let changes = prop::collection::vec(change(), 0..6);
    (prop::sample::select(&PROGRAMS[..]), changes).prop_map(|(name, changes)| {
        let mut bytes = program(name);
        changes.into_iter().for_each(|change| apply(change, &mut bytes));
        bytes
    })
}

/// A file of this repository.
pub(crate) fn program(name: &str) -> Vec<u8> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(name);
    wayleave::to_binary(&std::fs::read(file).unwrap()).unwrap().1.into_owned()
}

/// What `what` comes to, which can only be a line of an error.
#[track_caller]
pub(crate) fn in_one_line<T>(what: Result<T, impl ToString>) {
    if let Err(error) = what {
        let error = error.to_string();
        assert!(!error.is_empty() && !error.contains('\n'), "{error}");
    }
}
