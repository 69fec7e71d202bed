//! Tar and zip files as folders.

use crate::support::{
    CREATE, DIRECTORY, FOLLOW, READ, WRITE, contents, file, folder, kind, list, opened, put, read,
};
use proptest::prelude::*;
use std::io::{Cursor, IoSliceMut, SeekFrom, Write};
use std::sync::Arc;
use tar::EntryType;
use wayleave_system::fs::{
    Dir, FileKind, Image, ImageError, MemoryDir, Node, OpenOptions, ReadOnly, Timestamp,
};
use wayleave_system::wait::Blocking;
use wayleave_system::{ErrorCode, Result};
use zip::write::{SimpleFileOptions, ZipWriter};

fn open(bytes: &[u8]) -> std::result::Result<Image, ImageError> {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    Image::new(file)
}

/// Why it is refused: one line.
fn refused(bytes: &[u8]) -> String {
    let text = open(bytes).map(|_| ()).unwrap_err().to_string();
    assert!(!text.contains('\n'), "{text}");
    text
}

#[test]
fn nobody_waits_for_a_pipe() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    assert!(matches!(Image::open_ambient(&pipe), Err(ImageError::Unknown)));
    assert!(matches!(Image::open_ambient(folder.path()), Err(ImageError::Unknown)));
}

struct Tar(tar::Builder<Vec<u8>>);

impl Tar {
    fn new() -> Self {
        Self(tar::Builder::new(Vec::new()))
    }

    fn header(kind: EntryType, size: usize) -> tar::Header {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(size as u64);
        header.set_mode(0o644);
        header.set_mtime(1_000);
        header
    }

    fn file(mut self, path: &str, bytes: &[u8]) -> Self {
        let mut header = Self::header(EntryType::Regular, bytes.len());
        self.0.append_data(&mut header, path, bytes).unwrap();
        self
    }

    fn folder(mut self, path: &str) -> Self {
        let mut header = Self::header(EntryType::Directory, 0);
        self.0.append_data(&mut header, path, &[][..]).unwrap();
        self
    }

    fn link(mut self, kind: EntryType, path: &str, target: &str) -> Self {
        self.0.append_link(&mut Self::header(kind, 0), path, target).unwrap();
        self
    }

    /// A member with a name that the builder would not write.
    fn raw(mut self, path: &[u8], kind: EntryType) -> Self {
        let mut header = Self::header(kind, 0);
        header.as_old_mut().name[..path.len()].copy_from_slice(path);
        header.set_cksum();
        self.0.append(&header, &[][..]).unwrap();
        self
    }

    fn pax(mut self, key: &str, value: &str) -> Self {
        self.0.append_pax_extensions([(key, value.as_bytes())]).unwrap();
        self
    }

    fn done(self) -> Vec<u8> {
        self.0.into_inner().unwrap()
    }
}

fn zip(write: impl FnOnce(&mut ZipWriter<Cursor<Vec<u8>>>)) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    write(&mut writer);
    writer.finish().unwrap().into_inner()
}

fn stored() -> SimpleFileOptions {
    SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored)
}

fn deflated() -> SimpleFileOptions {
    SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated)
}

/// Bytes that deflate to about a third.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let step = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        b'a' + u8::try_from(state >> 24).unwrap() % 6
    };
    (0..length).map(step).collect()
}

/// The same tree as a tar and as a zip file.
fn trees() -> [Vec<u8>; 2] {
    let tar = Tar::new()
        .file("top", b"top")
        .folder("dir")
        .file("dir/sub/file", b"in a folder that is implied")
        .link(EntryType::Symlink, "dir/up", "../top")
        .link(EntryType::Symlink, "out", "../../etc/passwd")
        .link(EntryType::Symlink, "absolute", "/etc/passwd")
        .link(EntryType::Symlink, "dir/slashed", "sub/")
        .file("./empty", b"")
        .done();
    let zip = zip(|zip| {
        zip.start_file("top", stored()).unwrap();
        zip.write_all(b"top").unwrap();
        zip.add_directory("dir", stored()).unwrap();
        zip.start_file("dir/sub/file", deflated()).unwrap();
        zip.write_all(b"in a folder that is implied").unwrap();
        zip.add_symlink("dir/up", "../top", stored()).unwrap();
        zip.add_symlink("out", "../../etc/passwd", deflated()).unwrap();
        zip.add_symlink("absolute", "/etc/passwd", stored()).unwrap();
        zip.add_symlink("dir/slashed", "sub/", stored()).unwrap();
        zip.start_file("empty", deflated()).unwrap();
    });
    [tar, zip]
}

