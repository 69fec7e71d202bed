//! Opening what one layer has alone, by the whole path at once. What is known of the upper layer's
//! names tells which one that is; what is in doubt is looked at component by component.

use super::dir::Overlay;
use super::folder::Folder;
use super::open::lower_file;
use super::spot::Spot;
use super::{known, marks};
use crate::fs::path::GuestPath;
use crate::fs::{Node, OpenOptions};
use crate::{ErrorCode, Result};
use std::sync::Arc;

/// Opens a path, for those who have locked the names; `None` where that has to be done step by
/// step.
pub(super) fn open(
    overlay: &Overlay,
    path: &GuestPath<'_>,
    options: &OpenOptions,
) -> Option<Result<Node>> {
    if options.create || options.truncate || path.slash || overlay.folder.spot.is_removed() {
        return None;
    }
    match side(&overlay.folder, path)? {
        Side::Upper => {
            let upper = overlay.folder.upper()?.dir();
            match upper.open_direct(path.text(), options)? {
                Ok(Node::File(file)) => {
                    Some(overlay.tree.identities.handed_out(file).map(Node::File))
                }
                _ => None,
            }
        }
        Side::Lower if options.write => None,
        Side::Lower => {
            // What the slow way asks the lower layer for.
            let options = OpenOptions { append: false, sync: None, ..*options };
            match overlay.folder.lower()?.open_direct(path.text(), &options)? {
                Ok(node) => {
                    let (spot, name) = spot(&overlay.folder.spot, path)?;
                    Some(match node {
                        Node::File(file) => Ok(Node::File(lower_file(overlay, &spot, name, file))),
                        Node::Dir(dir) => {
                            let spot = spot.below(name);
                            let new = || Ok(Folder::of_lower(Arc::clone(&spot), dir));
                            let folder = spot.folder_or(new);
                            folder.map(|folder| Node::Dir(Arc::new(overlay.handle(folder))))
                        }
                    })
                }
                Err(ErrorCode::NoEntry) => Some(Err(ErrorCode::NoEntry)),
                Err(_) => None,
            }
        }
    }
}

enum Side {
    /// The upper layer may have something at the path; if it is a file, it is what is seen.
    Upper,
    /// The upper layer has nothing at the path, and hides nothing on the way.
    Lower,
}

/// Which layer has what is at a path of folders and files alone.
fn side(folder: &Folder, path: &GuestPath<'_>) -> Option<Side> {
    if path.text().ends_with("/.") {
        // It is to be a folder.
        return None;
    }
    let mut names = path.names().peekable();
    names.peek()?;
    let mut known = match folder.upper() {
        Some(upper) => Some(upper.known()?),
        None => None,
    };
    while let Some(name) = names.next() {
        if name == ".." || marks::is_mark(name.as_bytes()) {
            return None;
        }
        let Some(here) = &known else { continue };
        let seen = here.at(name)?;
        let last = names.peek().is_none();
        known = match seen {
            seen if seen.is_nothing() => None,
            known::Seen { folder: None, other: true, mark: _ } if last => return Some(Side::Upper),
            known::Seen { folder: Some(below), other: false, mark: false } if !last => Some(below),
            _ => return None,
        };
    }
    Some(Side::Lower)
}

