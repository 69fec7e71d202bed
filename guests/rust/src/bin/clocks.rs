//! Asks the clocks what must hold of any of them, one line for each question.
//!
//! With the argument `fixed`, it prints what they say instead: for hosts whose clocks stand still.

use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

fn main() {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let start = Instant::now();
    if std::env::args().nth(1).as_deref() == Some("fixed") {
        println!("now: {}.{:09}", now.as_secs(), now.subsec_nanos());
        println!("passed: {} ns", start.elapsed().as_nanos());
        return;
    }

    let readings: Vec<_> = (0..1000).map(|_| Instant::now()).collect();
    let nap = Duration::from_millis(20);
    let before = Instant::now();
    thread::sleep(nap);
    let slept = before.elapsed();
    let then = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();

    let (year, day) = (Duration::from_hours(365 * 24), Duration::from_hours(24));
    say("the date is later than 2025", now > year * 55);
    say("the date is earlier than 2100", now < year * 130);
    say("the date moves on", then > now && then - now < day);
    say("time never runs backwards", readings.is_sorted());
    say("time passes", start.elapsed() > Duration::ZERO);
    say("a sleep is long enough", slept >= nap);
    say("a sleep ends", slept < day);
}

fn say(what: &str, holds: bool) {
    println!("{what}: {}", if holds { "ok" } else { "WRONG" });
}
