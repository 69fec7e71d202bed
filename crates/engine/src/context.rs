use crate::{Engine, Extern, FuncType, Stop, Trap, TrapKind, ValType, Value};

/// A store in use: by the embedder, or by a host function that the guest has called.
pub trait Context {
    /// The engine it belongs to.
    type Engine: Engine;
    /// The host's state.
    type State: Send + 'static;

    /// The host's state.
    fn state(&mut self) -> &mut Self::State;

    /// The guest's own memory and the host's state in one borrow: the memory that the store's
    /// first instance exports as `memory`. Found once, then remembered.
    ///
    /// # Errors
    /// A trap that says so when the guest exports no memory, or one that is shared by threads.
    fn memory(&mut self) -> Result<(&mut [u8], &mut Self::State), Stop>;

    /// The bytes of some memory and the host's state in one borrow.
    fn memory_of(
        &mut self,
        memory: &<Self::Engine as Engine>::Memory,
    ) -> (&mut [u8], &mut Self::State);

    /// Remembers a memory for [`Context::kept_memory`], under the next number: the first is 0.
    fn keep_memory(&mut self, memory: &<Self::Engine as Engine>::Memory) -> usize;

    /// The bytes of a kept memory and the host's state in one borrow: as quick as
    /// [`Context::memory`], for stores with several instances.
    ///
    /// # Errors
    /// A trap that says so when no memory is kept under this number.
    fn kept_memory(&mut self, number: usize) -> Result<(&mut [u8], &mut Self::State), Stop>;

    /// Remembers a guest's `realloc` for [`Context::kept_realloc`], under the next number: the first
    /// is 0.
    ///
    /// # Errors
    /// A trap of kind [`Other`](crate::TrapKind::Other) when it does not take four `i32` and give
    /// one.
    fn keep_realloc(&mut self, func: &<Self::Engine as Engine>::Func) -> Result<usize, Stop>;

    /// Calls a kept `realloc`: quicker than [`Context::call_raw`], for what is called at each list
    /// that is lowered.
    ///
    /// # Errors
    /// What stopped the guest; a trap that says so when none is kept under this number.
    fn kept_realloc(&mut self, number: usize, args: [u32; 4]) -> Result<u32, Stop>;

    /// The host functions of a linker as functions in this store, in the order in which they were
    /// defined: for [`Context::instantiate_with`].
    fn host_funcs(
        &mut self,
        linker: &<Self::Engine as Engine>::Linker<Self::State>,
    ) -> Vec<<Self::Engine as Engine>::Func>;

    /// Instantiates a template, and runs the module's start function if it has one.
    ///
    /// # Errors
    /// What stopped the start function, or a trap of kind [`Limit`](crate::TrapKind::Limit) when
    /// the instance does not fit the store's limits.
    fn instantiate(
        &mut self,
        template: &<Self::Engine as Engine>::Template<Self::State>,
    ) -> Result<<Self::Engine as Engine>::Instance, Stop>;

    /// Instantiates a module with its imports given in order: other instances' exports.
    ///
    /// # Errors
    /// As [`Context::instantiate`]; and a trap of kind [`Other`](crate::TrapKind::Other) when the
    /// imports do not fit the module.
    fn instantiate_with(
        &mut self,
        module: &<Self::Engine as Engine>::Module,
        imports: &[Extern<Self::Engine>],
    ) -> Result<<Self::Engine as Engine>::Instance, Stop>;

    /// An export of an instance, by name.
    fn export(
        &mut self,
        instance: &<Self::Engine as Engine>::Instance,
        name: &str,
    ) -> Option<Extern<Self::Engine>>;

    /// Calls a guest function. From inside a host function, too.
    ///
    /// # Errors
    /// What stopped the guest; a trap of kind [`Other`](crate::TrapKind::Other) when the arguments
    /// or the number of results do not fit the function's type.
    fn call(
        &mut self,
        func: &<Self::Engine as Engine>::Func,
        args: &[Value],
        results: &mut [Value],
    ) -> Result<(), Stop>;

    /// Calls a guest function with raw slots, as [`Slots`] has them: arguments first, each from its
    /// lowest bit; results take their place. As quick as a call from outside can be.
    ///
    /// # Errors
    /// As [`Context::call`]; the trap of kind [`Other`](crate::TrapKind::Other) when there are
    /// fewer slots than the function has arguments or results.
    fn call_raw(
        &mut self,
        func: &<Self::Engine as Engine>::Func,
        slots: &mut [u64],
    ) -> Result<(), Stop>;

    /// The export of an instance that [`Engine::find_export`] has found in its module.
    fn found_export(
        &mut self,
        instance: &<Self::Engine as Engine>::Instance,
        export: &<Self::Engine as Engine>::ExportPlace,
    ) -> Option<Extern<Self::Engine>>;

    /// Fuel that is left, where fuel is counted.
    fn fuel(&mut self) -> Option<u64>;

    /// Grows a memory by `pages` of 64 KiB; `None` when it can not grow so far.
    fn memory_grow(&mut self, memory: &<Self::Engine as Engine>::Memory, pages: u64)
    -> Option<u64>;

    /// The function in a table's element; `None` when the element is outside or empty.
    fn table_func(
        &mut self,
        table: &<Self::Engine as Engine>::Table,
        index: u32,
    ) -> Option<<Self::Engine as Engine>::Func>;

    /// A new mutable global of the host's.
    ///
    /// # Errors
    /// A trap of kind [`Limit`](crate::TrapKind::Limit) when the store has no room for it.
    fn new_global(&mut self, value: Value) -> Result<<Self::Engine as Engine>::Global, Stop>;

    /// The value of a global; `None` when it is a vector or a reference.
    fn global(&mut self, global: &<Self::Engine as Engine>::Global) -> Option<Value>;

    /// Sets a mutable global.
    ///
    /// # Errors
    /// A trap of kind [`Other`](crate::TrapKind::Other) when the global is immutable or of another
    /// type.
    fn set_global(
        &mut self,
        global: &<Self::Engine as Engine>::Global,
        value: Value,
    ) -> Result<(), Stop>;
}

/// Arguments and results of a host function: numbered slots, arguments first; a result takes the
/// slot of its own number and overwrites the argument there.
///
/// Reading a slot as another type than it holds gives some number, never undefined behaviour.
pub trait Slots {
    /// An `i32` argument (or the bits of an `f32`).
    fn u32(&self, index: usize) -> u32;
    /// An `i64` argument (or the bits of an `f64`).
    fn u64(&self, index: usize) -> u64;
    /// Sets an `i32` result (or the bits of an `f32`).
    fn set_u32(&mut self, index: usize, value: u32);
    /// Sets an `i64` result (or the bits of an `f64`).
    fn set_u64(&mut self, index: usize, value: u64);
}

/// Whether a function is of the type that `realloc` has.
pub(crate) fn check_realloc(ty: Option<&FuncType>) -> Result<(), Stop> {
    match ty {
        Some(FuncType { params, results })
            if **params == [ValType::I32; 4] && **results == [ValType::I32] =>
        {
            Ok(())
        }
        _ => {
            let detail = Some("a `realloc` takes four `i32` and gives one".to_owned());
            Err(Trap { kind: TrapKind::Other, detail, frames: Vec::new() }.into())
        }
    }
}

#[cold]
#[inline(never)]
pub(crate) fn no_realloc() -> Stop {
    Trap::host("no `realloc` is kept under this number").into()
}
