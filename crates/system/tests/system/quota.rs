//! What a folder in memory may take.

use crate::support::*;
use std::io::IoSlice;
use wayleave_system::ErrorCode;
use wayleave_system::fs::{Dir, MemoryDir, link, rename};
use wayleave_system::wait::Blocking;

/// What a name of one letter costs.
const NAME: u64 = 257;

#[test]
fn bytes() {
    let dir = MemoryDir::new(NAME + 100);
    let open = file(dir.open("f", &CREATE));
    write_all(&*open, &[1; 100]);
    assert_eq!(open.write(&[IoSlice::new(&[1])], Blocking::Allowed), Err(ErrorCode::NoSpace));
    assert_eq!(open.write_at(&[IoSlice::new(&[1])], 1 << 40), Err(ErrorCode::NoSpace));
    assert_eq!(open.set_size(1 << 40), Err(ErrorCode::NoSpace));
    assert_eq!(open.set_size(101), Err(ErrorCode::NoSpace));
    assert_eq!(open.allocate(0, 101), Err(ErrorCode::NoSpace));
    assert_eq!(open.stat().unwrap().size, 100);
    open.set_size(10).unwrap();
    assert_eq!(open.write_at(&[IoSlice::new(&[1; 100])], 0), Ok(100));
    dir.remove_file("f").unwrap();
    // The bytes are held as long as the file is open.
    let second = file(dir.open("g", &CREATE));
    assert_eq!(second.set_size(1), Err(ErrorCode::NoSpace));
    drop(open);
    assert_eq!(second.set_size(100), Ok(()));
}

#[test]
fn names() {
    let dir = MemoryDir::new(2 * NAME);
    dir.create_dir("d").unwrap();
    put(&dir, "f", b"");
    assert_eq!(dir.create_dir("e"), Err(ErrorCode::NoSpace));
    assert_eq!(opened(dir.open("e", &CREATE)), Err(ErrorCode::NoSpace));
    assert_eq!(dir.symlink("f", "e"), Err(ErrorCode::NoSpace));
    assert_eq!(link(&dir, "f", false, &dir, "e"), Err(ErrorCode::NoSpace));
    assert_eq!(dir.stat_at("f", false).unwrap().links, 1);
    dir.remove_dir("d").unwrap();
    assert_eq!(rename(&dir, "f", &dir, "e"), Ok(()));
    assert_eq!(dir.create_dir("d"), Ok(()));
    // Nothing leaks, however often.
    for _ in 0..1000 {
        dir.remove_dir("d").unwrap();
        dir.symlink("", "d").unwrap_err();
        dir.create_dir("d").unwrap();
    }
}

/// Taking apart a very deep tree must not need as deep a stack.
#[test]
fn a_tree_deeper_than_the_stack() {
    let top = MemoryDir::new(u64::MAX);
    let mut here = folder(top.open(".", &READ));
    for _ in 0..200_000 {
        here.create_dir("d").unwrap();
        here = folder(here.open("d", &DIRECTORY));
    }
    drop(here);
    top.open("d", &DIRECTORY).unwrap();
}
