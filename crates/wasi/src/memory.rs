use smallvec::SmallVec;
use std::io::{IoSlice, IoSliceMut};
use wayleave_system::{ErrorCode, Result};

/// Most buffers that one call reads or writes; more are left for the guest's next call, as
/// operating systems do (`IOV_MAX`). Bounds what the host allocates for a list.
const MAX_BUFFERS: u32 = 1024;

/// Buffers of one call; the usual one or two need no allocation.
pub type Buffers<'m> = SmallVec<[IoSlice<'m>; 4]>;
/// Buffers of one call, to be filled.
pub type BuffersMut<'m> = SmallVec<[IoSliceMut<'m>; 4]>;

/// A guest's memory with the guest's own addresses: little-endian numbers, strings, lists of
/// buffers. Everything outside is [`Fault`](ErrorCode::Fault), never a panic.
pub struct GuestMemory<'a> {
    bytes: &'a mut [u8],
}

impl<'a> GuestMemory<'a> {
    /// The memory whose address 0 is the slice's start.
    pub fn new(bytes: &'a mut [u8]) -> Self {
        Self { bytes }
    }

    /// `len` bytes from `address`.
    ///
    /// # Errors
    /// [`Fault`](ErrorCode::Fault) when they are not all inside.
    #[inline]
    pub fn slice(&self, address: u32, len: u32) -> Result<&[u8]> {
        let start = address as usize;
        self.bytes.get(start..start + len as usize).ok_or(ErrorCode::Fault)
    }

    /// `len` bytes from `address`, to be filled.
    ///
    /// # Errors
    /// As [`GuestMemory::slice`].
    #[inline]
    pub fn slice_mut(&mut self, address: u32, len: u32) -> Result<&mut [u8]> {
        let start = address as usize;
        self.bytes.get_mut(start..start + len as usize).ok_or(ErrorCode::Fault)
    }

    /// A string.
    ///
    /// # Errors
    /// As [`GuestMemory::slice`]; [`IllegalSequence`](ErrorCode::IllegalSequence) when it is not
    /// UTF-8.
    #[inline]
    pub fn str(&self, address: u32, len: u32) -> Result<&str> {
        wayleave_engine::utf8(self.slice(address, len)?).map_err(|_| ErrorCode::IllegalSequence)
    }

    /// The `u8` at `address`.
    ///
    /// # Errors
    /// As [`GuestMemory::slice`]; so for all numbers.
    pub fn u8(&self, address: u32) -> Result<u8> {
        self.array(address).map(u8::from_le_bytes)
    }

    /// The `u16` at `address`.
    pub fn u16(&self, address: u32) -> Result<u16> {
        self.array(address).map(u16::from_le_bytes)
    }

    /// The `u32` at `address`.
    #[inline]
    pub fn u32(&self, address: u32) -> Result<u32> {
        self.array(address).map(u32::from_le_bytes)
    }

    /// The `u64` at `address`.
    pub fn u64(&self, address: u32) -> Result<u64> {
        self.array(address).map(u64::from_le_bytes)
    }

    /// Writes a `u32`.
    #[inline]
    pub fn set_u32(&mut self, address: u32, value: u32) -> Result<()> {
        self.set(address, &value.to_le_bytes())
    }

    /// Writes a `u64`.
    #[inline]
    pub fn set_u64(&mut self, address: u32, value: u64) -> Result<()> {
        self.set(address, &value.to_le_bytes())
    }

    /// Writes bytes.
    #[inline]
    pub fn set(&mut self, address: u32, bytes: &[u8]) -> Result<()> {
        let len = u32::try_from(bytes.len()).map_err(|_| ErrorCode::Fault)?;
        self.slice_mut(address, len)?.copy_from_slice(bytes);
        Ok(())
    }

    /// The buffers that a list of `(address, length)` pairs at `list` describes, to be read.
    ///
    /// # Errors
    /// [`Fault`](ErrorCode::Fault) when the list or a buffer is not all inside.
    #[inline]
    pub fn buffers(&self, list: u32, count: u32) -> Result<Buffers<'_>> {
        let mut buffers = Buffers::new();
        for index in 0..count.min(MAX_BUFFERS) {
            let (address, len) = self.buffer(list, index)?;
            buffers.push(IoSlice::new(self.slice(address, len)?));
        }
        Ok(buffers)
    }

    /// The buffers that a list of `(address, length)` pairs at `list` describes, to be filled.
    ///
    /// Buffers that overlap can not be lent together: the list then ends before the first one that
    /// overlaps an earlier one, which the guest sees as a short read.
    ///
    /// # Errors
    /// [`Fault`](ErrorCode::Fault) when the list or a buffer is not all inside.
    #[inline]
    pub fn buffers_mut(&mut self, list: u32, count: u32) -> Result<BuffersMut<'_>> {
        if count == 1 {
            let (address, len) = self.buffer(list, 0)?;
            let mut buffers = BuffersMut::new();
            buffers.push(IoSliceMut::new(self.slice_mut(address, len)?));
            return Ok(buffers);
        }
        self.disjoint_buffers(list, count.min(MAX_BUFFERS))
    }

    fn disjoint_buffers(&mut self, list: u32, count: u32) -> Result<BuffersMut<'_>> {
        let mut regions: SmallVec<[(usize, usize); 8]> = SmallVec::new();
        for index in 0..count {
            let (address, len) = self.buffer(list, index)?;
            self.slice(address, len)?;
            regions.push((address as usize, len as usize));
        }
        // Cut the memory at each region, in the order of addresses; then hand the pieces out in
        // the order of the list.
        let (order, usable) = disjoint_prefix(&regions);
        let mut pieces: SmallVec<[Option<&mut [u8]>; 8]> = (0..usable).map(|_| None).collect();
        let mut rest = &mut *self.bytes;
        let mut cut = 0;
        for index in order {
            let (start, len) = regions[index];
            let (_, tail) = std::mem::take(&mut rest).split_at_mut(start - cut);
            let (piece, tail) = tail.split_at_mut(len);
            pieces[index] = Some(piece);
            rest = tail;
            cut = start + len;
        }
        Ok(pieces.into_iter().flatten().map(IoSliceMut::new).collect())
    }

    #[inline]
    fn buffer(&self, list: u32, index: u32) -> Result<(u32, u32)> {
        let entry = list.checked_add(index * 8).ok_or(ErrorCode::Fault)?;
        let bytes: [u8; 8] = self.array(entry)?;
        let [a, b, c, d, e, f, g, h] = bytes;
        Ok((u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h])))
    }

    #[inline]
    fn array<const N: usize>(&self, address: u32) -> Result<[u8; N]> {
        let start = address as usize;
        match self.bytes.get(start..).and_then(<[u8]>::first_chunk) {
            Some(bytes) => Ok(*bytes),
            None => Err(ErrorCode::Fault),
        }
    }
}

