//! Reads stdin and never stops: at its end, it reads again. Blocks in a host call while nothing comes.

use std::io::Read;

fn main() {
    println!("reading");
    let mut stdin = std::io::stdin().lock();
    let mut buffer = [0; 4096];
    loop {
        if stdin.read(&mut buffer).is_err() {
            return;
        }
    }
}
