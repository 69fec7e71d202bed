//! Deflated contents: read anywhere, in bounded memory.
//!
//! What is unpacked is kept as blocks, the ones used last. Deflate can only be unpacked from the
//! start on; so that going back is not starting over, the state of unpacking is kept at places
//! along the way, 44 KiB each. Blocks and states of all members of an image share their room: 16
//! MiB for 256 blocks, 11 MiB for 256 states.
//!
//! The way to a place far inside is gone a step at a time, and where a step has led is kept: so can
//! whoever asks stop in between.

use super::source::Source;
use crate::{ErrorCode, Result};
use miniz_oxide::MZFlush;
use miniz_oxide::inflate::stream::{InflateState, inflate};
use std::io::IoSliceMut;
use std::sync::{Arc, Mutex, PoisonError};

const BLOCK: usize = 64 * 1024;
const BLOCK_U64: u64 = BLOCK as u64;
const MOST_BLOCKS: usize = 256;
const MOST_STATES: usize = 256;

/// No states are kept nearer to each other than this.
const APART: u64 = 16 * BLOCK_U64;

/// Large members have no more places than this each, so that they leave some to others.
const MOST_PLACES: u64 = 64;

/// How many bytes are unpacked in a step: some milliseconds' worth.
const STEP: u64 = 32 * BLOCK_U64;

/// Most bytes of one read: as much as another step.
const MOST_READ: usize = 32 * BLOCK;

/// How much of the archive is read at a time.
const INPUT: usize = 16 * 1024;

/// Deflated contents of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Packed {
    /// Where in the archive.
    pub(super) start: u64,
    /// How many bytes there.
    pub(super) packed: u64,
    /// How many bytes unpacked.
    pub(super) size: u64,
}

/// What is unpacked of an image's members.
pub(super) struct Unpacker(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    blocks: Vec<Block>,
    states: Vec<State>,
    /// Counts uses.
    now: u64,
}

struct Block {
    /// The member, by its start, and the block's place in it.
    key: (u64, u64),
    bytes: Arc<[u8]>,
    used: u64,
}

#[derive(Clone)]
struct State {
    member: u64,
    /// Bytes taken from the archive so far.
    taken: u64,
    /// Bytes given so far.
    given: u64,
    inflate: Box<InflateState>,
    used: u64,
}

impl Unpacker {
    pub(super) fn new() -> Self {
        Self(Mutex::default())
    }

    /// Goes a step towards an offset.
    ///
    /// # Errors
    /// `Again` where that was not the last one.
    pub(super) fn prepare(&self, source: &Source, member: &Packed, offset: u64) -> Result<()> {
        if offset >= member.size {
            return Ok(());
        }
        self.step(source, member, offset / BLOCK_U64)?.map(drop).ok_or(ErrorCode::Again)
    }

    /// Reads unpacked bytes at an offset.
    pub(super) fn read_at(
        &self,
        source: &Source,
        member: &Packed,
        buffers: &mut [IoSliceMut<'_>],
        offset: u64,
    ) -> Result<usize> {
        let mut read = 0;
        for buffer in buffers {
            let mut rest = &mut **buffer;
            while !rest.is_empty() {
                let at = offset + read as u64;
                if at >= member.size || read >= MOST_READ {
                    return Ok(read);
                }
                let bytes = match self.block(source, member, at / BLOCK_U64) {
                    Ok(bytes) => bytes,
                    // What came before it is good.
                    Err(_) if read > 0 => return Ok(read),
                    Err(error) => return Err(error),
                };
                let skip = usize::try_from(at % BLOCK_U64).map_err(|_| ErrorCode::Io)?;
                let from = bytes.get(skip..).filter(|from| !from.is_empty());
                let from = from.ok_or(ErrorCode::Io)?;
                let length = from.len().min(rest.len());
                rest[..length].copy_from_slice(&from[..length]);
                rest = &mut rest[length..];
                read += length;
            }
        }
        Ok(read)
    }

    fn block(&self, source: &Source, member: &Packed, index: u64) -> Result<Arc<[u8]>> {
        loop {
            if let Some(block) = self.step(source, member, index)? {
                return Ok(block);
            }
        }
    }

    /// The block, if there is no more than one step to it.
    fn step(&self, source: &Source, member: &Packed, index: u64) -> Result<Option<Arc<[u8]>>> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.now += 1;
        let now = kept.now;
        let key = (member.start, index);
        if let Some(block) = kept.blocks.iter_mut().find(|block| block.key == key) {
            block.used = now;
            return Ok(Some(Arc::clone(&block.bytes)));
        }
        let Some(bytes) = kept.unpack(source, member, index)? else { return Ok(None) };
        let bytes: Arc<[u8]> = bytes.into();
        make_room(&mut kept.blocks, MOST_BLOCKS, |block| block.used);
        kept.blocks.push(Block { key, bytes: Arc::clone(&bytes), used: now });
        Ok(Some(bytes))
    }
}

