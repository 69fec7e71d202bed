//! What a store holds for the instance of a component.

use crate::abi::{Encoding, Guest, beyond_memory, invalid};
use crate::handles::{Handles, Kinds};
use crate::plan::Options;
use std::sync::Arc;
use wayleave_engine::{Context, Engine, Stop, Value};

/// The state of a store: the host's own, and the runtime's.
pub(crate) struct Data<E: Engine, T> {
    pub(crate) host: T,
    pub(crate) runtime: Runtime<E>,
}

pub(crate) struct Runtime<E: Engine> {
    /// The handles of each component instance.
    pub(crate) handles: Vec<Handles>,
    /// Whether each component instance may call imports.
    pub(crate) leave: Vec<Leave<E>>,
    /// The functions that options name as `post-return`.
    pub(crate) post_returns: Vec<E::Func>,
    /// The destructor of each resource, where a guest defines it with one.
    pub(crate) destructors: Vec<Option<E::Func>>,
    /// Calls between component instances that are under way, as far as they lend handles.
    pub(crate) calls: Vec<Call>,
    /// A guest was ended: nothing of it can be relied on any more.
    pub(crate) poisoned: bool,
}

/// Whether a component instance may call imports: not while values are lowered into it.
pub(crate) enum Leave<E: Engine> {
    Yes,
    No,
    /// As its flags say, which the adapters between instances set as well.
    Flags(E::Global),
}

/// A call between component instances.
pub(crate) struct Call {
    pub(crate) callee: u32,
    /// Handles that were lent for it: whose, and which.
    pub(crate) lent: Vec<(u32, u32)>,
}

impl<E: Engine> Runtime<E> {
    pub(crate) fn new(kinds: &Arc<Kinds>, instances: u32, handles: u32) -> Self {
        let handles = |number| Handles::new(kinds.clone(), number, handles);
        Self {
            handles: (0..instances).map(handles).collect(),
            leave: (0..instances).map(|_| Leave::Yes).collect(),
            post_returns: Vec::new(),
            destructors: vec![None; kinds.of_resource.len()],
            calls: Vec::new(),
            poisoned: false,
        }
    }

    #[inline]
    pub(crate) fn handles(&mut self, instance: u32) -> Result<&mut Handles, Stop> {
        self.handles.get_mut(instance as usize).ok_or_else(unknown)
    }
}

#[cold]
#[inline(never)]
fn unknown() -> Stop {
    invalid("a component instance that does not exist")
}

/// Traps when an instance may not call imports.
#[inline]
pub(crate) fn check_leave<E: Engine, T: Send + 'static>(
    context: &mut E::Context<'_, Data<E, T>>,
    instance: u32,
) -> Result<(), Stop> {
    match context.state().runtime.leave.get(instance as usize) {
        Some(Leave::Yes) => Ok(()),
        _ => check_flags::<E, T>(context, instance),
    }
}

#[cold]
#[inline(never)]
fn check_flags<E: Engine, T: Send + 'static>(
    context: &mut E::Context<'_, Data<E, T>>,
    instance: u32,
) -> Result<(), Stop> {
    if let Some(Leave::Flags(flags)) = context.state().runtime.leave.get(instance as usize) {
        let flags = flags.clone();
        if context.global(&flags) != Some(Value::I32(0)) {
            return Ok(());
        }
    }
    Err(invalid("cannot leave component instance"))
}

/// Allows or forbids an instance to call imports.
#[inline]
pub(crate) fn set_leave<E: Engine, T: Send + 'static>(
    context: &mut E::Context<'_, Data<E, T>>,
    instance: u32,
    may: bool,
) -> Result<(), Stop> {
    match context.state().runtime.leave.get_mut(instance as usize) {
        Some(leave @ (Leave::Yes | Leave::No)) => {
            *leave = if may { Leave::Yes } else { Leave::No };
            Ok(())
        }
        _ => set_flags::<E, T>(context, instance, may),
    }
}