#[test]
fn what_is_in_an_archive_can_be_read() {
    for bytes in trees() {
        let image = open(&bytes).unwrap();
        assert_eq!(list(&image), ["absolute", "dir", "empty", "out", "top"]);
        assert_eq!(list(&*folder(image.open("dir", &DIRECTORY))), ["slashed", "sub", "up"]);
        assert_eq!(contents(&image, "top"), b"top");
        assert_eq!(contents(&image, "dir/sub/../sub//file"), b"in a folder that is implied");
        assert_eq!(contents(&image, "dir/slashed/file"), b"in a folder that is implied");
        assert_eq!(contents(&image, "empty"), b"");
        assert_eq!(contents(&image, "dir/up"), b"top");
        assert_eq!(opened(image.open("dir/up", &READ)), Err(ErrorCode::Loop));
        assert_eq!(image.read_link("dir/up").unwrap(), b"../top");
        assert_eq!(kind(&image, "dir/sub"), Ok(FileKind::Directory));
        assert_eq!(image.stat_at("dir/up", true).unwrap().size, 3);
        for path in ["out", "absolute", "..", "dir/../..", "/top"] {
            assert_eq!(opened(image.open(path, &FOLLOW)), Err(ErrorCode::NotCapable), "{path}");
        }
        assert_eq!(opened(image.open("missing", &READ)), Err(ErrorCode::NoEntry));
        assert_eq!(opened(image.open("top/", &READ)), Err(ErrorCode::NotDirectory));
        // From a folder's own handle nothing above it can be reached.
        let dir = folder(image.open("dir", &DIRECTORY));
        assert_eq!(opened(dir.open("up", &FOLLOW)), Err(ErrorCode::NotCapable));
    }
}

#[test]
fn nothing_in_an_archive_can_be_changed() {
    for bytes in trees() {
        let image = open(&bytes).unwrap();
        assert!(image.is_read_only());
        for options in [
            WRITE,
            CREATE,
            OpenOptions { truncate: true, ..READ },
            OpenOptions { append: true, ..READ },
        ] {
            assert_eq!(opened(image.open("top", &options)), Err(ErrorCode::ReadOnly));
        }
        let create = OpenOptions { create: true, ..READ };
        assert_eq!(opened(image.open("top", &create)), Ok("file"));
        assert_eq!(opened(image.open("new", &create)), Err(ErrorCode::ReadOnly));
        assert_eq!(image.create_dir("new"), Err(ErrorCode::ReadOnly));
        assert_eq!(image.remove_file("top"), Err(ErrorCode::ReadOnly));
        let top = file(image.open("top", &READ));
        assert_eq!(top.set_size(0), Err(ErrorCode::ReadOnly));
        assert_eq!(read(&*top, 10), b"top");
    }
}

#[test]
fn listings_go_on_at_each_cookie() {
    let image = open(&trees()[0]).unwrap();
    let mut entries = image.entries().unwrap();
    let mut seen = Vec::new();
    while let Some(entry) = entries.peek().unwrap() {
        seen.push((entry.name.to_vec(), entry.next));
        entries.advance();
    }
    assert_eq!(seen.len(), 7);
    for (at, (_, cookie)) in seen.iter().enumerate() {
        entries.seek(*cookie).unwrap();
        let next = entries.peek().unwrap().map(|entry| entry.name.to_vec());
        assert_eq!(next, seen.get(at + 1).map(|(name, _)| name.clone()));
    }
    assert_eq!(entries.seek(10), Err(ErrorCode::Invalid));
}

