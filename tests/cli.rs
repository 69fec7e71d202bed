//! The command line, by example: each file below `tests/cli` is a session that shows commands and
//! exactly what they print. `TRYCMD=overwrite cargo test --test cli` rewrites them after a change.

/// Sessions with a cache of their own, one after the other.
#[test]
fn sessions() {
    // Where the sessions put what they compile.
    std::fs::create_dir_all("../../target").expect("the target folder");
    for cases in [
        "run",
        "refusals",
        "files",
        "components",
        "libraries",
        "compositions",
        "network",
        "errors",
        "traps",
        "cache",
        "record",
        "grants",
        "../../docs/grants",
    ] {
        let cache = tempfile::tempdir().expect("a folder for the cache");
        trycmd::TestCases::new()
            .case(format!("../../tests/cli/{cases}.md"))
            .env("WAYLEAVE_CACHE_DIR", cache.path().to_string_lossy())
            .run();
    }
}

/// Handles, strings and lists between components of one file. (Not a session: what is printed has
/// backslashes in it, and those do not survive there.)
#[test]
fn components_in_one_file_use_each_other() {
    for (guest, call, printed) in
        [("driver_store", "tour()", DRIVER_TOUR), ("lender_driver_store", "round()", LENDER_ROUND)]
    {
        for engine in ["wasmtime", "wasmi"] {
            let output = std::process::Command::new(env!("CARGO_BIN_EXE_wayleave"))
                .args(["run", "--no-cache", "--engine", engine, "--invoke", call])
                .arg(format!("../../guests/built/components/{guest}.wasm"))
                .output()
                .expect("the command runs");
            let stdout = String::from_utf8(output.stdout).expect("text");
            let lines = stdout.trim_end().trim_matches('"').replace("\\\"", "\"");
            assert_eq!(lines.split_terminator("\\n").collect::<Vec<_>>(), printed, "{engine}");
        }
    }
}

const DRIVER_TOUR: &[&str] = &[
    "live at first: 0",
    "name: fruit",
    "put: none",
    "put again: \"red\"",
    "get: \"grün, behaart\"",
    "get nothing: \"\"",
    "get missing: none",
    "keys: apple kiwi nothing",
    "large: true",
    "open without a name: a store needs a name",
    "copied: 4",
    "copied from itself: 0",
    "count: 13",
    "live with two: 2",
    "merged: fruit+more [apple kiwi large nothing pear]",
    "live when merged: 1",
    "split: apple [apple], kiwi [kiwi], large [large], nothing [nothing], pear [pear]",
    "live when split: 5",
    "largest: large [a large]",
    "largest of none: true",
    "live at last: 0",
];

const LENDER_ROUND: &[&str] = &[
    "fill: None",
    "fill again: Some(\"first, größer\")",
    "get: Some(Ok(\"second\"))",
    "inspect: ours [key]",
    "inspect twice: (\"ours [key]\", \"ours [key]\")",
    "passed: ours",
    "made: a b",
    "live: 3",
    "taken: ours",
    "live at last: 0",
];