#[inline(never)]
fn set_flags<E: Engine, T: Send + 'static>(
    context: &mut E::Context<'_, Data<E, T>>,
    instance: u32,
    may: bool,
) -> Result<(), Stop> {
    match context.state().runtime.leave.get(instance as usize) {
        Some(Leave::Flags(flags)) => {
            let flags = flags.clone();
            context.set_global(&flags, Value::I32(may.into()))
        }
        _ => Err(unknown()),
    }
}

/// A guest that values are lowered into, with the options of the function that they are for.
pub(crate) struct Lowering<'c, 'a, E: Engine, T: Send + 'static> {
    context: &'c mut E::Context<'a, Data<E, T>>,
    pub(crate) options: &'c Options,
}

impl<'c, 'a, E: Engine, T: Send + 'static> Lowering<'c, 'a, E, T> {
    #[inline]
    pub(crate) fn new(context: &'c mut E::Context<'a, Data<E, T>>, options: &'c Options) -> Self {
        Self { context, options }
    }
}

impl<E: Engine, T: Send + 'static> Guest for Lowering<'_, '_, E, T> {
    // Without being told the compiler does not, and each of the many calls costs as much again.
    #[inline(always)]
    fn memory(&mut self) -> Result<&mut [u8], Stop> {
        match self.options.memory {
            Some(number) => Ok(self.context.kept_memory(number as usize)?.0),
            None => Err(no_memory()),
        }
    }

    #[inline(always)]
    fn realloc(&mut self, size: u32, align: u32) -> Result<u32, Stop> {
        self.call_realloc([0, 0, align, size])
    }

    #[inline]
    fn encoding(&self) -> Encoding {
        self.options.encoding
    }

    #[inline]
    fn handles(&mut self) -> Result<&mut Handles, Stop> {
        self.context.state().runtime.handles(self.options.instance)
    }
}

impl<E: Engine, T: Send + 'static> Lowering<'_, '_, E, T> {
    /// The host's state.
    #[inline(always)]
    pub(crate) fn host(&mut self) -> &mut T {
        &mut self.context.state().host
    }

    /// Gives back the end of what the guest has allocated, of which only `used` bytes were needed; gives
    /// the address where these are now. Guests whose `realloc` takes nothing back keep it.
    pub(crate) fn shrink(&mut self, at: u32, size: u32, used: u32) -> Result<u32, Stop> {
        if used == size || !self.options.shrinks {
            return Ok(at);
        }
        let at = self.call_realloc([at, size, 1, used])?;
        self.bytes(at, used)?;
        Ok(at)
    }

    /// Bytes that the guest has allocated, and the host's state.
    #[inline(always)]
    pub(crate) fn bytes_and_host(
        &mut self,
        at: u32,
        len: u32,
    ) -> Result<(&mut [u8], &mut T), Stop> {
        let Some(number) = self.options.memory else { return Err(no_memory()) };
        let (memory, data) = self.context.kept_memory(number as usize)?;
        let start = at as usize;
        match memory.get_mut(start..start + len as usize) {
            Some(bytes) => Ok((bytes, &mut data.host)),
            None => Err(beyond_memory()),
        }
    }

    /// Calls the guest's `realloc`: old address and size, alignment, new size. It can not call
    /// imports meanwhile.
    // In its place: what is passed to it and back takes as long as itself.
    #[inline(always)]
    fn call_realloc(&mut self, args: [u32; 4]) -> Result<u32, Stop> {
        let Some(number) = self.options.realloc else {
            return Err(invalid("the function was lowered without a `realloc`"));
        };
        set_leave::<E, T>(self.context, self.options.instance, false)?;
        let at = self.context.kept_realloc(number as usize, args)?;
        set_leave::<E, T>(self.context, self.options.instance, true)?;
        Ok(at)
    }
}

#[cold]
#[inline(never)]
pub(crate) fn no_memory() -> Stop {
    invalid("the function was lowered without a memory")
}

#[expect(clippy::cast_possible_truncation, reason = "the lower half is what is asked for")]
pub(crate) fn low(value: u64) -> u32 {
    value as u32
}
