//! Folders, files, memory, images and overlays, as guests see them, on every engine.

#![allow(clippy::unwrap_used, reason = "a test that can not go on has failed")]

use std::fs;
use std::path::PathBuf;
use tempfile::TempDir;
use wayleave::grants::{Error, MountLimits};
use wayleave::{EngineKind, Grants, Runtime};

fn built(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../guests/built").join(name)
}

/// What a program prints, or the last line that it complains in, on every engine.
fn run(program: &str, args: &[&str], grants: impl Fn() -> Grants) -> String {
    let outputs = EngineKind::ALL.iter().map(|engine| {
        let runtime = Runtime::builder().engine(*engine).build().unwrap();
        let program = runtime.load_file(built(program)).unwrap();
        let grants = grants().arg("program").unwrap().args(args.iter().copied()).unwrap();
        let output = program.output(grants).unwrap();
        let bytes = if output.outcome.success() { output.stdout } else { output.stderr };
        String::from_utf8(bytes).unwrap()
    });
    let outputs: Vec<_> = outputs.collect();
    assert!(outputs.iter().all(|output| *output == outputs[0]), "{outputs:#?}");
    outputs[0].clone()
}

/// The names in a folder, as `ls` finds them.
fn names(folder: &str, grants: impl Fn() -> Grants) -> Vec<String> {
    let listed = run("ls.wasm", &[folder], grants);
    listed.lines().map(|line| line.split_whitespace().last().unwrap().to_owned()).collect()
}

/// A folder of the host with `a/`, `b/` and `c.txt`.
fn host() -> TempDir {
    let host = tempfile::tempdir().unwrap();
    let at = |path: &str| host.path().join(path);
    fs::create_dir_all(at("a/b")).unwrap();
    fs::create_dir(at("b")).unwrap();
    fs::write(at("a/top"), "top\n").unwrap();
    fs::write(at("a/b/hidden"), "hidden\n").unwrap();
    fs::write(at("b/x"), "x\n").unwrap();
    fs::write(at("c.txt"), "c\n").unwrap();
    fs::write(at("secret"), "secret\n").unwrap();
    host
}

fn nested(host: &TempDir) -> Grants {
    let at = |path: &str| host.path().join(path);
    Grants::new()
        .dir(at("a"), "/")
        .unwrap()
        .dir_read_only(at("b"), "/b")
        .unwrap()
        .file_read_only(at("c.txt"), "/etc/c.txt")
        .unwrap()
        .memory("/tmp", MountLimits::default())
        .unwrap()
}

#[test]
fn mount_points_are_seen_from_above() {
    let host = host();
    assert_eq!(names("/", || nested(&host)), ["b", "etc", "tmp", "top"]);
    assert_eq!(names("/b", || nested(&host)), ["x"]);
    assert_eq!(names("/etc", || nested(&host)), ["c.txt"]);
    let read = |path: &str| run("cat.wasm", &[path], || nested(&host));
    assert_eq!(read("/top"), "top\n");
    assert_eq!(read("/b/x"), "x\n");
    assert_eq!(read("/b/../top"), "top\n");
    assert_eq!(read("/etc/c.txt"), "c\n");
    assert!(read("/b/hidden").contains("No such file"), "{}", read("/b/hidden"));
    assert!(read("/../secret").contains("Error"), "{}", read("/../secret"));
}

#[test]
fn a_whole_file_system_works_where_mounts_are_put_together() {
    let expected = fs::read_to_string(built("../fs_suite.expected")).unwrap();
    let host = host();
    // On the outer folder, as the root's handle has it, and in memory.
    for base in ["/", "/tmp"] {
        assert_eq!(run("fs_suite.wasm", &[base], || nested(&host)), expected, "{base}");
    }
    assert!(!host.path().join("a/fs_suite").exists());
    let changed = run("fs_suite.wasm", &["/b"], || nested(&host));
    assert!(changed.contains("ead-only file system"), "{changed}");
}

#[test]
fn an_overlay_keeps_the_host_as_it_is() {
    let expected = fs::read_to_string(built("../fs_suite.expected")).unwrap();
    let host = host();
    let overlay = || Grants::new().overlay(host.path().join("a"), "/").unwrap();
    assert_eq!(run("fs_suite.wasm", &["/"], overlay), expected);
    assert_eq!(names("/", overlay), ["b", "top"]);
    let grants = Grants::new().overlay(host.path().join("a"), "/data").unwrap();
    assert_eq!(grants.overlays.len(), 1);
    assert_eq!(grants.overlays[0].guest, "/data");
}

