use crate::p2::bindings::wasi::filesystem::types::ErrorCode as GuestCode;
use crate::p2::error::guest_code;
use std::io::IoSliceMut;
use std::sync::Arc;
use wayleave_component::abi::{GuestBytes, TypeContext};
use wayleave_component::plan::Type;
use wayleave_component::{ComponentType, Guest, Lower, Mismatch};
use wayleave_engine::{Slots, Stop};
use wayleave_system::ErrorCode;
use wayleave_system::fs::File;

/// What a read at an offset gives: `result<tuple<list<u8>, bool>, error-code>`, read straight into
/// the guest's memory.
pub(crate) struct ReadAt {
    file: Result<Arc<dyn File>, ErrorCode>,
    room: u32,
    offset: u64,
}

type Described = Result<(GuestBytes, bool), GuestCode>;

/// Most bytes of one read: guests allocate room for what they may get.
const MOST: u32 = 16 << 20;

/// Reads up to this long allocate what they ask for; longer ones, what there is.
const CHUNK: u32 = 64 << 10;

impl ReadAt {
    pub(super) fn new(file: Result<&Arc<dyn File>, ErrorCode>, len: u64, offset: u64) -> Self {
        let file = file.cloned();
        let room = u32::try_from(len).unwrap_or(u32::MAX).min(MOST);
        let left = || {
            let size = file.as_ref().ok()?.stat().ok()?.size;
            u32::try_from(size.saturating_sub(offset)).ok()
        };
        let room = if room > CHUNK { room.min(left().unwrap_or(room).max(1)) } else { room };
        Self { file, room, offset }
    }

    #[inline]
    fn read<G: Guest>(&self, to: &mut G) -> Result<Described, Stop> {
        let file = match &self.file {
            Ok(file) => file,
            Err(code) => return Ok(Err(guest_code(*code))),
        };
        let bytes = GuestBytes::fill(to, self.room, |buffer| {
            file.read_at(&mut [IoSliceMut::new(buffer)], self.offset)
        })?;
        let end = |bytes: GuestBytes| (bytes, bytes.is_empty() && self.room > 0);
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