/// The spot of the folder that holds what is at a path, and the last name.
fn spot<'p>(top: &Arc<Spot>, path: &GuestPath<'p>) -> Option<(Arc<Spot>, &'p str)> {
    let mut names = path.names();
    let mut last = names.next()?;
    let mut spot = Arc::clone(top);
    for name in names {
        spot = spot.below(last);
        last = name;
    }
    Some((spot, last))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fs::forward::forward_dir;
    use crate::fs::{Dir, MemoryDir, OsDir, Stat};
    use std::sync::Mutex;

    /// A layer that writes down how it is asked for names.
    struct Noted {
        dir: Arc<dyn Dir>,
        notes: Arc<Mutex<Vec<String>>>,
    }

    impl Noted {
        fn note(&self, what: &str, path: &str) {
            self.notes.lock().unwrap().push(format!("{what} {path}"));
        }

        fn wrap(&self, node: Node) -> Node {
            match node {
                Node::Dir(dir) => Node::Dir(Arc::new(Self { dir, notes: Arc::clone(&self.notes) })),
                file @ Node::File(_) => file,
            }
        }

        fn inner(dir: &dyn Dir) -> &dyn Dir {
            let noted = (dir as &dyn std::any::Any).downcast_ref::<Self>();
            noted.map_or(dir, |noted| &*noted.dir)
        }
    }

    impl Dir for Noted {
        forward_dir!(dir: set_times_at, create_dir, symlink, read_link, stat, set_times, sync, entries, is_read_only);

        fn open(&self, path: &str, options: &OpenOptions) -> Result<Node> {
            self.note("open", path);
            self.dir.open(path, options).map(|node| self.wrap(node))
        }

        fn open_direct(&self, path: &str, options: &OpenOptions) -> Option<Result<Node>> {
            self.note("direct", path);
            Some(self.dir.open_direct(path, options)?.map(|node| self.wrap(node)))
        }

        fn stat_at(&self, path: &str, follow: bool) -> Result<Stat> {
            self.note("stat", path);
            self.dir.stat_at(path, follow)
        }

        fn remove_dir(&self, path: &str) -> Result<()> {
            self.dir.remove_dir(path)
        }

        fn remove_file(&self, path: &str) -> Result<()> {
            self.dir.remove_file(path)
        }

        fn rename_to(&self, path: &str, to_dir: &dyn Dir, to: &str) -> Result<()> {
            crate::fs::rename(&*self.dir, path, Self::inner(to_dir), to)
        }

        fn link_to(&self, path: &str, follow: bool, to_dir: &dyn Dir, to: &str) -> Result<()> {
            crate::fs::link(&*self.dir, path, follow, Self::inner(to_dir), to)
        }
    }

    const READ: OpenOptions = OpenOptions {
        read: true,
        write: false,
        append: false,
        create: false,
        exclusive: false,
        truncate: false,
        directory: false,
        follow: true,
        sync: None,
    };
    const CREATE: OpenOptions = OpenOptions { write: true, create: true, ..READ };

    fn fill(dir: &dyn Dir) {
        for folder in ["a", "a/b", "a/b/c"] {
            dir.create_dir(folder).unwrap();
            drop(dir.open(&format!("{folder}/low"), &CREATE).unwrap());
        }
        drop(dir.open("low", &CREATE).unwrap());
        dir.symlink("a", "link").unwrap();
    }

    /// A lower and an upper layer, and what they need to be there.
    type Layers = (Arc<dyn Dir>, Arc<dyn Dir>, tempfile::TempDir);

    fn layers() -> Vec<Layers> {
        let memory = || -> Arc<dyn Dir> { Arc::new(MemoryDir::new(1 << 20)) };
        [false, true]
            .map(|os| {
                let folders = tempfile::tempdir().unwrap();
                let open = |name: &str| -> Arc<dyn Dir> {
                    let path = folders.path().join(name);
                    std::fs::create_dir(&path).unwrap();
                    Arc::new(OsDir::open_ambient(&path).unwrap())
                };
                let (lower, upper) = (open("lower"), if os { open("upper") } else { memory() });
                fill(&*lower);
                (lower, upper, folders)
            })
            .into()
    }

    /// An overlay, and what its layers are asked when it is asked for a path.
    fn each(test: impl Fn(&Overlay, &dyn Fn(&str) -> (Result<Node>, Vec<String>))) {
        for (lower, upper, _folders) in layers() {
            let notes = Arc::new(Mutex::new(Vec::new()));
            let noted = |dir| Arc::new(Noted { dir, notes: Arc::clone(&notes) });
            let overlay = Overlay::new(noted(lower), noted(upper));
            test(&overlay, &|path| {
                notes.lock().unwrap().clear();
                let node = overlay.open(path, &READ);
                (node, std::mem::take(&mut notes.lock().unwrap()))
            });
        }
    }

    #[test]
    fn what_one_layer_has_alone_takes_one_question() {
        each(|overlay, open| {
            for path in ["low", "a/low", "a/b/low", "a/b/c/low", "./a//b/./low"] {
                let (node, asked) = open(path);
                assert!(matches!(node, Ok(Node::File(_))), "{path}");
                assert_eq!(asked, [format!("direct {path}")]);
            }
            for path in ["no", "a/no", "no/no/no"] {
                let (node, asked) = open(path);
                assert_eq!(node.map(drop), Err(ErrorCode::NoEntry), "{path}");
                assert_eq!(asked, [format!("direct {path}")]);
            }
            overlay.create_dir("new").unwrap();
            overlay.create_dir("new/new").unwrap();
            for path in ["up", "a/up", "a/b/up", "new/up", "new/new/up"] {
                drop(overlay.open(path, &CREATE).unwrap());
                let (node, asked) = open(path);
                assert!(matches!(node, Ok(Node::File(_))), "{path}");
                assert_eq!(asked, [format!("direct {path}")]);
            }
            // Folders that are in both by now hide nothing.
            let (node, asked) = open("a/b/low");
            assert!(matches!(node, Ok(Node::File(_))));
            assert_eq!(asked, ["direct a/b/low"]);
        });
    }

    #[test]
    fn what_was_changed_is_seen() {
        each(|overlay, open| {
            let gone = |path: &str| {
                assert_eq!(open(path).0.map(drop).unwrap_err(), ErrorCode::NoEntry, "{path}");
            };
            let there = |path: &str| drop(open(path).0.unwrap());
            overlay.remove_file("a/b/low").unwrap();
            gone("a/b/low");
            gone("link/b/low");
            there("a/b/c/low");
            crate::fs::rename(overlay, "a/b", overlay, "moved").unwrap();
            gone("a/b/c/low");
            gone("link/b/c/low");
            gone("moved/low");
            there("moved/c/low");
            overlay.create_dir("a/b").unwrap();
            gone("a/b/c/low");
            there("link/low");
            overlay.remove_file("moved/c/low").unwrap();
            overlay.remove_dir("moved/c").unwrap();
            overlay.create_dir("moved/c").unwrap();
            gone("moved/c/low");
            overlay.remove_file("a/low").unwrap();
            overlay.symlink("../low", "a/low").unwrap();
            there("a/low");
            overlay.remove_file("low").unwrap();
            gone("a/low");
        });
    }

    #[test]
    fn marks_and_dots_are_looked_at_one_by_one() {
        each(|_, open| {
            for path in [".wh.low", "a/.wh.low", ".wh.a/low", "a/../.wh.low"] {
                assert_eq!(open(path).0.map(drop).unwrap_err(), ErrorCode::NoEntry, "{path}");
            }
            assert_eq!(open("a/../../x").0.map(drop).unwrap_err(), ErrorCode::NotCapable);
            assert!(open("a/../low").0.is_ok());
            assert!(matches!(open("a/b").0, Ok(Node::Dir(_))));
            assert_eq!(open("a/low/.").0.map(drop).unwrap_err(), ErrorCode::NotDirectory);
            assert_eq!(open("low/").0.map(drop).unwrap_err(), ErrorCode::NotDirectory);
        });
    }
}