#[test]
fn long_names_times_and_hard_links_of_tar() {
    let long = format!("{}/{}", "d".repeat(200), "n".repeat(250));
    let bytes = Tar::new()
        .file(&long, b"far away")
        .link(EntryType::Symlink, "link", &long)
        .link(EntryType::Link, "second", &long)
        .pax("mtime", "1700000000.25")
        .file("timed", b"")
        .pax("path", "named/by/an/extended/header")
        .file("x", b"pax")
        .done();
    let image = open(&bytes).unwrap();
    assert_eq!(contents(&image, "link"), b"far away");
    assert_eq!(contents(&image, "second"), b"far away");
    let (one, two) =
        (image.stat_at(&long, false).unwrap(), image.stat_at("second", false).unwrap());
    assert_eq!((one, one.links), (two, 2));
    assert_eq!(one.modified, Timestamp { seconds: 1_000, nanoseconds: 0 });
    assert_eq!(file(image.open(&long, &READ)).permissions(), Some(0o644));
    let timed = image.stat_at("timed", false).unwrap().modified;
    assert_eq!(timed, Timestamp { seconds: 1_700_000_000, nanoseconds: 250_000_000 });
    assert_eq!(contents(&image, "named/by/an/extended/header"), b"pax");
}

#[test]
fn times_of_zip() {
    let time = zip::DateTime::from_date_and_time(2024, 5, 6, 7, 8, 10).unwrap();
    let bytes = zip(|zip| {
        zip.start_file("a", stored().last_modified_time(time)).unwrap();
    });
    let modified = open(&bytes).unwrap().stat_at("a", false).unwrap().modified;
    assert_eq!(modified, Timestamp { seconds: 1_714_979_290, nanoseconds: 0 });
}

#[test]
fn of_two_members_with_one_name_the_last_one_counts() {
    let bytes = Tar::new()
        .file("a", b"first")
        .link(EntryType::Link, "kept", "a")
        .file("a", b"second")
        .file("d/x", b"")
        .folder("d")
        .done();
    let image = open(&bytes).unwrap();
    assert_eq!(
        (contents(&image, "a"), contents(&image, "kept")),
        (b"second".into(), b"first".into())
    );
    assert_eq!(image.stat_at("kept", false).unwrap().links, 1);
    assert_eq!(list(&*folder(image.open("d", &DIRECTORY))), ["x"]);
}

#[test]
fn devices_are_left_aside() {
    let bytes = Tar::new().raw(b"dev", EntryType::Char).raw(b"pipe", EntryType::Fifo).done();
    assert!(list(&open(&bytes).unwrap()).is_empty());
}

#[test]
fn what_does_not_stay_inside_is_refused() {
    for (name, reason) in [
        (&b"/etc/passwd"[..], "its member \"/etc/passwd\" has an absolute name"),
        (b"../x", "its member \"../x\" has `..` in its name"),
        (b"a/../../x", "its member \"a/../../x\" has `..` in its name"),
        (b"a/..", "its member \"a/..\" has `..` in its name"),
    ] {
        let text = refused(&Tar::new().raw(name, EntryType::Regular).done());
        assert!(text.starts_with(reason), "{text}");
        let name = std::str::from_utf8(name).unwrap();
        let text = refused(&zip(|zip| {
            zip.start_file(name, stored()).unwrap();
        }));
        assert!(text.starts_with(reason), "{text}");
    }
    // A link of the archive does not take later members anywhere.
    let bytes = Tar::new().link(EntryType::Symlink, "l", "/etc").file("l/passwd", b"").done();
    assert_eq!(refused(&bytes), "its member \"l/passwd\" lies below what is no folder");
    let bytes = Tar::new().link(EntryType::Link, "l", "/etc/passwd").done();
    assert!(refused(&bytes).contains("which is no file before it"));
    let bytes = Tar::new().file("d/x", b"").file("d", b"").done();
    assert_eq!(refused(&bytes), "its member \"d\" is a folder, too");
}

#[test]
fn what_is_no_image_is_refused_in_one_line() {
    assert_eq!(refused(b""), "it is neither a tar nor a zip file");
    assert_eq!(refused(&[b'x'; 2_000]), "it is neither a tar nor a zip file");
    assert_eq!(
        refused(b"\x1f\x8b\x08........"),
        "it is compressed (gzip); unpack it to a tar file first"
    );
    let folder = std::fs::File::open(tempfile::tempdir().unwrap().path()).unwrap();
    assert_eq!(Image::new(folder).err(), Some(ImageError::Open(ErrorCode::IsDirectory)));
    let sparse = Tar::new().pax("GNU.sparse.major", "1").file("s", b"").done();
    assert!(refused(&sparse).contains("is a sparse file"));
    let unknown = Tar::new().raw(b"odd", EntryType::new(b'Z')).done();
    assert!(refused(&unknown).contains("is of a kind that is not known ('Z')"));
}

