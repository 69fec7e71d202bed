use ::wasmi::errors::{MemoryError, TableError};
use ::wasmi::{Caller, Extern, Func, Memory, ResourceLimiter, Val};
use wasmi_core::LimiterError;

use crate::config::Growth;
use crate::{Config, Limits, Trap, TrapKind, Wait};

/// What bulk operations pay: so little that a table hardly ever grows at the expense of a slice (it
/// could not be resumed), so much that they can not outrun the interrupt flag.
pub(super) const BYTES_PER_FUEL: u32 = 16 << 10;

/// Fuel between two looks at the interrupt flag, where there is one.
const SLICE: u64 = 100_000;

/// Fuel that is left where a slice ends early: some for tables to grow, as above.
const REST: u64 = 1_000;

/// Thread stack for one call of the guest from a host function: the interpreter's own frames, and
/// the host function's.
const STACK_PER_CALL: usize = 16 << 10;

/// What a store holds besides the engine's own: the host's state, and what the guest may use.
pub struct Data<T> {
    pub(super) state: T,
    pub(super) memory: DefaultMemory,
    /// Other memories that the host asks for often.
    pub(super) kept: Vec<Memory>,
    /// Functions of the type that `realloc` has.
    pub(super) reallocs: Vec<Func>,
    pub(super) limits: Limits,
    /// What the guest has of that.
    pub(super) growth: Growth,
    /// The guest is run in slices of fuel.
    pub(super) sliced: bool,
    /// Fuel that the engine has not been given yet.
    pub(super) reserve: u64,
    /// Calls of the guest that are under way, one within the other, and how many there may be.
    calls: usize,
    most_calls: usize,
    /// The outermost of them can be suspended.
    pub(super) suspendable: bool,
    /// A host function that waits.
    pub(super) waiting: Option<Waiting>,
}

/// What a host function that waits leaves behind: to be called again with the same arguments.
pub(super) struct Waiting {
    pub(super) args: Vec<Val>,
    pub(super) until: Wait,
}

/// The memory that system calls mean: what the first instance exports as `memory`.
pub(super) enum DefaultMemory {
    /// There is no instance yet.
    Unknown,
    Found(Memory),
    Missing,
}

impl<T> Data<T> {
    pub(super) fn new(state: T, limits: Limits, config: &Config) -> Self {
        let sliced = config.interrupt;
        let total = limits.fuel.unwrap_or(u64::MAX);
        Self {
            state,
            memory: DefaultMemory::Unknown,
            kept: Vec::new(),
            reallocs: Vec::new(),
            growth: Growth::default(),
            sliced,
            reserve: if sliced { total.saturating_sub(SLICE) } else { 0 },
            calls: 0,
            most_calls: (config.max_stack / STACK_PER_CALL).max(1),
            suspendable: false,
            waiting: None,
            limits,
        }
    }

    pub(super) fn into_state(self) -> T {
        self.state
    }

    /// The fuel that the engine is given at first.
    pub(super) fn first_fuel(&self) -> u64 {
        self.limits.fuel.unwrap_or(u64::MAX) - self.reserve
    }

    /// Fuel to go on with, for an engine that has `left` and needs `required` for its next step.
    pub(super) fn refill(&mut self, left: u64, required: u64) -> Result<u64, Trap> {
        let wanted = required.max(SLICE).saturating_sub(left).min(self.reserve);
        if left.saturating_add(wanted) < required {
            return Err(TrapKind::OutOfFuel.into());
        }
        self.reserve -= wanted;
        Ok(left.saturating_add(wanted))
    }

    /// Takes back what the engine has of a slice, all but a little: the next begins soon. Gives the
    /// fuel to go on with.
    pub(super) fn end_slice(&mut self, left: u64) -> u64 {
        let kept = left.min(REST);
        self.reserve = self.reserve.saturating_add(left - kept);
        kept
    }

    /// Fails when the guest is to be interrupted, as far as that is known without a clock: for
    /// calls, of which there are many.
    pub(super) fn look(&self) -> Result<(), Trap> {
        if self.limits.is_interrupted() { Err(TrapKind::Interrupted.into()) } else { Ok(()) }
    }

    /// Before a call of the guest; [`Data::leave`] comes after it.
    pub(super) fn enter(&mut self) -> Result<(), Trap> {
        self.look()?;
        if self.calls >= self.most_calls {
            return Err(TrapKind::StackOverflow.into());
        }
        self.calls += 1;
        Ok(())
    }

    /// Whether what the guest calls now could be called again later: nothing of the host's is in
    /// between.
    pub(super) fn can_suspend(&self) -> bool {
        self.suspendable && self.calls == 1
    }

    pub(super) fn leave(&mut self) {
        self.calls = self.calls.saturating_sub(1);
    }
}

impl From<Option<Extern>> for DefaultMemory {
    fn from(export: Option<Extern>) -> Self {
        export.and_then(Extern::into_memory).map_or(Self::Missing, Self::Found)
    }
}

/// Remembers the caller's memory when it is called by the start function: the first instance is
/// still unknown to the store then.
#[inline]
pub(super) fn find_memory<T>(caller: &mut Caller<'_, Data<T>>) {
    if let DefaultMemory::Unknown = caller.data().memory {
        let export = caller.get_export("memory");
        caller.data_mut().memory = DefaultMemory::from(export);
    }
}

impl<T> ResourceLimiter for Data<T> {
    fn memory_growing(
        &mut self,
        now: usize,
        desired: usize,
        most: Option<usize>,
    ) -> Result<bool, LimiterError> {
        Ok(self.growth.memory(&self.limits, now, desired, most))
    }

    fn memory_grow_failed(&mut self, _: &MemoryError) -> Result<(), LimiterError> {
        self.growth.memory_failed();
        Ok(())
    }

    fn table_growing(
        &mut self,
        now: usize,
        desired: usize,
        most: Option<usize>,
    ) -> Result<bool, LimiterError> {
        Ok(self.growth.table(&self.limits, now, desired, most))
    }

    fn table_grow_failed(&mut self, error: &TableError) -> Result<(), LimiterError> {
        self.growth.table_failed();
        match error {
            // The engine would go on at the wrong instruction afterwards: it must trap.
            TableError::OutOfFuel { .. } => Err(LimiterError::ResourceLimiterDeniedAllocation),
            _ => Ok(()),
        }
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
