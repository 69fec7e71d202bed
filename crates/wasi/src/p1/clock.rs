//! `clock_*`.

use super::call::{Call, Result};
use wayleave_grants::Clocks;
use wayleave_system::ErrorCode;
use wayleave_system::clock::Clock;

/// The clock's resolution in nanoseconds.
pub(super) fn res_get(call: &mut Call<'_>, id: u32, resolution: u32) -> Result<()> {
    let value = clock(&call.host.clocks, id)?.resolution();
    Ok(call.memory.set_u64(resolution, value)?)
}

/// The clock's time in nanoseconds. Its precision is always the best there is: reading it costs
/// the same.
#[inline]
pub(super) fn time_get(call: &mut Call<'_>, id: u32, _precision: u64, time: u32) -> Result<()> {
    let value = clock(&call.host.clocks, id)?.now();
    Ok(call.memory.set_u64(time, value)?)
}

/// The clock that a `clockid` names.
#[inline]
pub(super) fn clock(clocks: &Clocks, id: u32) -> std::result::Result<&dyn Clock, ErrorCode> {
    match id {
        0 => Ok(&*clocks.realtime),
        1 => Ok(&*clocks.monotonic),
        2 => Ok(&*clocks.process_cpu),
        3 => Ok(&*clocks.thread_cpu),
        _ => Err(ErrorCode::Invalid),
    }
}
