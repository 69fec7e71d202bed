//! `--trace`: what is told of a program's calls, on each engine.

use std::process::{Command, Output};

const HELLO: &[&str] = &[r#"fd_write(fd: 1, iovs: ["Hello, world!\n"]) = 14"#];

const HELLO_0_2: &[&str] = &[
    "wasi:cli/stdout get-stdout() = #1",
    "wasi:io/streams [method]output-stream.check-write(self: #1) = ok(65536)",
    r#"wasi:io/streams [method]output-stream.write(self: #1, contents: "Hello, world!\n") = ok"#,
    "wasi:io/streams [method]output-stream.blocking-flush(self: #1) = ok",
];

fn run(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_wayleave"))
        .args(["run", "--no-cache"])
        .args(args)
        .current_dir("../..")
        .output()
        .expect("the command runs")
}

/// Standard error, line by line, without the times.
fn told(output: &Output) -> Vec<String> {
    let text = String::from_utf8(output.stderr.clone()).expect("text");
    let timeless = |line: &str| line.rsplit_once(" <").map_or(line, |(call, _)| call).to_owned();
    text.lines().map(timeless).collect()
}

#[test]
fn each_call_is_a_line() {
    for engine in ["wasmtime", "wasmi"] {
        for (guest, lines) in [("hello", HELLO), ("p2/hello", HELLO_0_2)] {
            let guest = format!("guests/built/{guest}.wasm");
            let output = run(&["--engine", engine, "--trace", &guest]);
            assert_eq!(output.stdout, b"Hello, world!\n");
            assert_eq!(told(&output), lines, "{engine}");
            assert!(run(&["--engine", engine, &guest]).stderr.is_empty());
        }
    }
}

#[test]
fn failures_and_the_end_are_told() {
    for engine in ["wasmtime", "wasmi"] {
        let output = run(&["--engine", engine, "--trace", "guests/built/exit_code.wasm", "7"]);
        assert_eq!(output.status.code(), Some(7));
        let last = told(&output).pop().unwrap_or_default();
        assert!(last.starts_with("proc_exit(code: 7) ended the program"), "{last}");
        let only = ["--trace", "--trace-only", "path_*"];
        let folder = ["--dir", "guests/built::/d", "guests/built/cat.wasm", "/d/missing"];
        let output = run(&[&["--engine", engine], &only[..], &folder].concat());
        let lines = told(&output);
        assert!(lines[0].starts_with("path_open(fd: 3, lookup: {"), "{lines:?}");
        assert!(lines[0].ends_with("= errno 44, no such file or folder"), "{lines:?}");
        assert!(lines[0].contains("path: \"missing\""), "{lines:?}");
    }
}

#[test]
fn as_json_and_to_a_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("calls");
    let trace = format!("--trace={}", file.display());
    let output = run(&[&trace, "--trace-format", "json", "guests/built/p2/hello.wasm"]);
    assert!(output.stderr.is_empty());
    let text = std::fs::read_to_string(file).expect("the file is there");
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("an object")).collect();
    assert_eq!(lines.len(), HELLO_0_2.len());
    assert_eq!(lines[2]["args"]["contents"], "Hello, world!\n");
    assert_eq!(lines[0]["interface"], "wasi:cli/stdout@0.2.12");
    assert!(lines.iter().all(|line| line["ns"].is_u64()));
}

#[test]
fn sums() {
    let output = run(&["--trace=summary", "guests/built/p2/hello.wasm"]);
    let lines = told(&output);
    assert_eq!(lines.len(), 2 + HELLO_0_2.len(), "{lines:?}");
    assert!(lines.iter().any(|line| line.ends_with("wasi:cli/stdout get-stdout")), "{lines:?}");
    assert!(lines.last().is_some_and(|line| line.ends_with("all")), "{lines:?}");
}

#[test]
fn a_trace_that_can_not_be_written_is_one_line() {
    let output = run(&["--trace=/nowhere/calls", "guests/built/hello.wasm"]);
    assert_eq!((output.status.code(), told(&output).len()), (Some(2), 1));
    assert!(output.stdout.is_empty());
}
