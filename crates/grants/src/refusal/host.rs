//! Explanations that look at the host's files.

use super::guest_path::GuestPath;
use super::paths::{Mount, Paths, Place, dir, file};
use super::verb::Verb;
use std::path::{Path, PathBuf};
use wayleave_system::refusal::{Grant, Refusal};

/// What a guest's path means on the host.
pub(super) struct Found {
    /// The path without links; of something that would be made, its folder is.
    pub(super) real: PathBuf,
    /// The path as the guest means it.
    path: GuestPath,
    grants: Vec<Grant>,
}

impl Found {
    pub(super) fn refusal(&self, verb: Verb) -> Refusal {
        Refusal::new(verb.words(), self.path.to_string(), self.grants.iter().cloned())
    }
}

impl Paths {
    /// A refusal with the grants that exactly would have allowed it; `None` when none would have
    /// made a difference, as there is nothing at the path on the host either.
    ///
    /// This looks at the host's files, on behalf of whoever reads the explanation. It is not for
    /// the time when the guest still runs, and could measure it.
    #[must_use]
    pub fn explain(&self, refusal: &Refusal) -> Option<Refusal> {
        let Some(verb) = Verb::parse(refusal.tried) else { return Some(refusal.clone()) };
        let path = GuestPath::new(&refusal.object);
        if path.to_string() != refusal.object {
            // It went up and out of its folder.
            return Some(refusal.clone());
        }
        Some(self.look(verb, &path)?.refusal(verb))
    }

    /// What a path means on the host, if there is anything, or could be.
    pub(super) fn look(&self, verb: Verb, path: &GuestPath) -> Option<Found> {
        match self.place(path) {
            Place::Inside(mount, rest) => inside(mount, &rest.join("/"), verb, path),
            Place::Outside => outside(verb, path),
        }
    }
}

fn inside(mount: &Mount, rest: &str, verb: Verb, path: &GuestPath) -> Option<Found> {
    let host = mount.host.join(rest);
    let real = real(&host, verb)?;
    let top = mount.host.canonicalize().ok()?;
    let grants = if !real.starts_with(&top) {
        behind_link(&top, &host, &real, verb, path)
    } else if verb.writes() && !mount.writable {
        dir(&mount.host.to_string_lossy(), &mount.name, true)
    } else {
        None
    };
    Some(Found { real, path: path.clone(), grants: grants.into_iter().collect() })
}

/// What a link leads to, outside of its folder, can be granted in the link's place.
fn behind_link(
    top: &Path,
    host: &Path,
    real: &Path,
    verb: Verb,
    path: &GuestPath,
) -> Option<Grant> {
    let holder = host.parent()?.canonicalize().ok()?;
    if !holder.starts_with(top) {
        let guest = path.parent()?.to_string();
        return dir(&real.parent()?.to_string_lossy(), &guest, verb.writes());
    }
    let (real, guest) = (real.to_string_lossy(), path.to_string());
    if Path::new(&*real).is_dir() {
        dir(&real, &guest, verb.writes())
    } else {
        file(&real, &guest, verb.writes())
    }
}

/// Nobody can tell whether a guest has meant `/a` or `a`: what is there counts, and whatever is to be
/// made is made in the current folder rather than in the host's root. That itself is not meant.
fn outside(verb: Verb, path: &GuestPath) -> Option<Found> {
    let at = |path: &GuestPath| real(Path::new(&path.to_string()), verb);
    let relative = path.relative();
    let above = path.parts().len();
    let (path, real) = match at(path) {
        Some(real) if above > 1 || above == 1 && (real.exists() || !verb.makes()) => {
            (path.clone(), real)
        }
        _ => {
            let real = at(&relative)?;
            (relative, real)
        }
    };
    let writes = verb.writes();
    if plain(&path)? != real {
        let grants = in_place_of(&real, verb, &path);
        return Some(Found { real, path, grants: grants.into_iter().flatten().collect() });
    }
    let folder = |path: &GuestPath| dir(&path.to_string(), &path.to_string(), writes);
    let itself = path.to_string();
    let grants = if real.is_dir() && !verb.names() {
        vec![folder(&path)]
    } else if verb.names() || !real.exists() {
        vec![path.holder().and_then(|holder| folder(&holder))]
    } else {
        let holder = path.holder().and_then(|holder| folder(&holder));
        vec![file(&itself, &itself, writes), holder]
    };
    Some(Found { real, path, grants: grants.into_iter().flatten().collect() })
}

