use crate::{Access, DirGrant, Error, Settings};
use std::fmt;
use std::path::{Path, PathBuf};

/// The folders and files of the host that a guest changes, or that must stay as they are: what is
/// needed to keep the changes of an overlay apart from them.
///
/// Somebody who writes to the folder of an overlay's changes otherwise, another overlay even, changes
/// what the guest finds there; and an overlay whose changes go to a folder around the one that it is
/// over would change just that.
#[derive(Clone, Debug, Default)]
pub struct HostFolders(Vec<(PathBuf, Role)>);

/// What a folder is to the guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Lower,
    Upper,
    Written,
}

impl HostFolders {
    /// Adds those that settings ask for, without opening them: what several guests have at the same
    /// time is to be kept apart as well.
    ///
    /// # Errors
    /// [`Error::OverlayFolder`] where an overlay's changes would be mixed with something else.
    pub fn add_all(&mut self, settings: &Settings) -> Result<(), Error> {
        settings.dirs.iter().try_for_each(|grant| self.add(grant))?;
        let mut files = settings.files.iter().filter(|grant| !grant.read_only);
        files.try_for_each(|grant| self.add_file(&grant.host))
    }

    /// Adds those of a grant.
    ///
    /// # Errors
    /// [`Error::OverlayFolder`] where an overlay's changes would be mixed with something else.
    pub(crate) fn add(&mut self, grant: &DirGrant) -> Result<(), Error> {
        match &grant.access {
            // Whoever only looks at changes may see them.
            Access::ReadOnly => Ok(()),
            Access::ReadWrite => self.add_one(&grant.host, Role::Written),
            Access::Overlay => self.add_one(&grant.host, Role::Lower),
            Access::OverlayIn(upper) => {
                self.add_one(&grant.host, Role::Lower)?;
                self.add_one(upper, Role::Upper)
            }
        }
    }

    /// Adds a single file that the guest may change.
    ///
    /// # Errors
    /// As [`HostFolders::add`].
    pub(crate) fn add_file(&mut self, file: &Path) -> Result<(), Error> {
        self.add_one(file, Role::Written)
    }

    fn add_one(&mut self, path: &Path, role: Role) -> Result<(), Error> {
        for (other, others_role) in &self.0 {
            match (role, *others_role) {
                (Role::Upper, _) => apart(path, other, *others_role)?,
                (_, Role::Upper) => apart(other, path, role)?,
                _ => {}
            }
        }
        self.0.push((path.to_owned(), role));
        Ok(())
    }
}

/// That neither of two folders lies in the other one.
fn apart(upper: &Path, other: &Path, others_role: Role) -> Result<(), Error> {
    let (Some(one), Some(two)) = (Spot::of(upper), Spot::of(other)) else {
        // What is not there can not be opened either.
        return Ok(());
    };
    let how = match (one.holds(&two), two.holds(&one)) {
        (true, true) => "is",
        (true, false) => "holds",
        (false, true) => "lies in",
        (false, false) => return Ok(()),
    };
    let reason = format!("it {how} {}, {others_role}; name a folder of its own", other.display());
    Err(Error::OverlayFolder { path: upper.to_owned(), reason })
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Lower => "which is under an overlay and stays as it is",
            Self::Upper => "which holds the changes of another overlay",
            Self::Written => "which is granted to be changed",
        })
    }
}

/// Where a folder is, however it is named.
struct Spot {
    /// Without links; of what is not there yet, where it will be.
    path: PathBuf,
    /// Itself; `None` where it is not there yet.
    own: Option<Id>,
    /// Itself and all the folders around it.
    around: Vec<Id>,
}

impl Spot {
    fn of(path: &Path) -> Option<Self> {
        let real = path.canonicalize().or_else(|_| {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            let folder = folder.unwrap_or(Path::new(".")).canonicalize()?;
            Ok::<_, std::io::Error>(folder.join(path.file_name().unwrap_or_default()))
        });
        let real = real.ok()?;
        let around = real.ancestors().filter_map(id).collect();
        Some(Self { own: id(&real), around, path: real })
    }

    fn holds(&self, other: &Self) -> bool {
        let own = self.own.as_ref();
        own.is_some_and(|own| other.around.contains(own)) || other.path.starts_with(&self.path)
    }
}

/// Device and inode: a folder that is mounted in several places has several paths.
#[cfg(unix)]
type Id = (u64, u64);

#[cfg(unix)]
fn id(path: &Path) -> Option<Id> {
    let found = path.metadata().ok()?;
    Some((std::os::unix::fs::MetadataExt::dev(&found), std::os::unix::fs::MetadataExt::ino(&found)))
}

#[cfg(not(unix))]
type Id = PathBuf;

