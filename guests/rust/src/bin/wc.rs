//! Counts lines, words and bytes of the files named as arguments, or of stdin, as `wc` does.

use std::fs::File;
use std::io::{self, Read};
use std::ops::AddAssign;
use std::process::ExitCode;

#[derive(Clone, Copy, Default)]
struct Counts {
    lines: u64,
    words: u64,
    bytes: u64,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.lines += other.lines;
        self.words += other.words;
        self.bytes += other.bytes;
    }
}

fn count(mut input: impl Read) -> io::Result<Counts> {
    let mut counts = Counts::default();
    let mut in_word = false;
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let read = input.read(&mut buffer)?;
        if read == 0 {
            return Ok(counts);
        }
        counts.bytes += read as u64;
        for byte in &buffer[..read] {
            counts.lines += u64::from(*byte == b'\n');
            let starts_word = !byte.is_ascii_whitespace() && !in_word;
            counts.words += u64::from(starts_word);
            in_word = !byte.is_ascii_whitespace();
        }
    }
}

fn print(counts: Counts, name: &str) {
    let line = format!("{:7} {:7} {:7} {name}", counts.lines, counts.words, counts.bytes);
    println!("{}", line.trim_end());
}

fn main() -> ExitCode {
    let files: Vec<String> = std::env::args().skip(1).collect();
    if files.is_empty() {
        return match count(io::stdin().lock()) {
            Ok(counts) => {
                print(counts, "");
                ExitCode::SUCCESS
            }
            Err(error) => {
                eprintln!("wc: stdin: {error}");
                ExitCode::FAILURE
            }
        };
    }

    let mut total = Counts::default();
    let mut code = ExitCode::SUCCESS;
    for name in &files {
        match File::open(name).and_then(count) {
            Ok(counts) => {
                print(counts, name);
                total += counts;
            }
            Err(error) => {
                eprintln!("wc: {name}: {error}");
                code = ExitCode::FAILURE;
            }
        }
    }
    if files.len() > 1 {
        print(total, "total");
    }
    code
}
