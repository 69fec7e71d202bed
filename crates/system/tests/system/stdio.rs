use crate::support::*;
use std::io::{IoSlice, SeekFrom};
use wayleave_system::ErrorCode;
use wayleave_system::fs::{File, FileKind, OpenOptions, OsFile};
use wayleave_system::stdio::{Capture, Input, Null, stderr, stdin, stdout};
use wayleave_system::wait::Blocking;

#[test]
fn null() {
    write_all(&Null, b"gone");
    assert_eq!(read(&Null, 10), b"");
    assert_eq!(Null.kind(), Ok(FileKind::CharacterDevice));
    assert_eq!(Null.seek(SeekFrom::Start(9)), Ok(0));
}

#[test]
fn input() {
    let input = Input::new(*b"fixed bytes");
    assert_eq!(input.available(), Ok(11));
    assert_eq!(read(&input, 5), b"fixed");
    assert_eq!(input.available(), Ok(6));
    assert_eq!(read(&input, 100), b" bytes");
    assert_eq!(read(&input, 100), b"");
    let written = input.write(&[IoSlice::new(b"x")], Blocking::Allowed);
    assert_eq!(written, Err(ErrorCode::BadDescriptor));
}

#[test]
fn capture() {
    let capture = Capture::new(8);
    let guest = capture.clone();
    let pieces = [IoSlice::new(b"one"), IoSlice::new(b""), IoSlice::new(b"two")];
    assert_eq!(guest.write(&pieces, Blocking::Allowed), Ok(6));
    assert_eq!(guest.write(&pieces, Blocking::Allowed), Ok(2));
    assert_eq!(guest.write(&pieces, Blocking::Allowed), Err(ErrorCode::NoSpace));
    assert_eq!(guest.write(&[], Blocking::Allowed), Ok(0));
    assert_eq!(capture.contents(), b"onetwoon");
    assert_eq!(capture.take(), b"onetwoon");
    assert_eq!(guest.write(&pieces, Blocking::Allowed), Ok(6));
    assert_eq!(capture.contents(), b"onetwo");
}

#[test]
fn inherited() {
    for stream in [stdin(), stdout(), stderr()] {
        stream.kind().unwrap();
        drop(stream);
    }
    // The host's own are still open.
    assert!(rustix::io::fcntl_getfd(std::io::stderr()).is_ok());
    assert_eq!(stderr().write(&[IoSlice::new(b"")], Blocking::Allowed), Ok(0));
}

#[test]
fn a_file_for_a_stream() {
    let sandbox = Sandbox::new();
    let path = sandbox.inside().join("log");
    let append = OpenOptions { append: true, ..CREATE };
    for line in ["one\n", "two\n"] {
        write_all(&OsFile::open_ambient(&path, &append).unwrap(), line.as_bytes());
    }
    assert_eq!(std::fs::read(&path).unwrap(), b"one\ntwo\n");
    assert!(OsFile::open_ambient(&sandbox.inside().join("missing"), &READ).is_err());
}
