//! Guests that are suspended: the interpreter stops where a host function waits, and goes on from
//! there once that function was called again.

use ::wasmi::{AsContextMut, ResumableCall, Store, Val};

use super::context::{Context, put_raw, raw_values};
use super::data::{Data, Waiting};
use super::trap;
use crate::config::no_room;
use crate::error::make_way;
use crate::{Stop, Trap, Wait};

/// Calls a host function that may wait. What it waits for stays in the store; for the others' turns
/// nobody waits where the guest can not be suspended.
pub(super) fn attempt<T: Send + 'static>(
    context: &mut Context<'_, T>,
    args: &[Val],
    mut call: impl FnMut(&mut Context<'_, T>) -> Result<(), Stop>,
) -> Result<(), Stop> {
    let mut result = call(context);
    if is_turn(&result) && !context.data().can_suspend() {
        let long_calls = context.data().limits.long_calls;
        let mut to_its_end = || {
            while is_turn(&result) {
                let look = context.data().limits.look().map_err(Stop::from);
                result = look.and_then(|()| call(context));
            }
        };
        match long_calls {
            Some(long_calls) if !long_calls(&mut to_its_end) => return Err(no_room().into()),
            Some(_) => {}
            None => to_its_end(),
        }
    }
    keep_wait(result, context.data(), args)
}

fn is_turn(result: &Result<(), Stop>) -> bool {
    matches!(result, Err(Stop::Wait(wait)) if wait.is_turn())
}

/// The result of a host function that may wait: what it waits for stays in the store.
fn keep_wait<T>(result: Result<(), Stop>, data: &mut Data<T>, args: &[Val]) -> Result<(), Stop> {
    match result {
        Err(Stop::Wait(until)) if data.can_suspend() => {
            data.waiting = Some(Waiting { args: args.to_vec(), until });
            Err(Stop::Wait(Wait::new(Box::pin(std::future::ready(())))))
        }
        Err(Stop::Wait(_)) => Err(Trap::host(
            "the guest waits inside of a call by the host, where it can not be suspended",
        )
        .into()),
        done => done,
    }
}

/// Calls a guest function, as [`Context::call_raw`](crate::Context::call_raw).
pub(super) async fn call<T: Send + 'static>(
    store: &mut Store<Data<T>>,
    func: &::wasmi::Func,
    slots: &mut [u64],
) -> Result<(), Stop> {
    let (args, mut results) = raw_values(&func.ty(&*store), slots)?;
    store.data_mut().enter()?;
    store.data_mut().suspendable = true;
    let result = run(store, func, &args, &mut results).await;
    store.data_mut().suspendable = false;
    store.data_mut().leave();
    result?;
    put_raw(slots, &results)
}

async fn run<T: Send + 'static>(
    store: &mut Store<Data<T>>,
    func: &::wasmi::Func,
    args: &[Val],
    results: &mut [Val],
) -> Result<(), Stop> {
    let mut call = func.call_resumable(store.as_context_mut(), args, results);
    loop {
        match call.map_err(|error| Context::new(store).stop(error))? {
            ResumableCall::Finished => return Ok(()),
            ResumableCall::OutOfFuel(paused) => {
                Context::new(store).next_slice(paused.required_fuel())?;
                make_way().await;
                call = paused.resume(store.as_context_mut(), results);
            }
            ResumableCall::HostTrap(paused) => {
                let Some(waiting) = store.data_mut().waiting.take() else {
                    return Err(trap::stop(paused.into_host_error()));
                };
                let given = wait(store, paused.host_func(), waiting).await?;
                call = paused.resume(store.as_context_mut(), &given, results);
            }
        }
    }
}

/// Waits, and calls the host function again: until it has its results.
async fn wait<T: Send + 'static>(
    store: &mut Store<Data<T>>,
    func: ::wasmi::Func,
    mut waiting: Waiting,
) -> Result<Vec<Val>, Stop> {
    let ty = func.ty(&*store);
    let mut results: Vec<Val> = ty.results().iter().map(|ty| Val::default_for_ty(*ty)).collect();
    loop {
        let Waiting { args, until } = waiting;
        until.into_future().await;
        match func.call(store.as_context_mut(), &args, &mut results) {
            Ok(()) => return Ok(results),
            Err(error) => {
                waiting = store.data_mut().waiting.take().ok_or_else(|| trap::stop(error))?;
            }
        }
    }
}
