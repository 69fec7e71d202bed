//! Prints what usually differs from run to run: times, random numbers, the order of a folder, how
//! much of standard input comes at a time. The argument is a folder to list, and to write to.

use std::collections::HashMap;
use std::fs;
use std::io::{self, Read};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

fn main() -> io::Result<()> {
    let start = Instant::now();
    println!("now: {:?}", since_1970(SystemTime::now()));
    let map: HashMap<u32, ()> = (0..10).map(|number| (number, ())).collect();
    println!("order of a map: {:?}", map.keys().collect::<Vec<_>>());

    let mut turns = 0;
    let loop_start = Instant::now();
    while loop_start.elapsed() < Duration::from_micros(100) {
        turns += 1;
    }
    println!("turns in 100 us: {turns}");
    thread::sleep(Duration::from_millis(1500));
    println!("passed: {:?}", start.elapsed());

    if let Some(folder) = std::env::args().nth(1) {
        fs::write(format!("{folder}/written"), "by chance")?;
        fs::create_dir_all(format!("{folder}/made"))?;
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            let metadata = entry.metadata()?;
            let modified = since_1970(metadata.modified()?);
            println!("{:?}: {} bytes, {modified:?}", entry.file_name(), metadata.len());
        }
        fs::remove_file(format!("{folder}/written"))?;
        fs::remove_dir(format!("{folder}/made"))?;
    }

    let mut bytes = [0; 100];
    loop {
        match io::stdin().lock().read(&mut bytes)? {
            0 => break,
            count => println!("read {count}: {:?}", String::from_utf8_lossy(&bytes[..count])),
        }
    }
    println!("now: {:?}", since_1970(SystemTime::now()));
    Ok(())
}

fn since_1970(time: SystemTime) -> Duration {
    time.duration_since(UNIX_EPOCH).unwrap_or_default()
}