#[test]
fn single_files_need_no_folder() {
    let host = host();
    let at = |path: &str| host.path().join(path);
    let grants = || {
        let grants = Grants::new().file(at("c.txt"), "/etc/c.txt").unwrap();
        grants.file_read_only(at("b/x"), "/etc/x").unwrap()
    };
    assert_eq!(names("/etc", grants), ["c.txt", "x"]);
    assert_eq!(run("cat.wasm", &["/etc/x", "/etc/c.txt"], grants), "x\nc\n");
    assert!(run("cat.wasm", &["/etc/secret"], grants).contains("No such file"));
    assert!(run("cat.wasm", &["/etc/../secret"], grants).contains("Error"));
}

#[test]
fn what_can_not_be_granted_says_why() {
    let host = host();
    let at = |path: &str| host.path().join(path);
    let text = |grants: Result<Grants, Error>| grants.map(|_| ()).unwrap_err().to_string();
    let missing = text(Grants::new().file(at("missing"), "/f"));
    assert!(missing.ends_with("can not be granted: no such file or folder"), "{missing}");
    let folder = text(Grants::new().file(at("a"), "/f"));
    assert!(folder.ends_with("can not be granted: is a directory"), "{folder}");
    let twice = text(Grants::new().dir(at("a"), "/f").unwrap().file(at("c.txt"), "/f"));
    assert_eq!(twice, "two grants are for \"/f\"; give one of them another guest path");
    let up = text(Grants::new().file(at("c.txt"), "../f"));
    assert!(up.starts_with("guest path \"../f\": "), "{up}");
    let grant = format!("{0}::/d::overlay={0}", at("a").display()).parse().unwrap();
    let itself = text(Grants::new().dir_grant(grant));
    assert!(itself.contains("which is under an overlay"), "{itself}");
    assert_eq!(fs::read_dir(at("a")).unwrap().count(), 2);
}

#[cfg(feature = "images")]
#[test]
fn an_image_is_a_folder_to_read() {
    let host = host();
    let path = host.path().join("image.tar");
    let mut header = [0_u8; 512];
    header[..9].copy_from_slice(b"dir/hello");
    header[100..107].copy_from_slice(b"0000644");
    header[124..135].copy_from_slice(b"00000000006");
    header[136..147].copy_from_slice(b"00000000000");
    header[156] = b'0';
    header[257..265].copy_from_slice(b"ustar\x0000");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum::<u32>() + 8 * 32;
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let mut bytes = header.to_vec();
    bytes.extend_from_slice(b"hello\n");
    bytes.resize(512 * 4, 0);
    fs::write(&path, bytes).unwrap();
    let grants = || Grants::new().image(&path, "/").unwrap();
    assert_eq!(names("/", grants), ["dir"]);
    assert_eq!(run("cat.wasm", &["/dir/hello"], grants), "hello\n");
    let changed = run("fs_suite.wasm", &["/"], grants);
    assert!(changed.contains("ead-only file system"), "{changed}");
    let text = Grants::new().image(host.path().join("c.txt"), "/").err().unwrap().to_string();
    assert!(text.ends_with("can not be granted: it is neither a tar nor a zip file"), "{text}");
}

/// A zip file with the member `large`: 3 GiB, nearly all of it zeros.
#[cfg(feature = "images")]
fn large_zip() -> Vec<u8> {
    const SIZE: u32 = 3 << 30;
    // One block with the fixed codes: a zero, and then again and again the 258 bytes before. Eight
    // of those take 13 bytes, and so the bytes repeat.
    let again = "1100010100000";
    let bits = ["110", "00110000", &again.repeat(24)].concat();
    let byte = |bits: &[u8]| bits.iter().rev().fold(0, |byte, bit| byte << 1 | (bit - b'0'));
    let start: Vec<u8> = bits.as_bytes().chunks_exact(8).map(byte).collect();
    let (head, rest) = start.split_at(2);
    let packed = [head, &rest[..13].repeat((SIZE / 258 / 8) as usize)].concat();

    let packed_size = u32::try_from(packed.len()).unwrap().to_le_bytes();
    let sizes = [[0; 4], packed_size, SIZE.to_le_bytes()].concat();
    let about = [&[20, 0, 0, 0, 8, 0, 0, 0, 0x21, 0][..], &sizes, &[5, 0, 0, 0]].concat();
    let member = [b"PK\x03\x04", &about[..], b"large", &packed].concat();
    let table = [b"PK\x01\x02\x14\0", &about[..], &[0; 14], b"large"].concat();
    let ends = [table.len(), member.len()].map(|at| u32::try_from(at).unwrap().to_le_bytes());
    let end = [b"PK\x05\x06\0\0\0\0\x01\0\x01\0", &ends.concat()[..], &[0, 0]].concat();
    [member, table, end].concat()
}

