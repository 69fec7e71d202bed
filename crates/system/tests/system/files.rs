//! Contents of files.

use crate::support::*;
use std::io::{IoSlice, IoSliceMut, SeekFrom};
use wayleave_system::ErrorCode;
use wayleave_system::fs::{Advice, FileKind, OpenOptions, SyncKind};
use wayleave_system::wait::{Blocking, Interest, Readiness};

#[test]
fn reading_and_writing_in_pieces() {
    each(|dir| {
        let file = file(dir.open("file", &CREATE));
        let pieces = [IoSlice::new(b"one "), IoSlice::new(b""), IoSlice::new(b"two")];
        assert_eq!(file.write(&pieces, Blocking::Never), Ok(7));
        assert_eq!(file.seek(SeekFrom::Start(0)), Ok(0));
        let (mut a, mut b) = ([0; 2], [0; 10]);
        let mut buffers = [IoSliceMut::new(&mut a), IoSliceMut::new(&mut b)];
        assert_eq!(file.read(&mut buffers, Blocking::Never), Ok(7));
        assert_eq!((&a, &b[..5]), (b"on", &b"e two"[..]));
        assert_eq!(file.read(&mut [], Blocking::Never), Ok(0));
        assert_eq!(file.write(&[], Blocking::Never), Ok(0));
        assert_eq!(read(&*file, 10), b"");
        // More pieces than the system takes at once.
        let many = vec![IoSlice::new(b"x"); 3000];
        assert!(file.write(&many, Blocking::Never).unwrap() > 1000);
    });
}

#[test]
fn at_offsets() {
    each(|dir| {
        let file = file(dir.open("file", &CREATE));
        assert_eq!(file.write_at(&[IoSlice::new(b"end")], 5), Ok(3));
        assert_eq!(file.write_at(&[IoSlice::new(b"st"), IoSlice::new(b"art")], 0), Ok(5));
        let mut bytes = [0; 6];
        assert_eq!(file.read_at(&mut [IoSliceMut::new(&mut bytes)], 4), Ok(4));
        assert_eq!(&bytes[..4], b"tend");
        assert_eq!(file.read_at(&mut [IoSliceMut::new(&mut bytes)], 100), Ok(0));
        assert_eq!(file.seek(SeekFrom::Current(0)), Ok(0));
        for offset in [u64::MAX, 1 << 63] {
            let read = file.read_at(&mut [IoSliceMut::new(&mut bytes)], offset);
            assert_eq!(read, Err(ErrorCode::Invalid));
            assert_eq!(file.write_at(&[IoSlice::new(b"x")], offset), Err(ErrorCode::Invalid));
        }
        assert!(file.write_at(&[IoSlice::new(b"xx")], i64::MAX as u64).is_err());
        assert_eq!(file.stat().unwrap().size, 8);
    });
}

#[test]
fn seeking() {
    each(|dir| {
        let file = file(dir.open("file", &CREATE));
        write_all(&*file, &[0; 100]);
        assert_eq!(file.seek(SeekFrom::Current(-50)), Ok(50));
        assert_eq!(file.seek(SeekFrom::End(-1)), Ok(99));
        assert_eq!(file.available(), Ok(1));
        assert_eq!(file.seek(SeekFrom::Current(1000)), Ok(1099));
        assert_eq!(file.available(), Ok(0));
        assert_eq!(file.seek(SeekFrom::Current(-2000)), Err(ErrorCode::Invalid));
        assert_eq!(file.seek(SeekFrom::Start(u64::MAX)), Err(ErrorCode::Invalid));
        assert!(file.seek(SeekFrom::End(i64::MAX)).is_err());
        assert!(file.seek(SeekFrom::Current(i64::MAX)).is_err());
        assert!(file.seek(SeekFrom::End(i64::MIN)).is_err());
        assert_eq!(file.seek(SeekFrom::Current(0)), Ok(1099));
        assert!(matches!(file.readiness(Interest::Read), Readiness::Now));
        assert_eq!(file.kind(), Ok(FileKind::Regular));
    });
}

