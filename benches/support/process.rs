//! Child processes: their wall time, peak memory, and bytes through their pipes.
#![allow(unsafe_code, reason = "std does not report a child's resource usage: `wait4` does")]

use std::io::{Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use super::Result;

/// What a process that ended well left behind.
pub(crate) struct Finished {
    pub(crate) wall: Duration,
    /// The most memory it had in RAM, where the system tells. Never less than what this process
    /// itself has: the child is counted from before it becomes another program.
    pub(crate) peak_bytes: Option<u64>,
    pub(crate) stdout: String,
}

/// Runs `command` to its end and measures it.
///
/// # Errors
/// When it can not be started or fails; its stderr is in the message.
pub(crate) fn run(command: &mut Command) -> Result<Finished> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let start = Instant::now();
    let mut child = spawn(command)?;
    // One after the other: no runner writes more to stderr than a pipe holds.
    let stdout = read_all(child.stdout.take())?;
    let stderr = read_all(child.stderr.take())?;
    let (status, peak_bytes) = wait(child)?;
    let wall = start.elapsed();
    if !status.success() {
        return Err(format!("{status}: {}", stderr.trim()).into());
    }
    Ok(Finished { wall, peak_bytes, stdout })
}

/// Feeds `bytes` zeros to `command`, checks that as many come back, and returns its stderr.
///
/// # Errors
/// When it fails or bytes are missing.
pub(crate) fn feed(command: &mut Command, bytes: usize) -> Result<String> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = spawn(command)?;
    let mut stdin = child.stdin.take().ok_or("no stdin")?;
    let feeder = std::thread::spawn(move || {
        let block = [0; 64 * 1024];
        let mut left = bytes;
        while left > 0 {
            let now = left.min(block.len());
            if stdin.write_all(&block[..now]).is_err() {
                return; // the child's exit status says why
            }
            left -= now;
        }
    });
    let mut stdout = child.stdout.take().ok_or("no stdout")?;
    let mut block = vec![0; 64 * 1024];
    let mut came_back = 0;
    loop {
        match stdout.read(&mut block)? {
            0 => break,
            read => came_back += read,
        }
    }
    let stderr = read_all(child.stderr.take())?;
    let (status, _) = wait(child)?;
    feeder.join().map_err(|_| "the feeding thread panicked")?;
    if !status.success() || came_back != bytes {
        return Err(format!("{status}, {came_back} of {bytes} bytes: {}", stderr.trim()).into());
    }
    Ok(stderr)
}

fn spawn(command: &mut Command) -> Result<Child> {
    command.spawn().map_err(|error| format!("{command:?}: {error}").into())
}

fn read_all(pipe: Option<impl Read>) -> Result<String> {
    let mut text = String::new();
    pipe.ok_or("no pipe")?.read_to_string(&mut text)?;
    Ok(text)
}

#[cfg(target_os = "linux")]
fn wait(child: Child) -> Result<(ExitStatus, Option<u64>)> {
    use std::ffi::{c_int, c_long};
    use std::os::unix::process::ExitStatusExt;

    /// `struct rusage`: two times of two words each, then fourteen counters, `ru_maxrss` (in KiB) first.
    type Usage = [c_long; 18];
    const MAX_RSS: usize = 4;
    unsafe extern "C" {
        fn wait4(pid: c_int, status: *mut c_int, options: c_int, usage: *mut Usage) -> c_int;
    }

    let (mut status, mut usage) = (0, [0; 18]);
    let pid = c_int::try_from(child.id())?;
    // SAFETY: both pointers are to locals of the right size; the child is ours and not yet waited for.
    if unsafe { wait4(pid, &raw mut status, 0, &raw mut usage) } != pid {
        return Err(std::io::Error::last_os_error().into());
    }
    let peak = u64::try_from(usage[MAX_RSS])? * 1024;
    Ok((ExitStatus::from_raw(status), Some(peak)))
}

#[cfg(not(target_os = "linux"))]
fn wait(mut child: Child) -> Result<(ExitStatus, Option<u64>)> {
    Ok((child.wait()?, None))
}
