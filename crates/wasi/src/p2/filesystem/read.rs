use super::Descriptor;
use crate::p2::Host;
use crate::p2::bindings::wasi::filesystem::types::ErrorCode as GuestCode;
use crate::p2::error::guest_code;
use std::io::IoSliceMut;
use wayleave_component::abi::GuestBytes;
use wayleave_component::{Borrow, Caller};
use wayleave_engine::Stop;
use wayleave_system::fs::File;

/// What a read at an offset gives: bytes in the guest's memory already, and whether the file ends there.
pub(crate) type ReadAt = Result<(GuestBytes, bool), GuestCode>;

/// Most bytes of one read: guests allocate room for what they may get.
const MOST: u32 = 16 << 20;

/// Reads up to this long allocate what they ask for; longer ones, what there is.
const CHUNK: u32 = 64 << 10;

/// Reads straight into the guest's memory.
#[inline(always)]
pub(super) fn read(
    caller: &mut impl Caller<Host>,
    this: Borrow<Descriptor>,
    length: u64,
    offset: u64,
) -> Result<ReadAt, Stop> {
    let host = caller.state();
    host.seen.forget();
    let room = match host.descriptors.get(this)?.readable() {
        Ok(file) => {
            host.waiter.prepare(&**file, Some(offset), false)?;
            room(&**file, length, offset)
        }
        Err(code) => return Ok(Err(guest_code(code))),
    };
    // The file is looked for again, as the guest has run: it can not have dropped it meanwhile.
    let bytes = caller.bytes(room, |host, buffer| match host.descriptors.get(this) {
        Ok(file) => file.file()?.read_at(&mut [IoSliceMut::new(buffer)], offset),
        Err(_) => Err(wayleave_system::ErrorCode::BadDescriptor),
    })?;
    let end = |bytes: GuestBytes| (bytes, bytes.is_empty() && room > 0);
    Ok(bytes.map(end).map_err(guest_code))
}

/// How much room a read of `len` bytes is to have.
#[inline]
fn room(file: &dyn File, len: u64, offset: u64) -> u32 {
    let room = u32::try_from(len).unwrap_or(u32::MAX).min(MOST);
    if room > CHUNK { room.min(left(file, offset).unwrap_or(room).max(1)) } else { room }
}

fn left(file: &dyn File, offset: u64) -> Option<u32> {
    let size = file.stat().ok()?.size;
    u32::try_from(size.saturating_sub(offset)).ok()
}
