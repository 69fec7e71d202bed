//! How a program's end is told.

use crate::refusals;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;
use wayleave::system::refusal::Refusal;
use wayleave::system::stdio::printable;
use wayleave::{End, Frame, Outcome, Trap};

/// As shells see a program that `abort` has ended: 128 and the signal's number.
const TRAPPED: u8 = 134;
/// As `timeout` tells it.
const TIMED_OUT: u8 = 124;

/// Tells how the program ended, unless it did so by itself, and gives the command's exit code.
/// `refused` is what it was ended for, if it was.
pub(crate) fn outcome(
    file: &Path,
    outcome: &Outcome,
    timeout: Option<Duration>,
    refused: Option<&Refusal>,
) -> ExitCode {
    match &outcome.end {
        // Exit codes have 8 bits here; what does not fit must not become a success.
        End::Exit(code) => ExitCode::from(u8::try_from(*code).unwrap_or(u8::MAX)),
        End::TimedOut(trap) => {
            let time = timeout.unwrap_or_default();
            tell(&format!("{}: stopped: its time of {time:?} is used up", file.display()), trap);
            ExitCode::from(TIMED_OUT)
        }
        End::Trap(trap) if refused.is_some() => {
            let why = refused.map(refusals::describe).unwrap_or_default();
            tell(&format!("{}: ended: it was refused {why}", file.display()), trap);
            ExitCode::from(TRAPPED)
        }
        End::Trap(trap) => {
            tell(&format!("{}: trap: {trap}", file.display()), trap);
            ExitCode::from(TRAPPED)
        }
    }
}

fn tell(line: &str, trap: &Trap) {
    let mut text = format!("wayleave: {line}\n");
    for (index, frame) in trap.frames.iter().enumerate() {
        let _ = writeln!(text, "{index:>5}: {}", describe(frame));
    }
    // Where standard error is gone, nobody can be told.
    let _ = std::io::stderr().write_all(printable(&text).as_bytes());
}

fn describe(frame: &Frame) -> String {
    let mut text = match &frame.name {
        // A name is one line, whatever a module says.
        Some(name) => name.replace('\n', "\\n"),
        None => format!("function {}", frame.index),
    };
    if let Some(offset) = frame.offset {
        let _ = write!(text, " at {offset:#x}");
    }
    text
}
