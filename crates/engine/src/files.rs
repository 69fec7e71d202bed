//! Files that appear whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use crate::Error;

/// Temporary files begin like this, wherever they are.
pub(crate) const TEMPORARY: &str = ".wayleave-tmp-";

/// Writes a file by way of a temporary one beside it.
pub(crate) fn write(path: &Path, parts: &[&[u8]]) -> io::Result<()> {
    replace(path, parts, 0o600, false)
}

/// As [`write`], for users' own files: readable for others, and on the disk when it returns. What is
/// no file (`/dev/null`, a pipe) is written to, and stays what it is.
pub(crate) fn write_and_sync(path: &Path, parts: &[&[u8]]) -> io::Result<()> {
    if is_place_to_write(path) {
        let mut place = OpenOptions::new().write(true).open(path)?;
        return parts.iter().try_for_each(|part| place.write_all(part));
    }
    replace(path, parts, 0o644, true)
}

/// Whether a path names something that is there to be written to, and not to be replaced. Only the
/// system's own links (`/dev/stdout`) are followed: any other may lead where somebody else wants it.
fn is_place_to_write(path: &Path) -> bool {
    let Ok(found) = path.symlink_metadata() else { return false };
    let systems =
        ["/dev", "/dev/fd"].map(|folder| Some(Path::new(folder))).contains(&path.parent());
    let is_file = found.is_file() || found.is_dir();
    if found.is_symlink() { systems } else { !is_file }
}

/// Writes a file that only the user can read, unless it is there already.
pub(crate) fn write_if_absent(path: &Path, content: &[u8]) -> io::Result<()> {
    let temporary = Temporary::write(path, &[content], 0o600, true)?;
    match fs::hard_link(&temporary.0, path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        // No links on this file system. Of two processes, the later one's file stays then.
        Err(_) => fs::rename(&temporary.0, path),
        Ok(()) => Ok(()),
    }
}

/// Reads a small file, if nobody but the user can.
pub(crate) fn read_private(path: &Path) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    refuse_mode(&file.metadata()?, 0o077, "others can read it")?;
    let mut content = Vec::new();
    file.take(4096).read_to_end(&mut content)?;
    Ok(content)
}

/// Makes a folder, and those above, that only the user can use; one that is there must not be
/// writable for everybody.
pub(crate) fn create_private_dir(dir: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)?;
    refuse_mode(&fs::metadata(dir)?, 0o002, "everybody can write to it")
}

/// Random bytes from the operating system.
pub(crate) fn random<const N: usize>() -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| io::Error::other(error.to_string()))?;
    Ok(bytes)
}

/// An operating system's error with what was tried on what.
pub(crate) fn io_error(tried: &str, path: &Path, source: io::Error) -> Error {
    Error::Io { what: format!("{tried} `{}`", path.display()), source }
}

fn replace(path: &Path, parts: &[&[u8]], mode: u32, sync: bool) -> io::Result<()> {
    let temporary = Temporary::write(path, parts, mode, sync)?;
    fs::rename(&temporary.0, path)
}

/// A file that is removed again, if it still has this name.
struct Temporary(PathBuf);

impl Temporary {
    /// Writes one beside `path`.
    fn write(path: &Path, parts: &[&[u8]], mode: u32, sync: bool) -> io::Result<Self> {
        let number = u64::from_le_bytes(random()?);
        let path = path.with_file_name(format!("{TEMPORARY}{number:016x}"));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
        #[cfg(not(unix))]
        let _ = mode;
        let mut file = options.open(&path)?;
        let temporary = Self(path);
        for part in parts {
            file.write_all(part)?;
        }
        if sync {
            file.sync_all()?;
        }
        Ok(temporary)
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // After a rename there is nothing left to remove.
        let _ = fs::remove_file(&self.0);
    }
}

#[cfg(unix)]
fn refuse_mode(metadata: &fs::Metadata, bits: u32, reason: &'static str) -> io::Result<()> {
    match std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & bits {
        0 => Ok(()),
        _ => Err(io::Error::new(ErrorKind::PermissionDenied, reason)),
    }
}

#[cfg(not(unix))]
fn refuse_mode(_: &fs::Metadata, _: u32, _: &'static str) -> io::Result<()> {
    // Folders of a user's profile are private by their access lists.
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::{FileTypeExt, symlink};

    #[test]
    fn what_is_no_file_is_written_to_and_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
        assert!(made.success());
        // Whoever opens a pipe for both waits for nobody.
        let mut reader = OpenOptions::new().read(true).write(true).open(&pipe).unwrap();
        write_and_sync(&pipe, &[b"one", b"two"]).unwrap();
        assert!(pipe.symlink_metadata().unwrap().file_type().is_fifo());
        let mut content = [0; 6];
        reader.read_exact(&mut content).unwrap();
        assert_eq!(&content, b"onetwo");
    }

    #[test]
    fn files_and_links_are_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let [file, link] = ["file", "link"].map(|name| folder.path().join(name));
        fs::write(&file, "old").unwrap();
        symlink(&file, &link).unwrap();
        write_and_sync(&link, &[b"new"]).unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"old");
        assert_eq!(fs::read(&link).unwrap(), b"new");
        assert!(link.symlink_metadata().unwrap().is_file());
        write_and_sync(&file, &[b"new"]).unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"new");
    }
}