#[test]
fn what_is_cut_off_is_refused() {
    let bytes = Tar::new().file("a", &[7; 5_000]).done();
    assert_eq!(refused(&bytes[..2_000]), "its member \"a\" is cut off: the file ends before it");
    let bytes = zip(|zip| {
        zip.start_file("a", deflated()).unwrap();
        zip.write_all(&noise(5_000)).unwrap();
    });
    assert_eq!(refused(&bytes[..bytes.len() - 1]), "it is neither a tar nor a zip file");
    assert!(refused(&bytes[100..]).contains("outside of the file"));
}

/// Changes a field of the only member's header in the table of members.
fn with_table(mut bytes: Vec<u8>, at: usize, value: &[u8]) -> Vec<u8> {
    let table = bytes.windows(4).position(|w| w == b"PK\x01\x02").unwrap();
    bytes[table + at..table + at + value.len()].copy_from_slice(value);
    bytes
}

#[test]
fn zip_files_that_lie_are_refused() {
    let bytes = || {
        zip(|zip| {
            zip.start_file("a", deflated()).unwrap();
            zip.write_all(&noise(5_000)).unwrap();
        })
    };
    assert!(open(&bytes()).is_ok());
    assert!(refused(&with_table(bytes(), 8, &[1])).ends_with("is encrypted"));
    assert!(refused(&with_table(bytes(), 10, &[93])).contains("(method 93); Deflate is"));
    let bomb = refused(&with_table(bytes(), 24, &[0, 0, 0, 0x7f]));
    assert_eq!(bomb, "its member \"a\" says that it is larger than it can be");
    assert!(refused(&with_table(bytes(), 10, &[0])).contains("says that it has two sizes"));
    assert!(refused(&with_table(bytes(), 42, &[9])).contains("is not where the table"));
    assert!(refused(&with_table(bytes(), 20, &[0, 0, 0, 9])).contains("outside of the file"));
    // Shorter than it says: what is there can be read, and then there is an error, not nothing.
    let size = u32::try_from(5_100).unwrap().to_le_bytes();
    let image = open(&with_table(bytes(), 24, &size)).unwrap();
    let handle = file(image.open("a", &READ));
    let mut buffer = vec![0; 6_000];
    assert_eq!(handle.read_at(&mut [IoSliceMut::new(&mut buffer)], 0), Err(ErrorCode::Io));
}

#[test]
fn members_on_top_of_each_other_are_refused() {
    let mut bytes = zip(|zip| {
        for name in ["a", "b"] {
            zip.start_file(name, deflated()).unwrap();
            zip.write_all(&noise(500)).unwrap();
        }
    });
    let tables: Vec<_> =
        (0..bytes.len() - 4).filter(|at| bytes[*at..].starts_with(b"PK\x01\x02")).collect();
    let first: Vec<u8> = bytes[tables[0] + 42..tables[0] + 46].to_vec();
    bytes[tables[1] + 42..tables[1] + 46].copy_from_slice(&first);
    assert_eq!(refused(&bytes), "it is damaged: two of its members lie in one place");
}

#[test]
fn what_an_image_may_hold_is_bounded() {
    // Each name implies thirty-two folders.
    let mut tar = Tar::new();
    for at in 0..9_000 {
        tar = tar.file(&format!("{at}{}", "/d".repeat(32)), b"");
    }
    assert!(refused(&tar.done()).contains("more than 262144 names"));
    // A name as long as the file.
    let mut tar = Tar::new();
    let length = 65 << 20;
    let mut header = Tar::header(EntryType::GNULongName, length);
    header.set_cksum();
    tar.0.append(&header, &vec![b'n'; length][..]).unwrap();
    assert!(refused(&tar.file("x", b"").done()).contains("more than 64 MiB of headers"));
}

