//! The command as a process among others: signals and pipes.

use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

const SIGINT: i32 = 2;

fn start(guest: &str, args: &[&str]) -> Child {
    let guest = format!("{}/../../guests/built/{guest}", env!("CARGO_MANIFEST_DIR"));
    Command::new(env!("CARGO_BIN_EXE_wayleave"))
        .args(["run", "--no-cache", &guest])
        .args(args)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command")
}

fn end(child: Child) -> (Output, String) {
    let output = child.wait_with_output().expect("an end");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    (output, stderr)
}

#[test]
fn a_reader_that_goes_away_is_told_to_the_guest() {
    let mut child = start("write_forever.wasm", &[]);
    let mut stdout = child.stdout.take().expect("a pipe");
    stdout.read_exact(&mut [0; 100]).expect("some output");
    drop(stdout);
    let (output, stderr) = end(child);
    // The guest's own exit code when writing fails.
    assert_eq!(output.status.code(), Some(3), "{stderr}");
    assert!(!stderr.contains("panicked"), "{stderr}");
}

#[test]
fn an_interrupt_from_the_terminal_ends_it_quietly() {
    let child = start("sleep.wasm", &["20000"]);
    std::thread::sleep(Duration::from_millis(500));
    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(kill.expect("kill").success());
    let (output, stderr) = end(child);
    assert_eq!(output.status.signal(), Some(SIGINT), "{stderr}");
    assert_eq!(stderr, "");
}

/// What was recorded until a program is killed can be replayed.
#[test]
fn a_killed_program_leaves_its_recording() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("recording");
    let mut child = Command::new(env!("CARGO_BIN_EXE_wayleave"))
        .args(["run", "--no-cache", "--record"])
        .arg(&file)
        .arg(format!("{}/../../guests/built/cat.wasm", env!("CARGO_MANIFEST_DIR")))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the command");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(b"first words\n").expect("a reader");
    let mut echo = [0; 12];
    child.stdout.as_mut().expect("a pipe").read_exact(&mut echo).expect("an echo");
    // The next read is waited for, and so the last write was recorded.
    std::thread::sleep(Duration::from_millis(300));
    child.kill().expect("a kill");
    child.wait().expect("an end");

    let replay = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wayleave"));
        let output = command.args(["replay", "--no-cache"]).args(args).arg(&file).output();
        let output = output.expect("the command");
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code(), output.stdout, stderr)
    };
    let (code, stdout, stderr) = replay(&[]);
    assert_eq!((code, &*stdout), (Some(1), &b""[..]), "{stderr}");
    assert!(stderr.contains("cut off") && stderr.contains("--partial"), "{stderr}");
    for engine in ["wasmtime", "wasmi"] {
        let (code, stdout, stderr) = replay(&["--partial", "--engine", engine]);
        assert_eq!((code, &*stdout), (Some(1), &b"first words\n"[..]), "{stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
    }
}
