use super::real;
use crate::tape::{Call, Op, Tape};
use std::io::{IoSlice, IoSliceMut, SeekFrom};
use std::sync::Arc;
use wayleave_system::fs::{Advice, File, FileKind, SetTime, Stat, SyncKind};
use wayleave_system::wait::{Blocking, Interest, Readiness};
use wayleave_system::{ErrorCode, Result};

/// An open file.
///
/// Whether a call may block is not among its arguments: that depends on what may interrupt the
/// guest, which is not the same when it is replayed.
pub(crate) struct TapeFile {
    tape: Arc<Tape>,
    handle: u32,
    name: String,
    inner: Option<Arc<dyn File>>,
    /// Where what is written is shown while replaying.
    shown: Option<Arc<dyn File>>,
}

impl TapeFile {
    pub(crate) fn new(tape: &Arc<Tape>, name: &str, inner: Option<Arc<dyn File>>) -> Arc<Self> {
        let handle = tape.new_handle();
        Arc::new(Self { tape: tape.clone(), handle, name: name.to_owned(), inner, shown: None })
    }

    /// One without anything behind it, what is written to which is shown all the same.
    pub(crate) fn shown(tape: &Arc<Tape>, name: &str, to: Arc<dyn File>) -> Arc<Self> {
        let handle = tape.new_handle();
        let (tape, name) = (tape.clone(), name.to_owned());
        Arc::new(Self { tape, handle, name, inner: None, shown: Some(to) })
    }

    fn call_of(&self, op: Op) -> Call<'_> {
        Call::new(op, self.handle, &self.name)
    }

    fn inner(&self) -> Result<&Arc<dyn File>> {
        real(&self.inner)
    }

    /// Bytes that the guest wrote when it was recorded, and now again.
    fn show(&self, buffers: &[IoSlice<'_>], length: usize) {
        let Some(to) = &self.shown else { return };
        let mut left = length;
        for buffer in buffers {
            let part = &buffer[..left.min(buffer.len())];
            left -= part.len();
            if let Err(code) = write_all(&**to, part) {
                if let Some(mut player) = self.tape.player() {
                    player.fail_output(code);
                }
                return;
            }
        }
    }
}

fn write_all(to: &dyn File, mut bytes: &[u8]) -> Result<()> {
    while !bytes.is_empty() {
        match to.write(&[IoSlice::new(bytes)], Blocking::Allowed)? {
            0 => return Err(ErrorCode::Io),
            written => bytes = bytes.get(written..).unwrap_or_default(),
        }
    }
    Ok(())
}

impl File for TapeFile {
    fn read(&self, buffers: &mut [IoSliceMut<'_>], blocking: Blocking) -> Result<usize> {
        let read = |buffers: &mut [IoSliceMut<'_>]| self.inner()?.read(buffers, blocking);
        self.tape.fill(self.call_of(Op::Read), buffers, |read| *read, read)
    }

    fn write(&self, buffers: &[IoSlice<'_>], blocking: Blocking) -> Result<usize> {
        let write = || self.inner()?.write(buffers, blocking);
        let written = self.tape.send(self.call_of(Op::Write), buffers, write)?;
        self.show(buffers, written);
        Ok(written)
    }

    fn read_at(&self, buffers: &mut [IoSliceMut<'_>], offset: u64) -> Result<usize> {
        let read = |buffers: &mut [IoSliceMut<'_>]| self.inner()?.read_at(buffers, offset);
        self.tape.fill(self.call_of(Op::ReadAt).number(offset), buffers, |read| *read, read)
    }

    /// Changes nothing that a guest could see.
    fn prepare(&self, offset: Option<u64>) -> Result<()> {
        self.inner().map_or(Ok(()), |inner| inner.prepare(offset))
    }

    fn write_at(&self, buffers: &[IoSlice<'_>], offset: u64) -> Result<usize> {
        let call = self.call_of(Op::WriteAt).number(offset);
        let written = self.tape.send(call, buffers, || self.inner()?.write_at(buffers, offset))?;
        self.show(buffers, written);
        Ok(written)
    }

    fn seek(&self, to: SeekFrom) -> Result<u64> {
        self.tape.call(self.call_of(Op::Seek).debug(&to), || self.inner()?.seek(to))
    }

    fn kind(&self) -> Result<FileKind> {
        self.tape.call(self.call_of(Op::FileKind), || self.inner()?.kind())
    }

    fn stat(&self) -> Result<Stat> {
        self.tape.call(self.call_of(Op::FileStat), || self.inner()?.stat())
    }

    fn set_size(&self, size: u64) -> Result<()> {
        let call = self.call_of(Op::SetSize).number(size);
        self.tape.call(call, || self.inner()?.set_size(size))
    }

    fn allocate(&self, offset: u64, length: u64) -> Result<()> {
        let call = self.call_of(Op::Allocate).number(offset).number(length);
        self.tape.call(call, || self.inner()?.allocate(offset, length))
    }

    fn advise(&self, offset: u64, length: u64, advice: Advice) -> Result<()> {
        let call = self.call_of(Op::Advise).number(offset).number(length).debug(&advice);
        self.tape.call(call, || self.inner()?.advise(offset, length, advice))
    }

    fn set_times(&self, accessed: SetTime, modified: SetTime) -> Result<()> {
        let call = self.call_of(Op::SetFileTimes).debug(&accessed).debug(&modified);
        self.tape.call(call, || self.inner()?.set_times(accessed, modified))
    }

    fn sync(&self, kind: SyncKind) -> Result<()> {
        let call = self.call_of(Op::SyncFile).debug(&kind);
        self.tape.call(call, || self.inner()?.sync(kind))
    }

    fn set_append(&self, append: bool) -> Result<()> {
        let call = self.call_of(Op::SetAppend).flags(&[append]);
        self.tape.call(call, || self.inner()?.set_append(append))
    }

    fn available(&self) -> Result<u64> {
        self.tape.call(self.call_of(Op::Available), || self.inner()?.available())
    }

    fn readiness(&self, interest: Interest) -> Readiness<'_> {
        let call = self.call_of(Op::FileReadiness).debug(&interest);
        self.tape.readiness(call, || match &self.inner {
            Some(inner) => inner.readiness(interest),
            None => Readiness::Now,
        })
    }
}
