//! Sleeps for the number of milliseconds given as its first argument.

use std::time::{Duration, Instant};

fn main() {
    let millis = std::env::args().nth(1).and_then(|arg| arg.parse().ok());
    let wanted = Duration::from_millis(millis.expect("usage: sleep MILLISECONDS"));
    let start = Instant::now();
    std::thread::sleep(wanted);
    println!("slept long enough: {}", start.elapsed() >= wanted);
}
