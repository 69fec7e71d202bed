//! Exercises the file system in the folder named as its first argument ("/" without one) and prints
//! a transcript. The transcript has nothing in it that depends on the host, so that engines and
//! providers of files can be compared by it; everything happens in a sub-folder that is removed
//! at the end.

use std::fs::{self, File, FileTimes, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

type Result = io::Result<String>;

fn main() -> io::Result<()> {
    let base = std::env::args().nth(1).unwrap_or_else(|| "/".to_owned());
    let root = Path::new(&base).join("fs_suite");
    let _ = fs::remove_dir_all(&root); // left over from a run that was stopped
    fs::create_dir(&root)?;
    for (name, case) in CASES {
        let folder = root.join(name);
        fs::create_dir(&folder)?;
        match case(&folder) {
            Ok(result) => println!("{name}: {result}"),
            Err(error) => println!("{name}: {}", describe(&error)),
        }
    }
    fs::remove_dir_all(&root)?;
    println!("cleaned up: {}", !root.exists());
    Ok(())
}

/// What is run, in this order, each in an empty folder of its own.
const CASES: &[(&str, fn(&Path) -> Result)] = &[
    ("write_read", write_read),
    ("large_file", large_file),
    ("empty_file", empty_file),
    ("append", append),
    ("seek", seek),
    ("seek_before_start", seek_before_start),
    ("sparse", sparse),
    ("truncate", truncate),
    ("create_new_twice", create_new_twice),
    ("open_missing", open_missing),
    ("open_folder_to_write", open_folder_to_write),
    ("read_only_write", read_only_write),
    ("write_only_read", write_only_read),
    ("file_as_folder", file_as_folder),
    ("trailing_slash", trailing_slash),
    ("dots", dots),
    ("names", names),
    ("long_name", long_name),
    ("metadata", metadata),
    ("set_times", set_times),
    ("sync", sync),
    ("copy", copy),
    ("rename", rename),
    ("rename_over_file", rename_over_file),
    ("rename_folder", rename_folder),
    ("rename_into_itself", rename_into_itself),
    ("rename_missing", rename_missing),
    ("hard_link", hard_link),
    ("symlink", symlink),
    ("symlink_dangling", symlink_dangling),
    ("symlink_loop", symlink_loop),
    ("symlink_out", symlink_out),
    ("dots_out", dots_out),
    ("create_dir_twice", create_dir_twice),
    ("create_dir_all", create_dir_all),
    ("read_dir", read_dir),
    ("read_dir_many", read_dir_many),
    ("read_dir_of_file", read_dir_of_file),
    ("remove_file", remove_file),
    ("remove_folder_as_file", remove_folder_as_file),
    ("remove_full_folder", remove_full_folder),
    ("remove_while_open", remove_while_open),
    ("remove_dir_all", remove_dir_all),
    ("two_handles", two_handles),
];

// Contents

fn write_read(folder: &Path) -> Result {
    fs::write(folder.join("a"), "some text")?;
    fs::read_to_string(folder.join("a"))
}

fn large_file(folder: &Path) -> Result {
    let data: Vec<u8> = (0..3_000_000_u32).map(|i| (i * 7 >> 3) as u8).collect();
    fs::write(folder.join("a"), &data)?;
    let back = fs::read(folder.join("a"))?;
    Ok(format!("{} bytes, same: {}", back.len(), back == data))
}

fn empty_file(folder: &Path) -> Result {
    File::create(folder.join("a"))?;
    Ok(format!("{:?}", fs::read(folder.join("a"))?))
}

fn append(folder: &Path) -> Result {
    fs::write(folder.join("a"), "one ")?;
    let mut file = OpenOptions::new().append(true).open(folder.join("a"))?;
    file.write_all(b"two ")?;
    file.seek(SeekFrom::Start(0))?; // makes no difference to where an appending file writes
    file.write_all(b"three")?;
    fs::read_to_string(folder.join("a"))
}

fn seek(folder: &Path) -> Result {
    let mut file = create_rw(&folder.join("a"))?;
    file.write_all(b"0123456789")?;
    let mut seen = String::new();
    for to in [SeekFrom::Start(3), SeekFrom::End(-2), SeekFrom::Current(-5), SeekFrom::End(4)] {
        let at = file.seek(to)?;
        let mut byte = [b'-'];
        let read = file.read(&mut byte)?;
        seen += &format!("{at}:{read}:{} ", byte[0] as char);
    }
    Ok(seen + &format!("at {}", file.stream_position()?))
}

fn seek_before_start(folder: &Path) -> Result {
    let mut file = create_rw(&folder.join("a"))?;
    file.seek(SeekFrom::Current(-1)).map(|at| at.to_string())
}

fn sparse(folder: &Path) -> Result {
    let mut file = create_rw(&folder.join("a"))?;
    file.seek(SeekFrom::Start(5))?;
    file.write_all(b"x")?;
    Ok(format!("{:?}", fs::read(folder.join("a"))?))
}

fn truncate(folder: &Path) -> Result {
    let path = folder.join("a");
    fs::write(&path, "0123456789")?;
    let file = OpenOptions::new().write(true).open(&path)?;
    file.set_len(4)?;
    let shorter = fs::read(&path)?;
    file.set_len(6)?;
    let longer = fs::read(&path)?;
    File::create(&path)?;
    Ok(format!("{shorter:?} {longer:?} {:?}", fs::read(&path)?))
}

fn two_handles(folder: &Path) -> Result {
    let path = folder.join("a");
    let mut writer = create_rw(&path)?;
    let mut reader = File::open(&path)?;
    let mut seen = String::new();
    writer.write_all(b"one ")?;
    reader.read_to_string(&mut seen)?;
    writer.write_all(b"two")?;
    reader.read_to_string(&mut seen)?;
    Ok(seen)
}

fn sync(folder: &Path) -> Result {
    let mut file = File::create(folder.join("a"))?;
    file.write_all(b"kept")?;
    file.sync_data()?;
    file.sync_all()?;
    Ok("done".to_owned())
}

// Opening

fn create_new_twice(folder: &Path) -> Result {
    File::create_new(folder.join("a"))?;
    File::create_new(folder.join("a")).map(|_| "made twice".to_owned())
}

fn open_missing(folder: &Path) -> Result {
    File::open(folder.join("missing")).map(|_| "opened".to_owned())
}

fn open_folder_to_write(folder: &Path) -> Result {
    OpenOptions::new().write(true).open(folder).map(|_| "opened".to_owned())
}

fn read_only_write(folder: &Path) -> Result {
    fs::write(folder.join("a"), "kept")?;
    let failed = File::open(folder.join("a"))?.write(b"lost").is_err();
    Ok(format!("refused: {failed}, {}", fs::read_to_string(folder.join("a"))?))
}

fn write_only_read(folder: &Path) -> Result {
    let failed = File::create(folder.join("a"))?.read(&mut [0]).is_err();
    Ok(format!("refused: {failed}"))
}

fn file_as_folder(folder: &Path) -> Result {
    fs::write(folder.join("a"), "")?;
    File::open(folder.join("a/b")).map(|_| "opened".to_owned())
}

fn trailing_slash(folder: &Path) -> Result {
    fs::write(folder.join("a"), "")?;
    fs::create_dir(folder.join("b"))?;
    let file = fs::metadata(joined(folder, "a/")).is_err();
    let directory = fs::metadata(joined(folder, "b/"))?.is_dir();
    Ok(format!("file refused: {file}, folder found: {directory}"))
}

fn dots(folder: &Path) -> Result {
    fs::create_dir(folder.join("b"))?;
    fs::write(folder.join("a"), "found")?;
    fs::read_to_string(joined(folder, "./b/.././a"))
}

fn names(folder: &Path) -> Result {
    let names = ["with space", "naïve-日本語", ".hidden", "...", "a\\b", "UPPER", "upper", "tab\t"];
    for name in names {
        fs::write(folder.join(name), name)?;
    }
    let same = names.iter().all(|n| fs::read_to_string(folder.join(n)).is_ok_and(|t| t == *n));
    Ok(format!("{:?} same: {same}", list(folder)?))
}

fn long_name(folder: &Path) -> Result {
    File::create(folder.join("n".repeat(255)))?;
    let refused = File::create(folder.join("n".repeat(256))).is_err();
    Ok(format!("255 made, 256 refused: {refused}"))
}

// Metadata

fn metadata(folder: &Path) -> Result {
    fs::write(folder.join("a"), "12345")?;
    let file = fs::metadata(folder.join("a"))?;
    let open = File::open(folder.join("a"))?.metadata()?;
    let directory = fs::metadata(folder)?;
    let recent = file.modified()? > UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    Ok(format!(
        "file {} {}, open {} {}, folder {}, recent {recent}",
        file.is_file(),
        file.len(),
        open.is_file(),
        open.len(),
        directory.is_dir(),
    ))
}

fn set_times(folder: &Path) -> Result {
    let accessed = UNIX_EPOCH + Duration::new(1_000_000_000, 123_456_000);
    let modified = UNIX_EPOCH + Duration::new(1_234_567_890, 987_654_000);
    let file = create_rw(&folder.join("a"))?;
    file.set_times(FileTimes::new().set_accessed(accessed).set_modified(modified))?;
    let both = fs::metadata(folder.join("a"))?;
    let later = modified + Duration::from_secs(1);
    file.set_modified(later)?;
    let one = file.metadata()?;
    Ok(format!(
        "{} {}, then {} {}",
        since_epoch(both.accessed()?),
        since_epoch(both.modified()?),
        one.accessed()? == accessed,
        one.modified()? == later,
    ))
}

// Copying, renaming, linking

fn copy(folder: &Path) -> Result {
    fs::write(folder.join("a"), "copied text")?;
    let bytes = fs::copy(folder.join("a"), folder.join("b"))?;
    Ok(format!("{bytes} bytes: {}", fs::read_to_string(folder.join("b"))?))
}

fn rename(folder: &Path) -> Result {
    fs::create_dir(folder.join("sub"))?;
    fs::write(folder.join("a"), "moved")?;
    fs::rename(folder.join("a"), folder.join("sub/b"))?;
    Ok(format!("{:?} {}", list(folder)?, fs::read_to_string(folder.join("sub/b"))?))
}

fn rename_over_file(folder: &Path) -> Result {
    fs::write(folder.join("a"), "new")?;
    fs::write(folder.join("b"), "old")?;
    fs::rename(folder.join("a"), folder.join("b"))?;
    Ok(format!("{:?} {}", list(folder)?, fs::read_to_string(folder.join("b"))?))
}

fn rename_folder(folder: &Path) -> Result {
    fs::create_dir_all(folder.join("a/b"))?;
    fs::write(folder.join("a/b/c"), "inside")?;
    fs::rename(folder.join("a"), folder.join("z"))?;
    fs::read_to_string(folder.join("z/b/c"))
}

fn rename_into_itself(folder: &Path) -> Result {
    fs::create_dir(folder.join("a"))?;
    let refused = fs::rename(folder.join("a"), folder.join("a/b")).is_err();
    Ok(format!("refused: {refused}, {:?}", list(folder)?))
}

fn rename_missing(folder: &Path) -> Result {
    fs::rename(folder.join("a"), folder.join("b")).map(|()| "renamed".to_owned())
}

fn hard_link(folder: &Path) -> Result {
    fs::write(folder.join("a"), "shared")?;
    fs::hard_link(folder.join("a"), folder.join("b"))?;
    OpenOptions::new().append(true).open(folder.join("b"))?.write_all(b" by two")?;
    fs::remove_file(folder.join("b"))?;
    fs::read_to_string(folder.join("a"))
}

fn symlink(folder: &Path) -> Result {
    fs::create_dir(folder.join("sub"))?;
    fs::write(folder.join("sub/a"), "through a link")?;
    make_symlink("sub", folder, "dir")?;
    make_symlink("dir/a", folder, "file")?;
    let link = fs::symlink_metadata(folder.join("file"))?;
    Ok(format!(
        "{} -> {}, is link {}, of length {}, leads to file {}",
        fs::read_to_string(folder.join("file"))?,
        fs::read_link(folder.join("file"))?.display(),
        link.is_symlink(),
        link.len(),
        fs::metadata(folder.join("file"))?.is_file(),
    ))
}

fn symlink_dangling(folder: &Path) -> Result {
    make_symlink("nowhere", folder, "link")?;
    let found = fs::symlink_metadata(folder.join("link"))?.is_symlink();
    let opened = File::open(folder.join("link")).map_or_else(|e| describe(&e), |_| "works".into());
    fs::remove_file(folder.join("link"))?;
    Ok(format!("link {found}, open {opened}, left {:?}", list(folder)?))
}

fn symlink_loop(folder: &Path) -> Result {
    make_symlink("b", folder, "a")?;
    make_symlink("a", folder, "b")?;
    Ok(format!("refused: {}", File::open(folder.join("a")).is_err()))
}

/// A host may refuse to make such a link or refuse to follow it; the file must not open.
fn symlink_out(folder: &Path) -> Result {
    let targets = ["../../../../../../../../etc/passwd", "/etc/passwd", "/"];
    for (number, target) in targets.iter().enumerate() {
        let name = format!("link{number}");
        if make_symlink(target, folder, &name).is_ok() && File::open(folder.join(&name)).is_ok() {
            return Ok(format!("escaped by {target}"));
        }
    }
    Ok("refused".to_owned())
}

fn dots_out(folder: &Path) -> Result {
    let up = "../".repeat(folder.components().count() + 1);
    let kept = fs::read_dir(joined(folder, &up)).is_err();
    let missing = File::open(joined(folder, &format!("{up}etc/passwd"))).is_err();
    Ok(format!("refused: {kept} {missing}"))
}

// Folders

fn create_dir_twice(folder: &Path) -> Result {
    fs::create_dir(folder.join("a"))?;
    fs::create_dir(folder.join("a")).map(|()| "made twice".to_owned())
}

fn create_dir_all(folder: &Path) -> Result {
    fs::create_dir_all(folder.join("a/b/c/d"))?;
    Ok(fs::metadata(folder.join("a/b/c/d"))?.is_dir().to_string())
}

fn read_dir(folder: &Path) -> Result {
    fs::create_dir(folder.join("dir"))?;
    fs::write(folder.join("file"), "x")?;
    make_symlink("file", folder, "link")?;
    Ok(format!("{:?}", list(folder)?))
}

/// More entries than fit into one buffer of `fd_readdir`.
fn read_dir_many(folder: &Path) -> Result {
    let expected: Vec<String> = (0..700).map(|i| format!("file-{i:04}")).collect();
    for name in &expected {
        File::create(folder.join(name))?;
    }
    let mut found: Vec<String> = fs::read_dir(folder)?
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<io::Result<_>>()?;
    found.sort();
    Ok(format!("{} entries, as made: {}", found.len(), found == expected))
}

fn read_dir_of_file(folder: &Path) -> Result {
    fs::write(folder.join("a"), "")?;
    fs::read_dir(folder.join("a")).map(|_| "listed".to_owned())
}

// Removing

fn remove_file(folder: &Path) -> Result {
    fs::write(folder.join("a"), "")?;
    fs::remove_file(folder.join("a"))?;
    fs::remove_file(folder.join("a")).map(|()| "removed twice".to_owned())
}

/// Which error this is differs between systems.
fn remove_folder_as_file(folder: &Path) -> Result {
    fs::create_dir(folder.join("a"))?;
    Ok(format!("refused: {}", fs::remove_file(folder.join("a")).is_err()))
}

fn remove_full_folder(folder: &Path) -> Result {
    fs::create_dir_all(folder.join("a/b"))?;
    fs::remove_dir(folder.join("a")).map(|()| "removed".to_owned())
}

fn remove_while_open(folder: &Path) -> Result {
    let mut file = create_rw(&folder.join("a"))?;
    fs::remove_file(folder.join("a"))?;
    file.write_all(b"still here")?;
    file.seek(SeekFrom::Start(0))?;
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    Ok(format!("{text}, listed: {:?}", list(folder)?))
}

fn remove_dir_all(folder: &Path) -> Result {
    fs::create_dir_all(folder.join("a/b/c"))?;
    fs::write(folder.join("a/b/file"), "")?;
    fs::remove_dir_all(folder.join("a"))?;
    Ok(format!("{:?}", list(folder)?))
}

// Helpers

/// The kind, and on WASI the errno too: there it is the same on every host.
fn describe(error: &io::Error) -> String {
    let errno = error.raw_os_error().filter(|_| cfg!(target_os = "wasi"));
    let errno = errno.map_or_else(String::new, |errno| format!(", errno {errno}"));
    format!("{:?}{errno}", error.kind())
}

fn create_rw(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(true).open(path)
}

/// The path as a string, so that dots and slashes stay in it.
fn joined(folder: &Path, rest: &str) -> PathBuf {
    PathBuf::from(format!("{}/{rest}", folder.display()))
}

/// The entries of `folder`, sorted, each with a mark of its type.
fn list(folder: &Path) -> io::Result<Vec<String>> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let mark = match entry.file_type()? {
            t if t.is_dir() => "/",
            t if t.is_symlink() => "@",
            _ => "",
        };
        entries.push(entry.file_name().to_string_lossy().into_owned() + mark);
    }
    entries.sort();
    Ok(entries)
}

fn since_epoch(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("{}.{:06}", since.as_secs(), since.subsec_micros())
}

#[cfg(unix)]
fn make_symlink(target: &str, folder: &Path, name: &str) -> io::Result<()> {
    std::os::unix::fs::symlink(target, folder.join(name))
}

/// std's own function for this is not stable on WASI; the C library beneath it has one.
#[cfg(target_os = "wasi")]
fn make_symlink(target: &str, folder: &Path, name: &str) -> io::Result<()> {
    use std::ffi::{CString, c_char, c_int};

    unsafe extern "C" {
        fn symlink(target: *const c_char, link: *const c_char) -> c_int;
    }

    let target = CString::new(target)?;
    let link = CString::new(folder.join(name).into_os_string().into_encoded_bytes())?;
    // SAFETY: both strings end with a zero, live for the call and are only read.
    match unsafe { symlink(target.as_ptr(), link.as_ptr()) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
