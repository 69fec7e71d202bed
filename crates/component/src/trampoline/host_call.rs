use crate::abi::{
    ComponentType, Guest, InHand, Lift, Lifting, Lower, MAX_FLAT_PARAMS, MAX_FLAT_RESULTS, invalid,
    store,
};
use crate::host::{FillingFunction, HostFunction};
use crate::linker::DynamicFn;
use crate::plan::{FuncType, Options, Plan};
use crate::runtime::{Data, Lowering, check_leave, no_memory};
use crate::value;
use wayleave_engine::{Context, Engine, Slots, Stop};

/// The guest calls a host function over Rust types (`canon lower`).
#[inline]
pub(crate) fn call_typed<E: Engine, T: Send + 'static, F: HostFunction<T>>(
    context: &mut E::Context<'_, Data<E, T>>,
    slots: &mut E::Slots<'_>,
    options: &Options,
    function: &F,
) -> Result<(), Stop> {
    check_leave::<E, T>(context, options.instance)?;
    let (memory, data) = match options.memory {
        Some(number) => context.kept_memory(number as usize)?,
        None => (&mut [][..], context.state()),
    };
    let handles = &mut data.runtime.handles;
    let mut from = Lifting::new(memory, options.encoding, handles, options.instance);
    let (params, used) = lift_params::<F::Params<'_>>(&mut from, slots)?;
    let results = function.call(&mut data.host, params)?;
    if F::Results::FLAT == 0 {
        return Ok(());
    }
    if F::Results::ALLOCATES {
        let mut to = Lowering::<E, T>::new(context, options);
        return lower_results(&results, &mut to, slots, used);
    }
    let (encoding, instance) = (options.encoding, options.instance);
    let handles = &mut data.runtime.handles;
    lower_results(&results, &mut InHand { memory, encoding, handles, instance }, slots, used)
}

/// As [`call_typed`], for a function that allocates memory of the guest's itself.
#[inline]
pub(crate) fn call_filling<E: Engine, T: Send + 'static, F: FillingFunction<T>>(
    context: &mut E::Context<'_, Data<E, T>>,
    slots: &mut E::Slots<'_>,
    options: &Options,
    function: &F,
) -> Result<(), Stop> {
    check_leave::<E, T>(context, options.instance)?;
    let Some(number) = options.memory else { return Err(no_memory()) };
    let (memory, data) = context.kept_memory(number as usize)?;
    let handles = &mut data.runtime.handles;
    let mut from = Lifting::new(memory, options.encoding, handles, options.instance);
    let (params, used) = lift_params::<F::Params>(&mut from, slots)?;
    let results = function.call(&mut Lowering::<E, T>::new(context, options), params)?;
    if F::Results::ALLOCATES {
        let mut to = Lowering::<E, T>::new(context, options);
        return lower_results(&results, &mut to, slots, used);
    }
    let (memory, data) = context.kept_memory(number as usize)?;
    let (encoding, instance) = (options.encoding, options.instance);
    let handles = &mut data.runtime.handles;
    lower_results(&results, &mut InHand { memory, encoding, handles, instance }, slots, used)
}

/// The parameters, and how many slots they took.
#[inline(always)]
fn lift_params<'m, P: Lift<'m>>(
    from: &mut Lifting<'m, '_>,
    slots: &impl Slots,
) -> Result<(P, usize), Stop> {
    if P::FLAT <= MAX_FLAT_PARAMS {
        return Ok((P::lift(from, slots, 0)?, P::FLAT));
    }
    let at = aligned(slots.u32(0), P::ALIGN)?;
    from.bytes(at, P::SIZE)?;
    Ok((P::load(from, at)?, 1))
}

/// To where the guest wants the results, behind the slots that its parameters used.
#[inline(always)]
fn lower_results<R: Lower, G: Guest>(
    results: &R,
    to: &mut G,
    slots: &mut impl Slots,
    used: usize,
) -> Result<(), Stop> {
    if R::FLAT <= MAX_FLAT_RESULTS {
        return results.lower(to, slots, 0);
    }
    store(results, to, aligned(slots.u32(used), R::ALIGN)?)
}

/// The guest calls a host function whose type is known only now.
pub(crate) fn call_dynamic<E: Engine, T: Send + 'static>(
    context: &mut E::Context<'_, Data<E, T>>,
    slots: &mut E::Slots<'_>,
    options: &Options,
    plan: &Plan,
    ty: &FuncType,
    function: &DynamicFn<T>,
) -> Result<(), Stop> {
    check_leave::<E, T>(context, options.instance)?;
    let (memory, data) = match options.memory {
        Some(number) => {
            let (memory, data) = context.kept_memory(number as usize)?;
            (&*memory, data)
        }
        None => (&[][..], context.state()),
    };
    let mut from =
        Lifting::new(memory, options.encoding, &mut data.runtime.handles, options.instance);
    let (params, used) = value::lift_params(&plan.types, ty, &mut from, slots)?;
    let result = function(&mut data.host, ty, params)?;
    let mut to = Lowering::<E, T>::new(context, options);
    value::lower_result(&plan.types, ty, result.as_ref(), &mut to, slots, used)
}

/// An address that a guest gives for values of this alignment.
#[inline]
pub(crate) fn aligned(at: u32, align: u32) -> Result<u32, Stop> {
    if at.is_multiple_of(align) {
        return Ok(at);
    }
    Err(not_aligned(at, align))
}

#[cold]
#[inline(never)]
fn not_aligned(at: u32, align: u32) -> Stop {
    invalid(format!("pointer {at:#x} is not aligned to {align}"))
}
