//! One system operation, many times: `ops OP ITERATIONS FOLDER` prints nanoseconds per operation.
//!
//! The same file is built natively, for wasm32-wasip1 and for wasm32-wasip2. Time is taken inside the program, so that
//! start-up and compilation do not count. FOLDER is an empty folder for files of its own; they stay
//! there for the next run.
//!
//! `ops pipe 0 FOLDER` copies stdin to stdout and prints, on stderr, nanoseconds per 4 KiB.

use std::error::Error;
use std::fs::{self, File, OpenOptions};
use std::hint::black_box;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::mem::ManuallyDrop;
use std::os::fd::FromRawFd;
use std::path::Path;
use std::time::Instant;

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// Longest piece in which files are made: what all hosts take at once.
const PIECE: usize = 64 * KIB;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().collect();
    let [_, op, iterations, folder] = args.as_slice() else {
        return Err("usage: ops OP ITERATIONS FOLDER".into());
    };
    let folder = Path::new(folder);
    if op == "pipe" {
        eprintln!("{:.1}", pipe()?);
        return Ok(());
    }
    println!("{:.1}", run(op, iterations.parse()?, folder)?);
    Ok(())
}

/// Nanoseconds for each of `n` times of `op`.
fn run(op: &str, n: u64, folder: &Path) -> Result<f64, Box<dyn Error>> {
    let a = folder.join("a");
    let b = folder.join("b");
    let time = match op {
        "clock" => time(n, |_| {
            black_box(Instant::now());
            Ok(())
        }),
        "random16" => time(n, |_| {
            let mut bytes = [0; 16];
            fill_random(black_box(&mut bytes))
        }),
        "read1" => read(n, &a, 1),
        "read4k" => read(n, &a, 4 * KIB),
        "read1m" => read(n, &a, MIB),
        "write1" => write(n, &a, 1),
        "write4k" => write(n, &a, 4 * KIB),
        "write1m" => write(n, &a, MIB),
        "seek" => {
            fs::write(&a, [0; 100])?;
            let mut file = File::open(&a)?;
            time(n, |i| file.seek(SeekFrom::Start(i % 100)).map(drop))
        }
        "stat" => {
            fs::write(&a, "")?;
            time(n, |_| fs::metadata(&a).map(|metadata| drop(black_box(metadata))))
        }
        "open_close" => {
            fs::write(&a, "")?;
            time(n, |_| File::open(&a).map(drop))
        }
        "create_unlink" => {
            fs::remove_file(&a).or_else(missing_is_fine)?;
            time(n, |_| {
                File::create(&a)?;
                fs::remove_file(&a)
            })
        }
        "rename" => {
            fs::remove_file(&b).or_else(missing_is_fine)?;
            fs::write(&a, "")?;
            time(n, |i| if i % 2 == 0 { fs::rename(&a, &b) } else { fs::rename(&b, &a) })
        }
        "list1000" => {
            let full = folder.join("list1000");
            fill_folder(&full, 1000)?;
            time(n, |_| {
                let names: Vec<_> = fs::read_dir(&full)?
                    .map(|entry| Ok(entry?.file_name()))
                    .collect::<io::Result<_>>()?;
                assert_eq!(black_box(names).len(), 1000);
                Ok(())
            })
        }
        _ => return Err(format!("no such operation: {op}").into()),
    };
    Ok(time?)
}

