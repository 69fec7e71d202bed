//! The arguments and results of calls.

use super::Value;
use super::lifting::{lift, load};
use super::lowering::{lower, store};
use super::shapes::field;
use crate::abi::{Guest, Lifting, MAX_FLAT_PARAMS, MAX_FLAT_RESULTS, invalid};
use crate::plan::{FuncType, Types};
use crate::trampoline::aligned;
use wayleave_engine::{Slots, Stop};

/// That arguments are of a function's type.
pub(crate) fn check_args(types: &Types, ty: &FuncType, args: &[Value]) -> Result<(), Stop> {
    if args.len() != ty.params.len() {
        return Err(invalid(format!(
            "the function takes {} arguments, not {}",
            ty.params.len(),
            args.len()
        )));
    }
    match args.iter().zip(&ty.params).find(|(arg, (_, ty))| !arg.is(*ty, types)) {
        Some((_, (name, ty))) => Err(invalid(format!(
            "the argument `{name}` is not of its type, {}",
            types.describe(*ty)
        ))),
        None => Ok(()),
    }
}

/// The parameters of a function that a guest calls, and how many slots they took.
pub(crate) fn lift_params(
    types: &Types,
    ty: &FuncType,
    from: &mut Lifting<'_, '_>,
    slots: &impl Slots,
) -> Result<(Vec<Value>, usize), Stop> {
    let layout = types.sequence(ty.params.iter().map(|(_, ty)| *ty));
    let mut values = Vec::new();
    if layout.flat.is_some_and(|flat| flat.len() <= MAX_FLAT_PARAMS) {
        let mut slot = 0;
        for (_, ty) in &ty.params {
            values.push(lift(types, *ty, from, slots, &mut slot)?);
        }
        return Ok((values, slot));
    }
    let at = aligned(slots.u32(0), layout.align)?;
    from.bytes(at, layout.size)?;
    let mut offset = 0;
    for (_, ty) in &ty.params {
        values.push(load(types, *ty, from, at + field(types, *ty, &mut offset))?);
    }
    Ok((values, 1))
}

/// The result of a function that a guest has called.
pub(crate) fn lower_result<G: Guest>(
    types: &Types,
    ty: &FuncType,
    result: Option<&Value>,
    to: &mut G,
    slots: &mut impl Slots,
    used: usize,
) -> Result<(), Stop> {
    let (ty, value) = match (ty.result, result) {
        (None, None) => return Ok(()),
        (Some(ty), Some(value)) if value.is(ty, types) => (ty, value),
        _ => return Err(invalid("a host function gave a result of another type")),
    };
    if types.flat(ty).is_some_and(|flat| flat.len() <= MAX_FLAT_RESULTS) {
        return lower(types, ty, value, to, slots, &mut 0);
    }
    let (size, align) = types.size_align(ty);
    let at = aligned(slots.u32(used), align)?;
    to.bytes(at, size)?;
    store(types, ty, value, to, at)
}

/// The arguments of a guest's function.
pub(crate) fn lower_params<G: Guest>(
    types: &Types,
    ty: &FuncType,
    args: &[Value],
    to: &mut G,
    slots: &mut impl Slots,
) -> Result<(), Stop> {
    let layout = types.sequence(ty.params.iter().map(|(_, ty)| *ty));
    let params = ty.params.iter().zip(args);
    if layout.flat.is_some_and(|flat| flat.len() <= MAX_FLAT_PARAMS) {
        let mut slot = 0;
        for ((_, ty), value) in params {
            lower(types, *ty, value, to, slots, &mut slot)?;
        }
        return Ok(());
    }
    let (at, _) = to.allocate(layout.size, layout.align)?;
    let mut offset = 0;
    for ((_, ty), value) in params {
        store(types, *ty, value, to, at + field(types, *ty, &mut offset))?;
    }
    slots.set_u32(0, at);
    Ok(())
}

/// The result of a guest's function.
pub(crate) fn lift_result(
    types: &Types,
    ty: &FuncType,
    from: &mut Lifting<'_, '_>,
    slots: &impl Slots,
) -> Result<Option<Value>, Stop> {
    let Some(ty) = ty.result else { return Ok(None) };
    if types.flat(ty).is_some_and(|flat| flat.len() <= MAX_FLAT_RESULTS) {
        return lift(types, ty, from, slots, &mut 0).map(Some);
    }
    let (size, align) = types.size_align(ty);
    let at = aligned(slots.u32(0), align)?;
    from.bytes(at, size)?;
    load(types, ty, from, at).map(Some)
}
