use super::entries::ImageEntries;
use super::file::ImageFile;
use super::tree::{Body, Tree};
use crate::fs::path::{GuestPath, Last, Place};
use crate::fs::refuse::refuse_dir_changes;
use crate::fs::walk::{Folder, Follow, Step, walk};
use crate::fs::{Dir, Entries, FileKind, Node, OpenOptions, Stat, SyncKind};
use crate::{ErrorCode, Result};
use std::sync::Arc;

/// The longest name in bytes, as elsewhere.
const LONGEST: usize = 255;

/// A tar or zip file as a folder that can be read, or a folder in one.
///
/// Of two members with one name the last one counts. Folders that no member names are there as
/// well. Symbolic links are followed inside of the image only.
#[derive(Clone)]
pub struct Image {
    tree: Arc<Tree>,
    number: usize,
}

impl Image {
    pub(super) fn top(tree: Arc<Tree>) -> Self {
        Self { tree, number: 0 }
    }

    /// The number of what is at a path, and whether a slash wants it to be a folder.
    fn find(&self, path: GuestPath<'_>, follow: bool) -> Result<(usize, bool)> {
        let follow = if follow || path.slash { Follow::Always } else { Follow::Never };
        let place = walk(self.clone(), path.text(), follow)?;
        let Place { folder, last, slash } = place;
        let slash = path.slash || follow != Follow::Never && slash;
        let number = match &last {
            Last::Name(name) => folder.child(name)?.ok_or(ErrorCode::NoEntry)?,
            Last::Dot | Last::DotDot => folder.number,
        };
        Ok((number, slash))
    }

    fn child(&self, name: &[u8]) -> Result<Option<usize>> {
        if name.len() > LONGEST {
            return Err(ErrorCode::NameTooLong);
        }
        match &self.tree.nodes[self.number].body {
            Body::Folder(folder) => Ok(folder.get(name)),
            _ => Err(ErrorCode::NotDirectory),
        }
    }

    fn kind(&self, number: usize) -> FileKind {
        self.tree.nodes[number].kind()
    }
}

impl Folder for Image {
    fn enter(&self, name: &[u8]) -> Result<Step<Self>> {
        let number = self.child(name)?.ok_or(ErrorCode::NoEntry)?;
        match &self.tree.nodes[number].body {
            Body::Folder(_) => Ok(Step::Folder(Self { tree: Arc::clone(&self.tree), number })),
            Body::Link(text) => Ok(Step::Link(text.to_vec())),
            Body::File(_) => Err(ErrorCode::NotDirectory),
        }
    }

    fn link_text(&self, name: &[u8]) -> Result<Option<Vec<u8>>> {
        let Some(number) = self.child(name)? else { return Ok(None) };
        match &self.tree.nodes[number].body {
            Body::Link(text) => Ok(Some(text.to_vec())),
            _ => Ok(None),
        }
    }
}

impl Dir for Image {
    refuse_dir_changes!();

    fn open(&self, path: &str, options: &OpenOptions) -> Result<Node> {
        if options.write || options.append || options.truncate {
            return Err(ErrorCode::ReadOnly);
        }
        if options.create && options.directory {
            return Err(ErrorCode::Invalid);
        }
        if options.create && options.exclusive {
            return Err(match self.stat_at(path, false) {
                Ok(_) => ErrorCode::Exists,
                Err(ErrorCode::NoEntry) => ErrorCode::ReadOnly,
                Err(error) => error,
            });
        }
        let (number, slash) = match self.find(GuestPath::parse(path)?, options.follow) {
            Err(ErrorCode::NoEntry) if options.create => return Err(ErrorCode::ReadOnly),
            found => found?,
        };
        let tree = Arc::clone(&self.tree);
        match self.kind(number) {
            FileKind::Directory if options.create => Err(ErrorCode::IsDirectory),
            FileKind::Directory => Ok(Node::Dir(Arc::new(Self { tree, number }))),
            _ if options.directory || slash => Err(ErrorCode::NotDirectory),
            FileKind::SymbolicLink => Err(ErrorCode::Loop),
            _ => Ok(Node::File(Arc::new(ImageFile::new(tree, number)))),
        }
    }

    fn stat_at(&self, path: &str, follow: bool) -> Result<Stat> {
        let (number, slash) = self.find(GuestPath::parse(path)?, follow)?;
        if slash && self.kind(number) != FileKind::Directory {
            return Err(ErrorCode::NotDirectory);
        }
        Ok(self.tree.stat(number))
    }

    fn read_link(&self, path: &str) -> Result<Vec<u8>> {
        let (number, slash) = self.find(GuestPath::parse(path)?, false)?;
        match &self.tree.nodes[number].body {
            Body::Folder(_) => Err(ErrorCode::Invalid),
            _ if slash => Err(ErrorCode::NotDirectory),
            Body::Link(text) => Ok(text.to_vec()),
            Body::File(_) => Err(ErrorCode::Invalid),
        }
    }

    fn stat(&self) -> Result<Stat> {
        Ok(self.tree.stat(self.number))
    }

    fn sync(&self, _: SyncKind) -> Result<()> {
        Ok(())
    }

    fn entries(&self) -> Result<Box<dyn Entries>> {
        Ok(Box::new(ImageEntries::new(Arc::clone(&self.tree), self.number)))
    }

    fn permissions(&self) -> Option<u16> {
        self.tree.nodes[self.number].about.permissions
    }
}
