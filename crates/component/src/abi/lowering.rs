use crate::abi::lifting::outside;
use crate::abi::{Encoding, invalid};
use crate::handles::Handles;
use wayleave_engine::Stop;

/// A guest that values are lowered into: its memory, its allocation, its handles.
pub trait Guest {
    /// The guest's memory. It can be another place after [`Guest::realloc`].
    ///
    /// # Errors
    /// A trap when the function was lowered without a memory.
    fn memory(&mut self) -> Result<&mut [u8], Stop>;

    /// Asks the guest for memory (`realloc` with no older block): runs guest code.
    ///
    /// # Errors
    /// What stopped the guest, or a trap when it has no `realloc`.
    fn realloc(&mut self, size: u32, align: u32) -> Result<u32, Stop>;

    /// Gives back the end of what [`Guest::allocate`] gave, of which only `used` bytes were needed;
    /// gives the address where these are now. Guests whose `realloc` takes nothing back keep it.
    ///
    /// # Errors
    /// As [`Guest::allocate`].
    fn shrink(&mut self, at: u32, size: u32, used: u32, align: u32) -> Result<u32, Stop>;

    /// How the guest wants its strings.
    fn encoding(&self) -> Encoding;

    /// The guest's handles.
    ///
    /// # Errors
    /// A trap when the guest has none.
    fn handles(&mut self) -> Result<&mut Handles, Stop>;

    /// Memory for `size` bytes, checked to be aligned and inside.
    ///
    /// # Errors
    /// As [`Guest::realloc`], and when what it gives is neither.
    fn allocate(&mut self, size: u32, align: u32) -> Result<u32, Stop> {
        let at = self.realloc(size, align)?;
        if !at.is_multiple_of(align) {
            return Err(invalid(format!(
                "realloc return: pointer {at:#x} is not aligned to {align}"
            )));
        }
        if self.memory()?.len() < at as usize + size as usize {
            return Err(invalid("realloc return: beyond end of memory"));
        }
        Ok(at)
    }

    /// `len` bytes from address `at`, to be written.
    ///
    /// # Errors
    /// A trap when they are not all inside the memory.
    #[inline]
    fn bytes(&mut self, at: u32, len: u32) -> Result<&mut [u8], Stop> {
        let start = at as usize;
        match self.memory()?.get_mut(start..start + len as usize) {
            Some(bytes) => Ok(bytes),
            None => Err(outside(at, len as usize)),
        }
    }

    /// Writes bytes at address `at`.
    ///
    /// # Errors
    /// As [`Guest::bytes`].
    #[inline]
    fn write<const N: usize>(&mut self, at: u32, bytes: [u8; N]) -> Result<(), Stop> {
        match self.memory()?.get_mut(at as usize..).and_then(<[u8]>::first_chunk_mut) {
            Some(place) => {
                *place = bytes;
                Ok(())
            }
            None => Err(outside(at, N)),
        }
    }
}
