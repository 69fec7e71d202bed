use super::MountError;
use super::tree::GuestRoute;

/// The guest paths of mounts: whether they go together, whatever is going to be mounted there.
#[derive(Clone, Debug, Default)]
pub struct MountPaths(Vec<MountPath>);

impl MountPaths {
    /// Adds the path of a folder.
    ///
    /// # Errors
    /// As [`Mounts::dir`](super::Mounts::dir).
    pub fn dir(&mut self, guest: impl Into<String>) -> Result<(), MountError> {
        self.add(MountPath::dir(guest.into()))
    }

    /// Adds the path of a single file.
    ///
    /// # Errors
    /// As [`Mounts::file`](super::Mounts::file).
    pub fn file(&mut self, guest: impl Into<String>) -> Result<(), MountError> {
        self.add(MountPath::file(guest.into())?)
    }

    fn add(&mut self, path: MountPath) -> Result<(), MountError> {
        self.0.iter().try_for_each(|other| path.goes_with(other))?;
        self.0.push(path);
        Ok(())
    }
}

/// Where something is mounted.
#[derive(Clone, Debug)]
struct MountPath {
    guest: String,
    /// `None` with `..` in it: where that lies, nobody can say.
    route: Option<GuestRoute>,
    is_file: bool,
}

impl MountPath {
    fn dir(guest: String) -> Self {
        Self { route: GuestRoute::parse(&guest), guest, is_file: false }
    }

    fn file(guest: String) -> Result<Self, MountError> {
        let route = GuestRoute::parse(&guest);
        if route.is_none() || matches!(guest.rsplit('/').next(), None | Some("" | ".")) {
            return Err(MountError::NoFilePath);
        }
        Ok(Self { guest, route, is_file: true })
    }

    fn goes_with(&self, other: &Self) -> Result<(), MountError> {
        if self.guest == other.guest {
            return Err(MountError::Taken);
        }
        let (Some(one), Some(two)) = (&self.route, &other.route) else { return Ok(()) };
        if one == two {
            return Err(MountError::Taken);
        }
        if self.is_file && two.is_below(one) || other.is_file && one.is_below(two) {
            return Err(MountError::ThroughFile);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_do_not_go_together() {
        for (dirs, files, error) in [
            (&["/a", "/a/"][..], &[][..], MountError::Taken),
            (&["/a", "//a"], &[], MountError::Taken),
            (&["/a", "/./a"], &[], MountError::Taken),
            (&["/a"], &["/a"], MountError::Taken),
            (&["../a", "../a"], &[], MountError::Taken),
            (&["/a/b"], &["/a"], MountError::ThroughFile),
            (&[], &["/a/b", "/a"], MountError::ThroughFile),
            (&[], &["/a", "/a/b"], MountError::ThroughFile),
            (&[], &["/a/"], MountError::NoFilePath),
            (&[], &["../a"], MountError::NoFilePath),
        ] {
            let mut paths = MountPaths::default();
            let added = dirs.iter().try_for_each(|dir| paths.dir(*dir));
            let added = added.and_then(|()| files.iter().try_for_each(|file| paths.file(*file)));
            assert_eq!(added, Err(error), "{dirs:?} {files:?}");
        }
        let mut paths = MountPaths::default();
        paths.dir("/a").unwrap();
        paths.dir("a").unwrap();
        paths.dir("/a/b").unwrap();
        paths.file("/a/c").unwrap();
    }
}