/// Runs `op` a little to warm up, then `n` times against the clock. `op` is told how often it has
/// run, the warm-up (always an even number of times) included.
fn time(n: u64, mut op: impl FnMut(u64) -> io::Result<()>) -> io::Result<f64> {
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

/// A file has 1 MiB (64 KiB for single bytes), so that it stays in the processor's caches. Going back
/// to its start is part of the measurement, but rare, or cheap beside what a large block takes.
fn blocks_in_file(block: usize) -> usize {
    (MIB / block).min(64 * KIB)
}

fn read(n: u64, path: &Path, block: usize) -> io::Result<f64> {
    let blocks = blocks_in_file(block);
    make(path, blocks * block)?;
    let mut file = File::open(path)?;
    let mut buffer = vec![0; block];
    time(n, |i| {
        if i % blocks as u64 == 0 {
            file.seek(SeekFrom::Start(0))?;
        }
        file.read_exact(&mut buffer)
    })
}

fn write(n: u64, path: &Path, block: usize) -> io::Result<f64> {
    let blocks = blocks_in_file(block);
    // Written over, not grown: how the file system finds room is not what is measured.
    make(path, blocks * block)?;
    let mut file = OpenOptions::new().write(true).open(path)?;
    let buffer = vec![b'y'; block];
    time(n, |i| {
        if i % blocks as u64 == 0 {
            file.seek(SeekFrom::Start(0))?;
        }
        file.write_all(&buffer)
    })
}

/// A new file, in pieces of one length: the length of a piece decides how large the pages are that Linux
/// keeps the file in, and with it what 4 KiB cost that are written over, threefold. Left alone,
/// runners would differ in that.
fn make(path: &Path, size: usize) -> io::Result<()> {
    let mut file = File::create(path)?;
    for start in (0..size).step_by(PIECE) {
        file.write_all(&vec![b'x'; PIECE.min(size - start)])?;
    }
    Ok(())
}

fn fill_folder(path: &Path, files: usize) -> io::Result<()> {
    if path.exists() {
        return Ok(());
    }
    // Under another name until it is complete: a run that was stopped leaves no half of it.
    let part = path.with_extension("part");
    fs::remove_dir_all(&part).or_else(missing_is_fine)?;
    fs::create_dir(&part)?;
    for i in 0..files {
        File::create(part.join(format!("file-{i:04}.txt")))?;
    }
    fs::rename(part, path)
}

/// Copies stdin to stdout, 4 KiB at a time; the clock starts with the first bytes.
fn pipe() -> io::Result<f64> {
    // SAFETY: these are open for as long as the program runs, and `ManuallyDrop` keeps them so.
    // `std::io::stdin` would put a buffer of its own between.
    let (mut stdin, mut stdout) = unsafe {
        (ManuallyDrop::new(File::from_raw_fd(0)), ManuallyDrop::new(File::from_raw_fd(1)))
    };
    let mut buffer = [0; 4 * KIB];
    let mut bytes = stdin.read(&mut buffer)?;
    stdout.write_all(&buffer[..bytes])?;
    let (first, start) = (bytes, Instant::now());
    loop {
        let read = stdin.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        stdout.write_all(&buffer[..read])?;
        bytes += read;
    }
    let chunks = (bytes - first) as f64 / buffer.len() as f64;
    Ok(start.elapsed().as_nanos() as f64 / chunks)
}

fn missing_is_fine(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) }
}

#[cfg(target_env = "p1")]
fn fill_random(bytes: &mut [u8]) -> io::Result<()> {
    #[link(wasm_import_module = "wasi_snapshot_preview1")]
    unsafe extern "C" {
        fn random_get(buffer: *mut u8, length: usize) -> u16;
    }
    // SAFETY: the slice is borrowed for writing.
    let errno = unsafe { random_get(bytes.as_mut_ptr(), bytes.len()) };
    if errno == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(errno.into())) }
}

#[cfg(target_os = "linux")]
fn fill_random(bytes: &mut [u8]) -> io::Result<()> {
    unsafe extern "C" {
        fn getrandom(buffer: *mut u8, length: usize, flags: u32) -> isize;
    }
    // SAFETY: the slice is borrowed for writing.
    let filled = unsafe { getrandom(bytes.as_mut_ptr(), bytes.len(), 0) };
    if filled == bytes.len() as isize { Ok(()) } else { Err(io::Error::last_os_error()) }
}

#[cfg(not(any(target_env = "p1", target_os = "linux")))]
fn fill_random(bytes: &mut [u8]) -> io::Result<()> {
    unsafe extern "C" {
        fn getentropy(buffer: *mut u8, length: usize) -> i32;
    }
    // SAFETY: the slice is borrowed for writing, and shorter than the 256 bytes allowed.
    if unsafe { getentropy(bytes.as_mut_ptr(), bytes.len()) } == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}
