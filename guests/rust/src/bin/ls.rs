//! Lists the folder named as its first argument ("/" without one), sorted: type, size, name.

use std::fs;
use std::io;

fn main() -> io::Result<()> {
    let folder = std::env::args().nth(1).unwrap_or_else(|| "/".to_owned());
    let mut lines = Vec::new();
    for entry in fs::read_dir(&folder)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        let (kind, size) = match metadata.file_type() {
            t if t.is_dir() => ("dir", 0), // a folder's size is the file system's own business
            t if t.is_symlink() => ("link", metadata.len()),
            t if t.is_file() => ("file", metadata.len()),
            _ => ("other", 0),
        };
        lines.push((entry.file_name().to_string_lossy().into_owned(), kind, size));
    }
    lines.sort();
    for (name, kind, size) in lines {
        println!("{kind:5} {size:9} {name}");
    }
    Ok(())
}
