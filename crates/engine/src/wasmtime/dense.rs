//! Memories that take the address space that they use and no more.
//!
//! The engine's own have space to grow or guards behind them, which are mappings of another kind:
//! the system allows a process few of those. These are all alike, and so neighbours are one mapping.

use std::ptr::NonNull;
use std::sync::Arc;

use ::wasmtime::{Config, Error, LinearMemory, MemoryCreator, MemoryType, Result};
use rustix::mm::{MapFlags, MremapFlags, ProtFlags, mmap_anonymous, mremap, munmap};

/// Has an engine take its memories from here. Compiled code then checks each access itself.
pub(super) fn set(settings: &mut Config) {
    settings
        .memory_reservation(0)
        .memory_reservation_for_growth(0)
        .memory_guard_size(0)
        .guard_before_linear_memory(false)
        .memory_init_cow(false)
        .with_host_memory(Arc::new(Dense));
}

/// What mappings are a multiple of, and memories begin at; larger than most systems' pages.
const UNIT: usize = 64 << 10;

struct Dense;

struct Memory {
    base: NonNull<u8>,
    /// Bytes that the guest has; what is mapped behind them are zeros that it can not reach.
    size: usize,
    mapped: usize,
}

// SAFETY: each memory is a mapping of its own, filled with zeros by the system, that nothing but the
// engine's instance touches. The promises about guards and space to grow are kept as `set` asks for
// none of either; should that change, `new_memory` refuses.
unsafe impl MemoryCreator for Dense {
    fn new_memory(
        &self,
        _: MemoryType,
        minimum: usize,
        _: Option<usize>,
        reserved: Option<usize>,
        guard: usize,
    ) -> Result<Box<dyn LinearMemory>, String> {
        if guard != 0 || reserved.is_some_and(|reserved| reserved > minimum.next_multiple_of(UNIT))
        {
            return Err("a dense memory has neither guards nor space to grow".to_owned());
        }
        let mapped = units(minimum).map_err(|error| error.to_string())?;
        // SAFETY: a new mapping where the system likes is in nobody's way.
        let base = unsafe {
            mmap_anonymous(
                std::ptr::null_mut(),
                mapped,
                ProtFlags::READ | ProtFlags::WRITE,
                MapFlags::PRIVATE | MapFlags::NORESERVE,
            )
        };
        let base = base.map_err(|error| error.to_string())?;
        let base = NonNull::new(base.cast()).ok_or("the system maps at address 0")?;
        Ok(Box::new(Memory { base, size: minimum, mapped }))
    }
}

// SAFETY: a mapping can be used on any thread.
unsafe impl Send for Memory {}
// SAFETY: through a shared reference only numbers are read.
unsafe impl Sync for Memory {}

// SAFETY: `base` is the begin of a mapping of `mapped` bytes, of which `size` are the guest's, and
// stays where it is until `grow_to`.
unsafe impl LinearMemory for Memory {
    fn byte_size(&self) -> usize {
        self.size
    }

    fn byte_capacity(&self) -> usize {
        self.mapped
    }

    fn grow_to(&mut self, size: usize) -> Result<()> {
        if size > self.mapped {
            // Guests grow step by step, and each move costs.
            let more = self.mapped.saturating_add(self.mapped / 4).max(size);
            let mapped = units(more)?;
            let old = self.base.as_ptr().cast();
            // SAFETY: the old mapping is this memory's own, and the engine asks for its new place.
            let base = unsafe { mremap(old, self.mapped, mapped, MremapFlags::MAYMOVE) };
            let base = NonNull::new(base?.cast());
            self.base = base.ok_or_else(|| Error::msg("the system maps at address 0"))?;
            self.mapped = mapped;
        }
        self.size = size;
        Ok(())
    }

    fn as_ptr(&self) -> *mut u8 {
        self.base.as_ptr()
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: the mapping is this memory's own, and nothing else knows where it is.
        let gone = unsafe { munmap(self.base.as_ptr().cast(), self.mapped) };
        if let Err(error) = gone {
            tracing::warn!("a guest's memory stays mapped: {error}");
        }
    }
}

fn units(bytes: usize) -> Result<usize> {
    let bytes = bytes.max(1).checked_next_multiple_of(UNIT);
    bytes.ok_or_else(|| Error::msg("more memory than there are addresses"))
}
