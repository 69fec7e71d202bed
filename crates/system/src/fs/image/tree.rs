use super::source::Source;
use super::unpack::{Packed, Unpacker};
use super::{ImageError, MOST_NAMES, MOST_TABLE};
use crate::fs::{FileKind, Stat, Timestamp, numbers};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The longest path and the longest name in bytes, as elsewhere.
const LONGEST_PATH: usize = 4095;
const LONGEST_NAME: usize = 255;

/// What a member of an archive is.
pub(super) enum Body {
    Folder(Folder),
    File(Contents),
    Link(Box<[u8]>),
}

/// Where the bytes of a file are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Contents {
    /// As they are, in the archive.
    Stored { start: u64, size: u64 },
    /// Deflated.
    Packed(Packed),
}

/// The names in a folder, sorted, with the numbers of their nodes.
#[derive(Default)]
pub(super) struct Folder(Vec<(Box<[u8]>, usize)>);

pub(super) struct Node {
    pub(super) body: Body,
    pub(super) about: About,
    pub(super) links: u64,
}

/// What is known of a member beside its contents.
#[derive(Clone, Copy, Default)]
pub(super) struct About {
    pub(super) modified: Timestamp,
    /// Nine bits, as POSIX has them.
    pub(super) permissions: Option<u16>,
}

/// Everything in an image. The first node is its top.
pub(super) struct Tree {
    pub(super) nodes: Vec<Node>,
    pub(super) source: Source,
    pub(super) unpacker: Unpacker,
    device: u64,
}

/// The members of an archive, as they come.
pub(super) struct Members {
    nodes: Vec<Node>,
    /// The names of each folder, by its number.
    folders: BTreeMap<usize, BTreeMap<Box<[u8]>, usize>>,
    names: usize,
    /// Bytes of all links' texts. Compressed ones take hardly any room in their archive.
    link_texts: u64,
}

impl Contents {
    pub(super) fn size(&self) -> u64 {
        match self {
            Self::Stored { size, .. } => *size,
            Self::Packed(packed) => packed.size,
        }
    }
}

impl Folder {
    pub(super) fn get(&self, name: &[u8]) -> Option<usize> {
        let at = self.0.binary_search_by(|(other, _)| (**other).cmp(name)).ok()?;
        self.0.get(at).map(|(_, number)| *number)
    }

    pub(super) fn nth(&self, at: usize) -> Option<(&[u8], usize)> {
        self.0.get(at).map(|(name, number)| (&**name, *number))
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

impl Node {
    fn new(body: Body, about: About) -> Self {
        let links = if matches!(body, Body::Folder(_)) { 2 } else { 1 };
        Self { body, about, links }
    }

    pub(super) fn kind(&self) -> FileKind {
        match self.body {
            Body::Folder(_) => FileKind::Directory,
            Body::File(_) => FileKind::Regular,
            Body::Link(_) => FileKind::SymbolicLink,
        }
    }
}

impl Tree {
    pub(super) fn stat(&self, number: usize) -> Stat {
        let node = &self.nodes[number];
        Stat {
            device: self.device,
            inode: number as u64 + 1,
            kind: node.kind(),
            links: node.links,
            size: match &node.body {
                Body::Folder(folder) => folder.len() as u64,
                Body::File(contents) => contents.size(),
                Body::Link(text) => text.len() as u64,
            },
            accessed: node.about.modified,
            modified: node.about.modified,
            changed: node.about.modified,
        }
    }
}

impl Members {
    pub(super) fn new() -> Self {
        let top = Node::new(Body::Folder(Folder::default()), About::default());
        Self {
            nodes: vec![top],
            folders: BTreeMap::from([(0, BTreeMap::new())]),
            names: 0,
            link_texts: 0,
        }
    }

    /// Adds a member.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn add(&mut self, path: &[u8], body: Body, about: About) -> Result<(), ImageError> {
        let is_folder = matches!(body, Body::Folder(_));
        if let Body::Link(text) = &body {
            self.link_texts += text.len() as u64;
            if self.link_texts > MOST_TABLE {
                let megabytes = MOST_TABLE >> 20;
                return Err(ImageError::TooMuch(format!("more than {megabytes} MiB of links")));
            }
        }
        let Some((folder, name)) = self.place(path)? else {
            if !is_folder {
                return Err(ImageError::member(path, "has no name"));
            }
            self.nodes[0].about = about;
            return Ok(());
        };
        match self.child(folder, name) {
            Some(old) if self.folders.contains_key(&old) => {
                if !is_folder {
                    return Err(ImageError::member(path, "is a folder, too"));
                }
                self.nodes[old].about = about;
                Ok(())
            }
            _ => {
                let number = self.make(Node::new(body, about));
                self.name(folder, name, number)
            }
        }
    }

    /// Gives a member that was added before a second name.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn link(&mut self, path: &[u8], target: &[u8]) -> Result<(), ImageError> {
        let missing = || {
            let target = String::from_utf8_lossy(target);
            let reason = format!("is a hard link to {target:?}, which is no file before it");
            ImageError::member(path, reason)
        };
        let found = self.find(target).filter(|number| !self.folders.contains_key(number));
        let number = found.ok_or_else(missing)?;
        let Some((folder, name)) = self.place(path)? else {
            return Err(ImageError::member(path, "has no name"));
        };
        match self.child(folder, name) {
            Some(old) if old == number => return Ok(()),
            Some(old) if self.folders.contains_key(&old) => {
                return Err(ImageError::member(path, "is a folder, too"));
            }
            _ => {}
        }
        self.nodes[number].links += 1;
        self.name(folder, name, number)
    }

