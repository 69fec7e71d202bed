//! Files that can make one wait.

use crate::support::*;
use rustix::fs::{CWD, FileType, Mode};
use std::io::{IoSlice, IoSliceMut, SeekFrom, Write};
use std::sync::Arc;
use std::time::Duration;
use wayleave_system::ErrorCode;
use wayleave_system::fs::{File, FileKind, OpenOptions, OsFile};
use wayleave_system::wait::{Blocking, Interest, Readiness, Woken, wait};

fn pipe() -> (Arc<OsFile>, std::io::PipeWriter) {
    let (reader, writer) = std::io::pipe().unwrap();
    let reader = std::fs::File::from(std::os::fd::OwnedFd::from(reader));
    (Arc::new(OsFile::from(reader)), writer)
}

#[test]
fn an_inherited_pipe_never_blocks_unless_allowed() {
    let (file, mut writer) = pipe();
    let mut bytes = [0; 10];
    let read = file.read(&mut [IoSliceMut::new(&mut bytes)], Blocking::Never);
    assert_eq!(read, Err(ErrorCode::Again));
    assert_eq!(file.available(), Ok(0));
    writer.write_all(b"hello").unwrap();
    assert_eq!(file.available(), Ok(5));
    assert_eq!(file.read(&mut [IoSliceMut::new(&mut bytes)], Blocking::Never), Ok(5));
    assert_eq!(file.kind(), Ok(FileKind::Fifo));
    assert_eq!(file.seek(SeekFrom::Current(0)), Err(ErrorCode::NotSeekable));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(50));
            writer.write_all(b"later").unwrap();
        });
        assert_eq!(file.read(&mut [IoSliceMut::new(&mut bytes)], Blocking::Allowed), Ok(5));
    });
    drop(writer);
    assert_eq!(file.read(&mut [IoSliceMut::new(&mut bytes)], Blocking::Never), Ok(0));
}

#[test]
fn a_full_pipe() {
    let (reader, writer) = std::io::pipe().unwrap();
    let writer = OsFile::from(std::fs::File::from(std::os::fd::OwnedFd::from(writer)));
    let bytes = vec![7; 10_000];
    let mut total = 0;
    let error = loop {
        match writer.write(&[IoSlice::new(&[]), IoSlice::new(&bytes)], Blocking::Never) {
            Ok(written) => total += written,
            Err(error) => break error,
        }
    };
    assert_eq!(error, ErrorCode::Again);
    assert!(total >= 4096, "{total}");
    let waiting = [(writer.readiness(Interest::Write), Interest::Write)];
    assert_eq!(wait(&waiting, Some(Duration::ZERO), None), Ok(Woken::TimedOut));
    drop(reader);
    let Ok(Woken::Ready(ready)) = wait(&waiting, None, None) else { panic!() };
    assert!(ready[0].hangup);
    let written = writer.write(&[IoSlice::new(b"x")], Blocking::Never);
    assert_eq!(written, Err(ErrorCode::BrokenPipe));
}

/// Opening one for reading would wait for a writer, and the other way round.
#[test]
fn opening_a_named_pipe_does_not_hang() {
    each_os(|sandbox, dir| {
        let path = sandbox.inside().join("pipe");
        rustix::fs::mknodat(CWD, &path, FileType::Fifo, Mode::RWXU, 0).unwrap();
        assert_eq!(kind(&*dir, "pipe"), Ok(FileKind::Fifo));
        let write_only = OpenOptions { read: false, ..WRITE };
        assert_eq!(opened(dir.open("pipe", &write_only)), Err(ErrorCode::NoSuchDevice));
        let reader = file(dir.open("pipe", &READ));
        assert_eq!(reader.kind(), Ok(FileKind::Fifo));
        let writer = file(dir.open("pipe", &write_only));
        let mut bytes = [0; 10];
        let got = reader.read(&mut [IoSliceMut::new(&mut bytes)], Blocking::Never);
        assert_eq!(got, Err(ErrorCode::Again));
        assert!(matches!(reader.readiness(Interest::Read), Readiness::Fd(_)));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(Duration::from_millis(20));
                write_all(&*writer, b"hello");
            });
            assert_eq!(read(&*reader, 10), b"hello");
        });
        assert!(dir.open("pipe", &DIRECTORY).is_err());
        assert!(dir.open("pipe/", &READ).is_err());
    });
}
