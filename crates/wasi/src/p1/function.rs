//! From a Rust function to a host function: its WebAssembly type and the reading of its arguments
//! are derived from the Rust signature, so that neither is written twice.

use super::call::{Call, Failure, Result};
use super::{Host, State};
use crate::GuestMemory;
use tracing::level_filters::LevelFilter;
use wayleave_engine::{Context, Engine, Error, FuncType, Slots, Stop, ValType};

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
    module: &str,
    name: &'static str,
    f: impl Function<A>,
) -> std::result::Result<(), Error> {
    E::define(linker, module, name, &type_of(f), move |context, slots| {
        // One load and no more: this is on the way of each call.
        if LevelFilter::current() >= LevelFilter::DEBUG {
            return traced::<E, T, A>(name, f, context, slots);
        }
        slots.set_u32(0, errno(f.call::<E, T>(context, slots))?);
        Ok(())
    })
}

/// Adds a function that takes one number and ends the guest.
pub(super) fn define_exit<E: Engine, T: State>(
    linker: &mut E::Linker<T>,
    module: &str,
    name: &'static str,
    f: fn(u32) -> Stop,
) -> std::result::Result<(), Error> {
    let ty = FuncType::new(&[ValType::I32], &[]);
    E::define(linker, module, name, &ty, move |_, slots| Err(f(slots.u32(0))))
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

/// A call that is told about, before and after.
#[cold]
#[inline(never)]
fn traced<E: Engine, T: State, A>(
    name: &str,
    f: impl Function<A>,
    context: &mut E::Context<'_, T>,
    slots: &mut E::Slots<'_>,
) -> std::result::Result<(), Stop> {
    let args: Vec<u64> = (0..)
        .zip(type_of(f).params)
        .map(|(index, ty)| match ty {
            ValType::I64 | ValType::F64 => slots.u64(index),
            ValType::I32 | ValType::F32 => slots.u32(index).into(),
        })
        .collect();
    tracing::debug!("{name} {args:?}");
    let errno = errno(f.call::<E, T>(context, slots))?;
    tracing::debug!("{name} -> errno {errno}");
    slots.set_u32(0, errno);
    Ok(())
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
