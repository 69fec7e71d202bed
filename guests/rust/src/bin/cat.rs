//! Copies the files named as its arguments, or stdin, to stdout.

use std::fs::File;
use std::io;

fn main() -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    let mut from_files = false;
    for path in std::env::args().skip(1) {
        io::copy(&mut File::open(path)?, &mut stdout)?;
        from_files = true;
    }
    if !from_files {
        io::copy(&mut io::stdin().lock(), &mut stdout)?;
    }
    Ok(())
}
