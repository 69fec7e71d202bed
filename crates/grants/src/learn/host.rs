use super::smallest::{Host, Kind};
use std::path::{Path, PathBuf};

/// A folder of the host as grants will name it.
pub(super) struct HostFolder {
    /// As it was written: relative paths stay relative.
    host: PathBuf,
    /// Whether somebody has asked for this very folder.
    asked: bool,
    real: Option<PathBuf>,
    home: Option<PathBuf>,
    here: Option<PathBuf>,
}

impl HostFolder {
    pub(super) fn new(host: &Path, guest: &str) -> Self {
        let whole = [("/", "/"), (".", ".")].contains(&(host.to_str().unwrap_or(""), guest));
        let real = |path: PathBuf| path.canonicalize().ok();
        Self {
            host: host.to_owned(),
            asked: !whole,
            real: real(host.to_owned()),
            home: std::env::home_dir().and_then(real),
            here: std::env::current_dir().ok().and_then(real),
        }
    }

    /// A path below it, on the host.
    pub(super) fn path(&self, path: &[String]) -> PathBuf {
        match (path, self.host.to_str()) {
            ([], _) => self.host.clone(),
            (_, Some(".")) => path.iter().collect(),
            _ => self.host.iter().chain(path.iter().map(AsRef::as_ref)).collect(),
        }
    }
}

impl Host for HostFolder {
    fn kind(&self, path: &[String]) -> Kind {
        match self.path(path).metadata() {
            Ok(found) if found.is_dir() => Kind::Folder,
            Ok(_) => Kind::File,
            Err(_) => Kind::Missing,
        }
    }

    fn too_wide(&self, path: &[String]) -> bool {
        if self.asked && path.is_empty() {
            return false;
        }
        let Some(real) = &self.real else { return true };
        let folder: PathBuf = real.iter().chain(path.iter().map(AsRef::as_ref)).collect();
        let holds =
            |inner: &Option<PathBuf>| inner.as_ref().is_some_and(|i| i.starts_with(&folder));
        // A home folder that is the current one is what the program was started for.
        let here = self.here.as_deref() == Some(&*folder);
        folder == Path::new("/") || !here && (holds(&self.home) || holds(&self.here))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(host: &str, guest: &str) -> HostFolder {
        let mut folder = HostFolder::new(Path::new(host), guest);
        folder.real = Some(if host == "." { "/home/me/work".into() } else { host.into() });
        folder.home = Some("/home/me".into());
        folder.here = Some("/home/me/work".into());
        folder
    }

    fn parts(path: &str) -> Vec<String> {
        path.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect()
    }

    #[test]
    fn wide_is_what_holds_the_persons_own_files() {
        let root = folder("/", "/");
        for wide in ["", "home", "home/me"] {
            assert!(root.too_wide(&parts(wide)), "{wide}");
        }
        for narrow in ["home/me/work", "home/me/other", "home/you", "etc", "usr/lib"] {
            assert!(!root.too_wide(&parts(narrow)), "{narrow}");
        }
        assert!(!folder(".", ".").too_wide(&[]));
        assert!(!folder("/home/me", "/me").too_wide(&[]));
    }

    #[test]
    fn paths_stay_as_they_were_written() {
        let path =
            |host, guest, below| folder(host, guest).path(&parts(below)).display().to_string();
        assert_eq!(path(".", ".", "a/b"), "a/b");
        assert_eq!(path(".", ".", ""), ".");
        assert_eq!(path("/", "/", "etc/x"), "/etc/x");
        assert_eq!(path("data", "/d", "x"), "data/x");
        assert_eq!(path("../data", "/d", ""), "../data");
    }
}