#[test]
fn deflated_contents_can_be_read_anywhere() {
    let expected = noise(9_000_000);
    let bytes = zip(|zip| {
        zip.start_file("large", deflated()).unwrap();
        zip.write_all(&expected).unwrap();
        zip.start_file("other", deflated()).unwrap();
        zip.write_all(&expected[7..]).unwrap();
    });
    let image = open(&bytes).unwrap();
    let large = file(image.open("large", &READ));
    let other = file(image.open("other", &READ));
    let mut at = 1_usize;
    for step in 0..200 {
        at = (at * 31 + step * 7_919) % expected.len();
        let length = 1 + at % 200_000;
        let mut buffer = vec![0; length];
        let read = large.read_at(&mut [IoSliceMut::new(&mut buffer)], at as u64).unwrap();
        assert_eq!(buffer[..read], expected[at..(at + length).min(expected.len())], "{at}");
        let mut buffer = [0; 10];
        let offset = at.saturating_sub(100);
        let read = other.read_at(&mut [IoSliceMut::new(&mut buffer)], offset as u64).unwrap();
        assert_eq!(buffer[..read], expected[offset + 7..(offset + 17).min(expected.len())]);
    }
    assert_eq!(large.seek(SeekFrom::End(-3)), Ok(8_999_997));
    assert_eq!(read(&*large, 10), &expected[8_999_997..]);
    assert_eq!(read(&*large, 10), b"");
}

/// Everything of an image is looked at, and some of each file read.
fn walk(dir: &dyn Dir, left: &mut u32) {
    let mut entries = dir.entries().unwrap();
    let mut names = Vec::new();
    while let Some(entry) = entries.peek().unwrap() {
        names.push(String::from_utf8_lossy(entry.name).into_owned());
        entries.advance();
    }
    for name in names.into_iter().skip(2) {
        *left = left.saturating_sub(1);
        let _ = (dir.stat_at(&name, true), dir.read_link(&name));
        match dir.open(&name, &READ) {
            _ if *left == 0 => return,
            Ok(Node::Dir(dir)) => walk(&*dir, left),
            Ok(Node::File(file)) => {
                let mut buffer = [0; 100];
                for offset in [0, 70_000, u64::MAX >> 1] {
                    let _ = file.read_at(&mut [IoSliceMut::new(&mut buffer)], offset);
                }
            }
            Err(_) => {}
        }
    }
}

fn sample() -> [Vec<u8>; 3] {
    let [tar, zip_file] = trees();
    let pax = Tar::new()
        .pax("mtime", "1.5")
        .file(&"n".repeat(150), &noise(700))
        .pax("size", "3")
        .file("sized", b"abc")
        .link(EntryType::Link, "second", "sized")
        .done();
    [tar, zip_file, pax]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

    /// Whatever is wrong with an archive: an error, or an image that can be walked.
    #[test]
    fn damaged_archives_do_no_harm(
        which in 0..3_usize,
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 0..8),
        cut in proptest::option::weighted(0.2, any::<proptest::sample::Index>()),
        repaired in any::<bool>(),
    ) {
        let mut bytes = sample()[which].clone();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        if repaired && which != 1 {
            // Past the checksums, there is more to go wrong.
            for block in bytes.chunks_exact_mut(512) {
                if block[257..262] == *b"ustar" {
                    let mut header = tar::Header::from_byte_slice(block).clone();
                    header.set_cksum();
                    block.copy_from_slice(header.as_bytes());
                }
            }
        }
        match open(&bytes) {
            Ok(image) => walk(&image, &mut 200),
            Err(error) => prop_assert!(!error.to_string().contains('\n'), "{}", error),
        }
    }

    /// An image answers as a read-only folder with the same in it.
    #[test]
    fn images_answer_as_folders_do(
        members in proptest::collection::vec((path(), 0..3_u8, path()), 0..12),
        questions in proptest::collection::vec((path(), any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>()), 0..40),
    ) {
        let memory: Arc<dyn Dir> = Arc::new(MemoryDir::new(1 << 20));
        let mut tar = Tar::new();
        for (path, kind, target) in members {
            // Members with names that the tree takes, so that both have the same.
            let plain = path.split('/').all(|name| !name.starts_with('.'));
            if !plain || memory.stat_at(path.trim_end_matches('/'), false).is_ok() {
                continue;
            }
            let path = path.trim_end_matches('/');
            let parents = path.match_indices('/').map(|(at, _)| &path[..at]);
            if parents.clone().any(|p| matches!(kind_of(&*memory, p), Some(k) if k != FileKind::Directory)) {
                continue;
            }
            for parent in parents {
                let _ = memory.create_dir(parent);
            }
            match kind {
                0 => {
                    put(&*memory, path, path.as_bytes());
                    tar = tar.file(path, path.as_bytes());
                }
                1 => {
                    memory.create_dir(path).unwrap();
                    tar = tar.folder(path);
                }
                _ => {
                    memory.symlink(&target, path).unwrap();
                    let mut header = Tar::header(EntryType::Symlink, 0);
                    header.set_path(path).unwrap();
                    header.set_link_name_literal(&target).unwrap();
                    header.set_cksum();
                    tar.0.append(&header, &[][..]).unwrap();
                }
            }
        }
        let image = open(&tar.done()).unwrap();
        let read_only = ReadOnly::new(memory);
        for (path, follow, directory, create, exclusive) in questions {
            let options = OpenOptions { follow, directory, create, exclusive, ..READ };
            let bytes = |dir: &dyn Dir| answer(dir.open(&path, &options));
            prop_assert_eq!(bytes(&image), bytes(&read_only), "open {} {:?}", &path, options);
            let stat = |dir: &dyn Dir| dir.stat_at(&path, follow).map(|s| (s.kind, s.size, s.links));
            prop_assert_eq!(stat(&image), stat(&read_only), "stat {} {}", &path, follow);
            prop_assert_eq!(image.read_link(&path), read_only.read_link(&path), "link {}", &path);
        }
    }
}