    pub(super) fn into_tree(self, source: Source) -> Arc<Tree> {
        let Self { mut nodes, folders, .. } = self;
        for (number, names) in folders {
            nodes[number].body = Body::Folder(Folder(names.into_iter().collect()));
        }
        Arc::new(Tree { nodes, source, unpacker: Unpacker::new(), device: numbers::next() })
    }

    /// The folder of a path, made if no member has named it so far, and the last name. `None` for
    /// the top.
    fn place<'a>(&mut self, path: &'a [u8]) -> Result<Option<(usize, &'a [u8])>, ImageError> {
        let mut names = names(path)?;
        let Some(last) = names.pop() else { return Ok(None) };
        let mut folder = 0;
        for name in names {
            folder = match self.child(folder, name) {
                Some(number) if self.folders.contains_key(&number) => number,
                Some(_) => {
                    return Err(ImageError::member(path, "lies below what is no folder"));
                }
                None => {
                    let implied = Node::new(Body::Folder(Folder::default()), About::default());
                    let number = self.make(implied);
                    self.name(folder, name, number)?;
                    number
                }
            };
        }
        Ok(Some((folder, last)))
    }

    fn find(&self, path: &[u8]) -> Option<usize> {
        names(path).ok()?.into_iter().try_fold(0, |folder, name| self.child(folder, name))
    }

    fn child(&self, folder: usize, name: &[u8]) -> Option<usize> {
        self.folders.get(&folder)?.get(name).copied()
    }

    fn make(&mut self, node: Node) -> usize {
        let number = self.nodes.len();
        if let Body::Folder(_) = node.body {
            self.folders.insert(number, BTreeMap::new());
        }
        self.nodes.push(node);
        number
    }

    /// Gives a node a name, in place of what had it.
    fn name(&mut self, folder: usize, name: &[u8], number: usize) -> Result<(), ImageError> {
        self.names += 1;
        if self.names > MOST_NAMES {
            return Err(ImageError::TooMuch(format!("more than {MOST_NAMES} names")));
        }
        if self.folders.contains_key(&number) {
            // By its `..`.
            self.nodes[folder].links += 1;
        }
        let names = self.folders.entry(folder).or_default();
        if let Some(old) = names.insert(name.into(), number) {
            self.nodes[old].links -= 1;
        }
        Ok(())
    }
}

/// The names in a member's path.
fn names(path: &[u8]) -> Result<Vec<&[u8]>, ImageError> {
    let wrong = |reason: &str| Err(ImageError::member(path, reason));
    if path.first() == Some(&b'/') {
        return wrong("has an absolute name, which could not stay inside of the image");
    }
    if path.contains(&0) {
        return wrong("has a NUL byte in its name");
    }
    if path.len() > LONGEST_PATH {
        let start = &path[..40];
        return Err(ImageError::member(start, format!("has a name of {} bytes", path.len())));
    }
    let names = path.split(|byte| *byte == b'/').filter(|name| !matches!(*name, b"" | b"."));
    let names: Vec<_> = names.collect();
    if names.contains(&&b".."[..]) {
        return wrong("has `..` in its name, which could leave the image");
    }
    if names.iter().any(|name| name.len() > LONGEST_NAME) {
        return wrong("has a name in it of more than 255 bytes");
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_take_no_more_room_than_tables() {
        let mut members = Members::new();
        let text = vec![b'x'; 4095];
        let mut add = |at: u32| {
            let body = Body::Link(text.clone().into());
            members.add(at.to_string().as_bytes(), body, About::default())
        };
        let most = u32::try_from(MOST_TABLE / 4095).unwrap();
        assert_eq!((0..most).try_for_each(&mut add), Ok(()));
        assert!(matches!(add(most), Err(ImageError::TooMuch(_))));
    }
}
