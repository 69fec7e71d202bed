use crate::abi::lifting::outside;
use crate::abi::{Encoding, Lower, invalid};
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

    /// How the guest wants its strings.
    fn encoding(&self) -> Encoding;

    /// The guest's handles.
    ///
    /// # Errors
    /// A trap when the guest has none.
    fn handles(&mut self) -> Result<&mut Handles, Stop>;

    /// Memory for `size` bytes, checked to be aligned and inside: its address, and the bytes.
    ///
    /// # Errors
    /// As [`Guest::realloc`], and when what it gives is neither.
    #[inline(always)]
    fn allocate(&mut self, size: u32, align: u32) -> Result<(u32, &mut [u8]), Stop> {
        let at = self.realloc(size, align)?;
        // Alignments are powers of two. A remainder of what the compiler does not know takes longer.
        if at & (align - 1) != 0 {
            return Err(not_aligned(at, align));
        }
        match self.bytes(at, size) {
            Ok(bytes) => Ok((at, bytes)),
            Err(_) => Err(beyond_memory()),
        }
    }

    /// `len` bytes from address `at`, to be written.
    ///
    /// # Errors
    /// A trap when they are not all inside the memory.
    #[inline(always)]
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
    #[inline(always)]
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

/// The bytes of a value, which were looked up before: all that [`Lower::PLAIN`] types need. Address
/// 0 is their first.
pub(crate) struct Place<'m>(pub(crate) &'m mut [u8]);

impl Guest for Place<'_> {
    #[inline]
    fn memory(&mut self) -> Result<&mut [u8], Stop> {
        Ok(self.0)
    }

    fn realloc(&mut self, _: u32, _: u32) -> Result<u32, Stop> {
        Err(not_plain())
    }

    fn encoding(&self) -> Encoding {
        Encoding::Utf8
    }

    fn handles(&mut self) -> Result<&mut Handles, Stop> {
        Err(not_plain())
    }
}

/// A guest of which all is in hand that values need for which it allocates nothing
/// ([`Lower::ALLOCATES`]).
pub(crate) struct InHand<'a> {
    pub(crate) memory: &'a mut [u8],
    pub(crate) encoding: Encoding,
    /// The handles of all instances, and which of them the guest is.
    pub(crate) handles: &'a mut [Handles],
    pub(crate) instance: u32,
}

impl Guest for InHand<'_> {
    #[inline]
    fn memory(&mut self) -> Result<&mut [u8], Stop> {
        Ok(self.memory)
    }

    fn realloc(&mut self, _: u32, _: u32) -> Result<u32, Stop> {
        Err(not_plain())
    }

    fn encoding(&self) -> Encoding {
        self.encoding
    }

    #[inline]
    fn handles(&mut self) -> Result<&mut Handles, Stop> {
        self.handles.get_mut(self.instance as usize).ok_or_else(not_plain)
    }
}

/// Stores a value at an address, all of it inside.
#[inline(always)]
pub(crate) fn store<T: Lower, G: Guest>(value: &T, to: &mut G, at: u32) -> Result<(), Stop> {
    let bytes = to.bytes(at, T::SIZE)?;
    if T::PLAIN {
        return store_plain(value, bytes);
    }
    value.store(to, at)
}

/// One function for all guests that get such values, which large ones would otherwise be part of.
fn store_plain<T: Lower>(value: &T, to: &mut [u8]) -> Result<(), Stop> {
    value.store(&mut Place(to), 0)
}

#[cold]
#[inline(never)]
fn not_aligned(at: u32, align: u32) -> Stop {
    invalid(format!("realloc return: pointer {at:#x} is not aligned to {align}"))
}

#[cold]
#[inline(never)]
pub(crate) fn beyond_memory() -> Stop {
    invalid("realloc return: beyond end of memory")
}

/// A type says of itself that it needs less of the guest than it does: a mistake of the host's.
#[cold]
#[inline(never)]
fn not_plain() -> Stop {
    invalid("a value needs more of the guest than was said")
}
