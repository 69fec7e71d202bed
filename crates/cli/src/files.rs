//! Files that the command itself writes, where programs may write, too.

mod own;

pub(crate) use own::OwnFiles;
use std::fs::{File, Metadata};
use std::io;
use std::path::{Path, PathBuf};

/// Who can read a file that is made.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Readers {
    /// As the system has it for new files.
    Usual,
    /// This user only; a file that was there becomes such a file.
    Owner,
}

/// Begins a file anew. It is not to be reached by a link that a program has made: one that ran
/// before may have put it there, so that some other file of the person's is written over.
///
/// So the path must not name a link, nor lie where the program is given something: see [`OwnFiles`].
/// Links of the system's, `/dev/stderr`, are followed.
pub(crate) fn create(path: &Path, readers: Readers, own: &OwnFiles) -> io::Result<File> {
    let systems = ["/dev", "/dev/fd"].map(Path::new).contains(&folder_of(path));
    if !systems {
        if path.symlink_metadata().is_ok_and(|found| found.is_symlink()) {
            return Err(is_link());
        }
        own.check(path)?;
    }
    let mut options = File::options();
    options.write(true).create(true);
    #[cfg(unix)]
    if readers == Readers::Owner {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    let file = options.open(path)?;
    let opened = file.metadata()?;
    if !systems && !is_same(&opened, &path.symlink_metadata()?) {
        return Err(is_link());
    }
    // What is no file is not changed.
    if opened.is_file() {
        #[cfg(unix)]
        if readers == Readers::Owner {
            file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
        }
        file.set_len(0)?;
    }
    Ok(file)
}

fn is_link() -> io::Error {
    io::Error::other("it is a symbolic link: name what it leads to")
}

/// The folder that holds a file.
pub(crate) fn folder_of(path: &Path) -> &Path {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or(Path::new("."))
}

/// Whether two paths are of one file, or would be.
pub(crate) fn is_same_file(one: &Path, other: &Path) -> bool {
    let real = |path: &Path| {
        let named = || Some(folder_of(path).canonicalize().ok()?.join(path.file_name()?));
        path.canonicalize().ok().or_else(named)
    };
    let found = || Some((one.metadata().ok()?, other.metadata().ok()?));
    let (first, second) = (real(one), real(other));
    first.is_some() && first == second
        || cfg!(unix) && found().is_some_and(|(one, other)| is_same(&one, &other))
}

/// Whether a folder, by a path without links, is `top` or lies in it: in several places, should that
/// be mounted there.
fn lies_in(folder: &Path, top: &Path) -> bool {
    let same = |around: &Path| is_same_file(around, top);
    folder.ancestors().any(same)
}

#[cfg(unix)]
fn is_same(one: &Metadata, other: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

#[cfg(not(unix))]
fn is_same(_: &Metadata, other: &Metadata) -> bool {
    !other.is_symlink()
}

/// A place for a file that is written when the program has ended. The program may have changed
/// what leads there.
pub(crate) struct Place {
    path: PathBuf,
    folder: PathBuf,
}

impl Place {
    /// Before the program runs.
    pub(crate) fn new(path: &Path) -> io::Result<Self> {
        Ok(Self { path: path.to_owned(), folder: folder_of(path).canonicalize()? })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// A new file there that only this user can read. Should the program have put something there,
    /// a link even, that stays, and this fails.
    pub(crate) fn create_new(&self) -> io::Result<File> {
        self.check()?;
        let mut options = File::options();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&self.path)
    }

    /// That the folder is still the same one.
    pub(crate) fn check(&self) -> io::Result<()> {
        match folder_of(&self.path).canonicalize()? == self.folder {
            true => Ok(()),
            false => Err(io::Error::other("its folder is another one than before")),
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn a_private_file_is_private_whatever_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("recording");
        for _ in 0..2 {
            drop(create(&path, Readers::Owner, &OwnFiles::default()).unwrap());
            assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
            std::fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).unwrap();
            std::fs::write(&path, "before").unwrap();
        }
        drop(create(&path, Readers::Usual, &OwnFiles::default()).unwrap());
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o644);
        assert_eq!(path.metadata().unwrap().len(), 0);
        // What is no file is not changed.
        create(Path::new("/dev/null"), Readers::Owner, &OwnFiles::default()).unwrap();
    }

    #[test]
    fn links_are_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (top, target) = (folder.path(), folder.path().join("target"));
        std::fs::write(&target, "mine").unwrap();
        symlink(&target, top.join("link")).unwrap();
        symlink(top.join("new"), top.join("dangling")).unwrap();
        for name in ["link", "dangling"] {
            let error = create(&top.join(name), Readers::Usual, &OwnFiles::default()).unwrap_err();
            assert!(error.to_string().contains("symbolic link"), "{error}");
        }
        assert_eq!(std::fs::read(&target).unwrap(), b"mine");
        assert!(!top.join("new").exists());
    }

    #[test]
    fn a_place_stays_where_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let top = folder.path();
        std::fs::create_dir_all(top.join("data/sub")).unwrap();
        let place = Place::new(&top.join("data/sub/needed.toml")).unwrap();
        std::fs::rename(top.join("data/sub"), top.join("data/other")).unwrap();
        symlink("..", top.join("data/sub")).unwrap();
        assert!(place.create_new().is_err());
        std::fs::remove_file(top.join("data/sub")).unwrap();
        std::fs::rename(top.join("data/other"), top.join("data/sub")).unwrap();
        symlink("../elsewhere", place.path()).unwrap();
        assert!(place.create_new().is_err());
        std::fs::remove_file(place.path()).unwrap();
        place.create_new().unwrap();
    }
}
