use super::guest_path::GuestPath;
use super::verb::Verb;
use crate::{Access, DirGrant};
use std::path::PathBuf;
use wayleave_system::refusal::{Grant, Refusal};

/// What was granted of the host's files, so that it can be said what more would be needed.
#[derive(Clone, Debug, Default)]
pub struct Paths {
    mounts: Vec<Mount>,
}

/// A granted folder.
#[derive(Clone, Debug)]
pub(super) struct Mount {
    pub(super) host: PathBuf,
    /// As it was written.
    pub(super) name: String,
    pub(super) guest: GuestPath,
    pub(super) writable: bool,
}

/// Where a path is.
pub(super) enum Place<'a> {
    /// In a folder that was granted, and what follows.
    Inside(&'a Mount, &'a [String]),
    /// Elsewhere.
    Outside,
}

impl Paths {
    /// These folders.
    pub fn new<'a>(grants: impl IntoIterator<Item = &'a DirGrant>) -> Self {
        let mount = |grant: &DirGrant| Mount {
            host: grant.host.clone(),
            name: grant.guest.clone(),
            guest: GuestPath::new(&grant.guest),
            writable: grant.access != Access::ReadOnly,
        };
        Self { mounts: grants.into_iter().map(mount).collect() }
    }

    /// Which of these an open folder is, or is below. Its name is one that the host gave.
    pub(super) fn mount(&self, folder: &str) -> Option<&Mount> {
        let holds = |mount: &&Mount| {
            folder.strip_prefix(&*mount.name).is_some_and(|rest| {
                rest.is_empty() || rest.starts_with('/') || mount.name.ends_with('/')
            })
        };
        self.mounts.iter().filter(holds).max_by_key(|mount| mount.name.len())
    }

    /// Where a path is: the innermost folder counts.
    pub(super) fn place<'a>(&'a self, path: &'a GuestPath) -> Place<'a> {
        let inside = |mount: &'a Mount| Some((mount, path.below(&mount.guest)?));
        match self.mounts.iter().filter_map(inside).min_by_key(|(_, rest)| rest.len()) {
            Some((mount, rest)) => Place::Inside(mount, rest),
            None => Place::Outside,
        }
    }

    /// A refusal with the grants that the path alone suggests; nobody looks at the host's files.
    pub(super) fn refusal(&self, verb: Verb, path: &GuestPath) -> Refusal {
        let grants = match self.place(path) {
            Place::Inside(mount, _) if verb.writes() && !mount.writable => {
                vec![dir(&mount.host.to_string_lossy(), &mount.name, true)]
            }
            // A link that leads out; where to, nobody has looked.
            Place::Inside(..) => Vec::new(),
            Place::Outside => outside(verb, path),
        };
        Refusal::new(verb.words(), path.to_string(), grants.into_iter().flatten())
    }
}

/// What allows to use a path of the host by the same name, as far as it is known what is there.
fn outside(verb: Verb, path: &GuestPath) -> Vec<Option<Grant>> {
    let folder = |path: &GuestPath| dir(&path.to_string(), &path.to_string(), verb.writes());
    let holder = path.holder();
    if verb == Verb::List {
        vec![folder(path)]
    } else if verb.makes() || verb.names() {
        vec![holder.and_then(|holder| folder(&holder))]
    } else {
        let name = path.to_string();
        vec![file(&name, &name, verb.writes()), holder.and_then(|holder| folder(&holder))]
    }
}

/// The grant of a folder; `None` for names that it can not be written with.
pub(super) fn dir(host: &str, guest: &str, writable: bool) -> Option<Grant> {
    mapping("dir", host, guest, writable)
}

/// The grant of a file.
pub(super) fn file(host: &str, guest: &str, writable: bool) -> Option<Grant> {
    mapping("file", host, guest, writable)
}

fn mapping(option: &'static str, host: &str, guest: &str, writable: bool) -> Option<Grant> {
    let plain = |path: &str| {
        !path.is_empty() && !path.contains("::") && !path.starts_with(':') && !path.ends_with(':')
    };
    if !plain(host) || !plain(guest) {
        return None;
    }
    let mut value = host.to_owned();
    if guest != host {
        value = format!("{host}::{guest}");
    }
    if !writable {
        value.push_str("::ro");
    } else if guest != host && crate::mode::Mode::is_meant_by(guest) {
        value.push_str("::rw");
    }
    Some(Grant::new(option, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(grants: &[&str]) -> Paths {
        let grants: Vec<DirGrant> = grants.iter().map(|text| text.parse().unwrap()).collect();
        Paths::new(&grants)
    }

    fn grants(granted: &[&str], verb: Verb, path: &str) -> Vec<String> {
        let refusal = paths(granted).refusal(verb, &GuestPath::new(path));
        assert_eq!(refusal.object, path);
        refusal.grants.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn writing_needs_the_folder_writable() {
        let granted = ["data::/data::ro", "deep::/data/deep::ro"];
        assert_eq!(grants(&granted, Verb::Create, "/data/x"), ["--dir data::/data"]);
        assert_eq!(grants(&granted, Verb::Remove, "/data/deep/x"), ["--dir deep::/data/deep"]);
        assert_eq!(grants(&["data::ro"], Verb::Write, "data/x"), ["--dir data"]);
    }

    #[test]
    fn what_is_outside_needs_a_folder_or_the_file() {
        assert_eq!(
            grants(&["data"], Verb::Read, "/etc/passwd"),
            ["--file /etc/passwd::ro", "--dir /etc::ro"]
        );
        assert_eq!(grants(&[], Verb::List, "/etc"), ["--dir /etc::ro"]);
        assert_eq!(grants(&[], Verb::Create, "/tmp/x"), ["--dir /tmp"]);
        assert_eq!(grants(&[], Verb::Create, "/x"), [""; 0]);
        assert_eq!(grants(&[], Verb::Read, "/x"), ["--file /x::ro"]);
        assert_eq!(grants(&["."], Verb::Read, "../x"), ["--file ../x::ro", "--dir ..::ro"]);
    }

    #[test]
    fn nothing_is_said_that_would_mean_something_else() {
        assert_eq!(dir("a::b", "x", true), None);
        assert_eq!(dir("a", "b:", true), None);
        assert_eq!(dir("", "b", true), None);
        let text = |host, guest, writable| dir(host, guest, writable).unwrap().value;
        for (host, guest, writable) in [
            ("a", "ro", true),
            ("a", "rw", true),
            ("a", "a", false),
            ("ro", "ro", true),
            ("a:b", "/x", false),
        ] {
            let parsed: DirGrant = text(host, guest, writable).parse().unwrap();
            let access = if writable { Access::ReadWrite } else { Access::ReadOnly };
            assert_eq!(parsed, DirGrant::new(host, guest, access));
        }
    }

    #[test]
    fn folders_hold_what_is_below_them() {
        let paths = paths(&["a::/data", "b::."]);
        let holder = |folder| paths.mount(folder).map(|mount| &*mount.name);
        assert_eq!([holder("/data"), holder("/data/x")], [Some("/data"); 2]);
        assert_eq!([holder("."), holder("./x")], [Some("."); 2]);
        assert_eq!([holder("/"), holder("/database"), holder("/dat")], [None; 3]);
    }
}