fn path() -> impl Strategy<Value = String> {
    let name = prop_oneof![3 => Just("a"), 3 => Just("b"), 2 => Just("c"), 2 => Just(".."), 1 => Just(".")];
    let slash = prop_oneof![4 => Just(""), 1 => Just("/")];
    (proptest::collection::vec(name, 1..4), slash)
        .prop_map(|(names, slash)| names.join("/") + slash)
}

fn kind_of(dir: &dyn Dir, path: &str) -> Option<FileKind> {
    dir.stat_at(path, false).ok().map(|stat| stat.kind)
}

fn answer(node: Result<Node>) -> Result<Vec<u8>> {
    match node? {
        Node::File(file) => Ok(read(&*file, 100)),
        Node::Dir(dir) => Ok(list(&*dir).join(",").into_bytes()),
    }
}

/// 40 MiB that deflate to next to nothing, and are different everywhere.
fn large() -> (Image, usize) {
    let size = 40_usize << 20;
    let bytes = zip(|zip| {
        zip.start_file("large", deflated()).unwrap();
        for at in 0..size / 65_536 {
            zip.write_all(&[at.to_le_bytes()[0]; 65_536]).unwrap();
        }
    });
    (open(&bytes).unwrap(), size)
}

#[test]
fn the_way_far_inside_is_gone_in_steps() {
    let (image, size) = large();
    let large = file(image.open("large", &READ));
    let far = size as u64 - 1;
    let mut steps = 0;
    while large.prepare(Some(far)) == Err(ErrorCode::Again) {
        steps += 1;
    }
    // Of 2 MiB each: whoever waits can be told to stop in between.
    assert_eq!(steps, 19);
    let last = [(size / 65_536 - 1).to_le_bytes()[0]];
    let mut byte = [0];
    assert_eq!(large.read_at(&mut [IoSliceMut::new(&mut byte)], far), Ok(1));
    assert_eq!(byte, last);
    // The way is known from now on: the next places are near.
    let mut again = 0;
    for at in 0..40 {
        let place = Some(at << 20 | 12_345);
        while large.prepare(place) == Err(ErrorCode::Again) {
            again += 1;
        }
    }
    assert_eq!(again, 0);
    // At the handle's position, behind the end, and nobody has to.
    large.seek(SeekFrom::Start(5 << 20)).unwrap();
    assert_eq!(large.prepare(None), Ok(()));
    assert_eq!(large.prepare(Some(u64::MAX)), Ok(()));
    let fresh = file(self::large().0.open("large", &READ));
    assert_eq!(fresh.read_at(&mut [IoSliceMut::new(&mut byte)], far), Ok(1));
    assert_eq!(byte, last);
}

#[test]
fn one_read_unpacks_no_more_than_a_step_or_two() {
    let (image, size) = large();
    let large = file(image.open("large", &READ));
    let mut bytes = vec![1; size];
    let read = large.read(&mut [IoSliceMut::new(&mut bytes)], Blocking::Allowed).unwrap();
    assert_eq!(read, 2 << 20);
    assert!(bytes[..read].chunks(65_536).zip(0_u8..).all(|(block, at)| block == [at; 65_536]));
}