#[test]
fn appending() {
    each(|dir| {
        put(&*dir, "file", b"start");
        let file = file(dir.open("file", &OpenOptions { append: true, ..WRITE }));
        write_all(&*file, b" middle");
        assert_eq!(file.seek(SeekFrom::Start(0)), Ok(0));
        write_all(&*file, b" end");
        assert_eq!(contents(&*dir, "file"), b"start middle end");
        file.set_append(false).unwrap();
        file.seek(SeekFrom::Start(0)).unwrap();
        write_all(&*file, b"START");
        file.set_append(true).unwrap();
        write_all(&*file, b"!");
        assert_eq!(contents(&*dir, "file"), b"START middle end!");
    });
}

#[test]
fn truncating_and_opening_anew() {
    each(|dir| {
        put(&*dir, "file", b"something");
        let truncate = OpenOptions { truncate: true, create: true, ..WRITE };
        let file = file(dir.open("file", &truncate));
        assert_eq!(file.stat().unwrap().size, 0);
        put(&*dir, "file", b"something");
        // Read-only with truncate empties, as on Linux; read-only folders refuse it.
        assert!(dir.open("file", &OpenOptions { truncate: true, ..READ }).is_ok());
        assert_eq!(contents(&*dir, "file"), b"");
    });
}

#[test]
fn sizes() {
    each(|dir| {
        let file = file(dir.open("file", &CREATE));
        let size = || file.stat().unwrap().size;
        file.set_size(100).unwrap();
        assert_eq!(size(), 100);
        assert_eq!(file.allocate(10, 10), Ok(()));
        assert_eq!(size(), 100);
        assert_eq!(file.allocate(90, 20), Ok(()));
        assert_eq!(size(), 110);
        assert_eq!(file.allocate(0, 0), Err(ErrorCode::Invalid));
        assert_eq!(file.allocate(i64::MAX as u64, 1), Err(ErrorCode::FileTooBig));
        assert_eq!(file.allocate(u64::MAX, u64::MAX), Err(ErrorCode::FileTooBig));
        assert_eq!(file.set_size(u64::MAX), Err(ErrorCode::FileTooBig));
        assert_eq!(size(), 110);
        file.set_size(0).unwrap();
        file.set_size(3).unwrap();
        assert_eq!(read(&*file, 10), [0, 0, 0]);
        assert_eq!(file.sync(SyncKind::Data), Ok(()));
        assert_eq!(file.sync(SyncKind::All), Ok(()));
        assert_eq!(dir.sync(SyncKind::All), Ok(()));
    });
}

#[test]
fn advice_changes_nothing() {
    each(|dir| {
        put(&*dir, "file", b"contents");
        let file = file(dir.open("file", &WRITE));
        use Advice::*;
        for advice in [Normal, Sequential, Random, WillNeed, DontNeed, NoReuse] {
            assert_eq!(file.advise(0, 0, advice), Ok(()));
            assert_eq!(file.advise(2, 1000, advice), Ok(()));
            assert_eq!(file.advise(u64::MAX, 1, advice), Err(ErrorCode::Invalid));
            assert_eq!(file.advise(0, u64::MAX, advice), Err(ErrorCode::Invalid));
        }
        assert_eq!(contents(&*dir, "file"), b"contents");
    });
}

#[test]
fn handles_do_what_they_were_opened_for() {
    each(|dir| {
        put(&*dir, "file", b"contents");
        let reader = file(dir.open("file", &READ));
        let written = reader.write(&[IoSlice::new(b"x")], Blocking::Allowed);
        assert_eq!(written, Err(ErrorCode::BadDescriptor));
        assert_eq!(reader.set_size(0), Err(ErrorCode::Invalid));
        assert!(reader.allocate(0, 100).is_err());
        let writer = file(dir.open("file", &OpenOptions { read: false, ..WRITE }));
        let got = writer.read(&mut [IoSliceMut::new(&mut [0])], Blocking::Allowed);
        assert_eq!(got, Err(ErrorCode::BadDescriptor));
        assert_eq!(contents(&*dir, "file"), b"contents");
    });
}
