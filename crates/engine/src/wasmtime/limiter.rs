use std::ptr::NonNull;

use ::wasmtime::{Error, Extern, Func, Memory, ResourceLimiter, Result};

use crate::Limits;
use crate::config::Growth;

/// What a store holds besides the engine's own: the host's state, and what the guest may use.
pub struct Data<T> {
    pub(super) state: T,
    pub(super) memory: DefaultMemory,
    /// Where that memory's bytes are; `None` until they are asked for, and after any growth.
    pub(super) view: Option<View>,
    /// Other memories of which the same is remembered.
    pub(super) kept: Vec<Kept>,
    /// Functions of the type that `realloc` has.
    pub(super) reallocs: Vec<Func>,
    pub(super) limits: Limits,
    /// What the guest has of that.
    pub(super) growth: Growth,
    /// Guests are suspended while they wait: they run on stacks of their own.
    pub(super) suspends: bool,
    /// Calls of the guest that are under way and can not be suspended.
    pub(super) pinned: u32,
}

impl<T> Data<T> {
    pub(super) fn new(state: T, limits: Limits, suspends: bool) -> Self {
        Self {
            state,
            memory: DefaultMemory::Unknown,
            view: None,
            kept: Vec::new(),
            reallocs: Vec::new(),
            limits,
            growth: Growth::default(),
            suspends,
            pinned: 0,
        }
    }
}

/// The memory that system calls mean: what the first instance exports as `memory`.
pub(super) enum DefaultMemory {
    /// There is no instance yet.
    Unknown,
    Found(Memory),
    Missing,
    /// Other threads can write to it at any time: it must never become a byte slice.
    Shared,
}

/// A memory that the host asks for often, and its view, if that is known.
pub(super) struct Kept {
    pub(super) memory: Memory,
    pub(super) view: Option<View>,
}

/// The place and size of a memory. Asking the engine for them takes longer than the rest of a
/// call, and they change only when the memory grows, which [`Data`] hears of beforehand.
#[derive(Clone, Copy)]
pub(super) struct View {
    base: NonNull<u8>,
    len: usize,
}

// SAFETY: a place and a number. What makes it a slice is `View::bytes`, whose caller holds the store
// that owns the memory, wherever that is.
unsafe impl Send for View {}
// SAFETY: as above; through a shared reference nothing can be done with it.
unsafe impl Sync for View {}

impl View {
    /// The view of a memory's bytes. Taken from the engine's own pointer: one out of a borrowed
    /// slice would end with that borrow.
    pub(super) fn new(base: *mut u8, len: usize) -> Option<Self> {
        Some(Self { base: NonNull::new(base)?, len })
    }

    /// The bytes.
    ///
    /// # Safety
    /// The memory must be alive, must not have grown since, and must be the caller's alone for `'a`.
    #[inline]
    pub(super) unsafe fn bytes<'a>(self) -> &'a mut [u8] {
        // SAFETY: the caller vouches for it; memories never shrink.
        unsafe { std::slice::from_raw_parts_mut(self.base.as_ptr(), self.len) }
    }
}

impl From<Option<Extern>> for DefaultMemory {
    fn from(export: Option<Extern>) -> Self {
        match export {
            Some(Extern::Memory(memory)) => Self::Found(memory),
            Some(Extern::SharedMemory(_)) => Self::Shared,
            _ => Self::Missing,
        }
    }
}

impl<T: Send> ResourceLimiter for Data<T> {
    fn memory_growing(&mut self, now: usize, desired: usize, most: Option<usize>) -> Result<bool> {
        self.view = None;
        for kept in &mut self.kept {
            kept.view = None;
        }
        Ok(self.growth.memory(&self.limits, now, desired, most))
    }

    fn memory_grow_failed(&mut self, _: Error) -> Result<()> {
        self.growth.memory_failed();
        Ok(())
    }

    fn table_growing(&mut self, now: usize, desired: usize, most: Option<usize>) -> Result<bool> {
        Ok(self.growth.table(&self.limits, now, desired, most))
    }

    fn table_grow_failed(&mut self, _: Error) -> Result<()> {
        self.growth.table_failed();
        Ok(())
    }

    fn instances(&self) -> usize {
        self.limits.instances
    }

    fn tables(&self) -> usize {
        self.limits.instances
    }

    fn memories(&self) -> usize {
        self.limits.instances
    }
}