#[cfg(not(unix))]
fn id(path: &Path) -> Option<Id> {
    path.exists().then(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    /// A folder with `low/sub`, `up`, `other` and links: `around` to all of it, `up_link` to `up`.
    fn tree() -> tempfile::TempDir {
        let temp = tempfile::tempdir().unwrap();
        for folder in ["low/sub", "up/in", "other", "other_low"] {
            std::fs::create_dir_all(temp.path().join(folder)).unwrap();
        }
        std::fs::write(temp.path().join("up/file"), "").unwrap();
        symlink(".", temp.path().join("around")).unwrap();
        symlink("up", temp.path().join("up_link")).unwrap();
        temp
    }

    /// What opening folders `HOST MODE`, and files `file HOST` or `read HOST`, says; `T` in them is the tree.
    fn opened(top: &Path, grants: &[&str]) -> Result<(), String> {
        let mut settings = Settings::default();
        for (index, grant) in grants.iter().enumerate() {
            let grant = grant.replace("T/", &format!("{}/", top.display()));
            match grant.split_once(' ').unwrap() {
                ("file", host) => settings.files.push(format!("{host}::/f").parse().unwrap()),
                ("read", host) => settings.files.push(format!("{host}::/f::ro").parse().unwrap()),
                (host, mode) => {
                    settings.dirs.push(format!("{host}::/{index}::{mode}").parse().unwrap());
                }
            }
        }
        let opened = settings.open().map(drop).map_err(|error| error.to_string());
        opened.map_err(|error| error.replace(&*top.to_string_lossy(), "T"))
    }

    #[test]
    fn changes_of_an_overlay_are_kept_apart() {
        for (grants, part) in [
            (&["T/low overlay=T/low"][..], "it is T/low, which is under"),
            (&["T/low overlay=T/"], "it holds T/low, which is under"),
            (&["T/low overlay=T/around"], "it holds T/low, which is under"),
            (&["T/low overlay=T/low/sub"], "it lies in T/low, which is under"),
            (&["T/low overlay=T/around/low/new"], "it lies in T/low, which is under"),
            (&["T/low overlay=T/up", "T/other overlay=T/up_link"], "another overlay"),
            (&["T/low overlay=T/up", "T/other overlay=T/up/in"], "another overlay"),
            (&["T/low overlay=T/new", "T/other overlay=T/new"], "another overlay"),
            (&["T/up rw", "T/low overlay=T/up"], "to be changed"),
            (&["T/low overlay=T/up", "T/up_link rw"], "to be changed"),
            (&["T/low overlay=T/up", "T/up/in rw"], "to be changed"),
            (&["T/low overlay=T/up", "T/ rw,open=3"], "to be changed"),
            (&["T/low overlay=T/up", "file T/up/file"], "to be changed"),
            (&["T/low overlay=T/up", "T/up overlay"], "stays as it is"),
        ] {
            let top = tree();
            let error = opened(&top.path().canonicalize().unwrap(), grants).unwrap_err();
            assert!(error.contains("can not hold the changes of an overlay"), "{grants:?} {error}");
            assert!(error.contains(part), "{grants:?} {error}");
            assert!(!top.path().join("low/new").exists(), "{grants:?}");
        }
    }

    #[test]
    fn changes_are_kept_apart_from_what_others_have() {
        let top = tree();
        let path = |name: &str| top.path().join(name).display().to_string();
        let asks = |grant: String| {
            let mut settings = Settings::default();
            settings.dirs.push(grant.parse().unwrap());
            settings
        };
        let overlay = |up| asks(format!("{}::/a::overlay={}", path("low"), path(up)));
        let add = |all: &[&Settings]| {
            let mut folders = HostFolders::default();
            all.iter().try_for_each(|settings| folders.add_all(settings))
        };
        let (up, link, inside) = (overlay("up"), overlay("up_link"), overlay("up/in"));
        // Which is made only when it is opened.
        assert!(add(&[&overlay("new"), &overlay("around/new")]).is_err());
        for other in [&up, &link, &inside, &asks(format!("{}::/b", path("up")))] {
            let error = add(&[&up, other]).unwrap_err().to_string();
            assert!(error.contains("can not hold the changes of an overlay"), "{error}");
        }
        let reads = asks(format!("{}::/b::ro", path("up")));
        assert!(add(&[&up, &overlay("other"), &reads]).is_ok());
        let mut file = Settings::default();
        file.files.push(format!("{}::/f", path("up/file")).parse().unwrap());
        assert!(add(&[&file, &up]).is_err());
    }

    #[test]
    fn what_is_apart_is_fine() {
        for grants in [
            &["T/low overlay=T/up", "T/other_low overlay=T/other"][..],
            &["T/low overlay=T/new", "T/low overlay=T/newer"],
            &["T/low overlay=T/up", "T/up ro", "read T/up/file"],
            &["T/low overlay=T/up", "T/low rw", "T/other rw"],
            &["T/low rw", "T/low overlay", "T/ overlay"],
        ] {
            let top = tree();
            assert_eq!(opened(&top.path().canonicalize().unwrap(), grants), Ok(()), "{grants:?}");
        }
    }
}
