//! Writes lines to stdout until that fails, then says on stderr why: what a broken pipe looks like.

use std::io::Write;

fn main() {
    let mut stdout = std::io::stdout().lock();
    let mut number = 0_u64;
    let error = loop {
        if let Err(error) = writeln!(stdout, "line {number}") {
            break error;
        }
        number += 1;
    };
    eprintln!("stopped: {error}");
    std::process::exit(3);
}
