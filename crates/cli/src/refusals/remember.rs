//! `--remember`: a manifest of what a program was allowed when somebody was asked.

use super::learn::{new_place, place, rooted_for, write};
use super::show;
use crate::failure::Failure;
use crate::files::{Place, is_same_file};
use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use wayleave::grants::Settings;
use wayleave::grants::manifest::Manifest;
use wayleave::system::refusal::Grant;

/// Where it is remembered.
pub(super) enum Memory {
    /// In a new manifest, with all that the program was given.
    New(Place, Box<Settings>),
    /// In one that is there, which is only extended.
    There { place: Place, text: String, profile: Option<String> },
}

/// The manifest that the program was started with, and its profile.
pub(crate) struct InUse {
    pub(crate) path: PathBuf,
    pub(crate) profile: Option<String>,
}

impl Memory {
    /// Before the program runs: it may change what is there.
    pub(super) fn new(
        file: &Path,
        given: &Settings,
        in_use: Option<&InUse>,
    ) -> Result<Self, Failure> {
        let Ok(found) = file.symlink_metadata() else {
            let mut given = given.clone();
            given.args.clear();
            return Ok(Self::New(new_place(file)?, Box::new(given)));
        };
        if !found.is_file() {
            let message = format!("{} is no file: name what it leads to", file.display());
            return Err(Failure::usage(message));
        }
        let text = read(file).map_err(Failure::usage)?;
        Manifest::parse(file, &text).map_err(Failure::usage)?;
        let same = |in_use: &&InUse| is_same_file(&in_use.path, file);
        let profile = in_use.filter(same).and_then(|in_use| in_use.profile.clone());
        Ok(Self::There { place: place(file)?, text, profile })
    }

    /// The program has ended, and was allowed this for good.
    pub(super) fn keep(self, allowed: &[Grant]) -> Result<(), Failure> {
        let (number, s) = (allowed.len(), if allowed.len() == 1 { "" } else { "s" });
        match self {
            Self::New(place, given) => {
                write(&place, with(*given, allowed)?)?;
                let file = place.path().display();
                show::line(&format!("{file}: with {number} grant{s} that you allowed"));
            }
            Self::There { place, .. } if allowed.is_empty() => {
                show::line(&format!("{}: nothing to add", place.path().display()));
            }
            Self::There { place, text, profile } => {
                extend(&place, &text, profile.as_deref(), allowed)?;
                let file = place.path().display();
                show::line(&format!("{file}: {number} grant{s} added that you allowed"));
            }
        }
        Ok(())
    }
}

fn with(mut settings: Settings, allowed: &[Grant]) -> Result<Settings, Failure> {
    for grant in allowed {
        settings.allow(grant).map_err(Failure::other)?;
    }
    Ok(settings)
}

fn extend(
    place: &Place,
    before: &str,
    profile: Option<&str>,
    allowed: &[Grant],
) -> Result<(), Failure> {
    let file = place.path();
    let more = rooted_for(file, with(Settings::default(), allowed)?)?;
    let text = Manifest::extended_text(file, before, profile, &more).map_err(Failure::other)?;
    replace(place, before, &text).map_err(|error| {
        let missing: Vec<_> = allowed.iter().map(Grant::to_string).collect();
        let missing = missing.join(" ");
        Failure::other(format!("{}: {error}; not added: {missing}", file.display()))
    })
}

/// Puts a whole file in the place of the one that was read, unless somebody has changed that: the
/// program may have.
fn replace(place: &Place, before: &str, text: &str) -> io::Result<()> {
    place.check()?;
    let file = place.path();
    let found = file.symlink_metadata()?;
    if !found.is_file() || read(file)? != before {
        return Err(io::Error::other("it has changed meanwhile"));
    }
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let beside = file.with_file_name(format!(".{name}.new"));
    let mut options = File::options();
    let mut new = options.write(true).create_new(true).open(&beside)?;
    let written = new
        .set_permissions(found.permissions())
        .and_then(|()| new.write_all(text.as_bytes()))
        .and_then(|()| new.sync_all())
        .and_then(|()| std::fs::rename(&beside, file));
    written.inspect_err(|_| drop(std::fs::remove_file(&beside)))
}

fn read(file: &Path) -> io::Result<String> {
    let text = std::fs::read_to_string(file);
    text.map_err(|error| {
        io::Error::new(error.kind(), format!("can not read {}: {error}", file.display()))
    })
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    const TEXT: &str = "# ours\n[grants]\nenv = [\"A=1\"] # one\n";

    #[allow(clippy::unwrap_used, reason = "a test that can not go on has failed")]
    fn manifest(text: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("wayleave.toml");
        std::fs::write(&file, text).unwrap();
        (folder, file)
    }

    fn memory(file: &Path, in_use: Option<&InUse>) -> Result<Memory, String> {
        Memory::new(file, &Settings::default(), in_use).map_err(|failure| failure.to_string())
    }

    fn keep(memory: Memory, grants: &[Grant]) -> Result<(), String> {
        memory.keep(grants).map_err(|failure| failure.to_string())
    }

    fn passwd() -> Grant {
        Grant::new("file", "/etc/passwd::ro")
    }

    #[test]
    fn a_manifest_that_is_there_is_extended() {
        let (_folder, file) = manifest(TEXT);
        std::fs::set_permissions(&file, PermissionsExt::from_mode(0o640)).unwrap();
        keep(memory(&file, None).unwrap(), &[]).unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), TEXT);
        keep(memory(&file, None).unwrap(), &[passwd(), Grant::new("dir", "data::ro")]).unwrap();
        let text = std::fs::read_to_string(&file).unwrap();
        let here = std::env::current_dir().unwrap();
        let data = format!("{}::data::ro", here.join("data").display());
        let added = format!("dir = [\"{data}\"]\nfile = [\"/etc/passwd::ro\"]\n");
        assert_eq!(text, format!("{TEXT}{added}"));
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(std::fs::read_dir(file.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn the_profile_in_use_is_extended() {
        let text = "[profile.a.grants]\nenv = [\"A\"]\n";
        let (_folder, file) = manifest(text);
        let in_use = InUse { path: file.clone(), profile: Some("a".to_owned()) };
        keep(memory(&file, Some(&in_use)).unwrap(), &[passwd()]).unwrap();
        let added = std::fs::read_to_string(&file).unwrap();
        assert_eq!(added, format!("{text}file = [\"/etc/passwd::ro\"]\n"));
    }

    #[test]
    fn what_has_changed_meanwhile_stays() {
        let (folder, file) = manifest(TEXT);
        let before = memory(&file, None).unwrap();
        std::fs::write(&file, "[grants]\ndir = [\"/\"]\n").unwrap();
        let error = keep(before, &[passwd()]).unwrap_err();
        assert!(error.ends_with("not added: --file /etc/passwd::ro"), "{error}");
        std::fs::write(&file, TEXT).unwrap();
        let before = memory(&file, None).unwrap();
        std::fs::rename(&file, folder.path().join("other")).unwrap();
        symlink("other", &file).unwrap();
        assert!(keep(before, &[passwd()]).is_err());
        assert_eq!(std::fs::read_to_string(&file).unwrap(), TEXT);
        assert!(memory(&file, None).is_err());
    }

    #[test]
    fn a_wrong_manifest_is_told_before_the_program_runs() {
        let (_folder, file) = manifest("[grants]\nfiles = []\n");
        let error = memory(&file, None).err().unwrap();
        assert!(error.contains("wayleave.toml:2:1: unknown key"), "{error}");
    }
}
