//! Streams of which a read gives all that was asked for.

use std::io::{IoSliceMut, Write};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;
use wayleave_system::fs::{File, OsFile};
use wayleave_system::stdio::Whole;
use wayleave_system::wait::Blocking;
use wayleave_system::{ErrorCode, Result};

fn read(file: &dyn File, room: usize, blocking: Blocking) -> Result<Vec<u8>> {
    let mut bytes = vec![0; room];
    let (first, second) = bytes.split_at_mut(room / 3);
    let count = file.read(&mut [IoSliceMut::new(first), IoSliceMut::new(second)], blocking)?;
    bytes.truncate(count);
    Ok(bytes)
}

fn pipe() -> (Arc<dyn File>, std::io::PipeWriter) {
    let (reader, writer) = std::io::pipe().unwrap();
    let file = OsFile::from(std::fs::File::from(OwnedFd::from(reader)));
    (Whole::wrap(Arc::new(file)), writer)
}

#[test]
fn how_much_arrives_at_a_time_does_not_show() {
    let (file, mut writer) = pipe();
    writer.write_all(b"abc").unwrap();
    // Nothing is given before all is there, and nothing is lost.
    for _ in 0..3 {
        assert_eq!(read(&*file, 5, Blocking::Never), Err(ErrorCode::Again));
    }
    writer.write_all(b"defgh").unwrap();
    assert_eq!(read(&*file, 5, Blocking::Never).unwrap(), b"abcde");
    assert_eq!(read(&*file, 2, Blocking::Never).unwrap(), b"fg");
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(20));
            writer.write_all(b"i").unwrap();
            std::thread::sleep(Duration::from_millis(20));
            writer.write_all(b"j").unwrap();
            drop(writer);
        });
        assert_eq!(read(&*file, 100, Blocking::Allowed).unwrap(), b"hij");
    });
    assert_eq!(read(&*file, 100, Blocking::Allowed).unwrap(), b"");
}

#[test]
fn less_may_be_asked_for_than_has_arrived() {
    let (file, mut writer) = pipe();
    writer.write_all(b"abcdef").unwrap();
    assert_eq!(read(&*file, 7, Blocking::Never), Err(ErrorCode::Again));
    assert_eq!(read(&*file, 4, Blocking::Never).unwrap(), b"abcd");
    drop(writer);
    assert_eq!(read(&*file, 4, Blocking::Never).unwrap(), b"ef");
    assert_eq!(read(&*file, 0, Blocking::Never).unwrap(), b"");
}

#[test]
fn the_host_holds_little_however_much_is_asked_for() {
    let (file, mut writer) = pipe();
    let wrote = std::thread::spawn(move || writer.write_all(&vec![7; 100 << 10]).unwrap());
    assert_eq!(read(&*file, 1 << 30, Blocking::Allowed).unwrap(), vec![7; 64 << 10]);
    assert_eq!(read(&*file, 1 << 30, Blocking::Allowed).unwrap(), vec![7; 36 << 10]);
    wrote.join().unwrap();
}
