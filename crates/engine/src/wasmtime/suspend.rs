//! Guests that are suspended: each call runs on a stack of its own, which the engine switches to
//! and from.

use std::mem::MaybeUninit;
use std::pin::{Pin, pin};
use std::task::{Poll, Waker};
use std::time::Instant;

use ::wasmtime::{AsContextMut, Caller, StoreContextMut, TypedFunc, Val, ValRaw};

use super::context::{NO_VECTORS, other};
use super::slots::{Layout, Slots};
use super::{Context, Data, DefaultMemory, Func, find_memory, trap};
use crate::config::{LONG_CALL, no_room};
use crate::error::make_way;
use crate::{FuncType, LongCalls, Stop, Trap, ValType};

/// Calls a guest function, as [`Context::call_raw`](crate::Context::call_raw).
pub(super) async fn call<T: Send + 'static>(
    store: &mut StoreContextMut<'_, Data<T>>,
    func: &Func,
    slots: &mut [u64],
) -> Result<(), Stop> {
    let Some(ty) = func.ty.as_deref() else { return Err(other(NO_VECTORS.into())) };
    if slots.len() < ty.params.len().max(ty.results.len()) {
        return Err(other(format!("too few slots for a function of type {ty}")));
    }
    if let ([ValType::I32, ValType::I32], []) = (ty.params.as_slice(), ty.results.as_slice()) {
        // SAFETY: that is the function's type.
        let func = unsafe { TypedFunc::<(u32, u32), ()>::new_unchecked(&*store, func.raw) };
        let [first, second] = [0, 1].map(|index| ValRaw::u64(slots[index]).get_u32());
        return func
            .call_async(&mut *store, (first, second))
            .await
            .map_err(|error| trap::stop(store.as_context_mut(), error));
    }
    let args: Vec<Val> = slots.iter().zip(&ty.params).map(|(slot, ty)| value(*slot, *ty)).collect();
    let mut results = vec![Val::I32(0); ty.results.len()];
    func.raw
        .call_async(&mut *store, &args, &mut results)
        .await
        .map_err(|error| trap::stop(store.as_context_mut(), error))?;
    for (slot, result) in slots.iter_mut().zip(&results) {
        *slot = bits(result);
    }
    Ok(())
}

/// Calls a guest's `realloc`, as [`Context::kept_realloc`](crate::Context::kept_realloc), which has
/// seen its type.
pub(super) async fn realloc<T: Send + 'static>(
    store: &mut StoreContextMut<'_, Data<T>>,
    func: ::wasmtime::Func,
    [old, old_size, align, size]: [u32; 4],
) -> Result<u32, Stop> {
    // SAFETY: that is the function's type.
    let func = unsafe { TypedFunc::<(u32, u32, u32, u32), u32>::new_unchecked(&*store, func) };
    func.call_async(&mut *store, (old, old_size, align, size))
        .await
        .map_err(|error| trap::stop(store.as_context_mut(), error))
}

