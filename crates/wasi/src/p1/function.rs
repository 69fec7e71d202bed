//! From a Rust function to a host function: its WebAssembly type and the reading of its arguments
//! are derived from the Rust signature, so that neither is written twice.

use super::call::{Call, Failure, Result};
use super::trace::Traced;
use super::{Host, State};
use crate::GuestMemory;
use std::sync::Arc;
use wayleave_engine::{Context, Engine, Error, FuncType, Slots, Stop, Tracer, ValType};

/// A Rust function that can be a host function. `A` are its arguments, with a marker of what else
/// it takes: the whole [`Call`], or the [`Host`] alone, for functions that touch no memory.
pub(super) trait Function<A>: Copy + Send + Sync + 'static {
    fn ty() -> FuncType;
    fn call<E: Engine, T: State>(
        self,
        context: &mut E::Context<'_, T>,
        slots: &E::Slots<'_>,
    ) -> Result<()>;
}

/// Marks functions that take a [`Call`].
pub(super) struct WithMemory;
/// Marks functions that take a [`Host`].
pub(super) struct WithoutMemory;

/// Adds a function that returns an `errno`.
pub(super) fn define<E: Engine, T: State, A: 'static>(
    linker: &mut E::Linker<T>,
    place: Place<'_>,
    f: impl Function<A>,
) -> std::result::Result<(), Error> {
    let ty = type_of(f);
    let traced = Traced::new(place.tracer, place.module, place.name, place.words, &ty.params);
    E::define(linker, place.module, place.name, &ty, move |context, slots| {
        if let Some(traced) = &traced {
            return call_traced::<E, T, A>(traced, f, context, slots);
        }
        slots.set_u32(0, errno(f.call::<E, T>(context, slots))?);
        Ok(())
    })
}

/// Adds a function that takes one number and ends the guest.
pub(super) fn define_exit<E: Engine, T: State>(
    linker: &mut E::Linker<T>,
    place: Place<'_>,
    f: fn(u32) -> Stop,
) -> std::result::Result<(), Error> {
    let ty = FuncType::new(&[ValType::I32], &[]);
    let traced = Traced::new(place.tracer, place.module, place.name, place.words, &ty.params);
    E::define(linker, place.module, place.name, &ty, move |_, slots| {
        let stop = f(slots.u32(0));
        let Some(traced) = &traced else { return Err(stop) };
        let memory = GuestMemory::new(&mut []);
        let result = Err(stop);
        traced.end(traced.begin(&memory, slots), &memory, &result);
        result.map(|_| ())
    })
}

/// Where a function is found, and who is told of its calls.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) module: &'static str,
    pub(super) name: &'static str,
    /// Its arguments in words: see [`trace`](super::trace).
    pub(super) words: &'static str,
    pub(super) tracer: Option<&'a Arc<dyn Tracer>>,
}

fn type_of<A, F: Function<A>>(_: F) -> FuncType {
    F::ty()
}

/// What the guest is told: 0 or the error's number.
#[inline]
fn errno(result: Result<()>) -> std::result::Result<u32, Stop> {
    match result {
        Ok(()) => Ok(0),
        Err(Failure::Errno(code)) => Ok(code as u32),
        Err(Failure::Stop(stop)) => Err(*stop),
    }
}

#[cold]
#[inline(never)]
fn call_traced<E: Engine, T: State, A>(
    traced: &Traced,
    f: impl Function<A>,
    context: &mut E::Context<'_, T>,
    slots: &mut E::Slots<'_>,
) -> std::result::Result<(), Stop> {
    let begun = traced.begin(&memory::<E, T>(context), slots);
    let result = errno(f.call::<E, T>(context, slots));
    traced.end(begun, &memory::<E, T>(context), &result);
    slots.set_u32(0, result?);
    Ok(())
}

/// The guest's memory, or none where it has none: the call itself says so.
fn memory<'a, E: Engine, T: State>(context: &'a mut E::Context<'_, T>) -> GuestMemory<'a> {
    match context.memory() {
        Ok((bytes, _)) => GuestMemory::new(bytes),
        Err(_) => GuestMemory::new(&mut []),
    }
}

/// A type of argument.
pub(super) trait Param {
    const TYPE: ValType;
    fn load<S: Slots>(slots: &S, index: usize) -> Self;
}

impl Param for u32 {
    const TYPE: ValType = ValType::I32;
    #[inline]
    fn load<S: Slots>(slots: &S, index: usize) -> Self {
        slots.u32(index)
    }
}

impl Param for u64 {
    const TYPE: ValType = ValType::I64;
    #[inline]
    fn load<S: Slots>(slots: &S, index: usize) -> Self {
        slots.u64(index)
    }
}

impl Param for i64 {
    const TYPE: ValType = ValType::I64;
    #[inline]
    fn load<S: Slots>(slots: &S, index: usize) -> Self {
        slots.u64(index).cast_signed()
    }
}

macro_rules! functions {
    ($($arg:ident $index:literal),*) => {
        impl<F, $($arg: Param + 'static),*> Function<(WithMemory, $($arg,)*)> for F
        where
            F: Fn(&mut Call<'_>, $($arg),*) -> Result<()> + Copy + Send + Sync + 'static,
        {
            fn ty() -> FuncType {
                FuncType::new(&[$($arg::TYPE),*], &[ValType::I32])
            }

            #[inline]
            fn call<E: Engine, T: State>(
                self,
                context: &mut E::Context<'_, T>,
                slots: &E::Slots<'_>,
            ) -> Result<()> {
                let (bytes, state) = context.memory()?;
                let mut call = Call { host: state.p1(), memory: GuestMemory::new(bytes) };
                let _ = slots;
                self(&mut call, $($arg::load(slots, $index)),*)
            }
        }

        impl<F, $($arg: Param + 'static),*> Function<(WithoutMemory, $($arg,)*)> for F
        where
            F: Fn(&mut Host, $($arg),*) -> Result<()> + Copy + Send + Sync + 'static,
        {
            fn ty() -> FuncType {
                FuncType::new(&[$($arg::TYPE),*], &[ValType::I32])
            }

            #[inline]
            fn call<E: Engine, T: State>(
                self,
                context: &mut E::Context<'_, T>,
                slots: &E::Slots<'_>,
            ) -> Result<()> {
                let _ = slots;
                self(context.state().p1(), $($arg::load(slots, $index)),*)
            }
        }
    };
}

functions!();
functions!(A 0);
functions!(A 0, B 1);
functions!(A 0, B 1, C 2);
functions!(A 0, B 1, C 2, D 3);
functions!(A 0, B 1, C 2, D 3, G 4);
functions!(A 0, B 1, C 2, D 3, G 4, H 5);
functions!(A 0, B 1, C 2, D 3, G 4, H 5, I 6);
functions!(A 0, B 1, C 2, D 3, G 4, H 5, I 6, J 7);
functions!(A 0, B 1, C 2, D 3, G 4, H 5, I 6, J 7, K 8);
