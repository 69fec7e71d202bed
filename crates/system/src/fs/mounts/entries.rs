use super::Mounted;
use super::spot::Spot;
use super::tree::Node;
use crate::fs::{DirEntry, Entries, FileKind};
use crate::{ErrorCode, Result};

/// Marks the cookies of mount points; those of folders are smaller.
const OWN: u64 = 1 << 63;

/// A walk over a folder and the mount points in it: first what is in the folder, without what
/// mount points hide, then they.
pub(super) struct MountEntries {
    folder: Option<Box<dyn Entries>>,
    points: Vec<Shown>,
    /// The mount point that comes next; `None` in the folder.
    at: Option<usize>,
}

struct Shown {
    name: String,
    inode: u64,
    kind: FileKind,
}

impl MountEntries {
    pub(super) fn new(spot: &Spot) -> Result<Self> {
        let folder = spot.dir.as_ref().map(|dir| dir.entries()).transpose()?;
        let mut points = Vec::new();
        if folder.is_none() {
            let inode = spot.stat()?.inode;
            let kind = FileKind::Directory;
            points.push(Shown { name: ".".to_owned(), inode, kind });
            // The folder above may be none of the guest's business.
            points.push(Shown { name: "..".to_owned(), inode: 0, kind });
        }
        if let Some(node) = &spot.node {
            points.extend(node.children.iter().map(|(name, child)| Shown::new(name, child)));
        }
        let at = if folder.is_none() { Some(0) } else { None };
        Ok(Self { folder, points, at })
    }

    /// Goes on to what is to be shown next.
    fn settle(&mut self) -> Result<()> {
        let Some(folder) = self.folder.as_mut().filter(|_| self.at.is_none()) else {
            return Ok(());
        };
        while let Some(entry) = folder.peek()? {
            if !self.points.iter().any(|point| point.name.as_bytes() == entry.name) {
                return Ok(());
            }
            folder.advance();
        }
        self.at = Some(0);
        Ok(())
    }
}

impl Shown {
    fn new(name: &str, node: &Node) -> Self {
        let name = name.to_owned();
        let (stat, kind) = match &node.mounted {
            Some(Mounted::Dir(dir)) => (dir.stat(), FileKind::Directory),
            Some(Mounted::File(file)) => {
                let stat = file.stat();
                let kind = stat.map_or(FileKind::Unknown, |stat| stat.kind);
                (stat, kind)
            }
            None => return Self { name, inode: node.number, kind: FileKind::Directory },
        };
        Self { name, inode: stat.map_or(0, |stat| stat.inode), kind }
    }
}

impl Entries for MountEntries {
    fn seek(&mut self, cookie: u64) -> Result<()> {
        match (cookie.checked_sub(OWN), &mut self.folder) {
            (Some(at), _) => {
                let at = usize::try_from(at).ok().filter(|at| *at <= self.points.len());
                self.at = Some(at.ok_or(ErrorCode::Invalid)?);
            }
            (None, Some(folder)) => {
                folder.seek(cookie)?;
                self.at = None;
            }
            (None, None) if cookie == 0 => self.at = Some(0),
            (None, None) => return Err(ErrorCode::Invalid),
        }
        Ok(())
    }

    fn peek(&mut self) -> Result<Option<DirEntry<'_>>> {
        self.settle()?;
        let Some(at) = self.at else {
            return self.folder.as_mut().map_or(Ok(None), |folder| folder.peek());
        };
        Ok(self.points.get(at).map(|shown| DirEntry {
            name: shown.name.as_bytes(),
            inode: shown.inode,
            kind: shown.kind,
            next: OWN + at as u64 + 1,
        }))
    }

    fn advance(&mut self) {
        match (&mut self.at, &mut self.folder) {
            (Some(at), _) => *at = (*at + 1).min(self.points.len()),
            (None, Some(folder)) => folder.advance(),
            (None, None) => {}
        }
    }
}
