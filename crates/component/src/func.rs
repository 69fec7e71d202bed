use crate::abi::{
    ComponentType, Guest, Lift, Lifting, Lower, MAX_FLAT_PARAMS, MAX_FLAT_RESULTS, Mismatch,
    TypeContext, store,
};
use crate::handles::Kinds;
use crate::plan::{FuncType, Options, Plan, Types};
use crate::template::ReadyItem;
use crate::trampoline::aligned;
use std::marker::PhantomData;
use std::sync::Arc;
use wayleave_engine::{Engine, Slots, Stop};

/// A function that an instance exports.
pub struct Func<E: Engine> {
    pub(crate) core: E::Func,
    pub(crate) ty: Arc<FuncType>,
    pub(crate) options: Options,
    pub(crate) token: Arc<()>,
}

impl<E: Engine> Func<E> {
    /// Its type.
    pub fn ty(&self) -> &FuncType {
        &self.ty
    }
}

/// A function that an instance exports, over Rust types.
pub struct TypedFunc<E: Engine, P, R> {
    pub(crate) func: Func<E>,
    signature: PhantomData<fn(P) -> R>,
}

/// A function that all instances of a template export, over Rust types: found and checked once, for
/// [`Instance::bind`](crate::Instance::bind).
pub struct TypedExport<E: Engine, P, R> {
    pub(crate) export: FuncExport<E>,
    /// Tells the template that it is of.
    pub(crate) plan: Arc<Plan>,
    signature: PhantomData<fn(P) -> R>,
}

/// An exported function, of whatever instance.
pub(crate) struct FuncExport<E: Engine> {
    pub(crate) ready: ReadyItem<E>,
    pub(crate) ty: Arc<FuncType>,
    pub(crate) options: Options,
}

impl<E: Engine, P: Lower, R: for<'m> Lift<'m>> TypedFunc<E, P, R> {
    /// The types have been checked.
    pub(crate) fn new(func: Func<E>) -> Self {
        Self { func, signature: PhantomData }
    }
}

impl<E: Engine, P: Lower, R: for<'m> Lift<'m>> TypedExport<E, P, R> {
    pub(crate) fn new(
        export: FuncExport<E>,
        plan: &Arc<Plan>,
        kinds: &Kinds,
    ) -> Result<Self, Mismatch> {
        check::<P, R>(&export.ty, &plan.types, kinds)?;
        Ok(Self { export, plan: plan.clone(), signature: PhantomData })
    }
}

/// That a function is of these Rust types.
pub(crate) fn check<P: Lower, R: for<'m> Lift<'m>>(
    ty: &FuncType,
    types: &Types,
    kinds: &Kinds,
) -> Result<(), Mismatch> {
    let of = |kind: &u32| kinds.rust.get(*kind as usize).copied().flatten();
    let resources: Vec<_> = kinds.of_resource.iter().map(of).collect();
    let context = TypeContext { types, resources: &resources };
    let params: Vec<_> = ty.params.iter().map(|(_, ty)| *ty).collect();
    P::check_fields(&params, &context)?;
    R::check_fields(ty.result.as_slice(), &context)
}

/// The parameters of a guest's function.
pub(crate) fn lower_params<P: Lower, G: Guest>(
    params: &P,
    to: &mut G,
    slots: &mut impl Slots,
) -> Result<(), Stop> {
    if P::FLAT <= MAX_FLAT_PARAMS {
        return params.lower(to, slots, 0);
    }
    let (at, _) = to.allocate(P::SIZE, P::ALIGN)?;
    store(params, to, at)?;
    slots.set_u32(0, at);
    Ok(())
}

/// The result of a guest's function.
pub(crate) fn lift_results<R: for<'m> Lift<'m>>(
    from: &mut Lifting<'_, '_>,
    slots: &impl Slots,
) -> Result<R, Stop> {
    if <R as ComponentType>::FLAT <= MAX_FLAT_RESULTS {
        return R::lift(from, slots, 0);
    }
    let at = aligned(slots.u32(0), <R as ComponentType>::ALIGN)?;
    from.bytes(at, <R as ComponentType>::SIZE)?;
    R::load(from, at)
}
