//! Files that the command itself writes, where programs may write, too.

use std::fs::{File, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use wayleave::grants::{Access, DirGrant};

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
/// So the path must not name a link, and where it leads through one of `granted`, no link must lead
/// out again. Links of the system's, `/dev/stderr`, are followed.
pub(crate) fn create(path: &Path, readers: Readers, granted: &[DirGrant]) -> io::Result<File> {
    let systems = ["/dev", "/dev/fd"].map(Path::new).contains(&folder_of(path));
    if !systems {
        refuse_links(path, granted)?;
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

fn refuse_links(path: &Path, granted: &[DirGrant]) -> io::Result<()> {
    if path.symlink_metadata().is_ok_and(|found| found.is_symlink()) {
        return Err(is_link());
    }
    let folder = folder_of(path).canonicalize()?;
    for grant in granted.iter().filter(|grant| grant.access == Access::ReadWrite) {
        let Ok(top) = grant.host.canonicalize() else { continue };
        let inside = |part: &Path| part.canonicalize().is_ok_and(|real| real.starts_with(&top));
        if !folder.starts_with(&top) && path.ancestors().skip(1).any(inside) {
            return Err(io::Error::other("a link in a granted folder leads there"));
        }
    }
    Ok(())
}

fn is_link() -> io::Error {
    io::Error::other("it is a symbolic link: name what it leads to")
}

/// The folder that holds a file.
pub(crate) fn folder_of(path: &Path) -> &Path {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or(Path::new("."))
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
            drop(create(&path, Readers::Owner, &[]).unwrap());
            assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
            std::fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).unwrap();
            std::fs::write(&path, "before").unwrap();
        }
        drop(create(&path, Readers::Usual, &[]).unwrap());
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o644);
        assert_eq!(path.metadata().unwrap().len(), 0);
        // What is no file is not changed.
        create(Path::new("/dev/null"), Readers::Owner, &[]).unwrap();
    }

    #[test]
    fn links_are_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (top, target) = (folder.path(), folder.path().join("target"));
        std::fs::write(&target, "mine").unwrap();
        symlink(&target, top.join("link")).unwrap();
        symlink(top.join("new"), top.join("dangling")).unwrap();
        for name in ["link", "dangling"] {
            let error = create(&top.join(name), Readers::Usual, &[]).unwrap_err();
            assert!(error.to_string().contains("symbolic link"), "{error}");
        }
        assert_eq!(std::fs::read(&target).unwrap(), b"mine");
        assert!(!top.join("new").exists());
    }

    #[test]
    fn no_link_leads_out_of_a_granted_folder() {
        let folder = tempfile::tempdir().unwrap();
        let top = folder.path();
        std::fs::create_dir_all(top.join("data/inner")).unwrap();
        std::fs::create_dir(top.join("mine")).unwrap();
        symlink("../mine", top.join("data/out")).unwrap();
        symlink("inner", top.join("data/in")).unwrap();
        symlink("data", top.join("own")).unwrap();
        let granted = [DirGrant::new(top.join("data"), "/data", Access::ReadWrite)];
        let read = [DirGrant::new(top.join("data"), "/data", Access::ReadOnly)];
        let create = |path: &str, granted| create(&top.join(path), Readers::Usual, granted);
        for path in ["data/out/x", "own/out/x", "data/in/../out/x"] {
            assert!(create(path, &granted).is_err(), "{path}");
        }
        for path in ["data/x", "data/in/x", "own/x", "mine/y"] {
            assert!(create(path, &granted).is_ok(), "{path}");
        }
        assert!(!top.join("mine/x").exists());
        create("data/out/z", &read).unwrap();
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
