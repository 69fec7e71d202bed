//! Core functions that the runtime gives to a component's modules.

mod host_call;
mod resource;
mod transcode;

pub(crate) use host_call::{aligned, call_dynamic, call_filling, call_typed};
pub(crate) use resource::{GuestResource, destroy};

use crate::abi::invalid;
use crate::linker::Destructor;
use crate::plan::{Plan, Trampoline};
use crate::runtime::{Call, Data, low};
use std::sync::Arc;
use wayleave_engine::{Context, Engine, FuncType, Slots, Stop};

/// What drops a resource of the plan: the host's destructor, where it is the host's.
pub(crate) type Destructors<T> = [Option<Arc<Destructor<T>>>];

/// Adds a trampoline to the core functions. Lowered host functions are added by their own kind.
pub(crate) fn define<E: Engine, T: Send + 'static>(
    linker: &mut E::Linker<Data<E, T>>,
    name: &str,
    trampoline: &Trampoline,
    core: &FuncType,
    plan: &Arc<Plan>,
    destructors: &Destructors<T>,
) -> Result<(), wayleave_engine::Error> {
    match trampoline {
        Trampoline::Lower { .. } => Ok(()),
        Trampoline::ResourceNew { instance, resource } => {
            let guest = GuestResource::new(plan, *instance, *resource);
            E::define(linker, "", name, core, move |context, slots| {
                resource::new::<E, T>(context, slots, &guest)
            })
        }
        Trampoline::ResourceRep { instance, resource } => {
            let guest = GuestResource::new(plan, *instance, *resource);
            E::define(linker, "", name, core, move |context, slots| {
                resource::rep::<E, T>(context, slots, &guest)
            })
        }
        Trampoline::ResourceDrop { instance, resource } => {
            let guest = GuestResource::new(plan, *instance, *resource);
            let destructor = destructors.get(*resource as usize).cloned().flatten();
            E::define(linker, "", name, core, move |context, slots| {
                let handle = slots.u32(0);
                resource::drop::<E, T>(context, handle, &guest, destructor.as_deref())
            })
        }
        Trampoline::TransferOwn => {
            let plan = plan.clone();
            E::define(linker, "", name, core, move |context, slots| {
                resource::transfer_own::<E, T>(context, slots, &plan)
            })
        }
        Trampoline::TransferBorrow => {
            let plan = plan.clone();
            E::define(linker, "", name, core, move |context, slots| {
                resource::transfer_borrow::<E, T>(context, slots, &plan)
            })
        }
        Trampoline::EnterCall => E::define(linker, "", name, core, |context, slots| {
            let callee = slots.u32(2);
            let runtime = &mut context.state().runtime;
            runtime.handles(callee)?.enter();
            runtime.calls.push(Call { callee, lent: Vec::new() });
            Ok(())
        }),
        Trampoline::ExitCall => {
            E::define(linker, "", name, core, |context, _| exit_call::<E, T>(context))
        }
        Trampoline::Transcode { op, from, to } => {
            let (op, from, to) = (*op, *from as usize, *to as usize);
            E::define(linker, "", name, core, move |context, slots| {
                transcode::run::<E, T>(context, slots, op, from, to)
            })
        }
        Trampoline::Trap(messages) => {
            let messages = messages.clone();
            E::define(linker, "", name, core, move |_, slots| {
                let message = messages.get(slots.u32(0) as usize);
                Err(invalid(message.map_or("an adapter trapped", String::as_str)))
            })
        }
        Trampoline::Unsupported(what) => {
            let message = format!("the component called `{what}`, which is not supported yet");
            E::define(linker, "", name, core, move |_, _| Err(invalid(message.clone())))
        }
    }
}

fn exit_call<E: Engine, T: Send + 'static>(
    context: &mut E::Context<'_, Data<E, T>>,
) -> Result<(), Stop> {
    let runtime = &mut context.state().runtime;
    let Some(call) = runtime.calls.pop() else {
        return Err(invalid("a call between instances ended that had not begun"));
    };
    for (instance, handle) in call.lent {
        runtime.handles(instance)?.give_back(handle);
    }
    runtime.handles(call.callee)?.exit()
}

fn set_result(slots: &mut impl Slots, index: usize, value: usize) {
    slots.set_u32(index, low(value as u64));
}