/// Where a path would be if nothing on the way were a link.
fn plain(path: &GuestPath) -> Option<PathBuf> {
    let text = path.to_string();
    let mut plain = match text.starts_with('/') {
        true => PathBuf::from("/"),
        false => Path::new(".").canonicalize().ok()?,
    };
    for part in path.parts() {
        match part.as_str() {
            ".." => drop(plain.pop()),
            part => plain.push(part),
        }
    }
    Some(plain)
}

/// What a link leads to, in the place that the guest knows. It is named by where it is: who has
/// allowed the folder of the link has not allowed this, and must see it to allow it.
fn in_place_of(real: &Path, verb: Verb, path: &GuestPath) -> Vec<Option<Grant>> {
    let writes = verb.writes();
    let itself = path.to_string();
    let around = || {
        let holder = path.holder()?.to_string();
        dir(real.parent()?.to_str()?, &holder, writes)
    };
    let Some(text) = real.to_str() else { return Vec::new() };
    if real.is_dir() && !verb.names() {
        return vec![dir(text, &itself, writes)];
    }
    if verb.names() || !real.exists() {
        return vec![around()];
    }
    // Where the file itself is the link, the folder around what it leads to is another one.
    let same_name = real.file_name().and_then(|name| name.to_str());
    let same_name = same_name == path.parts().last().map(String::as_str);
    vec![file(text, &itself, writes), if same_name { around() } else { None }]
}

