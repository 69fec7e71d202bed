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

/// What a program is watched to need is enough for it, and no more than that is granted.
#[test]
fn a_manifest_that_was_learned_is_enough_and_no_more() {
    for (engine, build) in [("wasmtime", "built"), ("wasmi", "built"), ("wasmtime", "built/p2")] {
        let folder = tempfile::tempdir().expect("a folder");
        let top = folder.path().canonicalize().expect("its path");
        std::fs::create_dir(top.join("in")).expect("a folder");
        std::fs::write(top.join("in/a"), "one\n").expect("a file");
        std::fs::write(top.join("in/b"), "two words\n").expect("a file");
        std::fs::write(top.join("in/other"), "not read\n").expect("a file");
        let guests = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../guests");
        let wc = guests.join(build).join("wc.wasm");
        let run = |grants: &[&str], files: &[&str]| {
            let output = std::process::Command::new(env!("CARGO_BIN_EXE_wayleave"))
                .args(["run", "--no-cache", "--engine", engine])
                .args(grants)
                .arg(&wc)
                .args(files)
                .current_dir(&top)
                .output()
                .expect("the command runs");
            let text = |bytes| String::from_utf8(bytes).expect("text");
            (output.status.code(), text(output.stdout), text(output.stderr))
        };
        let absolute = top.join("in/a").display().to_string();
        let learned = run(&["--learn", "needed.toml"], &[&absolute, "in/b"]);
        assert_eq!(learned.0, Some(0), "{engine} {build}: {}", learned.2);
        let manifest = std::fs::read_to_string(top.join("needed.toml")).expect("a manifest");
        let expected =
            format!("[grants]\nfile = [\n    \"in/b::ro\",\n    \"{absolute}::ro\",\n]\n");
        assert_eq!(manifest, expected, "{engine} {build}");
        let again = run(&["--manifest", "needed.toml"], &[&absolute, "in/b"]);
        assert_eq!((again.0, again.1), (Some(0), learned.1), "{engine} {build}: {}", again.2);
        let more = run(&["--manifest", "needed.toml"], &["in/other"]);
        assert_eq!(more.0, Some(1), "{engine} {build}: {}", more.1);
    }
}

/// What a program writes while it is watched does not reach the host.
#[test]
fn learning_changes_nothing() {
    for engine in ["wasmtime", "wasmi"] {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join("work")).expect("a folder");
        let guest = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../guests/built/fs_suite.wasm");
        let run = |grants: [&str; 2]| {
            let output = std::process::Command::new(env!("CARGO_BIN_EXE_wayleave"))
                .args(["run", "--no-cache", "--engine", engine])
                .args(grants)
                .arg(&guest)
                .arg("work")
                .current_dir(folder.path())
                .output()
                .expect("the command runs");
            let text = String::from_utf8(output.stdout).expect("text");
            (output.status.code(), text, String::from_utf8_lossy(&output.stderr).into_owned())
        };
        let learned = run(["--learn", "needed.toml"]);
        let left: Vec<_> =
            std::fs::read_dir(folder.path().join("work")).expect("a folder").collect();
        assert!(left.is_empty(), "{engine}: {left:?}");
        let manifest =
            std::fs::read_to_string(folder.path().join("needed.toml")).expect("a manifest");
        assert_eq!(manifest, "[grants]\ndir = [\"work\"]\n", "{engine}: {}", learned.2);
        assert_eq!(learned.0, Some(0), "{engine}: {}", learned.2);
        let again = run(["--manifest", "needed.toml"]);
        assert_eq!((again.0, again.1), (learned.0, learned.1), "{engine}: {}", again.2);
    }
}