#[cfg(feature = "images")]
#[test]
fn time_ends_a_guest_that_reads_far_inside_of_an_image() {
    use std::time::{Duration, Instant};
    use wayleave::End;
    let guest = |read: &str| {
        format!(
            r#"(module
            (import "wasi_snapshot_preview1" "path_open" (func $open
                (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "fd_pread"
                (func $pread (param i32 i32 i32 i64 i32) (result i32)))
            (import "wasi_snapshot_preview1" "fd_read"
                (func $read (param i32 i32 i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "fd_seek"
                (func $seek (param i32 i64 i32 i32) (result i32)))
            (memory (export "memory") 1)
            (data (i32.const 0) "large")
            (func $check (param i32) (if (local.get 0) (then unreachable)))
            (func (export "_start") (local $fd i32)
                (call $check (call $open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 5)
                    (i32.const 0) (i64.const 38) (i64.const 0) (i32.const 0) (i32.const 16)))
                (local.set $fd (i32.load (i32.const 16)))
                (i32.store (i32.const 24) (i32.const 64))
                (i32.store (i32.const 28) (i32.const 1))
                (loop {read} (br 0))))"#
        )
    };
    let far = (3_u64 << 30) - 100_000;
    let guests = [
        guest(&format!(
            "(call $check (call $pread (local.get $fd) (i32.const 24) (i32.const 1)
                (i64.const {far}) (i32.const 16)))"
        )),
        guest(&format!(
            "(call $check (call $seek (local.get $fd) (i64.const {far}) (i32.const 0)
                (i32.const 40)))
            (call $check (call $read (local.get $fd) (i32.const 24) (i32.const 1)
                (i32.const 16)))"
        )),
    ];
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), large_zip()).unwrap();
    for engine in EngineKind::ALL {
        for guest in &guests {
            let runtime = Runtime::builder().engine(*engine).interruptible(true).build().unwrap();
            let program = runtime.load(guest.as_bytes()).unwrap();
            let mut grants = Grants::new().image(file.path(), "/").unwrap();
            grants.limits.timeout = Some(Duration::from_millis(100));
            let start = Instant::now();
            let outcome = program.run(grants).unwrap();
            assert!(matches!(outcome.end, End::TimedOut(_)), "{engine}: {outcome:?}");
            // Unpacking all of it takes many times as long.
            assert!(start.elapsed() < Duration::from_millis(1000), "{:?}", start.elapsed());
        }
    }
}

#[test]
fn time_ends_a_guest_that_copies_a_large_file_up() {
    use std::time::{Duration, Instant};
    use wayleave::End;
    let guest = r#"(module
        (import "wasi_snapshot_preview1" "path_open" (func $open
            (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
        (memory (export "memory") 1)
        (data (i32.const 0) "large")
        (func (export "_start")
            (if (call $open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 5)
                (i32.const 0) (i64.const 66) (i64.const 0) (i32.const 0) (i32.const 16))
                (then unreachable))))"#;
    let lower = tempfile::tempdir().unwrap();
    let large = fs::File::create(lower.path().join("large")).unwrap();
    // Nothing but holes.
    large.set_len(100 << 30).unwrap();
    for engine in EngineKind::ALL {
        let runtime = Runtime::builder().engine(*engine).interruptible(true).build().unwrap();
        let program = runtime.load(guest.as_bytes()).unwrap();
        let grant = format!("{}::/::overlay", lower.path().display()).parse().unwrap();
        let mut grants = Grants::new().dir_grant(grant).unwrap();
        grants.limits.timeout = Some(Duration::from_millis(300));
        let start = Instant::now();
        let outcome = program.run(grants).unwrap();
        assert!(matches!(outcome.end, End::TimedOut(_)), "{engine}: {outcome:?}");
        // To read all of it takes many times as long.
        assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    }
}
