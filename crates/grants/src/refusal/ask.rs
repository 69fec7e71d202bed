//! Doing what somebody has just allowed.

use super::host::Found;
use super::verb::Verb;
use std::path::{Component, Path};
use std::sync::Arc;
use wayleave_system::fs::{Dir, Instead, Node, OpenOptions, OsDir, ReadOnly};
use wayleave_system::{ErrorCode, Result};

/// Where a path that was found on the host is used from: the folder that holds it, with no more
/// rights than the use needs.
pub(super) fn instead(found: &Found, verb: Verb) -> Result<Instead> {
    let name = found.real.file_name().and_then(|name| name.to_str());
    let folder = found.real.parent().unwrap_or(Path::new("/"));
    let dir = open_real(folder)?;
    let dir = if verb.writes() { dir } else { Arc::new(ReadOnly::new(dir)) };
    Ok(Instead { dir, path: name.unwrap_or(".").to_owned() })
}

/// Opens a folder by a path without links. Should one have been put there since it was shown to
/// who allowed it, this fails.
fn open_real(path: &Path) -> Result<Arc<dyn Dir>> {
    let folder = OpenOptions { read: true, directory: true, ..OpenOptions::default() };
    let mut dir: Arc<dyn Dir> = Arc::new(OsDir::open_ambient(Path::new("/"))?);
    for component in path.components() {
        let name = match component {
            Component::RootDir => continue,
            Component::Normal(name) => name.to_str().ok_or(ErrorCode::IllegalSequence)?,
            _ => return Err(ErrorCode::NotCapable),
        };
        match dir.open(name, &folder)? {
            Node::Dir(below) => dir = below,
            Node::File(_) => return Err(ErrorCode::NotDirectory),
        }
    }
    Ok(dir)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn links_are_not_followed_even_where_they_came_later() {
        let temp = tempfile::tempdir().unwrap();
        let top = temp.path().canonicalize().unwrap();
        std::fs::create_dir(top.join("real")).unwrap();
        symlink("real", top.join("link")).unwrap();
        assert!(open_real(&top.join("real")).is_ok());
        assert!(open_real(&top.join("link")).is_err());
    }
}