impl Kept {
    /// Unpacks a block; `None` when it is further than a step.
    fn unpack(&mut self, source: &Source, member: &Packed, index: u64) -> Result<Option<Vec<u8>>> {
        let apart = apart(member.size);
        let mut state = self.nearest(member, index * BLOCK_U64, apart);
        let end = state.given + STEP;
        while state.given < end {
            if state.given > 0 && state.given.is_multiple_of(apart) {
                self.keep(state.clone());
            }
            let at = state.given / BLOCK_U64;
            let left = member.size - state.given;
            let bytes = state.unpack(source, member, left.min(BLOCK_U64))?;
            if at == index {
                self.keep(state);
                return Ok(Some(bytes));
            }
        }
        self.keep(state);
        Ok(None)
    }

    /// The state from which the way to `offset` is the shortest.
    fn nearest(&mut self, member: &Packed, offset: u64, apart: u64) -> State {
        let states = self.states.iter().enumerate();
        let before = states.filter(|(_, s)| s.member == member.start && s.given <= offset);
        match before.max_by_key(|(_, s)| s.given).map(|(at, _)| at) {
            // Those at the places stay there; the others are where somebody is reading on.
            Some(at) if self.states[at].given.is_multiple_of(apart) => self.states[at].clone(),
            Some(at) => self.states.swap_remove(at),
            None => State::start(member),
        }
    }

    fn keep(&mut self, mut state: State) {
        state.used = self.now;
        let same = |s: &State| s.member == state.member && s.given == state.given;
        if let Some(same) = self.states.iter_mut().find(|s| same(s)) {
            same.used = self.now;
            return;
        }
        make_room(&mut self.states, MOST_STATES, |state| state.used);
        self.states.push(state);
    }
}

/// How far from each other states of a member are kept.
fn apart(size: u64) -> u64 {
    (size / MOST_PLACES).div_ceil(BLOCK_U64).saturating_mul(BLOCK_U64).max(APART)
}

/// Takes out what was used the longest ago.
fn make_room<T>(list: &mut Vec<T>, most: usize, used: impl Fn(&T) -> u64) {
    if list.len() < most {
        return;
    }
    if let Some((at, _)) = list.iter().enumerate().min_by_key(|(_, item)| used(item)) {
        list.swap_remove(at);
    }
}

impl State {
    fn start(member: &Packed) -> Self {
        let inflate = Box::<InflateState>::default();
        Self { member: member.start, taken: 0, given: 0, inflate, used: 0 }
    }

    /// The next `length` bytes.
    ///
    /// # Errors
    /// `Io` when the contents are damaged or shorter than they say.
    fn unpack(&mut self, source: &Source, member: &Packed, length: u64) -> Result<Vec<u8>> {
        let length = usize::try_from(length).map_err(|_| ErrorCode::Io)?;
        let mut bytes = vec![0; length];
        let mut filled = 0;
        let mut input = [0; INPUT];
        let (mut at, mut end) = (0, 0);
        while filled < length {
            if at == end {
                let left = usize::try_from(member.packed - self.taken).unwrap_or(usize::MAX);
                (at, end) = (0, left.min(INPUT));
                source.read_at(&mut input[..end], member.start + self.taken)?;
            }
            let result =
                inflate(&mut self.inflate, &input[at..end], &mut bytes[filled..], MZFlush::None);
            at += result.bytes_consumed;
            self.taken += result.bytes_consumed as u64;
            filled += result.bytes_written;
            let stuck = result.bytes_consumed == 0 && result.bytes_written == 0;
            if stuck || result.status.is_err() {
                return Err(ErrorCode::Io);
            }
        }
        self.given += length as u64;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use miniz_oxide::deflate::compress_to_vec;
    use std::io::Write;

    #[test]
    fn what_is_kept_is_bounded() {
        let bytes: Vec<u8> = (0..300_000_u32).flat_map(|n| (n / 7).to_le_bytes()).collect();
        let packed = compress_to_vec(&bytes, 1);
        let mut file = tempfile::tempfile().unwrap();
        let mut members = Vec::new();
        for at in 0..300 {
            let start = at * packed.len() as u64;
            file.write_all(&packed).unwrap();
            let size = bytes.len() as u64;
            members.push(Packed { start, packed: packed.len() as u64, size });
        }
        let source = Source::new(file).unwrap();
        let unpacker = Unpacker::new();
        for round in 0..2 {
            for member in &members {
                let offset = BLOCK_U64 * round + 3;
                let mut buffer = [0; 8];
                let buffers = &mut [IoSliceMut::new(&mut buffer)];
                assert_eq!(unpacker.read_at(&source, member, buffers, offset), Ok(8));
                let at = usize::try_from(offset).unwrap();
                assert_eq!(buffer, bytes[at..at + 8]);
            }
        }
        let kept = unpacker.0.lock().unwrap();
        assert_eq!((kept.blocks.len(), kept.states.len()), (MOST_BLOCKS, MOST_STATES));
    }

    #[test]
    fn places_are_apart_by_blocks_and_few() {
        for size in [0, 1, APART, 64 * APART, 64 * APART + 1, 1 << 40, u64::MAX] {
            let apart = apart(size);
            assert!(apart.is_multiple_of(BLOCK_U64) && apart >= APART, "{size}");
            assert!(size / apart <= MOST_PLACES, "{size}");
        }
    }
}