/// Runs what the engine offers as a future only, where the guest can not be suspended.
///
/// # Errors
/// That there is no room for such a call that takes long: it was given up.
pub(super) fn at_once<'a, T: Send + 'static, R>(
    store: &mut StoreContextMut<'a, Data<T>>,
    run: impl AsyncFnOnce(&mut StoreContextMut<'a, Data<T>>) -> R,
) -> Result<R, Stop> {
    let long_calls = store.data().limits.long_calls;
    store.data_mut().pinned += 1;
    let (result, kicked) = {
        let mut future = pin!(run(store));
        match poll(future.as_mut()) {
            Poll::Ready(result) => (Some(result), false),
            Poll::Pending => (go_on(future, long_calls), true),
        }
    };
    store.data_mut().pinned -= 1;
    if kicked {
        // Whoever called this owes the others the turn that they did not have.
        store.set_epoch_deadline(0);
    }
    result.ok_or_else(|| no_room().into())
}

/// Goes on with a guest that did not come back before it was kicked; `None` when there is no room
/// for it.
#[cold]
fn go_on<R>(
    mut future: Pin<&mut impl Future<Output = R>>,
    long_calls: Option<LongCalls>,
) -> Option<R> {
    let begun = Instant::now();
    loop {
        if let Poll::Ready(result) = poll(future.as_mut()) {
            return Some(result);
        }
        if let Some(long_calls) = long_calls
            && begun.elapsed() >= LONG_CALL
        {
            let mut result = None;
            let mut to_its_end = || {
                result = Some(loop {
                    if let Poll::Ready(result) = poll(future.as_mut()) {
                        break result;
                    }
                });
            };
            return if long_calls(&mut to_its_end) { result } else { None };
        }
    }
}

fn into_error(trap: Trap) -> ::wasmtime::Error {
    ::wasmtime::Error::new(Stop::from(trap))
}

/// Pending is only a guest that makes way for others, or a host function that does: those that would
/// wait trap where the guest can not be suspended.
fn poll<R>(future: Pin<&mut impl Future<Output = R>>) -> Poll<R> {
    future.poll(&mut std::task::Context::from_waker(Waker::noop()))
}

/// A host function that may wait.
pub(super) struct HostFunc<F> {
    func: F,
    layout: Layout,
    results: Box<[ValType]>,
}

impl<F> HostFunc<F> {
    pub(super) fn new(func: F, ty: &FuncType) -> Self {
        Self { func, layout: Layout::new(ty), results: ty.results.as_slice().into() }
    }

    /// Calls it until it does not wait any more.
    pub(super) async fn call<T: Send + 'static>(
        &self,
        mut caller: Caller<'_, Data<T>>,
        args: &[Val],
        results: &mut [Val],
    ) -> ::wasmtime::Result<()>
    where
        F: Fn(&mut Context<'_, T>, &mut Slots<'_>) -> Result<(), Stop> + Send + Sync,
    {
        loop {
            match self.attempt(&mut caller, args, results) {
                Err(Stop::Wait(wait)) if caller.data().pinned > 0 => {
                    if wait.is_turn() {
                        caller.data().limits.look().map_err(into_error)?;
                        make_way().await;
                        continue;
                    }
                    return Err(::wasmtime::Error::new(Stop::from(Trap::host(
                        "the guest waits inside of a call by the host, where it can not be \
                         suspended",
                    ))));
                }
                Err(Stop::Wait(wait)) => wait.into_future().await,
                done => return done.map_err(::wasmtime::Error::new),
            }
        }
    }

    fn attempt<T: Send + 'static>(
        &self,
        caller: &mut Caller<'_, Data<T>>,
        args: &[Val],
        results: &mut [Val],
    ) -> Result<(), Stop>
    where
        F: Fn(&mut Context<'_, T>, &mut Slots<'_>) -> Result<(), Stop>,
    {
        if let DefaultMemory::Unknown = caller.data().memory {
            find_memory(caller);
        }
        let raw = |value: &Val| MaybeUninit::new(ValRaw::u64(bits(value)));
        let mut raw: Vec<MaybeUninit<ValRaw>> = args.iter().map(raw).collect();
        raw.resize_with(args.len().max(results.len()), || MaybeUninit::new(ValRaw::u64(0)));
        let mut slots = Slots::new(&mut raw, &self.layout);
        (self.func)(&mut Context { store: caller.as_context_mut() }, &mut slots)?;
        for (index, (result, ty)) in results.iter_mut().zip(&self.results).enumerate() {
            *result = value(crate::Slots::u64(&slots, index), *ty);
        }
        Ok(())
    }
}

fn value(slot: u64, ty: ValType) -> Val {
    let low = ValRaw::u64(slot).get_u32();
    match ty {
        ValType::I32 => Val::I32(low.cast_signed()),
        ValType::I64 => Val::I64(slot.cast_signed()),
        ValType::F32 => Val::F32(low),
        ValType::F64 => Val::F64(slot),
    }
}

/// Vectors and references, which are refused before, have none.
fn bits(value: &Val) -> u64 {
    match *value {
        Val::I32(value) => value.cast_unsigned().into(),
        Val::I64(value) => value.cast_unsigned(),
        Val::F32(bits) => bits.into(),
        Val::F64(bits) => bits,
        _ => 0,
    }
}
