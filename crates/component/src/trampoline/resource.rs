//! Resources: `resource.new`, `resource.rep`, `resource.drop`, and handles on their way between
//! instances.

use crate::abi::invalid;
use crate::handles::Dropped;
use crate::linker::Destructor;
use crate::plan::{Plan, Resource};
use crate::runtime::{Data, check_leave};
use wayleave_engine::{Context, Engine, Slots, Stop};

/// A resource type as some component instance knows it.
#[derive(Clone, Copy)]
pub(crate) struct GuestResource {
    /// The instance whose handles are meant.
    pub(crate) instance: u32,
    pub(crate) resource: u32,
    /// The instance that defines it.
    home: Option<u32>,
}

impl GuestResource {
    pub(crate) fn new(plan: &Plan, instance: u32, resource: u32) -> Self {
        let home = match plan.resources.get(resource as usize) {
            Some(Resource::Defined { instance }) => Some(*instance),
            _ => None,
        };
        Self { instance, resource, home }
    }
}

pub(super) fn new<E: Engine, T: Send + 'static>(
    context: &mut E::Context<'_, Data<E, T>>,
    slots: &mut E::Slots<'_>,
    guest: &GuestResource,
) -> Result<(), Stop> {
    check_leave::<E, T>(context, guest.instance)?;
    let handles = context.state().runtime.handles(guest.instance)?;
    let kind = handles.kind(guest.resource)?;
    let handle = handles.add_own(kind, slots.u32(0))?;
    slots.set_u32(0, handle);
    Ok(())
}

pub(super) fn rep<E: Engine, T: Send + 'static>(
    context: &mut E::Context<'_, Data<E, T>>,
    slots: &mut E::Slots<'_>,
    guest: &GuestResource,
) -> Result<(), Stop> {
    let handles = context.state().runtime.handles(guest.instance)?;
    let kind = handles.kind(guest.resource)?;
    let (rep, _) = handles.rep(slots.u32(0), kind)?;
    slots.set_u32(0, rep);
    Ok(())
}

/// `resource.drop`: a resource of the host's goes to its destructor, one of a guest's to the
/// guest's.
pub(crate) fn drop<E: Engine, T: Send + 'static>(
    context: &mut E::Context<'_, Data<E, T>>,
    handle: u32,
    guest: &GuestResource,
    destructor: Option<&Destructor<T>>,
) -> Result<(), Stop> {
    check_leave::<E, T>(context, guest.instance)?;
    let handles = context.state().runtime.handles(guest.instance)?;
    let kind = handles.kind(guest.resource)?;
    match handles.drop(handle, kind)? {
        Dropped::Borrow => Ok(()),
        Dropped::Own(rep) => destroy::<E, T>(context, rep, guest, destructor),
    }
}

/// Runs the destructor of a resource whose handle is gone.
pub(crate) fn destroy<E: Engine, T: Send + 'static>(
    context: &mut E::Context<'_, Data<E, T>>,
    rep: u32,
    guest: &GuestResource,
    destructor: Option<&Destructor<T>>,
) -> Result<(), Stop> {
    if guest.home.is_none() {
        return match destructor {
            Some(destructor) => destructor(&mut context.state().host, rep),
            None => Ok(()),
        };
    }
    let destructors = &context.state().runtime.destructors;
    match destructors.get(guest.resource as usize).cloned().flatten() {
        Some(destructor) => context.call_raw(&destructor, &mut [rep.into()]),
        None => Ok(()),
    }
}

/// A handle that one instance owns becomes one that another owns. The slots hold the handle and the
/// tables of both types.
pub(super) fn transfer_own<E: Engine, T: Send + 'static>(
    context: &mut E::Context<'_, Data<E, T>>,
    slots: &mut E::Slots<'_>,
    plan: &Plan,
) -> Result<(), Stop> {
    let (from, to) = (table(plan, slots.u32(1))?, table(plan, slots.u32(2))?);
    let runtime = &mut context.state().runtime;
    let handles = runtime.handles(from.instance)?;
    let kind = handles.kind(from.resource)?;
    let rep = handles.take_own(slots.u32(0), kind)?;
    let handle = runtime.handles(to.instance)?.add_own(kind, rep)?;
    slots.set_u32(0, handle);
    Ok(())
}

/// A handle of one instance is lent to another for a call.
pub(super) fn transfer_borrow<E: Engine, T: Send + 'static>(
    context: &mut E::Context<'_, Data<E, T>>,
    slots: &mut E::Slots<'_>,
    plan: &Plan,
) -> Result<(), Stop> {
    let (from, to) = (table(plan, slots.u32(1))?, table(plan, slots.u32(2))?);
    let handle = slots.u32(0);
    let runtime = &mut context.state().runtime;
    let handles = runtime.handles(from.instance)?;
    let kind = handles.kind(from.resource)?;
    let (rep, own) = handles.rep(handle, kind)?;
    if own {
        handles.lend(handle);
        if let Some(call) = runtime.calls.last_mut() {
            call.lent.push((from.instance, handle));
        }
    }
    let lent = runtime.handles(to.instance)?.lower_borrow(kind, rep)?;
    slots.set_u32(0, lent);
    Ok(())
}

fn table(plan: &Plan, number: u32) -> Result<crate::plan::ResourceTable, Stop> {
    let table = plan.resource_tables.get(number as usize).copied();
    table.ok_or_else(|| invalid("an adapter names a resource that the component does not have"))
}
