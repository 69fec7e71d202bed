//! What requests notice of one whose guest never answers.

use super::{load, start};
use crate::support::report::{digits, nanoseconds, table};
use crate::support::{Result, median};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// The server's time limit for a request.
const LIMIT: Duration = Duration::from_secs(1);
/// What the guest does that never answers.
const STUCK: [(&str, &str); 3] = [("a loop", "/loop"), ("a sleep", "/wait"), ("a read", "/read")];

/// The requests of one round, alone and beside each kind of stuck guest, by turns.
pub(crate) fn measure(work: &Path, rounds: usize) -> Result<String> {
    let Some(server) = start("wayleave-limited", "http_web", work)? else {
        return Ok(String::new());
    };
    let mut alone = Vec::new();
    let mut beside = STUCK.map(|_| (Vec::new(), Vec::new()));
    for round in 0..=rounds {
        let quiet = load(server.address, "/hello", None)?;
        // The first warms up.
        if round > 0 {
            alone.push(quiet);
        }
        for ((_, path), (samples, late)) in STUCK.iter().zip(&mut beside) {
            let over = AtomicBool::new(false);
            let (sample, ended_late) = std::thread::scope(|scope| {
                let stuck = scope
                    .spawn(|| keep_asking(server.address, path, &over).map_err(|e| e.to_string()));
                let sample = load(server.address, "/hello", None);
                over.store(true, Ordering::Relaxed);
                (sample, stuck.join().map_err(|_| "the stuck request's thread panicked"))
            });
            if round > 0 {
                samples.push(sample?);
                late.extend(ended_late??);
            }
        }
        eprintln!("neighbours: round {round} of {rounds}");
    }
    let middle = |values: Vec<f64>| median(&values).unwrap_or(f64::NAN);
    let most = |samples: &[super::Sample]| middle(samples.iter().map(|s| s.most).collect());
    let quiet = most(&alone);
    let mut rows = vec![vec!["alone".into(), nanoseconds(quiet), digits(1.0), String::new()]];
    for ((name, _), (samples, late)) in STUCK.iter().zip(&beside) {
        let most = most(samples);
        let late = late.iter().copied().fold(0.0, f64::max);
        rows.push(vec![(*name).into(), nanoseconds(most), digits(most / quiet), nanoseconds(late)]);
    }
    let head = ["beside", "p99", "to alone", "ended late by at most"].map(str::to_owned);
    Ok(format!("### Beside a guest that never answers\n\n{}\n", table(&head, &rows)))
}

/// Asks for what never comes, again and again; tells how much later than its limit each was ended,
/// in nanoseconds.
fn keep_asking(address: SocketAddr, path: &str, over: &AtomicBool) -> Result<Vec<f64>> {
    let mut late = Vec::new();
    while !over.load(Ordering::Relaxed) {
        let mut stream = TcpStream::connect(address)?;
        let begun = Instant::now();
        // The body that is announced does not come.
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 5\r\n\r\n"
        );
        stream.write_all(head.as_bytes())?;
        let mut reply = [0; 12];
        stream.read_exact(&mut reply)?;
        if &reply != b"HTTP/1.1 504" {
            let reply = String::from_utf8_lossy(&reply);
            return Err(format!("{path}: `{reply}` where a time limit should end it").into());
        }
        late.push(begun.elapsed().saturating_sub(LIMIT).as_secs_f64() * 1e9);
    }
    Ok(late)
}

/// The limit as an option of the server's.
pub(crate) fn limit() -> [String; 2] {
    ["--timeout".into(), format!("{}ms", LIMIT.as_millis())]
}
