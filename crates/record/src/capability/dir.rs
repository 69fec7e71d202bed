use super::entries::TapeEntries;
use super::{Made, TapeFile, real};
use crate::file::{Broken, In, Out};
use crate::tape::{Call, Op, Tape};
use crate::wire::Wire;
use std::any::Any;
use std::sync::Arc;
use wayleave_system::fs::{Dir, Entries, Node, OpenOptions, SetTime, Stat, SyncKind, link, rename};
use wayleave_system::{ErrorCode, Result};

/// An open folder.
pub(crate) struct TapeDir {
    tape: Arc<Tape>,
    handle: u32,
    name: String,
    read_only: bool,
    inner: Option<Arc<dyn Dir>>,
}

impl TapeDir {
    /// While recording.
    pub(crate) fn around(tape: &Arc<Tape>, name: &str, inner: Arc<dyn Dir>) -> Arc<Self> {
        Self::new(tape, name, inner.is_read_only(), Some(inner))
    }

    /// While replaying.
    pub(crate) fn empty(tape: &Arc<Tape>, name: &str, read_only: bool) -> Arc<Self> {
        Self::new(tape, name, read_only, None)
    }

    fn new(
        tape: &Arc<Tape>,
        name: &str,
        read_only: bool,
        inner: Option<Arc<dyn Dir>>,
    ) -> Arc<Self> {
        let (handle, name) = (tape.new_handle(), name.to_owned());
        Arc::new(Self { tape: tape.clone(), handle, name, read_only, inner })
    }

    /// A call about what is at a path.
    fn at<'a>(&self, op: Op, path: &'a str) -> Call<'a> {
        Call::new(op, self.handle, path)
    }

    /// A call about the folder.
    fn own(&self, op: Op) -> Call<'_> {
        Call::new(op, self.handle, &self.name)
    }

    fn inner(&self) -> Result<&dyn Dir> {
        Ok(&**real(&self.inner)?)
    }
}

/// What was opened, without it.
enum Opened {
    File(Option<Arc<dyn wayleave_system::fs::File>>),
    Dir { read_only: bool, inner: Option<Arc<dyn Dir>> },
}

impl From<Node> for Opened {
    fn from(node: Node) -> Self {
        match node {
            Node::File(file) => Self::File(Some(file)),
            Node::Dir(dir) => Self::Dir { read_only: dir.is_read_only(), inner: Some(dir) },
        }
    }
}

impl Wire for Opened {
    fn put(&self, out: &mut Out) {
        match self {
            Self::File(_) => 0_u8.put(out),
            Self::Dir { read_only: false, .. } => 1_u8.put(out),
            Self::Dir { read_only: true, .. } => 2_u8.put(out),
        }
    }

    fn take(from: &mut In) -> std::result::Result<Self, Broken> {
        match u8::take(from)? {
            0 => Ok(Self::File(None)),
            1 => Ok(Self::Dir { read_only: false, inner: None }),
            2 => Ok(Self::Dir { read_only: true, inner: None }),
            _ => Err(from.damaged()),
        }
    }
}

impl Dir for TapeDir {
    fn open(&self, path: &str, options: &OpenOptions) -> Result<Node> {
        let call = self.at(Op::Open, path).debug(options);
        let opened = self.tape.call(call, || Ok(self.inner()?.open(path, options)?.into()));
        Ok(match opened? {
            Opened::File(inner) => Node::File(TapeFile::new(&self.tape, path, inner)),
            Opened::Dir { read_only, inner } => {
                Node::Dir(Self::new(&self.tape, path, read_only, inner))
            }
        })
    }

    fn stat_at(&self, path: &str, follow: bool) -> Result<Stat> {
        let call = self.at(Op::StatAt, path).flags(&[follow]);
        self.tape.call(call, || self.inner()?.stat_at(path, follow))
    }

    fn set_times_at(
        &self,
        path: &str,
        follow: bool,
        accessed: SetTime,
        modified: SetTime,
    ) -> Result<()> {
        let call = self.at(Op::SetTimesAt, path).flags(&[follow]);
        self.tape.call(call.debug(&accessed).debug(&modified), || {
            self.inner()?.set_times_at(path, follow, accessed, modified)
        })
    }

    fn create_dir(&self, path: &str) -> Result<()> {
        self.tape.call(self.at(Op::CreateDir, path), || self.inner()?.create_dir(path))
    }

    fn remove_dir(&self, path: &str) -> Result<()> {
        self.tape.call(self.at(Op::RemoveDir, path), || self.inner()?.remove_dir(path))
    }

    fn remove_file(&self, path: &str) -> Result<()> {
        self.tape.call(self.at(Op::RemoveFile, path), || self.inner()?.remove_file(path))
    }

    fn symlink(&self, target: &str, path: &str) -> Result<()> {
        let call = self.at(Op::Symlink, path).debug(&target);
        self.tape.call(call, || self.inner()?.symlink(target, path))
    }

    fn read_link(&self, path: &str) -> Result<Vec<u8>> {
        self.tape.call(self.at(Op::ReadLink, path), || self.inner()?.read_link(path))
    }

    fn rename_to(&self, path: &str, to_dir: &dyn Dir, to: &str) -> Result<()> {
        let other = taped(to_dir)?;
        let call = self.at(Op::Rename, path).number(other.handle.into()).debug(&to);
        self.tape.call(call, || rename(self.inner()?, path, other.inner()?, to))
    }

    fn link_to(&self, path: &str, follow: bool, to_dir: &dyn Dir, to: &str) -> Result<()> {
        let other = taped(to_dir)?;
        let call = self.at(Op::Link, path).number(other.handle.into()).debug(&to);
        self.tape
            .call(call.flags(&[follow]), || link(self.inner()?, path, follow, other.inner()?, to))
    }

    fn stat(&self) -> Result<Stat> {
        self.tape.call(self.own(Op::DirStat), || self.inner()?.stat())
    }

    fn set_times(&self, accessed: SetTime, modified: SetTime) -> Result<()> {
        let call = self.own(Op::SetDirTimes).debug(&accessed).debug(&modified);
        self.tape.call(call, || self.inner()?.set_times(accessed, modified))
    }

    fn sync(&self, kind: SyncKind) -> Result<()> {
        self.tape.call(self.own(Op::SyncDir).debug(&kind), || self.inner()?.sync(kind))
    }

    fn entries(&self) -> Result<Box<dyn Entries>> {
        let begin = || Ok(Made(Some(self.inner()?.entries()?)));
        let Made(inner) = self.tape.call(self.own(Op::Entries), begin)?;
        Ok(Box::new(TapeEntries::new(&self.tape, &self.name, inner)))
    }

    fn is_read_only(&self) -> bool {
        self.read_only
    }
}

/// Another folder of the same guest: all of them are wrapped.
fn taped(dir: &dyn Dir) -> Result<&TapeDir> {
    (dir as &dyn Any).downcast_ref().ok_or(ErrorCode::CrossDevice)
}
