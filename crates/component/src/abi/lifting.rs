use crate::abi::{Encoding, invalid};
use crate::handles::Handles;
use wayleave_engine::Stop;

/// As many bytes may be named again and again without harm: small guests do so with their texts.
const FREE_BYTES: usize = 16 << 20;

/// How many times as much as lists and strings have the host spends on values whose types are known
/// only at run time: of a list of bytes, each becomes one of 32.
const VALUES: usize = 8;

/// What values are lifted from: a guest's memory and its handles.
pub struct Lifting<'m, 'h> {
    memory: &'m [u8],
    encoding: Encoding,
    /// The handles of all instances, and which of them the guest is.
    handles: &'h mut [Handles],
    instance: u32,
    /// Whether the handles know of the call.
    begun: bool,
    /// Bytes that lists and strings had, counted again each time they are named: a guest can name the
    /// same bytes as often as it likes, and the host copies them each time.
    copied: usize,
    /// Bytes that the host has spent on values whose types are known only at run time.
    spent: usize,
}

impl<'m, 'h> Lifting<'m, 'h> {
    #[inline]
    pub(crate) fn new(
        memory: &'m [u8],
        encoding: Encoding,
        handles: &'h mut [Handles],
        instance: u32,
    ) -> Self {
        Self { memory, encoding, handles, instance, begun: false, copied: 0, spent: 0 }
    }

    /// As many bytes may be copied for one call.
    #[inline]
    fn most(&self) -> usize {
        self.memory.len().max(FREE_BYTES)
    }

    /// How the guest's strings are encoded.
    #[inline]
    pub fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// The guest's handles.
    ///
    /// # Errors
    /// A trap when the guest has none.
    #[inline(always)]
    pub fn handles(&mut self) -> Result<&mut Handles, Stop> {
        let Some(handles) = self.handles.get_mut(self.instance as usize) else {
            return Err(invalid("a component instance that does not exist"));
        };
        if !self.begun {
            self.begun = true;
            handles.begin_host_call();
        }
        Ok(handles)
    }

    /// `len` bytes from address `at`.
    ///
    /// # Errors
    /// A trap when they are not all inside the memory.
    #[inline]
    pub fn bytes(&self, at: u32, len: u32) -> Result<&'m [u8], Stop> {
        let start = at as usize;
        match self.memory.get(start..start + len as usize) {
            Some(bytes) => Ok(bytes),
            None => Err(outside(at, len as usize)),
        }
    }

    /// As [`Lifting::bytes`], for bytes that the host copies.
    ///
    /// # Errors
    /// As [`Lifting::bytes`], and when all that one call names is more than the guest holds
    /// (or 16 MiB, if that is less).
    #[inline]
    pub fn counted(&mut self, at: u32, len: u32) -> Result<&'m [u8], Stop> {
        let bytes = self.bytes(at, len)?;
        self.copied = self.copied.saturating_add(bytes.len());
        if self.copied > self.most() {
            return Err(invalid("the lists of one call are larger than the memory"));
        }
        Ok(bytes)
    }

    /// Counts what the host spends on values whose types are known only at run time.
    ///
    /// # Errors
    /// A trap when it is eight times as much as [`Lifting::counted`] would let be copied.
    pub(crate) fn spend(&mut self, bytes: usize) -> Result<(), Stop> {
        self.spent = self.spent.saturating_add(bytes);
        if self.spent > self.most().saturating_mul(VALUES) {
            return Err(invalid("the values of one call need too much memory of the host"));
        }
        Ok(())
    }

    /// `N` bytes from address `at`.
    ///
    /// # Errors
    /// As [`Lifting::bytes`].
    #[inline]
    pub fn array<const N: usize>(&self, at: u32) -> Result<[u8; N], Stop> {
        match self.memory.get(at as usize..).and_then(<[u8]>::first_chunk) {
            Some(bytes) => Ok(*bytes),
            None => Err(outside(at, N)),
        }
    }

    /// The bytes of a list of `len` elements of this size and alignment.
    ///
    /// # Errors
    /// A trap when the address is not aligned, or they are not all inside the memory.
    #[inline]
    pub fn list(&mut self, at: u32, len: u32, size: u32, align: u32) -> Result<&'m [u8], Stop> {
        if !at.is_multiple_of(align) {
            return Err(invalid(format!("list pointer {at:#x} is not aligned to {align}")));
        }
        match len.checked_mul(size) {
            Some(bytes) => self.counted(at, bytes),
            None => Err(outside(at, usize::MAX)),
        }
    }
}

#[cold]
#[inline(never)]
pub(super) fn outside(at: u32, len: usize) -> Stop {
    invalid(format!("pointer out of bounds of memory: {len} bytes at {at:#x}"))
}
