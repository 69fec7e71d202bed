//! The smallest grants that allow what was done.
//!
//! The rule, folder by folder, from the top:
//!
//! 1. A folder in which names were made or removed is granted to write, with all that is below it.
//! 2. A folder that was listed, or of which more than [`FEW`] files or folders directly in it would
//!    be granted, is granted to read; what was written to below it keeps a grant of its own. If more
//!    than [`FEW`] of them would be granted to write, it is granted to write.
//! 3. Of any other folder the files that were read or written to are granted one by one.
//! 4. In place of a folder that was only looked at, and that nothing of this grants, an empty one is
//!    given.
//!
//! Too wide for 2 are folders that hold a person's files whatever the program is for: the root, and
//! all down to the home folder and to the one above the current folder.

use std::collections::BTreeMap;
use std::ops::BitOr;

/// So many files or folders are granted one by one.
const FEW: usize = 3;

/// What was done with a path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Used {
    /// Its contents were read.
    pub(super) read: bool,
    /// Its contents or times were changed.
    pub(super) written: bool,
    /// It was opened so that it would have been made.
    pub(super) created: bool,
    /// It was made, removed or renamed.
    pub(super) named: bool,
    /// It was listed.
    pub(super) listed: bool,
    /// It was asked about.
    pub(super) seen: bool,
}

impl BitOr for Used {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self {
            read: self.read | other.read,
            written: self.written | other.written,
            created: self.created | other.created,
            named: self.named | other.named,
            listed: self.listed | other.listed,
            seen: self.seen | other.seen,
        }
    }
}

/// What the host has at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Missing,
    File,
    Folder,
}

/// Something to grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) path: Vec<String>,
    pub(super) what: What,
    pub(super) writable: bool,
}

/// What is granted at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    File,
    Folder,
    /// A folder with nothing in it.
    Empty,
}

/// What is known of the host's folders.
pub(super) trait Host {
    /// What is at a path.
    fn kind(&self, path: &[String]) -> Kind;
    /// Whether a folder is too wide to be granted because of what is in it.
    fn too_wide(&self, path: &[String]) -> bool;
}

/// What to grant so that all this can be done.
pub(super) fn smallest(used: &BTreeMap<Vec<String>, Used>, host: &dyn Host) -> Vec<Wanted> {
    let mut top = Node::default();
    for (path, used) in used {
        let mut node = &mut top;
        for part in path {
            node = node.children.entry(part).or_default();
        }
        node.used = node.used | *used;
    }
    top.wanted(&mut Vec::new(), host)
}

#[derive(Default)]
struct Node<'a> {
    used: Used,
    children: BTreeMap<&'a str, Node<'a>>,
}