/// How many regions from the first on overlap none of those before them, and the indices of these
/// in the order of their addresses.
fn disjoint_prefix(regions: &[(usize, usize)]) -> (SmallVec<[usize; 8]>, usize) {
    let mut usable = regions.len();
    loop {
        let mut order: SmallVec<[usize; 8]> =
            (0..usable).filter(|&index| regions[index].1 > 0).collect();
        order.sort_unstable_by_key(|&index| regions[index].0);
        // Of two neighbours that overlap, the one later in the list must go, and all behind it.
        let overlap = order
            .windows(2)
            .filter(|pair| {
                let (start, len) = regions[pair[0]];
                start + len > regions[pair[1]].0
            })
            .map(|pair| pair[0].max(pair[1]))
            .min();
        match overlap {
            Some(later) => usable = later,
            None => return (order, usable),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_at_the_edge() {
        let mut bytes = [0u8; 16];
        let mut memory = GuestMemory::new(&mut bytes);
        memory.set_u64(8, 0x0102_0304_0506_0708).unwrap();
        assert_eq!(memory.u8(8), Ok(8));
        assert_eq!(memory.u16(14), Ok(0x0102));
        assert_eq!(memory.u32(12), Ok(0x0102_0304));
        assert_eq!(memory.u64(9), Err(ErrorCode::Fault));
        assert_eq!(memory.u32(u32::MAX), Err(ErrorCode::Fault));
        assert_eq!(memory.slice(16, 0), Ok(&[][..]));
        assert_eq!(memory.slice(17, 0), Err(ErrorCode::Fault));
        assert_eq!(memory.slice(u32::MAX, u32::MAX), Err(ErrorCode::Fault));
    }

    #[test]
    fn a_list_that_wraps_around_the_address_space_faults() {
        let mut bytes = [0u8; 16];
        let mut memory = GuestMemory::new(&mut bytes);
        assert!(memory.buffers(u32::MAX - 3, 2).is_err());
        assert!(memory.buffers_mut(0, u32::MAX).is_err());
    }

    #[test]
    fn strings_are_checked() {
        let mut bytes = [0xff, b'a'];
        let memory = GuestMemory::new(&mut bytes);
        assert_eq!(memory.str(1, 1), Ok("a"));
        assert_eq!(memory.str(0, 2), Err(ErrorCode::IllegalSequence));
    }

    proptest! {
        /// Filling the lent buffers writes each byte that the list names, in the list's order, and
        /// no other; and the buffers lent are the list's longest prefix without an overlap.
        #[test]
        fn lent_buffers_are_the_lists_own(
            regions in proptest::collection::vec((40u32..120, 0u32..20), 0..6),
        ) {
            let mut bytes = vec![0u8; 140];
            for (index, (address, len)) in regions.iter().enumerate() {
                bytes[index * 8..][..4].copy_from_slice(&address.to_le_bytes());
                bytes[index * 8 + 4..][..4].copy_from_slice(&len.to_le_bytes());
            }
            let mut expected = bytes.clone();
            let mut taken = vec![false; bytes.len()];
            let mut next = 1u8;
            'list: for &(address, len) in &regions {
                let range = address as usize..(address + len) as usize;
                if taken[range.clone()].contains(&true) {
                    break 'list;
                }
                for at in range {
                    taken[at] = true;
                    expected[at] = next;
                    next += 1;
                }
            }
            let count = u32::try_from(regions.len()).unwrap();
            let mut filled = 1u8;
            for buffer in &mut GuestMemory::new(&mut bytes).buffers_mut(0, count).unwrap() {
                for byte in buffer.iter_mut() {
                    *byte = filled;
                    filled += 1;
                }
            }
            prop_assert_eq!(bytes, expected);
        }

        /// No address and length, however wild, does anything but fault or stay inside.
        #[test]
        fn wild_pointers_fault(size in 0usize..64, address: u32, len: u32, count: u32) {
            let mut bytes = vec![0u8; size];
            let mut memory = GuestMemory::new(&mut bytes);
            let inside = address as usize + len as usize <= size;
            prop_assert_eq!(memory.slice(address, len).is_ok(), inside);
            prop_assert_eq!(memory.slice_mut(address, len).is_ok(), inside);
            let _ = memory.buffers(address, count);
            let _ = memory.buffers_mut(address, count);
        }
    }
}
