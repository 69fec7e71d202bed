use ::wasmtime::{Extern, Memory, ResourceLimiter, Result};

use crate::Limits;
use crate::config::Denied;

/// What a store holds besides the engine's own: the host's state, and what the guest may use.
pub struct Data<T> {
    pub(super) state: T,
    pub(super) memory: DefaultMemory,
    pub(super) limits: Limits,
    /// The last growth that was refused: why an instance could not be made.
    pub(super) denied: Option<Denied>,
}

impl<T> Data<T> {
    pub(super) fn new(state: T, limits: Limits) -> Self {
        Self { state, memory: DefaultMemory::Unknown, limits, denied: None }
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
    fn memory_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> Result<bool> {
        self.denied = self.limits.deny_memory(desired);
        Ok(self.denied.is_none())
    }

    fn table_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> Result<bool> {
        self.denied = self.limits.deny_table(desired);
        Ok(self.denied.is_none())
    }
}
