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

/// Libraries look for folders until there is none. Those of WASI 0.1 find one more than was granted, in
/// which nothing is; those of 0.0 would use it for everything.
#[test]
fn programs_of_the_first_snapshot_find_no_folder_that_was_not_granted() {
    let folder = tempfile::tempdir().expect("a folder");
    let prestat_of = |module: &str, fd: u32, more: &[&str]| {
        let file = folder.path().join("program.wat");
        let text = format!(
            r#"(module
                (import "{module}" "fd_prestat_get" (func $prestat (param i32 i32) (result i32)))
                (import "{module}" "proc_exit" (func $exit (param i32)))
                (memory (export "memory") 1)
                (func (export "_start")
                    (drop (call $prestat (i32.const 3) (i32.const 0)))
                    (call $exit (call $prestat (i32.const {fd}) (i32.const 0)))))"#
        );
        std::fs::write(&file, text).expect("the file is written");
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_wayleave"))
            .args(["run", "--no-cache", "--dir"])
            .arg(format!("{}::/work", folder.path().display()))
            .args(more)
            .arg(&file)
            .output()
            .expect("the command runs");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{module} {fd} {more:?}");
        output.status.code()
    };
    let others = tempfile::tempdir().expect("a folder");
    let recording = others.path().join("recording").display().to_string();
    for more in [&[][..], &["--engine", "wasmi"], &["--record", &recording]] {
        const BAD_DESCRIPTOR: i32 = 8;
        for (module, end) in [("wasi_snapshot_preview1", 0), ("wasi_unstable", BAD_DESCRIPTOR)] {
            assert_eq!(prestat_of(module, 3, more), Some(0), "{module} {more:?}");
            assert_eq!(prestat_of(module, 4, more), Some(end), "{module} {more:?}");
            assert_eq!(prestat_of(module, 5, more), Some(BAD_DESCRIPTOR), "{module} {more:?}");
        }
    }
}

/// Types so deep in each other that the validator panics: that is not to be seen.
#[test]
fn libraries_that_panic_are_told_of_in_a_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("deep.wat");
    let types = (1..800).map(|n| {
        let inside = format!("(instance (type $t{}))", n - 1);
        format!(r#"(type $t{n} (instance (export "a" {inside})))"#)
    });
    let text = format!("(component (type $t0 (instance)) {})", types.collect::<String>());
    std::fs::write(&file, text).expect("the file is written");
    for args in [
        &["run", "--no-cache"][..],
        &["run", "--no-cache", "--engine", "wasmi"],
        &["inspect"],
        &["compile", "-o", "nothing.cwasm"],
        &["serve", "--no-cache", "--addr", "127.0.0.1:0"],
    ] {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_wayleave"))
            .env("WAYLEAVE_CACHE_DIR", folder.path())
            .args(args)
            .arg(&file)
            .output()
            .expect("the command runs");
        let stderr = String::from_utf8(output.stderr).expect("text");
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        assert!(stderr.contains("deep.wat: not a valid component: "), "{stderr}");
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

/// What is compiled of a component is run as it was written by this user and version, or not at all.
#[test]
fn compiled_components_that_are_not_as_they_were_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let [cache, others, file] = ["cache", "others", "hello.cwasm"].map(|n| folder.path().join(n));
    let wayleave = |cache: &std::path::Path, args: &[&str]| {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_wayleave"))
            .env("WAYLEAVE_CACHE_DIR", cache)
            .args(args)
            .arg(&file)
            .output()
            .expect("the command runs");
        let stderr = String::from_utf8(output.stderr).expect("text");
        assert!(output.status.success() || stderr.lines().count() == 1, "{stderr}");
        (output.status.code(), stderr)
    };
    let hello = "../../guests/built/p2/hello.wasm";
    assert_eq!(wayleave(&cache, &["compile", hello, "-o"]).0, Some(0));
    assert_eq!(wayleave(&cache, &["run"]).0, Some(0));
    let refused = |cache: &std::path::Path, reason: &str| {
        let (code, stderr) = wayleave(cache, &["run"]);
        assert_eq!(code, Some(1), "{stderr}");
        assert!(stderr.contains(reason) && stderr.contains("compile it again"), "{stderr}");
    };
    refused(&others, "it is damaged, or another user or machine made it");

    let whole = std::fs::read(&file).expect("the compiled program");
    let damaged = |change: &dyn Fn(&mut Vec<u8>), reason: &str| {
        let mut bytes = whole.clone();
        change(&mut bytes);
        std::fs::write(&file, bytes).expect("the file is written");
        refused(&cache, reason);
    };
    let len = whole.len();
    damaged(&|bytes| bytes[len / 2] ^= 1, "it is damaged");
    damaged(&|bytes| bytes.truncate(len / 2), "it is damaged");
    damaged(&|bytes| bytes.push(0), "it is damaged");
    // The version stands before lengths, hash and mark.
    damaged(&|bytes| bytes[len - 56] ^= 1, "another version of Wayleave made it");
    std::fs::write(&file, &whole).expect("the file is written");
    assert_eq!(wayleave(&cache, &["run"]).0, Some(0));
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