/// The path without links, if there is something, or could be.
fn real(path: &Path, verb: Verb) -> Option<PathBuf> {
    if verb.follows() {
        if let Ok(real) = path.canonicalize() {
            return Some(real);
        }
        if !verb.makes() {
            return None;
        }
    }
    let name = path.file_name()?;
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let real = folder.unwrap_or(Path::new(".")).canonicalize().ok()?.join(name);
    (verb.makes() || real.symlink_metadata().is_ok()).then_some(real)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DirGrant;
    use std::fs;
    use std::os::unix::fs::symlink;

    /// A folder with `in/` (granted as /in), `out/file`, `out/sub/` and links to these.
    fn tree() -> (tempfile::TempDir, PathBuf) {
        let temp = tempfile::tempdir().unwrap();
        let top = temp.path().canonicalize().unwrap();
        fs::create_dir_all(top.join("in")).unwrap();
        fs::create_dir_all(top.join("out/sub")).unwrap();
        fs::write(top.join("in/own"), "").unwrap();
        fs::write(top.join("out/file"), "").unwrap();
        symlink("../out/file", top.join("in/file_link")).unwrap();
        symlink(top.join("out"), top.join("in/dir_link")).unwrap();
        symlink("nowhere", top.join("in/dangling")).unwrap();
        (temp, top)
    }

    fn explained(top: &Path, access: &str, verb: Verb, path: &str) -> Option<Vec<String>> {
        let grant: DirGrant =
            format!("{}::/in::{access}", top.join("in").display()).parse().unwrap();
        let paths = Paths::new([&grant]);
        let refusal = Refusal::new(verb.words(), path, []);
        let grants = paths.explain(&refusal)?.grants;
        let text = |grant: &Grant| grant.to_string().replace(&*top.to_string_lossy(), "TOP");
        Some(grants.iter().map(text).collect())
    }

    #[test]
    fn a_link_that_leads_out_can_be_covered_by_what_it_leads_to() {
        let (_temp, top) = tree();
        let explained = |verb, path| explained(&top, "rw", verb, path).unwrap();
        assert_eq!(
            explained(Verb::Read, "/in/file_link"),
            ["--file TOP/out/file::/in/file_link::ro"]
        );
        assert_eq!(explained(Verb::Write, "/in/file_link"), ["--file TOP/out/file::/in/file_link"]);
        assert_eq!(explained(Verb::List, "/in/dir_link"), ["--dir TOP/out::/in/dir_link::ro"]);
        assert_eq!(explained(Verb::Read, "/in/dir_link/file"), ["--dir TOP/out::/in/dir_link::ro"]);
        assert_eq!(explained(Verb::Create, "/in/dir_link/new"), ["--dir TOP/out::/in/dir_link"]);
    }

    #[test]
    fn writing_below_a_read_only_folder() {
        let (_temp, top) = tree();
        let explained = |verb, path| explained(&top, "ro", verb, path);
        let writable = Some(vec!["--dir TOP/in::/in".to_owned()]);
        assert_eq!(explained(Verb::Write, "/in/own"), writable);
        assert_eq!(explained(Verb::Create, "/in/new"), writable);
        assert_eq!(explained(Verb::Remove, "/in/file_link"), writable);
        assert_eq!(explained(Verb::Remove, "/in/missing"), None);
    }

    #[test]
    fn what_is_not_there_on_the_host_is_no_refusal() {
        let (_temp, top) = tree();
        let out = top.join("out");
        let explained =
            |verb, path: &str| explained(&top, "rw", verb, &format!("{}/{path}", out.display()));
        assert_eq!(explained(Verb::Read, "missing"), None);
        assert_eq!(explained(Verb::Create, "missing/new"), None);
        assert_eq!(
            explained(Verb::Read, "file").unwrap(),
            ["--file TOP/out/file::ro", "--dir TOP/out::ro"]
        );
        assert_eq!(explained(Verb::Look, "sub").unwrap(), ["--dir TOP/out/sub::ro"]);
        assert_eq!(explained(Verb::Create, "new").unwrap(), ["--dir TOP/out"]);
        assert_eq!(explained(Verb::Remove, "file").unwrap(), ["--dir TOP/out"]);
    }

    #[test]
    fn relative_paths_are_found_in_the_current_folder() {
        // Tests run where the crate is.
        let paths = Paths::default();
        let explained = |verb: Verb, path: &str| {
            let refusal = paths.explain(&Refusal::new(verb.words(), path, [])).unwrap();
            let grants: Vec<_> = refusal.grants.iter().map(ToString::to_string).collect();
            (refusal.object, grants)
        };
        let read = ["--file src/lib.rs::ro".to_owned(), "--dir src::ro".to_owned()];
        assert_eq!(explained(Verb::Read, "/src/lib.rs"), ("src/lib.rs".into(), read.to_vec()));
        assert_eq!(explained(Verb::Create, "/new"), ("new".into(), vec!["--dir .".into()]));
        assert_eq!(explained(Verb::List, "/src"), ("src".into(), vec!["--dir src::ro".into()]));
    }

    #[test]
    fn what_a_link_leads_to_is_named_by_where_it_is() {
        let (_temp, top) = tree();
        symlink("out", top.join("alias")).unwrap();
        symlink("../../secret", top.join("out/sub/way_out")).unwrap();
        fs::write(top.join("secret"), "").unwrap();
        let explained = |verb, path: &str| {
            explained(&top, "rw", verb, &format!("{}/{path}", top.display())).unwrap()
        };
        assert_eq!(
            explained(Verb::Read, "out/sub/way_out"),
            ["--file TOP/secret::TOP/out/sub/way_out::ro"]
        );
        assert_eq!(
            explained(Verb::Write, "alias/file"),
            ["--file TOP/out/file::TOP/alias/file", "--dir TOP/out::TOP/alias"]
        );
        assert_eq!(explained(Verb::List, "alias/sub"), ["--dir TOP/out/sub::TOP/alias/sub::ro"]);
        assert_eq!(explained(Verb::Create, "alias/new"), ["--dir TOP/out::TOP/alias"]);
        // A link itself is where it is.
        assert_eq!(explained(Verb::Remove, "out/sub/way_out"), ["--dir TOP/out/sub"]);
    }

    #[test]
    fn what_is_not_about_files_stays_as_it_is() {
        let refusal = Refusal::new("connect to", "tcp://a:1", [Grant::new("allow-outbound", "x")]);
        assert_eq!(Paths::default().explain(&refusal), Some(refusal));
    }
}
