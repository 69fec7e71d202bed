//! The command as a process among others: signals and pipes.

use std::io::Read;
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
    let child = start("sleep.wasm", &["3600000"]);
    std::thread::sleep(Duration::from_millis(500));
    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(kill.expect("kill").success());
    let (output, stderr) = end(child);
    assert_eq!(output.status.signal(), Some(SIGINT), "{stderr}");
    assert_eq!(stderr, "");
}
