//! Whether a message is the one that a script expects. Scripts know the words of the reference
//! implementations; other words for the same are fine.

/// What scripts write, and what means the same here.
const SAME: &[(&str, &str)] = &[
    // What is invalid.
    ("section out of order", "attempted to parse a wasm module with a component parser"),
    ("resources can only be represented by `i32`", "resources with `i64` require"),
    ("only instance names", "only instances can have an `implements`"),
    // What can not be linked.
    ("was not found", "nothing provides it"),
    ("expected module found", "it is no module"),
    ("expected function found", "it is no function"),
    ("expected instance found", "it is no interface"),
    ("expected resource found", "it is no resource"),
    ("mismatched resource types", "it is not the resource that the component takes it for"),
    ("module export `the-export` not defined", "the module does not export `the-export`"),
    ("module import `env::something` not defined", "the module imports `env` `something`, which"),
    ("expected global found func", "is a function, not a global"),
    ("expected table found func", "is a function, not a table"),
    ("expected memory found func", "is a function, not a memory"),
    ("expected func found global", "is a global, not a function"),
    ("expected func found table", "is a table, not a function"),
    ("expected func found memory", "is a memory, not a function"),
    (
        "expected type `(func (param i32))`, found type `(func)`",
        "has type () -> (), not (i32) -> ()",
    ),
    ("export `f` has the wrong type", "export `f` has type"),
    ("export `g` has the wrong type", "export `g` has another type"),
    ("export `m` has the wrong type", "export `m` has another type"),
    ("export `t` has the wrong type", "export `t` has another type"),
    ("module import `::` has the wrong type", "its import `` `` has"),
    // Traps.
    ("unreachable", "unreachable code executed"),
    ("string pointer/length out of bounds of memory", "pointer out of bounds of memory"),
    ("string content out-of-bounds", "string pointer/length out of bounds of memory"),
    ("string pointer not aligned to 2", "pointer 0x1 is not aligned to 2"),
    ("unaligned pointer", "is not aligned to"),
    ("invalid utf-8", "not valid UTF-8"),
    ("incomplete utf-8 byte sequence", "not valid UTF-8"),
    ("discriminant 2 out of range [0..2)", "invalid discriminant 2: there are 2 cases"),
    (
        "handle index 1 used with the wrong type, expected guest-defined resource but found a \
         different guest-defined resource",
        "handle index 1 used with the wrong type",
    ),
];

/// That a message says what is expected.
pub(crate) fn fits(expected: &str, got: &str) -> Result<(), String> {
    let mut same = SAME.iter().filter(|(theirs, _)| expected.starts_with(theirs));
    if got.contains(expected) || same.any(|(_, ours)| got.contains(ours)) {
        return Ok(());
    }
    Err(format!("it fails with `{got}`, not with `{expected}`"))
}
