use crate::fs::forward::forward_file;
use crate::fs::{File, FileKind};
use crate::wait::Blocking;
use crate::{ErrorCode, Result};
use std::io::IoSliceMut;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A stream of which a read gives all that was asked for, up to its end: how much of it arrives at a
/// time does not show.
pub struct Whole {
    file: Arc<dyn File>,
    /// What has arrived, of a read that has to wait for more.
    arrived: Mutex<Vec<u8>>,
}

/// Most bytes of one read: what the host holds.
const MOST: usize = 64 << 10;

impl Whole {
    /// Reads all of `file` in wholes. Terminals are for people, and give line by line as ever.
    pub fn wrap(file: Arc<dyn File>) -> Arc<dyn File> {
        match file.kind() {
            Ok(FileKind::CharacterDevice | FileKind::Regular) => file,
            _ => Arc::new(Self { file, arrived: Mutex::default() }),
        }
    }

    fn arrived(&self) -> MutexGuard<'_, Vec<u8>> {
        self.arrived.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl File for Whole {
    forward_file!(file: write, read_at, write_at, seek, kind, stat, set_size, allocate, advise, set_times, sync, set_append, readiness);

    fn read(&self, buffers: &mut [IoSliceMut<'_>], blocking: Blocking) -> Result<usize> {
        let mut arrived = self.arrived();
        let room: usize = buffers.iter().map(|buffer| buffer.len()).sum();
        let wanted = room.min(MOST);
        while arrived.len() < wanted {
            let before = arrived.len();
            arrived.resize(wanted, 0);
            let read = self.file.read(&mut [IoSliceMut::new(&mut arrived[before..])], blocking);
            arrived.truncate(before + read.unwrap_or(0));
            match read {
                Ok(0) => break,
                Ok(_) => {}
                // What has arrived before is the guest's; the error comes again.
                Err(error) if error == ErrorCode::Again || before == 0 => return Err(error),
                Err(_) => break,
            }
        }
        let count = arrived.len().min(wanted);
        let mut from = arrived.drain(..count);
        for buffer in buffers {
            for (to, byte) in buffer.iter_mut().zip(&mut from) {
                *to = byte;
            }
        }
        Ok(count)
    }

    /// Not known: what is there now is a matter of chance.
    fn available(&self) -> Result<u64> {
        Ok(1)
    }
}
