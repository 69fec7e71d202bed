//! `random_get`.

use super::call::{Call, Result};

/// Bytes between two looks at the guest's interruption: filling gigabytes takes seconds.
const CHUNK: usize = 1 << 20;

/// Fills the buffer with random bytes.
pub(super) fn get(call: &mut Call<'_>, buf: u32, len: u32) -> Result<()> {
    for chunk in call.memory.slice_mut(buf, len)?.chunks_mut(CHUNK) {
        call.host.random.fill(chunk)?;
        call.host.waiter.check()?;
    }
    Ok(())
}
