use super::Descriptor;
use crate::p2::bindings::wasi::filesystem::types::ErrorCode as GuestCode;
use crate::p2::error::guest_code;
use crate::p2::table::Lent;
use std::io::IoSliceMut;
use wayleave_component::abi::{GuestBytes, TypeContext};
use wayleave_component::plan::Type;
use wayleave_component::{ComponentType, Guest, Lower, Mismatch};
use wayleave_engine::{Slots, Stop};
use wayleave_system::ErrorCode;
use wayleave_system::fs::File;

/// What a read at an offset gives: `result<tuple<list<u8>, bool>, error-code>`, read straight into
/// the guest's memory.
pub(crate) struct ReadAt(Result<Source, ErrorCode>);

struct Source {
    /// Out of its table until the guest has the bytes.
    file: Lent<Descriptor>,
    room: u32,
    offset: u64,
}

type Described = Result<(GuestBytes, bool), GuestCode>;

/// Most bytes of one read: guests allocate room for what they may get.
const MOST: u32 = 16 << 20;

/// Reads up to this long allocate what they ask for; longer ones, what there is.
const CHUNK: u32 = 64 << 10;

/// How much room a read of `len` bytes is to have.
#[inline]
pub(super) fn room(file: &dyn File, len: u64, offset: u64) -> u32 {
    let room = u32::try_from(len).unwrap_or(u32::MAX).min(MOST);
    if room > CHUNK { room.min(left(file, offset).unwrap_or(room).max(1)) } else { room }
}

fn left(file: &dyn File, offset: u64) -> Option<u32> {
    let size = file.stat().ok()?.size;
    u32::try_from(size.saturating_sub(offset)).ok()
}

impl ReadAt {
    #[inline]
    pub(super) fn new(file: Lent<Descriptor>, room: u32, offset: u64) -> Self {
        Self(Ok(Source { file, room, offset }))
    }

    pub(super) fn failed(code: ErrorCode) -> Self {
        Self(Err(code))
    }

    /// The descriptor that was lent for it.
    #[inline]
    pub(super) fn into_lent(self) -> Option<Lent<Descriptor>> {
        self.0.ok().map(|source| source.file)
    }

    #[inline]
    fn read<G: Guest>(&self, to: &mut G) -> Result<Described, Stop> {
        let source = match &self.0 {
            Ok(source) => source,
            Err(code) => return Ok(Err(guest_code(*code))),
        };
        let file = match source.file.resource().file() {
            Ok(file) => file,
            Err(code) => return Ok(Err(guest_code(code))),
        };
        let bytes = GuestBytes::fill(to, source.room, |buffer| {
            file.read_at(&mut [IoSliceMut::new(buffer)], source.offset)
        })?;
        let end = |bytes: GuestBytes| (bytes, bytes.is_empty() && source.room > 0);
        Ok(bytes.map(end).map_err(guest_code))
    }
}

impl ComponentType for ReadAt {
    const SIZE: u32 = Described::SIZE;
    const ALIGN: u32 = Described::ALIGN;
    const FLAT: usize = Described::FLAT;

    fn check(ty: Type, context: &TypeContext<'_>) -> Result<(), Mismatch> {
        Described::check(ty, context)
    }
}

impl Lower for ReadAt {
    fn lower<G: Guest>(&self, to: &mut G, slots: &mut impl Slots, at: usize) -> Result<(), Stop> {
        self.read(to)?.lower(to, slots, at)
    }

    #[inline]
    fn store<G: Guest>(&self, to: &mut G, at: u32) -> Result<(), Stop> {
        self.read(to)?.store(to, at)
    }
}