impl Node<'_> {
    fn wanted(&self, path: &mut Vec<String>, host: &dyn Host) -> Vec<Wanted> {
        let grant =
            |path: &[String], what, writable| Wanted { path: path.to_vec(), what, writable };
        let Used { read, written, listed, seen, .. } = self.used;
        match host.kind(path) {
            // It was made: that is its folder's to allow.
            Kind::Missing => return Vec::new(),
            Kind::File if written => return vec![grant(path, What::File, true)],
            Kind::File if read || seen => return vec![grant(path, What::File, false)],
            Kind::File => return Vec::new(),
            Kind::Folder => {}
        }
        let mut below = Vec::new();
        let mut makes = false;
        for (name, child) in &self.children {
            path.push((*name).to_owned());
            let made = child.used.created && host.kind(path) == Kind::Missing;
            makes |= child.used.named || made;
            below.extend(child.wanted(path, host));
            path.pop();
        }
        if makes || written {
            return vec![grant(path, What::Folder, true)];
        }
        let direct = |writable: bool| {
            let is = |wanted: &&Wanted| {
                wanted.path.len() == path.len() + 1
                    && wanted.writable == writable
                    && wanted.what != What::Empty
            };
            below.iter().filter(is).count()
        };
        let wide = host.too_wide(path);
        if direct(true) > FEW && !wide {
            return vec![grant(path, What::Folder, true)];
        }
        let many = direct(false) > FEW;
        if (listed || many) && !wide {
            below.retain(|wanted| wanted.writable);
            below.insert(0, grant(path, What::Folder, false));
        } else if seen && below.is_empty() && !path.is_empty() {
            below.push(grant(path, What::Empty, false));
        }
        below
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Folders are what ends in a slash, and what is above; the rest are files.
    struct Tree(&'static [&'static str]);

    impl Host for Tree {
        fn kind(&self, path: &[String]) -> Kind {
            let path = path.join("/");
            let folder = if path.is_empty() { path.clone() } else { format!("{path}/") };
            match () {
                () if self.0.contains(&&*path) => Kind::File,
                () if self.0.iter().any(|name| name.starts_with(&folder)) => Kind::Folder,
                () => Kind::Missing,
            }
        }

        fn too_wide(&self, path: &[String]) -> bool {
            path.is_empty() || path.len() == 1 && path[0] == "home"
        }
    }

    const TREE: Tree = Tree(&[
        "lib/a", "lib/b", "lib/c", "lib/d", "lib/x/1", "lib/y/1", "lib/z/1", "lib/w/1", "work/in",
        "work/db", "home/a", "home/b", "home/c", "home/d", "tmp/",
    ]);

    /// `r` read, `w` write, `c` create, `n` made or removed, `l` list, `s` look at.
    fn wanted(used: &[(&str, &str)]) -> Vec<String> {
        let used = used.iter().map(|(path, how)| {
            let parts = path.split('/').filter(|part| !part.is_empty()).map(str::to_owned);
            let used = Used {
                read: how.contains('r'),
                written: how.contains('w'),
                created: how.contains('c'),
                named: how.contains('n'),
                listed: how.contains('l'),
                seen: how.contains('s'),
            };
            (parts.collect(), used)
        });
        let shown = |wanted: Wanted| {
            let slash = if wanted.what == What::File { "" } else { "/" };
            let mode = match (wanted.what, wanted.writable) {
                (What::Empty, _) => "empty",
                (_, true) => "rw",
                (_, false) => "ro",
            };
            format!("{}{slash} {mode}", wanted.path.join("/"))
        };
        smallest(&used.collect(), &TREE).into_iter().map(shown).collect()
    }

    #[test]
    fn few_files_are_granted_alone_and_many_as_their_folder() {
        let few = [("lib/a", "r"), ("lib/b", "r"), ("lib/c", "s")];
        assert_eq!(wanted(&few), ["lib/a ro", "lib/b ro", "lib/c ro"]);
        let many = [few[0], few[1], few[2], ("lib/d", "r"), ("lib/x/1", "r")];
        assert_eq!(wanted(&many), ["lib/ ro"]);
    }

    #[test]
    fn many_folders_collapse_too() {
        let each = [("lib/w/1", "r"), ("lib/x/1", "r"), ("lib/y/1", "r"), ("lib/z/1", "r")];
        assert_eq!(wanted(&each), ["lib/w/1 ro", "lib/x/1 ro", "lib/y/1 ro", "lib/z/1 ro"]);
        let listed = [("lib/w", "l"), ("lib/x", "l"), ("lib/y", "l"), ("lib/z", "l")];
        assert_eq!(wanted(&listed), ["lib/ ro"]);
    }

    #[test]
    fn what_is_made_needs_its_folder() {
        assert_eq!(wanted(&[("work/in", "r"), ("work/new", "cw")]), ["work/ rw"]);
        assert_eq!(wanted(&[("work/in", "n")]), ["work/ rw"]);
        assert_eq!(wanted(&[("work/out", "n"), ("work/out/x", "cw")]), ["work/ rw"]);
        assert_eq!(wanted(&[("tmp/x", "cw"), ("work/in", "r")]), ["tmp/ rw", "work/in ro"]);
    }

    #[test]
    fn what_is_there_can_be_written_to_alone() {
        assert_eq!(wanted(&[("work/db", "rw"), ("work/in", "r")]), ["work/db rw", "work/in ro"]);
        assert_eq!(wanted(&[("work/db", "cw")]), ["work/db rw"]);
        assert_eq!(wanted(&[("work/db", "w"), ("work", "l")]), ["work/ ro", "work/db rw"]);
        let all = [("lib/a", "w"), ("lib/b", "w"), ("lib/c", "w"), ("lib/d", "w")];
        assert_eq!(wanted(&all), ["lib/ rw"]);
    }

    #[test]
    fn looking_at_a_folder_matters_only_where_nothing_else_does() {
        assert_eq!(wanted(&[("lib", "s"), ("lib/a", "r"), ("", "s")]), ["lib/a ro"]);
        assert_eq!(wanted(&[("lib/x", "s")]), ["lib/x/ empty"]);
        assert_eq!(wanted(&[("lib", "l"), ("lib/x", "s")]), ["lib/ ro"]);
        assert_eq!(wanted(&[("home", "s")]), ["home/ empty"]);
        assert_eq!(wanted(&[("lib/gone", "s")]), [""; 0]);
    }

    #[test]
    fn what_is_too_wide_is_not_granted_for_its_number() {
        let home = [("home/a", "r"), ("home/b", "r"), ("home/c", "r"), ("home/d", "r")];
        assert_eq!(wanted(&home), ["home/a ro", "home/b ro", "home/c ro", "home/d ro"]);
        assert_eq!(wanted(&[("", "l"), ("home", "ls")]), ["home/ empty"]);
        // What has to be, has to be.
        assert_eq!(wanted(&[("home/new", "cw")]), ["home/ rw"]);
    }
}
