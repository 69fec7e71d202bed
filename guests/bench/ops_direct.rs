//! As `ops`, for WASI 0.2 only, without a C library in between: each operation is the calls that WASI
//! has for it, through bindings made from its WIT. What it has no call for is left out.
//!
//! `ops_direct OP ITERATIONS FOLDER` prints nanoseconds for each time.

use std::error::Error;
use std::hint::black_box;
use std::time::Instant;

use wasip2::clocks::monotonic_clock;
use wasip2::filesystem::preopens::get_directories;
use wasip2::filesystem::types::{Descriptor, DescriptorFlags, ErrorCode, OpenFlags, PathFlags};
use wasip2::random::random::get_random_bytes;

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().collect();
    let [_, op, iterations, folder] = args.as_slice() else {
        return Err("usage: ops_direct OP ITERATIONS FOLDER".into());
    };
    let granted = get_directories().into_iter().find(|(_, name)| name == folder);
    let (folder, _) = granted.ok_or("the folder is none of those granted")?;
    match run(op, iterations.parse()?, &folder) {
        Ok(Some(nanoseconds)) => println!("{nanoseconds:.1}"),
        Ok(None) => return Err(format!("no such operation: {op}").into()),
        Err(code) => return Err(format!("{op}: {code:?}").into()),
    }
    Ok(())
}

/// Nanoseconds for each of `n` times of `op`, when there is such a one.
fn run(op: &str, n: u64, folder: &Descriptor) -> Result<Option<f64>, ErrorCode> {
    let time = match op {
        "clock" => time(n, |_| {
            black_box(monotonic_clock::now());
            Ok(())
        }),
        "random16" => time(n, |_| {
            black_box(get_random_bytes(16));
            Ok(())
        }),
        "read1" => read(n, folder, 1),
        "read4k" => read(n, folder, 4 * KIB),
        "read1m" => read(n, folder, MIB),
        "write1" => write(n, folder, 1),
        "write4k" => write(n, folder, 4 * KIB),
        "write1m" => write(n, folder, MIB),
        "stat" => {
            create(folder, "a")?;
            time(n, |_| {
                folder.stat_at(PathFlags::SYMLINK_FOLLOW, "a").map(|stat| _ = black_box(stat))
            })
        }
        "open_close" => {
            create(folder, "a")?;
            time(n, |_| open(folder, "a", OpenFlags::empty(), DescriptorFlags::READ).map(drop))
        }
        "create_unlink" => {
            folder.unlink_file_at("a").or_else(missing_is_fine)?;
            time(n, |_| {
                create(folder, "a")?;
                folder.unlink_file_at("a")
            })
        }
        "rename" => {
            folder.unlink_file_at("b").or_else(missing_is_fine)?;
            create(folder, "a")?;
            time(n, |i| {
                let (from, to) = if i % 2 == 0 { ("a", "b") } else { ("b", "a") };
                folder.rename_at(from, folder, to)
            })
        }
        "list1000" => list(n, folder, 1000),
        _ => return Ok(None),
    };
    time.map(Some)
}

/// Runs `op` a little to warm up, then `n` times against the clock. `op` is told how often it has
/// run, the warm-up (always an even number of times) included.
fn time(n: u64, mut op: impl FnMut(u64) -> Result<(), ErrorCode>) -> Result<f64, ErrorCode> {
    let warm_up = n.div_ceil(20) * 2;
    for i in 0..warm_up {
        op(i)?;
    }
    let start = Instant::now();
    for i in warm_up..warm_up + n {
        op(i)?;
    }
    Ok(start.elapsed().as_nanos() as f64 / n as f64)
}

/// As large as `ops` has them.
fn blocks_in_file(block: usize) -> usize {
    (MIB / block).min(64 * KIB)
}

fn read(n: u64, folder: &Descriptor, block: usize) -> Result<f64, ErrorCode> {
    let blocks = blocks_in_file(block);
    let file = fill(folder, blocks * block)?;
    time(n, |i| {
        let offset = (i % blocks as u64) * block as u64;
        // Some hosts read less at a time than they are asked for.
        let mut done = 0;
        while done < block {
            let (bytes, _) = file.read((block - done) as u64, offset + done as u64)?;
            assert!(!bytes.is_empty());
            done += black_box(bytes).len();
        }
        Ok(())
    })
}

fn write(n: u64, folder: &Descriptor, block: usize) -> Result<f64, ErrorCode> {
    let blocks = blocks_in_file(block);
    let file = fill(folder, blocks * block)?;
    let buffer = vec![b'y'; block];
    time(n, |i| {
        let offset = (i % blocks as u64) * block as u64;
        assert_eq!(file.write(&buffer, offset)?, block as u64);
        Ok(())
    })
}

fn list(n: u64, folder: &Descriptor, files: usize) -> Result<f64, ErrorCode> {
    let name = "list1000";
    folder.create_directory_at(name).or_else(existing_is_fine)?;
    let full = open(
        folder,
        name,
        OpenFlags::DIRECTORY,
        DescriptorFlags::READ | DescriptorFlags::MUTATE_DIRECTORY,
    )?;
    for number in 0..files {
        create(&full, &format!("file-{number:04}.txt"))?; // as `ops` calls them
    }
    drop(full);
    time(n, |_| {
        let full = open(folder, name, OpenFlags::DIRECTORY, DescriptorFlags::READ)?;
        let entries = full.read_directory()?;
        let mut names = Vec::new();
        while let Some(entry) = entries.read_directory_entry()? {
            names.push(entry.name);
        }
        assert_eq!(black_box(names).len(), files);
        Ok(())
    })
}

/// A file of this size, open for everything.
fn fill(folder: &Descriptor, size: usize) -> Result<Descriptor, ErrorCode> {
    let flags = DescriptorFlags::READ | DescriptorFlags::WRITE;
    let file = open(folder, "a", OpenFlags::CREATE | OpenFlags::TRUNCATE, flags)?;
    // In the pieces that `ops` makes it of.
    let piece = vec![b'x'; size.min(64 * KIB)];
    for offset in (0..size).step_by(piece.len()) {
        let rest = &piece[..piece.len().min(size - offset)];
        assert_eq!(file.write(rest, offset as u64)?, rest.len() as u64);
    }
    Ok(file)
}

fn create(folder: &Descriptor, name: &str) -> Result<(), ErrorCode> {
    let how = OpenFlags::CREATE | OpenFlags::TRUNCATE;
    open(folder, name, how, DescriptorFlags::WRITE).map(drop)
}

fn open(
    folder: &Descriptor,
    name: &str,
    how: OpenFlags,
    flags: DescriptorFlags,
) -> Result<Descriptor, ErrorCode> {
    folder.open_at(PathFlags::SYMLINK_FOLLOW, name, how, flags)
}

fn missing_is_fine(code: ErrorCode) -> Result<(), ErrorCode> {
    if code == ErrorCode::NoEntry { Ok(()) } else { Err(code) }
}

fn existing_is_fine(code: ErrorCode) -> Result<(), ErrorCode> {
    if code == ErrorCode::Exist { Ok(()) } else { Err(code) }
}
